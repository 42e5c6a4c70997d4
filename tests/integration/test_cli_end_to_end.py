"""The program as it is used: real processes, and each exit code through what really leads to it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from documented import misfits, schema
from program import Ended, Program, command, environment
from shop import Shop


@pytest.fixture
def layout() -> str:
    return "single"  # which has fewer Terraform calls; the command line does not know the difference


@pytest.fixture
def program(shop: Shop) -> Program:
    return Program(shop.folder)


@pytest.fixture
def new_shop(tmp_path: Path) -> Iterator[Shop]:
    """A project whose sandbox was never up."""
    shop = Shop(tmp_path / "shop", "layers")
    yield shop
    shop.down()


def answer(program: Program, text: str, *arguments: str) -> tuple[int, str]:
    """Call the program at a terminal and type `text`; return its exit code and what the terminal shows."""
    ours, its = pty.openpty()
    os.write(ours, text.encode())
    with subprocess.Popen(
        [*command(), *arguments],
        cwd=program.folder,
        env=environment(program.env),
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    ) as process:
        os.close(its)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        code = process.wait(30)
    os.close(ours)
    return code, shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's word for: nobody has its other end open any more
        return b""


def test_what_cannot_be_meant_is_2_and_says_where(new_shop: Shop) -> None:
    program = Program(new_shop.folder)
    down = program("deploy")
    assert (down.code, down.out) == (2, "")
    assert "hint: start it with `bluegreen sandbox up`" in down.err
    unknown = program("deploy", "--relaese", "1.5.0")
    assert unknown.code == 2
    assert "did you mean --release" in unknown.err
    file = new_shop.folder / "bluegreen.yaml"
    lines = len(file.read_text().splitlines())
    file.write_text(file.read_text() + "servise: shop\nstack: 7\n")
    wrong = program("status", "--check")
    assert wrong.code == 2
    assert f"bluegreen.yaml:{lines + 1}:1: servise" in wrong.err
    assert f"bluegreen.yaml:{lines + 2}:1" in wrong.err
    (new_shop.folder / "bluegreen.yaml").unlink()
    assert program("rollback").code == 2


def test_a_first_deploy_is_asked_for(empty_shop: Shop) -> None:
    program = Program(empty_shop.folder)
    nobody = program("deploy")
    assert nobody.code == 2
    assert "stdin is no terminal" in nobody.err
    assert "hint: say it with --yes" in nobody.err
    code, shown = answer(program, "n\n", "deploy")
    assert code == 3
    assert "with 1.4.2 on blue? [y/N]" in shown
    assert "answered no" in shown
    assert empty_shop.sandbox.status().records == ()
    assert program("status").code == 3


def test_what_ends_before_the_switch_leaves_the_public_alone(shop: Shop, program: Program) -> None:
    shop.configure(check={"deadline": "1s", "timeout": "500ms"})
    nothing = program("deploy", "--release", "1.4.2")
    assert nothing.code == 0
    assert "nothing to do" in nothing.err
    unprepared = program("switch")
    assert unprepared.code == 3
    assert "nothing is prepared here" in unprepared.err
    assert "nothing serves the public" not in unprepared.err  # it was refused before anybody looked
    shop.sandbox.behave("green", "sick")
    failed = program("deploy", "--release", "1.5.0")
    assert failed.code == 1
    assert "the public never left blue" in failed.err
    assert shop.live_color() == "blue"
    assert program("status", "--check").code == 0
    record = shop.sandbox.status().record("shop.test")
    assert record is not None
    shop.sandbox.edit_record(record.id, content=shop.network.green)
    drifted = program("deploy", "--release", "1.5.0")
    assert drifted.code == 3
    assert "state and live edge disagree" in drifted.err
    checked = program("status", "--check")
    assert checked.code == 3
    assert "alarm: drift" in checked.err


def test_what_fails_after_the_switch_goes_back_or_is_held(shop: Shop, program: Program) -> None:
    shop.configure(bake={"for": "60s", "blind_deadline": "60s"})
    with program.start("deploy", "--release", "1.5.0") as baking:
        baking.wait_for("phase-started", phase="BAKE")
        locked = program("deploy", "--release", "1.6.0")
        assert locked.code == 4
        assert f"deploy {baking.run}" in locked.err
        shop.sandbox.behave("green", "sick")
        returned = baking.wait()
    assert returned.code == 6
    assert "blue (1.4.2) serves the public again" in returned.err
    assert shop.live_color() == "blue"
    shop.sandbox.behave("green", "ok")

    refused = program("deploy", "--release", "1.5.0")
    assert refused.code == 3
    assert "hint: bluegreen deploy --release 1.5.0 --retry --reason TEXT" in refused.err

    shop.configure(bake={"on_failure": "hold"})
    with program.start("deploy", "--release", "1.5.0", "--retry", "--reason", "was not its fault") as holding:
        holding.wait_for("phase-started", phase="BAKE")
        shop.sandbox.behave("green", "sick")
        stuck = holding.wait()
    assert stuck.code == 7
    assert stuck.err.splitlines()[-1] == "hint: bluegreen rollback"
    assert shop.live_color() == "green"
    assert program("rollback").code == 0
    assert shop.live_color() == "blue"


def test_a_failed_run_is_shown_with_all_that_terraform_said(shop: Shop, program: Program) -> None:
    code = shop.folder / "terraform" / "main.tf"
    whole = code.read_text()
    code.write_text(f'{whole}\nresource "terraform_data" "more" {{\n  input = var.nope\n}}\n')
    failed = program("deploy", "--release", "1.5.0")
    assert failed.code == 1
    error = failed.err[failed.err.index("error: terraform plan failed") : failed.err.index("failed in PREPARE")]
    assert 'An input variable with the name "nope"' in error
    shown = program("show", _last_run(program)).out
    for line in error.removeprefix("error: ").splitlines():
        assert line.strip() in shown
    assert "    hint: mend it, then try: bluegreen plan" in shown
    code.write_text(whole)
    done = program("deploy", "--release", "1.5.0")
    assert done.code == 0
    assert "\n== main: apply\n" in program("show", "--logs", _last_run(program)).out


def test_status_looks_past_a_lock_that_says_nothing(shop: Shop, program: Program) -> None:
    lock = shop.folder / ".bluegreen" / "demo" / "lock"
    lock.write_text("{")
    told = program("status")
    assert (told.code, told.err) == (0, "")
    assert "lock         held, but its file does not say by whom" in told.out
    document = json.loads(program("status", "--json").out)
    assert (document["lock"]["run"], document["lock"]["since"]) == ("", lock.stat().st_mtime)
    assert list(misfits(document, schema("status"), "status")) == []
    assert program("deploy", "--release", "1.5.0").code == 4


def test_a_file_in_the_place_of_the_data_is_no_empty_history(new_shop: Shop) -> None:
    (new_shop.folder / ".bluegreen").touch()
    told = Program(new_shop.folder)("history")
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines()[1] == f"  {new_shop.folder / '.bluegreen'}"
    (new_shop.folder / ".bluegreen").unlink()


def test_a_reader_that_leaves_does_not_break_a_run(shop: Shop, program: Program) -> None:
    with subprocess.Popen(
        ["sh", "-c", '"$@" | head -n 1', "sh", *command(), "deploy", "--json", "--release", "1.5.0"],
        cwd=program.folder,
        env=environment({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as pipeline:
        out, err = pipeline.communicate(timeout=60)
    assert len(out.splitlines()) == 1
    assert b"Traceback" not in err
    assert b"switched: green (1.5.0) serves the public" in err
    assert shop.live_color() == "green"


def test_plain_words_reach_every_screen(shop: Shop, program: Program) -> None:
    """A locale that knows ASCII only, no color, little to say."""
    plain = {"LANG": "C", "LC_ALL": "C", "NO_COLOR": "1"}
    quiet = Program(shop.folder, plain)("deploy", "--release", "1.5.0", "--reason", "schöner ✓", "--quiet")
    assert (quiet.code, quiet.out) == (0, "")
    assert [line.split(":")[0] for line in quiet.err.splitlines()] == ["switched", "public", "next"]
    ascii_only = Program(shop.folder, {**plain, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    for arguments in (["history"], ["show", _last_run(program)], ["status"]):
        told = ascii_only(*arguments)
        assert (told.code, told.err) == (0, ""), told
        assert "\x1b" not in told.out
    assert "schöner ✓" in program("history").out


def _last_run(program: Program) -> str:
    listed = json.loads(program("history", "--json").out)
    return str(listed[0]["run"])


def test_a_terminal_has_colors_unless_they_are_not_wanted(tmp_path: Path) -> None:
    program = Program(tmp_path, {"TERM": "xterm"})
    quiet = Program(tmp_path, {"TERM": "xterm", "NO_COLOR": "1"})
    assert "\x1b[31m" in answer(program, "", "deplyo")[1]
    for shown in (answer(program, "", "deplyo", "--no-color"), answer(quiet, "", "deplyo")):
        assert shown[0] == 2
        assert "\x1b" not in shown[1]


SECRETS = {
    "CLOUDFLARE_API_TOKEN": "cf-4f8a61d0c3b2e5f7a9c1d3e5f7a9b1c3d5e7f9a1",
    "TF_VAR_db_password": "correct-horse-battery",
}
TALKATIVE = """
variable "db_password" { type = string }

