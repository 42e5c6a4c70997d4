"""A Terraform that is not there, crashes, lies or hangs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from night import Night
from tally import Tally

pytestmark = pytest.mark.timeout(300)

SCRIPT = """#!/bin/bash
# Is Terraform, but for applies in the folder that the file `bad` names: WHERE HOW SKIP TIMES.
if [ "$1" = apply ] && read -r where how skip times 2>/dev/null < "{here}/bad" && [[ $PWD == */$where ]]; then
    if ((skip > 0)); then
        echo "$where $how $((skip - 1)) $times" > "{here}/bad"
    elif ((times > 0)); then
        echo "$where $how 0 $((times - 1))" > "{here}/bad"
        case "$how" in
            crashes) kill -SEGV $$ ;;
            crashes-after) {real} "$@"; kill -SEGV $$ ;;
            lies) head -c 100000 /dev/urandom; exit 0 ;;
            garbage) head -c 100000 /dev/urandom; exit 1 ;;
            hangs) trap '' INT; while :; do sleep 0.1; done ;;
        esac
    fi
fi
exec {real} "$@"
"""


@pytest.fixture
def bad(night: Night) -> Path:
    """The file that tells the shop's Terraform how to misbehave."""
    here = night.shop.folder
    engine = here / "terraform.sh"
    engine.write_text(SCRIPT.format(here=here, real=night.shop.environment().engine.argv[0]))
    engine.chmod(0o755)
    night.shop.configure(terraform={"engine": str(engine), "deadline": "3s", "grace": "500ms"})
    return here / "bad"


@pytest.mark.fault(10)
@pytest.mark.parametrize(
    ("engine", "code"),
    [
        ("/nowhere/terraform", 2),
        ("./old.sh", 2),
        pytest.param("./mute.sh", 2, marks=pytest.mark.long),
        pytest.param("./no.sh", 2, marks=pytest.mark.long),
    ],
)
def test_what_is_no_terraform_is_refused_before_anything_is_done(night: Night, engine: str, code: int) -> None:
    scripts = {"old.sh": "echo Terraform v1.3.9", "mute.sh": "head -c 1000 /dev/urandom", "no.sh": "kill -SEGV $$"}
    for name, line in scripts.items():
        (night.shop.folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (night.shop.folder / name).chmod(0o755)
    path = engine if engine.startswith("/") else str(night.shop.folder / engine)
    night.shop.configure(terraform={"engine": path})
    with night.traffic():
        ended = night.program("deploy", "--release", "2")
    assert (ended.code, "Traceback" in ended.err) == (code, False), ended
    assert "terraform.engine" in ended.err
    night.shop.configure(terraform={"engine": "auto"})
    night.assert_survived("blue")


@pytest.mark.fault(10)
@pytest.mark.long
@pytest.mark.parametrize("how", ["crashes", "crashes-after", "garbage", "lies", "hangs"])
# The edge learns of the new color in PREPARE, so that its second apply is the switch.
@pytest.mark.parametrize(("phase", "where", "code"), [("PREPARE", "server {} 0 1", 1), ("SWITCH", "edge {} 1 1", 6)])
def test_an_apply_that_goes_wrong_once(night: Night, bad: Path, phase: str, where: str, code: int, how: str) -> None:
    bad.write_text(where.format(how) + "\n")
    with night.traffic():
        ended = night.program("deploy", "--release", "2.0.0", "--json")
        failed = [event["phase"] for event in ended.events if event.get("outcome") == "failed"]
        if how == "lies":  # Terraform says that it has been done, and it is found out by looking
            phase = {"PREPARE": "CHECK", "SWITCH": "PROVE"}[phase]
        assert (ended.code, failed, night.answered()) == (code, [phase], "blue"), ended
        night.assert_survived("blue", plan=False)  # half prepared, it is there to be looked at
        after = night.program("deploy", "--release", "2.0.1")
    assert after.code == 0, after
    night.assert_survived("green")
    night.assert_way_back()


@pytest.mark.fault(10)
@pytest.mark.long
def test_a_return_that_goes_wrong_too_is_stuck_and_ended_by_a_rollback(night: Night, bad: Path) -> None:
    bad.write_text("edge crashes-after 1 9\n")
    with night.traffic():
        ended = night.program("deploy", "--release", "2.0.0")
        assert (ended.code, "bluegreen rollback" in ended.err) == (7, True), ended
        assert "stuck" in night.status()["unfinished"]
        bad.unlink()
        assert night.program("rollback").code == 0
    night.assert_survived("blue")


@pytest.mark.control(10)
def test_a_script_takes_the_lie_for_a_success(night: Night, bad: Path, tally: Tally) -> None:
    bad.write_text("edge lies 0 1\n")
    root = night.shop.folder / "tf" / "edge"
    values = root / "zz-bluegreen.auto.tfvars"
    values.write_text(values.read_text().replace('server_active   = "blue"', 'server_active   = "green"'))
    engine = night.shop.folder / "terraform.sh"
    script = f"{engine} init -input=false >/dev/null && {engine} apply -auto-approve -input=false >/dev/null"
    switched = subprocess.run(["bash", "-c", script], cwd=root, timeout=60, check=False).returncode == 0
    assert (switched, night.answered()) == (True, "blue")
    tally.control = "a script takes an apply that did nothing, and exits with 0, for a switch"
