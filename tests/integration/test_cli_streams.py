"""The real program, and a reader of what it says who does not read."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest
from program import DEADLINE, Program, environment, read_journal
from shop import Shop


@pytest.fixture
def layout() -> str:
    return "single"


def full_pipe() -> tuple[int, int]:
    """Return both ends of a pipe into which not another byte goes."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"\n" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    return reading, writing


def test_a_reader_that_does_not_read_holds_no_run_up(shop: Shop) -> None:
    program = Program(shop.folder)
    runs = shop.environment().data / "runs"
    before = set(runs.glob("*.jsonl"))

    def is_over() -> bool:
        new = [read_journal(path) for path in runs.glob("*.jsonl") if path not in before]
        return any(event["event"] == "result" for journal in new for event in journal)

    reading, writing = full_pipe()
    argv = [*program.how, "deploy", "--release", "1.5.0", "--json"]
    with (
        os.fdopen(reading) as reader,
        subprocess.Popen(argv, cwd=shop.folder, env=environment({}), stdout=writing, stderr=writing) as deploy,
    ):
        try:
            os.close(writing)
            end = time.monotonic() + DEADLINE
            while not is_over():
                assert time.monotonic() < end, "the run does not end"
                time.sleep(0.05)
            assert deploy.poll() is None, "it has not told anything yet"
            assert program("rollback").code == 0, "it has given its lock back"
            told = [json.loads(line) for line in reader if line.startswith("{")]
            assert deploy.wait(DEADLINE) == 0
        finally:
            deploy.kill()
    assert (told[0]["event"], told[-1]["event"], told[-1]["verdict"]) == ("run-started", "result", "switched")
    assert shop.live_color() == "blue"