resource "terraform_data" "talkative" {
  lifecycle {
    precondition {
      condition     = length(var.db_password) < 3
      error_message = "the password is ${var.db_password}"
    }
  }
}
"""


def test_secrets_stay_where_they_are_and_files_are_for_their_owner_only(new_shop: Shop) -> None:
    program = Program(new_shop.folder, SECRETS)
    story: list[Ended] = [
        program("sandbox", "up"),
        program("deploy", "--yes", "--debug", "--verbose"),
        program("deploy", "--release", "1.5.0", "--json", "--reason", f"try {SECRETS['CLOUDFLARE_API_TOKEN']}"),
    ]
    story += [program("show", _last_run(program), "--logs"), program("config", "show")]
    assert "try [redacted]" in story[2].out
    assert [ended.code for ended in story] == [0] * len(story), [ended.err for ended in story if ended.code]
    assert_nowhere(SECRETS.values(), new_shop.folder, story)
    assert not list(new_shop.folder.glob(".bluegreen/demo/*/plans/*"))
    left = [new_shop.folder / ".bluegreen", *(new_shop.folder / ".bluegreen").rglob("*")]
    assert [path for path in left if path.stat().st_mode & 0o077] == []


def test_secrets_that_terraform_itself_prints_are_not_handed_on(new_shop: Shop) -> None:
    (new_shop.folder / "tf" / "network" / "talkative.tf").write_text(TALKATIVE)
    new_shop.up()
    failed = Program(new_shop.folder, SECRETS)("deploy", "--yes", "--json")
    assert failed.code == 1
    assert "the password is" in failed.err
    assert_nowhere(SECRETS.values(), new_shop.folder, [failed])


def assert_nowhere(secrets: Iterable[str], folder: Path, said: Sequence[Ended]) -> None:
    """None of these is in what was said, or in a file of the project."""
    for secret in secrets:
        assert not [ended for ended in said if secret in ended.out + ended.err]
        files = (path for path in folder.rglob("*") if path.is_file())
        assert not [path for path in files if secret.encode() in path.read_bytes()]
