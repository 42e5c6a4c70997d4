"""Every state is lost, and rebuilt from what is there by the commands of docs/recovery.md; the public is served."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cloud_shop import HOSTNAMES, CloudShop
from program import Ended, command, environment
from providers import needs_providers
from tally import Tally

from bluegreen.adapters.printable import printable
from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.cloud, pytest.mark.long, needs_providers, pytest.mark.timeout(1800)]

PAGE = Path(__file__).parents[2] / "docs" / "recovery.md"
PLANNED = re.compile(r"Plan: (\d+) to import, (\d+) to add, \d+ to change, (\d+) to destroy")
STEPS = 900.0
"""Seconds for all commands of the page."""


@pytest.fixture
def layout() -> str:
    return "layers"


def api(shop: CloudShop, method: str, path: str) -> Any:
    headers = {"authorization": "Bearer hand"}
    request = urllib.request.Request(f"{shop.network.api_url}{path}", method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or "null")


def objects(shop: CloudShop) -> Mapping[str, str]:
    """Color -> what it runs, as the journals tell it, from the image that its disk was made from."""
    found: dict[str, str] = {}
    environment = shop.environment()
    for run in environment.history():
        for entry in environment.journal(run.id):
            if entry.event == "route-chosen":
                color = entry.data["target"]
                image = shop.image(color).partition("/v1/")[2]
                found.setdefault(color, json.dumps({**entry.data["inputs"], "image": image}))
    return found


def known(shop: CloudShop) -> Mapping[str, str]:
    """What the page has an operator find out."""
    addresses = api(shop, "GET", "/compute/v1/projects/sandbox/regions/europe-west1/addresses")["items"]
    name = {one["address"]: one["name"] for one in addresses}
    return {
        "project": "sandbox",
        "region": "europe-west1",
        "environment": shop.ENVIRONMENT,
        **{f"{color}_address": name[address] for color, address in shop.address.items()},
        **objects(shop),
        "active": shop.live_color(),
        "previous": "blue",
        "zone": "shop.test",
        "hostnames": " ".join(HOSTNAMES),
        "api": shop.network.records_api_url,
    }


def rebuild(shop: CloudShop, known: Mapping[str, str], scratch: Path) -> Ended:
    """Do what the page says, in bash, with what is known in place of its first block."""
    first, *rest = re.findall(r"(?:^ {4}.*\n)+", PAGE.read_text(), re.MULTILINE)
    assert set(re.findall(r"\b(\w+)=", first)) == known.keys()
    values = "".join(f"{variable}={shlex.quote(value)}\n" for variable, value in known.items())
    program = scratch / "bluegreen"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n')
    program.chmod(0o700)
    path = {"PATH": f"{scratch}:{os.environ['PATH']}"}
    script = values + "\n".join(re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in rest)
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=shop.folder,
        env=environment({**path, **shop.network.environment}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=STEPS,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.fault(23)
def test_the_states_are_rebuilt_from_what_is_there(
    switched: CloudShop, traffic: Traffic, tally: Tally, tmp_path: Path
) -> None:
    addresses, processes = switched.address, [switched.process(color) for color in ("blue", "green")]
    for path in switched.sandbox.status().states:
        api(switched, "DELETE", f"/state/{path}")
    lost = time.monotonic()
    switched.publish_image("debian-12-bookworm-v20270101")
    for verb, asked in (("status", {}), ("deploy", {"release": "1.6.0"})):
        refused = switched.fail(verb, **asked)
        assert (refused.exit_code, "docs/recovery.md" in refused.hint) == (3, True), refused
    assert switched.live_color() == "green"

    ended = rebuild(switched, known(switched), tmp_path)
    rebuilt = time.monotonic() - lost
    assert ended.code == 0, ended
    planned = [tuple(map(int, counts)) for counts in PLANNED.findall(printable(ended.out))]
    assert planned == [(8, 2, 0), (1, 2, 0), (1, 2, 0), (4, 1, 0)], ended.out
    status = switched.environment().status()
    assert (status.active, status.public, list(status.drift), status.unfinished) == ("green", "green", [], "")
    assert status.rollback.ready

    assert switched.run("rollback").verdict == "rolled-back"
    moved = time.monotonic() - lost
    assert switched.live_color() == "blue"
    assert traffic.wait_for("blue")
    assert (switched.address, [switched.process(color) for color in ("blue", "green")]) == (addresses, processes)
    switched.assert_nothing_to_plan()
    tally.control = f"served throughout; `status` right again after {rebuilt:.0f} s, a switch done after {moved:.0f} s"
