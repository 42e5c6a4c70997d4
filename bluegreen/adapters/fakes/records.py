"""A zone's records, and its cache, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bluegreen.errors import BluegreenError, ConfigError
from bluegreen.ports import Record


class FakeRecords:
    """ports.Records of one zone. records: by id, to be changed at will; error: raised when asked, if set."""

    def __init__(self, zone_id: str, records: Iterable[Record] = ()) -> None:
        self.records = {record.id: record for record in records}
        self.error: BluegreenError | None = None
        self._zone_id = zone_id

    def point(self, name: str, content: str) -> None:
        """Make every record of that name point at `content`."""
        for record in self._named(name):
            self.records[record.id] = replace(record, content=content)

    def named(self, zone_id: str, names: Sequence[str]) -> Sequence[Record]:
        if self.error:
            raise self.error
        if zone_id != self._zone_id:
            raise _no_zone(zone_id)
        wanted = dict.fromkeys(name.lower() for name in names)
        return [record for name in wanted for record in self._named(name)]

    def _named(self, name: str) -> list[Record]:
        return [record for record in self.records.values() if record.name == name.lower()]


class FakeSwitch(FakeRecords):
    """ports.EdgeSwitch of one zone. refusal: what the next switch raises, if set; after the change when `late`.

    switched: what was asked for, the newest last.
    """

    def __init__(self, zone: str, zone_id: str, records: Iterable[Record] = ()) -> None:
        super().__init__(zone_id, records)
        self.refusal: BluegreenError | None = None
        self.late = False
        self.switched: list[Mapping[str, str]] = []
        self._zone = zone

    def zone_id(self, name: str) -> str:
        if self.error:
            raise self.error
        if name != self._zone:
            raise ConfigError(f"there is no zone {name!r}", hint="check the name")
        return self._zone_id

    def switch(self, zone_id: str, contents: Mapping[str, str]) -> None:
        self.switched.append(contents)
        if self.refusal and not self.late:
            raise self.refusal
        if zone_id != self._zone_id:
            raise _no_zone(zone_id)
        if not contents.keys() <= self.records.keys():
            raise BluegreenError("there is no such record")
        self.records |= {record: replace(self.records[record], content=to) for record, to in contents.items()}
        if self.refusal:
            raise self.refusal


class FakeCache:
    """ports.Cache of one zone. cached: hostnames with answers that are kept; error: raised when asked, if set."""

    def __init__(self, zone_id: str, cached: Iterable[str] = ()) -> None:
        self.cached = set(cached)
        self.error: BluegreenError | None = None
        self._zone_id = zone_id

    def purge_hosts(self, zone_id: str, hostnames: Sequence[str]) -> None:
        if hostnames:
            self._purge(zone_id, {name.lower() for name in hostnames})

    def purge_everything(self, zone_id: str) -> None:
        self._purge(zone_id, set(self.cached))

    def _purge(self, zone_id: str, hostnames: set[str]) -> None:
        if self.error:
            raise self.error
        if zone_id != self._zone_id:
            raise _no_zone(zone_id)
        self.cached -= hostnames


def _no_zone(zone_id: str) -> BluegreenError:
    return BluegreenError(f"there is no zone {zone_id!r}", hint="check the zone id")
