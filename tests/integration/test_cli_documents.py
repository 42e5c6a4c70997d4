"""What the documents promise, held against real runs: the schemas of `--json`, and the README's example."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from documented import ROOT, event_misfits, misfits, schema
from program import Program, environment
from shop import Shop

RESULT = {"verdict", "exit_code", "active", "previous", "release", "seconds", "requests", "overlap_seconds"}


@pytest.fixture
def layout() -> str:
    return "layers"


@pytest.fixture
def program(shop: Shop) -> Program:
    return Program(shop.folder)


def test_everything_that_is_printed_as_json_is_as_documented(shop: Shop, program: Program) -> None:
    planned = program("plan", "--release", "1.5.0", "--json")
    assert list(misfits(json.loads(planned.out), schema("plan"), "plan")) == []
    done = program("deploy", "--release", "1.5.0", "--json", "--verbose")
    assert done.code == 0
    assert event_misfits(done.events) == []
    assert [event["event"] for event in done.events].count("result") == 1
    assert done.result["event"] == "result"
    assert done.result.keys() >= RESULT
    assert (done.result["verdict"], done.result["exit_code"]) == ("switched", 0)
    assert (done.result["active"], done.result["previous"], done.result["release"]) == ("green", "blue", "1.5.0")
    assert done.result["requests"].keys() == {"sent", "failed", "slow", "wrong_release", "cached", "stopped"}
    assert done.result["requests"]["sent"] > done.result["requests"]["failed"] == 0
    status = json.loads(program("status", "--json").out)
    assert list(misfits(status, schema("status"), "status")) == []
    assert (status["active"], status["colors"]["blue"]["healthy"], status["rollback"]["ready"]) == ("green", True, True)
    never_began = program("deploy", "--sett", "x=1", "--json")
    refused = program("deploy", "--to", "green", "--release", "2", "--json")
    for ended in (never_began, refused):
        assert (ended.code, ended.result["event"], ended.result["exit_code"]) == (2, "result", 2)
        assert event_misfits(ended.events) == []


def test_a_misfit_is_noticed() -> None:
    good = {"schema": 1, "time": 1.5, "run": "r", "environment": "e", "service": "s", "event": "first-answer"}
    assert event_misfits([{**good, "color": "blue", "seconds": 1}]) == []
    for bad in ({"seconds": 1}, {"color": "blue", "seconds": True}, {"color": "blue", "seconds": 1, "more": 1}):
        assert len(event_misfits([{**good, **bad}])) == 1


def test_the_example_of_the_readme_does_what_it_says(shop: Shop) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
    (promised,) = re.findall(r"  # (.*)", example)
    ended = subprocess.run(
        [sys.executable, "-c", example],
        cwd=shop.folder.parent,
        env=environment({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    *events, last = ended.stdout.splitlines()
    assert (ended.stderr, last) == ("", promised)
    assert {"run-started", "phase-started", "result"} <= set(events)
    assert shop.live_color() == "green"
