"""Code that was edited between two deploys reaches the idle color first, or is refused where that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloud_shop import CloudShop
from compute_witness import served_at
from providers import needs_providers

from bluegreen.errors import CheckFailed, GuardRefused
from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(300)]

MODULE = ("modules/server/main.tf", "tags         = var.tags", 'tags         = concat(var.tags, ["patched"])')
PROVIDER = ("main.tf", "  zone    = var.zone\n", '  zone    = var.zone\n  default_labels = { patched = "yes" }\n')


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, path
    path.write_text(text.replace(old, new))


def is_patched(shop: CloudShop, color: str) -> bool:
    instance = shop.instance(color)
    return "patched" in instance["tags"]["items"] or "patched" in instance["labels"]


def edit_servers(shop: CloudShop, what: tuple[str, str, str]) -> None:
    path, old, new = what
    root = shop.folder / ("terraform" if shop.layout == "single" else "tf/server")
    edit(shop.folder / path if what is MODULE else root / path, old, new)


@pytest.mark.parametrize("what", [MODULE, PROVIDER], ids=["module", "provider settings"])
@pytest.mark.parametrize("layout", ["layers"])
def test_an_edit_reaches_the_idle_color_only(shop: CloudShop, traffic: Traffic, what: tuple[str, str, str]) -> None:
    before = shop.instance("blue")
    edit_servers(shop, what)
    assert shop.run("deploy", release="1.5.0").active == "green"
    assert is_patched(shop, "green")
    assert shop.instance("blue") == before
    assert [change for change in shop.changes("/compute/v1/*/instances*") if "blue" in change] == []
    shop.assert_nothing_to_plan(but=["blue"])  # which gets it with its next release


@pytest.mark.parametrize("what", [MODULE, PROVIDER], ids=["module", "provider settings"])
@pytest.mark.parametrize("layout", ["single"])
def test_an_edit_of_both_colors_is_refused(shop: CloudShop, traffic: Traffic, what: tuple[str, str, str]) -> None:
    edit_servers(shop, what)
    error = shop.fail("deploy", release="1.5.0")
    assert isinstance(error, GuardRefused)
    assert "module.blue_server[0].google_compute_instance.server: update (server.blue)" in error.message
    assert "layer" in error.hint
    assert shop.changes("/c*") == []
    assert (shop.live_color(), traffic.report.by_color.keys()) == ("blue", {"blue"})


@pytest.mark.parametrize("layout", ["layers"])
def test_an_edit_of_the_network_is_refused(shop: CloudShop, traffic: Traffic) -> None:
    edit(shop.folder / "modules/network/firewall.tf", '"${var.name}-from-cdn"', '"${var.name}-from-the-cdn"')
    error = shop.fail("deploy", release="1.5.0")
    assert isinstance(error, GuardRefused)
    assert "module.network.google_compute_firewall" in error.message
    assert shop.changes("/c*") == []


def test_a_new_image_in_the_family_is_the_next_deploys(switched: CloudShop, traffic: Traffic) -> None:
    """No rollback, retirement or start of a color makes its machine anew, in a single root either, which plans both."""
    machines = [switched.instance(color)["id"] for color in ("blue", "green")]
    old, new = switched.image("blue"), switched.publish_image("debian-12-bookworm-v20270101")
    switched.assert_nothing_to_plan()
    switched.sandbox.forget_requests()

    (switched.folder / ".bluegreen" / "pro" / "layers" / switched.edge_state / "kept.tfplan").unlink()
    assert switched.run("rollback").active == "blue"
    assert switched.changes("/compute/v1/*") == []
    assert switched.run("retire", force=True, reason="test").verdict == "retired"
    assert switched.run("rollback", to="green").active == "green"
    assert switched.changes("/compute/v1/*") == ["POST stop", "POST start"]
    assert [switched.instance(color)["id"] for color in ("blue", "green")] == machines
    assert [switched.image(color) for color in ("blue", "green")] == [old, old]

    switched.sandbox.forget_requests()
    assert switched.run("deploy", release="1.6.0").active == "blue"
    assert switched.changes("/compute/v1/*/instances*") == ["DELETE shop-pro-blue", "POST instances"]
    assert [switched.image(color) for color in ("blue", "green")] == [new, old]
    assert switched.instance("green")["id"] == machines[1]
    switched.assert_nothing_to_plan()


def test_a_machine_that_is_not_made_anew_serves_what_it_booted_with(prepared: CloudShop, traffic: Traffic) -> None:
    """Metadata are read at boot: with them alone changed, CHECK finds another release than was deployed."""
    prepared.configure(check={"deadline": "1500ms", "timeout": "500ms"})
    edit(
        prepared.folder / "modules/server/main.tf",
        "replace_triggered_by = [terraform_data.boot]",
        "ignore_changes = []",
    )
    error = prepared.fail("deploy", release="1.6.0")
    assert isinstance(error, CheckFailed)
    assert "wrong release" in error.message
    metadata = {item["key"]: item["value"] for item in prepared.instance("green")["metadata"]["items"]}
    assert metadata["release"] == "1.6.0"
    assert served_at(prepared.address["green"])["release"] == "1.5.0"
    (console,) = prepared.told("console")
    assert "startup-script: release 1.5.0 of shop (green) is served" in console["text"]
    assert (prepared.live_color(), prepared.changes("/client/*")) == ("blue", [])
    prepared.assert_nothing_to_plan()


def test_metadata_edited_by_hand_are_mended_without_a_boot(prepared: CloudShop, traffic: Traffic) -> None:
    green = prepared.process("green")
    prepared.set_metadata("green", release="6.6.6")
    assert served_at(prepared.address["green"])["release"] == "1.5.0"
    if prepared.layout == "single":
        assert isinstance(prepared.fail("switch"), GuardRefused)  # its plan would mend the machine as well
        assert prepared.live_color() == "blue"
    else:
        assert prepared.run("switch").active == "green"
    assert prepared.process("green") == green


@pytest.mark.parametrize("layout", ["layers"])
def test_a_console_is_shown_when_a_color_does_not_answer(prepared: CloudShop, traffic: Traffic) -> None:
    prepared.configure(check={"deadline": "1500ms", "timeout": "500ms"})
    prepared.sandbox.behave("green", "dead")
    error = prepared.fail("switch")
    assert isinstance(error, CheckFailed)
    assert [event["color"] for event in prepared.told("console")] == ["green"]
    assert (prepared.live_color(), prepared.changes("/c*")) == ("blue", [])
