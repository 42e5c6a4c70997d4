"""A user's command that ends as a test wants it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence


class FakeCommands:
    """ports.Commands. result: exit code and output of the next ones; asked: what was run, with what and how long.

    told: what each read from its stdin. on_run: called with the argv while one runs.
    """

    def __init__(self) -> None:
        self.result = (0, "")
        self.asked: list[tuple[tuple[str, ...], Mapping[str, str], float]] = []
        self.told: list[bytes] = []
        self.on_run: Callable[[tuple[str, ...]], None] = lambda argv: None

    def run(
        self, argv: Sequence[str], environment: Mapping[str, str], timeout: float, stdin: bytes = b""
    ) -> tuple[int, str]:
        self.asked.append((tuple(argv), environment, timeout))
        self.told.append(stdin)
        self.on_run(tuple(argv))
        return self.result
