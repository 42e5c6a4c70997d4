"""Of two public hostnames one has moved when all goes dark, and answers that are lost, late or no."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from cloud_shop import HOSTNAMES, CloudShop
from night import children_of, wait_until
from program import Program
from providers import SETTINGS, needs_providers
from tally import Tally

from bluegreen.errors import Stuck, TerraformError
from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(300)]

RECORDS = "/client/v4/zones/*/dns_records"
APEX, WWW = HOSTNAMES


@pytest.fixture
def layout() -> str:
    return "layers"


def path_of(shop: CloudShop) -> str:
    return f"{RECORDS}/{shop.public_record(WWW)}"


def content(shop: CloudShop, hostname: str) -> str:
    record = shop.sandbox.status().record(hostname)
    assert record is not None
    return record.content


def assert_on(shop: CloudShop, color: str) -> None:
    status = shop.environment().status()
    assert (shop.live_color(), status.active, list(status.drift)) == (color, color, [])
    assert status.unfinished == ""
    shop.assert_nothing_to_plan()


@pytest.mark.fault(6)
@pytest.mark.parametrize(("how", "active"), [("resume", "green"), ("rollback", "blue")])
def test_a_power_cut_between_two_hostnames(prepared: CloudShop, traffic: Traffic, how: str, active: str) -> None:
    prepared.sandbox.hang_requests("PUT", path_of(prepared), 60.0, times=None)
    program = Program(prepared.folder)
    with program.start("switch") as switch:
        wait_until(lambda: content(prepared, APEX) == prepared.address["green"] or switch.process.poll() is not None)
        left = children_of(switch.process.pid)
        switch.process.kill()
        for pid in left:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
    prepared.sandbox.clear_faults()
    assert content(prepared, APEX) != content(prepared, WWW)
    assert prepared.environment().status().drift
    ended = program(how)
    assert ended.code == 0, ended
    assert_on(prepared, active)


@pytest.mark.fault(5)
@pytest.mark.parametrize("how", ["resume", "rollback"])
def test_the_network_is_cut_between_two_hostnames(prepared: CloudShop, traffic: Traffic, how: str) -> None:
    """The one that has moved cannot be brought back until the network is there again."""
    prepared.sandbox.refuse_requests("PUT", path_of(prepared), 400)

    def listen(event: Mapping[str, Any]) -> None:
        if (event["event"], event.get("phase")) == ("phase-started", "RETURN"):
            for path in ("/client/*", "/state/*", "/compute/*"):
                prepared.sandbox.hang_requests("*", path, 0.0, times=None)

    with pytest.raises(Stuck):
        prepared.environment(listen).switch()
    prepared.sandbox.clear_faults()
    assert prepared.environment().status().drift
    ended = Program(prepared.folder)(how)
    assert ended.code == (6 if how == "resume" else 0), ended
    assert_on(prepared, "blue")


def refused_because_it_is_there(shop: CloudShop, **arguments: Any) -> None:
    """Deploy twice: the first is not told what was made, and Terraform will not make it a second time."""
    with pytest.raises(TerraformError):
        shop.run("deploy", **arguments)
    with pytest.raises(TerraformError) as caught:
        shop.run("deploy", **arguments)
    assert "already exist" in " ".join(said.summary + said.detail for said in caught.value.diagnostics)


@pytest.mark.fault(13)
def test_the_answer_to_a_machines_making_is_lost(shop: CloudShop, traffic: Traffic) -> None:
    """No state knows of what was made: it is removed by hand (or imported), and the same command makes it anew."""
    shop.sandbox.lose_answers("POST", "/compute/v1/*/instances")
    refused_because_it_is_there(shop, release="1.5.0")
    assert shop.environment().status().active == shop.live_color() == "blue"
    shop.remove_instance("green")
    assert shop.run("deploy", release="1.5.0").active == "green"
    assert_on(shop, "green")


@pytest.mark.fault(13)
def test_the_answer_to_a_records_making_is_lost(empty_shop: CloudShop) -> None:
    empty_shop.sandbox.lose_answers("POST", RECORDS)
    refused_because_it_is_there(empty_shop)
    for record in empty_shop.sandbox.status().records:  # those that the state knows of are made anew as well
        empty_shop.sandbox.delete_record(record.id)
    assert empty_shop.run("deploy").active == "blue"
    assert_on(empty_shop, "blue")


@pytest.mark.fault(13)
@pytest.mark.parametrize(
    "fail",
    [
        pytest.param(lambda shop, path: shop.sandbox.delay_answers("PUT", path, 10.0, times=1), id="late"),
        pytest.param(lambda shop, path: shop.sandbox.hang_requests("PUT", path, 0.0), id="reset"),
        pytest.param(lambda shop, path: shop.sandbox.refuse_requests("PUT", path, 503), id="503"),
    ],
)
def test_a_record_that_is_written_late_is_written(
    prepared: CloudShop, traffic: Traffic, fail: Callable[[CloudShop, str], None]
) -> None:
    fail(prepared, path_of(prepared))
    assert prepared.run("switch").active == "green"
    assert_on(prepared, "green")


@pytest.mark.fault(13)
def test_a_record_that_is_forbidden_is_returned_from(prepared: CloudShop, traffic: Traffic) -> None:
    prepared.sandbox.refuse_requests("PUT", path_of(prepared), 403)
    assert prepared.fail("switch").exit_code == 6
    assert_on(prepared, "blue")


@pytest.mark.control(6)
def test_bare_terraform_leaves_the_public_in_two_halves(prepared: CloudShop, tally: Tally) -> None:
    prepared.sandbox.refuse_requests("PUT", path_of(prepared), 400)
    values = prepared.folder / "tf" / "edge" / "zz-bluegreen.auto.tfvars"
    values.write_text(values.read_text().replace("server_active", "was_active") + 'server_active = "green"\n')
    program = Program(prepared.folder, {"TF_CLI_CONFIG_FILE": str(SETTINGS)})
    ended = program("tf", "edge", "--", "apply", "-auto-approve", "-input=false")
    halves = {hostname: content(prepared, hostname) for hostname in HOSTNAMES}
    assert (ended.code != 0, halves) == (True, {APEX: prepared.address["green"], WWW: prepared.address["blue"]}), ended
    tally.control = "bare Terraform ends with one of two hostnames moved, and leaves it at that"
