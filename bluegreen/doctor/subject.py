"""What a doctor looks at: one environment's ports, and what several checks want to know, found out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from bluegreen.doctor.findings import Silent, Unknown
from bluegreen.errors import BluegreenError
from bluegreen.model import StackFacts
from bluegreen.ports import Permissions, State, Survey, Zone, Zones
from bluegreen.switch.background import in_background
from bluegreen.switch.stack import Layer
from bluegreen.switch.world import World

T = TypeVar("T")


@dataclass
class Subject:
    """world: one whose stack has no layers when there is no engine.

    engine: product and version; program: where it is; no_engine: why there is none. surveys: by layer. holder: of a
    layer's state lock; "" for nobody, None where that cannot be seen. zones: makes what looks. records_api: its URL.
    project: of Google Cloud, as the variables name it, "" when they do not. free: bytes on the project's disk.
    call_off: stops every Terraform that is still under way. patience: seconds from the beginning, for which a check
    waits for what it stands on; grace: from the end, for what was called off.
    """

    world: World
    engine: str
    program: str
    no_engine: BluegreenError | None
    surveys: Callable[[], Mapping[str, Survey]]
    holder: Callable[[str], str | None]
    zones: Callable[[], Zones]
    permissions: Callable[[], Permissions]
    records_api: str
    project: str
    free: Callable[[], int]
    call_off: Callable[[], None]
    patience: float = 45.0
    grace: float = 5.0
    _until: float = 0.0
    _aside: list[Future[Any]] = field(default_factory=list)
    _states: dict[str, Future[State]] = field(default_factory=dict)
    _zones: Future[Sequence[Zone]] | None = None

    def begin(self) -> None:
        """Begin to find out what several checks want to know."""
        self._until = self.world.clock.monotonic() + self.patience
        self._zones = in_background("zones", lambda: self.zones().zones())
        for layer in self.world.stack.layers:
            self._states[layer.name] = self.aside(f"state of {layer.name}", partial(self._read, layer))

    def aside(self, name: str, work: Callable[[], T]) -> Future[T]:
        """Begin something that runs Terraform, which `end` would stop."""
        future = in_background(name, work)
        self._aside.append(future)
        return future

    def end(self) -> None:
        """Leave no Terraform behind: one that hangs would outlive this process."""
        self.call_off()
        wait(self._aside, self.grace)

    def _read(self, layer: Layer) -> State:
        survey = self.surveys()[layer.name]
        if survey.unpinned:
            raise Unknown(f"{survey.folder} has no lock file, and a look writes none")
        layer.workspace.init(look=True)
        return self.world.stack.read(layer)

    def state(self, layer: str) -> State:
        """Return a layer's state. Raises BluegreenError when it cannot be read, Unknown when nobody knows."""
        return self._wait(self._states[layer], f"the state of {layer} has not come")

    def states(self) -> dict[str, State]:
        """Return the states that can be read, by layer."""
        found = {}
        for layer in self.world.stack.layers:
            try:
                found[layer.name] = self.state(layer.name)
            except (BluegreenError, Unknown):
                continue  # the check of the states says why
        return found

    def facts(self) -> StackFacts:
        """Return what the last layer says. Raises Unknown when it says nothing."""
        stack = self.world.stack
        if not stack.layers:
            raise Unknown("there is no engine to read the state with")
        try:
            self.state(stack.last.name)
            if stack.facts is None:
                raise Unknown("nothing is deployed yet")
            return stack.complete()
        except BluegreenError:
            raise Unknown(f"the state of {stack.last.name} cannot be read") from None

    def seen_zones(self) -> Sequence[Zone]:
        """Return the zones that the token can see. Raises BluegreenError, Unknown."""
        assert self._zones is not None, "begin() comes first"
        return self._wait(self._zones, "the records' API has not answered")

    def _wait(self, coming: Future[T], why_not: str) -> T:
        try:
            return coming.result(max(0.0, self._until - self.world.clock.monotonic()))
        except TimeoutError:
            raise Silent(why_not) from None
