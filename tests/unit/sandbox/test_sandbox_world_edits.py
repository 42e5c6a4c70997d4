"""Terraform's writes and locks as edits of the world, without sockets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bluegreen.sandbox import control_api, state_api
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.ledger import Ledger, LedgerFile
from bluegreen.sandbox.records import Zone
from bluegreen.sandbox.states import Wants
from bluegreen.sandbox.world import World

NETWORK = Network("127.77.12")
LOCK = {"ID": "abc", "Who": "me@here", "Operation": "OperationTypeApply"}


class Place:
    """A world in a folder; `effects` holds what edge and fleet were told."""

    def __init__(self, folder: Path):
        self.file = folder / "world.json"
        self.effects: list[tuple[Ledger, Wants]] = []
        self.world = World(Zone("shop.test"), NETWORK, LedgerFile(self.file), self._effect)

    async def _effect(self, ledger: Ledger, wants: Wants) -> None:
        assert LedgerFile(self.file).load() == ledger, "durable before it takes effect"
        self.effects.append((ledger, wants))

    def call(self, method: str, path: str, data: object = None, query: str = "") -> Reply:
        body = b"" if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
        return asyncio.run(state_api.answer(self.world, Call(method, path, query, body)))

    def rejected(self, *args: Any, **kwargs: Any) -> tuple[int, str]:
        before = self.world.ledger
        with pytest.raises(Rejected) as caught:
            self.call(*args, **kwargs)
        assert self.world.ledger == before
        return caught.value.status, caught.value.text

    def control(self, method: str, path: str, data: object = None) -> Reply:
        body = b"" if data is None else json.dumps(data).encode()
        return asyncio.run(control_api.answer(self.world, Call(method, path, body=body), dict))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def state(*inputs: Any, **resource: Any) -> dict[str, Any]:
    made = [
        {"mode": "managed", "type": "terraform_data", "name": "x", **resource}
        | {"instances": [{"index_key": index, "attributes": {"input": {"value": value}}}]}
        for index, value in enumerate(inputs)
    ]
    return {"version": 4, "resources": made}


def server(**fields: Any) -> dict[str, Any]:
    base = {"sandbox": "server", "color": "blue", "address": "127.77.12.11", "release": "1", "environment": "demo"}
    return {**base, **fields}


def record(**fields: Any) -> dict[str, Any]:
    base = {"sandbox": "record", "id": "r1", "name": "shop.test", "type": "A", "content": "127.77.12.11"}
    return {**base, "proxied": True, "ttl": 1, **fields}


def test_a_state_comes_back_byte_for_byte(place: Place) -> None:
    body = b'{"version": 4,\n  "resources": [], "lineage": "\xc3\xa4"}\n'
    assert place.call("GET", "demo/main").status == 404
    place.call("POST", "demo/main", body)
    assert place.call("GET", "demo/main").body == body
    place.call("DELETE", "demo/main")
    assert place.call("GET", "demo/main").status == 404


def test_the_world_is_the_union_of_the_states(place: Place) -> None:
    place.call("POST", "demo/blue", state(server()))
    place.call("POST", "demo/edge", state(record(), None, "text", {"other": 1}))
    place.call("POST", "demo/green", state(server(color="green", address="127.77.12.12", running=False)))
    ledger, wants = place.effects[-1]
    assert {address: s.running for address, s in wants.servers.items()} == {"127.77.12.11": True, "127.77.12.12": False}
    assert ledger.records["r1"].proxied
    place.call("POST", "demo/blue", state())
    place.call("DELETE", "demo/edge")
    ledger, wants = place.effects[-1]
    assert set(wants.servers) == {"127.77.12.12"}
    assert ledger.records == {}


def test_an_unchanged_record_keeps_its_dates(place: Place) -> None:
    place.call("POST", "demo/edge", state(record(), record(id="r2", name="b.shop.test")))
    before = dict(place.world.ledger.records)
    place.call("POST", "demo/edge", state(record(), record(id="r2", name="b.shop.test", content="127.77.12.12")))
    after = place.world.ledger.records
    assert after["r1"] == before["r1"]
    assert after["r2"].created_on == before["r2"].created_on
    assert after["r2"].modified_on > before["r2"].modified_on


def test_two_records_may_trade_places(place: Place) -> None:
    first, second = "127.77.12.11", "127.77.12.12"
    place.call("POST", "demo/edge", state(record(content=first), record(id="r2", content=second)))
    place.call("POST", "demo/edge", state(record(content=second), record(id="r2", content=first)))
    assert {id: r.content for id, r in place.world.ledger.records.items()} == {"r1": second, "r2": first}


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ([server(color="red")], "color is 'red'"),
        ([server(address="127.77.12.2")], "address is '127.77.12.2'"),
        ([server(address="127.77.13.11")], "address is '127.77.13.11'"),
        ([server(address=None)], "address is None"),
        ([server(release="")], "release is ''"),
        ([server(release="a\nb")], "release is 'a\\nb'"),
        ([server(running="yes")], "running is 'yes'"),
        ([server(), server()], "127.77.12.11 belongs to another"),
        ([server(), server(address="127.77.12.13")], "two blue servers, at 127.77.12.11 and 127.77.12.13"),
        ([record(type="MX")], "knows no type 'MX'"),
        ([record(content="x")], "must be a valid IPv4"),
        ([record(id="")], "id is ''"),
        ([record(), record()], "r1 belongs to another"),
        ([record(), record(id="r2")], "identical record already exists"),
        ([{"sandbox": "disk"}], "input.sandbox is 'disk'"),
    ],
)
def test_what_cannot_be_meant_is_refused_whole(place: Place, inputs: list[Any], reason: str) -> None:
    place.call("POST", "demo/main", state(record(id="r0", name="zero.shop.test")))
    status, text = place.rejected("POST", "demo/main", state(*inputs))
    assert status == 400
    assert reason in text
    assert len(place.effects) == 1


def test_a_reason_names_the_terraform_address(place: Place) -> None:
    _, text = place.rejected("POST", "demo/main", state(server(color="red"), module="module.blue_server"))
    assert text.startswith("demo/main: module.blue_server.terraform_data.x[0]: color")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"resources": [1]}', b"\xff", b'{"resources": 3}'])
def test_what_is_no_state_is_refused(place: Place, body: bytes) -> None:
    assert place.rejected("POST", "demo/main", body)[0] == 400


def test_resources_of_other_kinds_and_deposed_ones_are_none_of_ours(place: Place) -> None:
    other = state(server(color="red"), type="null_resource")
    other["resources"] += state(server(color="red"), mode="data")["resources"]
    deposed = state(server())["resources"][0]
    deposed["instances"][0]["deposed"] = "0"
    other["resources"].append(deposed)
    place.call("POST", "demo/main", other)
    assert place.effects[-1][1].servers == {}


def test_a_lock_is_one_holders(place: Place) -> None:
    assert place.call("LOCK", "demo/main", LOCK).status == 200
    status, info = place.rejected("LOCK", "demo/main", {"ID": "other"})
    assert (status, json.loads(info)) == (423, LOCK)
    assert place.call("LOCK", "demo/edge", {"ID": "other"}).status == 200
    assert place.rejected("POST", "demo/main", state())[0] == 423
    assert place.rejected("POST", "demo/main", state(), query="ID=other")[0] == 423
    assert place.rejected("DELETE", "demo/main")[0] == 423
    assert place.call("POST", "demo/main", state(), query="ID=abc").status == 200
    assert place.rejected("UNLOCK", "demo/main", {"ID": "other"})[0] == 409
    assert place.call("UNLOCK", "demo/main", LOCK).status == 200
    assert place.call("POST", "demo/main", state()).status == 200
    assert place.call("UNLOCK", "demo/main", LOCK).status == 200, "twice is harmless"


def test_unlock_without_an_id_is_refused(place: Place) -> None:
    place.call("LOCK", "demo/main", LOCK)
    assert place.rejected("UNLOCK", "demo/main")[0] == 400
    assert place.rejected("UNLOCK", "demo/main", {})[0] == 400
    assert place.rejected("LOCK", "demo/other", {"Who": "me"})[0] == 400


def test_a_writer_whose_lock_was_broken_is_fenced_off(place: Place) -> None:
    place.call("LOCK", "demo/main", LOCK)
    assert json.loads(place.control("GET", "locks").body) == {"demo/main": LOCK}
    place.control("DELETE", "locks/demo/main")
    assert place.rejected("POST", "demo/main", state(), query="ID=abc")[0] == 409
    with pytest.raises(Rejected, match="not locked"):
        place.control("DELETE", "locks/demo/main")


def test_a_refusal_is_for_one_path_and_until_taken_back(place: Place) -> None:
    place.control("PUT", "faults", {"refuse_state": {"demo/edge": "no more records", "/x/": 400}})
    assert place.rejected("POST", "demo/edge", state()) == (400, "no more records")
    assert place.rejected("POST", "demo/x", state())[0] == 400
    assert place.call("POST", "other/mydemo/edges", state()).status == 200
    assert place.call("POST", "mydemo/edge", state()).status == 200
    place.control("DELETE", "faults")
    assert place.call("POST", "demo/edge", state()).status == 200


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("servers/blue", {"behavior": "odd"}),
        ("servers/red", {"behavior": "sick"}),
        ("servers/blue", {"behavior": "slow", "seconds": -1}),
        ("servers/blue", {"behavior": "slow", "seconds": True}),
        ("faults", {}),
        ("faults", {"refuse_state": {"": "x"}}),
        ("nothing", {}),
    ],
)
def test_nonsense_is_refused(place: Place, path: str, data: object) -> None:
    with pytest.raises(Rejected):
        place.control("PUT", path, data)


def test_a_full_disk_changes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LedgerFile, "save", full)
    before = place.world.ledger
    with pytest.raises(OSError, match="No space"):
        place.call("POST", "demo/main", state(server()))
    assert place.world.ledger == before
    assert place.effects == []


def test_a_new_process_remembers_everything(place: Place, tmp_path: Path) -> None:
    place.call("POST", "demo/main", state(server(), record()))
    place.call("LOCK", "demo/main", LOCK)
    place.control("PUT", "servers/blue", {"behavior": "slow", "seconds": 3})
    place.control("PUT", "faults", {"refuse_state": {"x": "y"}})
    assert Place(tmp_path).world.ledger == place.world.ledger


def test_told_ok_is_told_nothing(place: Place) -> None:
    place.control("PUT", "servers/blue", {"behavior": "sick"})
    assert place.world.ledger.behaviors["blue"].name == "sick"
    place.control("PUT", "servers/blue", {"behavior": "ok"})
    assert place.world.ledger.behaviors == {}
