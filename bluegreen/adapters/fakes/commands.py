"""A user's command that ends as a test wants it to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class FakeCommands:
    """ports.Commands. result: exit code and output of the next ones; asked: what was run, with what and how long."""

    def __init__(self) -> None:
        self.result = (0, "")
        self.asked: list[tuple[tuple[str, ...], Mapping[str, str], float]] = []

    def run(self, argv: Sequence[str], environment: Mapping[str, str], timeout: float) -> tuple[int, str]:
        self.asked.append((tuple(argv), environment, timeout))
        return self.result
