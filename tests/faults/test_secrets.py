"""Secrets that others repeat: providers, Terraform, servers, commands. Each night looks for them again at its end."""

from __future__ import annotations

import json
import subprocess

import pytest
from bare import edge_pointed_at
from impostor import Impostor
from night import Night
from planted import HEADER, SECRETS, VARIABLE, found_in, leaks
from program import Ended
from tally import Tally

from bluegreen.adapters.redaction import GONE
from bluegreen.sandbox.faults import Fault

pytestmark = pytest.mark.timeout(300)

ALL = " ".join(SECRETS.values())


def assert_gone(ended: Ended, *codes: int) -> None:
    """It ended so, and has told that a secret stood where it says nothing."""
    told = ended.out + ended.err
    assert (ended.code in codes, GONE in told, "Traceback" in told) == (True, True, False), ended
    assert not found_in(told.encode()), ended


def tell(night: Night) -> str:
    """Have everything shown that is known of the newest run, and of all; return what was shown."""
    run = max((night.data / "runs").glob("*.jsonl")).stem
    shown = ""
    for verb in (["history"], ["show", run, "--logs"], ["show", run, "--json"], ["status"], ["config", "show"]):
        ended = night.program(*verb)
        assert ended.code == 0, ended
        shown += ended.out
    return shown


@pytest.mark.fault(15)
def test_the_records_api_repeats_secrets_in_its_error(night: Night) -> None:
    with night.traffic():
        night.shop.sandbox.inject(Fault("*", "/client/v4/*", "refuse", None, status=403, message=f"{ALL} is bad"))
        assert_gone(night.program("status"), 0)
        assert_gone(night.program("status", "--json"), 0)
        assert_gone(night.program("deploy", "--release", "2.0.0"), 1)
        night.shop.sandbox.clear_faults()
    night.assert_survived("blue", plan=False)


@pytest.mark.fault(15)
@pytest.mark.long
def test_the_server_of_the_state_repeats_secrets_in_its_error(night: Night) -> None:
    """Terraform reads there who holds the lock, and tells it."""
    lock = json.dumps({"ID": ALL, "Who": ALL, "Operation": ALL})
    night.shop.configure(terraform={"lock_timeout": "1s"})
    with night.traffic():
        night.shop.sandbox.inject(Fault("LOCK", "/state/*", "refuse", None, status=423, message=lock))
        assert night.program("deploy", "--release", "2.0.1").code == 4
        night.shop.sandbox.clear_faults()
        assert f"ID={GONE}" in tell(night)
    night.assert_survived("blue", plan=False)


CHECKED = """
resource "terraform_data" "login" {
  input = "login"
  lifecycle {
    precondition {
      condition     = nonsensitive(var.db_password) == ""
      error_message = "the password ${nonsensitive(var.db_password)} is too weak"
    }
  }
}
"""
PRINTED = """
resource "terraform_data" "login" {
  triggers_replace = var.server.release
  provisioner "local-exec" {
    command = "printf %.9s $TF_VAR_db_password; sleep 0.1; echo $TF_VAR_db_password | tail -c +10; env; exit 1"
  }
}
"""
MADE = """
resource "terraform_data" "login" {
  input = var.db_password
}
"""


@pytest.mark.fault(15)
@pytest.mark.long
@pytest.mark.parametrize("code", [CHECKED, PRINTED])
def test_terraform_repeats_a_secret_in_its_errors(night: Night, code: str) -> None:
    planted = night.shop.folder / "tf" / "server" / "planted.tf"
    planted.write_text(VARIABLE + code)
    with night.traffic():
        assert_gone(night.program("deploy", "--release", "2.0.0", "--json", TF_LOG="trace", TF_LOG_PATH="trace"), 1)
        tell(night)
        planted.write_text(VARIABLE)
        assert night.program("deploy", "--release", "2.0.2").code == 0
    night.assert_survived("green")


@pytest.mark.fault(15)
@pytest.mark.long
def test_a_secret_that_a_server_was_made_with_is_in_its_state_alone(night: Night) -> None:
    (night.shop.folder / "tf" / "server" / "planted.tf").write_text(VARIABLE + MADE)
    with night.traffic():
        with night.program.start("deploy", "--release", "2.0.0") as deploy:
            deploy.wait_for("apply-started", layer="green")
            assert any("plans" in path.parts for path in leaks(night.data))  # so it would be found if it stayed
            deploy.process.kill()
            deploy.wait()
        night.await_terraform()
        assert night.program("resume").code == 0
        tell(night)
    night.assert_survived("green", plan=False)
    night.secretive = ("world.json",)  # the sandbox's, which holds the states


@pytest.mark.fault(15)
@pytest.mark.long
def test_commands_print_all_that_they_know(night: Night, tally: Tally) -> None:
    argv = ["sh", "-c", 'env; printf %.9s "$SHOP_PROBE_PASS"; sleep 0.1; echo "$SHOP_PROBE_PASS" | tail -c +10; exit 1']
    check = {"via": "command", "command": argv, "timeout": "1s", "deadline": "1s"}
    with night.traffic():
        for setting in ({"hooks": {"before_prepare": [{"command": argv}]}}, {"check": check}):
            night.shop.configure(**{"hooks": {"before_prepare": []}, **setting})
            with tally.fault():
                assert_gone(night.program("deploy", "--release", night.release()), 1)
                tell(night)
    night.assert_survived("blue", plan=False)


@pytest.mark.fault(15)
@pytest.mark.long
def test_a_server_echoes_the_header_that_it_was_sent(night: Night) -> None:
    with Impostor(night, "blue", "echoes") as impostor:
        for verb in (["status"], ["status", "--json"]):
            assert_gone(night.program(*verb), 0)
        assert HEADER.lower().encode() in impostor.ever_asked.lower()
        assert night.program("deploy", "--release", "2.0.0", "--json").code == 0
    tell(night)
    night.assert_survived("green", plan=False)


@pytest.mark.control(15)
def test_a_bare_plan_lies_about_with_the_secret_in_it(night: Night, tally: Tally) -> None:
    root = edge_pointed_at(night, "green")
    (root / "planted.tf").write_text(VARIABLE)
    plan = "umask 022; terraform plan -input=false -out=plan.tfplan"
    assert subprocess.run(["bash", "-c", plan], cwd=root, capture_output=True, timeout=60).returncode == 0
    assert root / "plan.tfplan" in list(leaks(root))
    assert (root / "plan.tfplan").stat().st_mode & 0o777 == 0o644
    tally.control = "`terraform plan -out` leaves a file, readable by all, that holds each variable in clear"
