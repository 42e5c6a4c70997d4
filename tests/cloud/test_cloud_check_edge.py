"""check.via: edge in the local sandbox: the idle color is asked through the CDN, at a name that is closed to others."""

from __future__ import annotations

import pytest
from cloud_shop import CloudShop
from planted import found_in, leaks
from providers import needs_providers

from bluegreen.adapters.http import HttpProbe
from bluegreen.model import Color
from bluegreen.ports import Answer, Question
from bluegreen.sandbox.address import PUBLIC_PORT
from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(300)]

SECRET = "plant3d-probes-g4rden"
"""One of those that are looked for; the provider is given it, and the zone's rules repeat it."""
MEANT = ("world.json", "kept.tfplan")
"""Files that hold it: the sandbox's own, which has the states, and the prepared way back, which is its user's alone."""
CACHE_RULE = "module.cdn.cloudflare_ruleset.cache[0]"
"""The zone's rule for the probed path learns of the new names where it is in the stack, which somebody must allow."""


def closed_to_this_machine(monkeypatch: pytest.MonkeyPatch, addresses: set[str]) -> None:
    """Keep this process from the servers' own addresses, as their firewall keeps a hosted runner."""
    see = HttpProbe.ask

    def ask(self: HttpProbe, question: Question) -> Answer:
        if question.address in addresses:
            return Answer(0, error="timed out", reached=False)
        return see(self, question)

    monkeypatch.setattr(HttpProbe, "ask", ask)


@pytest.mark.parametrize("layout", ["single", "layers"])
def test_a_runner_without_a_stable_address_checks_through_the_edge(
    shop: CloudShop, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBES", SECRET)
    shop.provide(TF_VAR_probe_secret="${PROBES}")
    shop.configure(check={"via": "edge"}, probe={"headers": {"x-probe-secret": "${PROBES}"}})
    closed_to_this_machine(monkeypatch, set(shop.address.values()))

    allowed = [CACHE_RULE] if shop.layout == "single" else []
    result = shop.run("deploy", release="1.5.0", allow=allowed)

    assert (result.verdict, result.active) == ("switched", "green")
    door = f"http://{shop.network.check(Color.BLUE)}:{PUBLIC_PORT}/healthz"
    assert HttpProbe().ask(Question(door)).status == 403
    let_in = HttpProbe().ask(Question(door, headers={"x-probe-secret": SECRET}))
    assert (let_in.status, let_in.headers["x-color"], let_in.headers["x-release"]) == (200, "blue", "1.4.2")
    assert [path for path in leaks(shop.folder) if path.name not in MEANT] == []
    assert not found_in(repr(shop.events).encode())
    assert shop.run("rollback").active == "blue"
    shop.assert_nothing_to_plan()
