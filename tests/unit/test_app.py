from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bluegreen
from bluegreen.adapters.fakes.objects import MemoryObjects
from bluegreen.adapters.state import host
from bluegreen.adapters.state.keeping import Keeping, keeping, refuse_unkept
from bluegreen.errors import BluegreenError, ConfigError, Locked, UsageError

RUN = "20261122-183501-4f2a"

TWO = """
service: shop
stack: terraform
defaults:
  identity: none
environments:
  stg: {release: "1"}
  pro: {release: "1"%s}
"""


def project(folder: Path, more: str = "") -> Path:
    (folder / "terraform").mkdir()
    (folder / "bluegreen.yaml").write_text(TWO % more)
    return folder


def test_two_environments_never_share_a_state_unasked(tmp_path: Path) -> None:
    environment = bluegreen.load(project(tmp_path)).environment("pro")
    with pytest.raises(ConfigError, match="nothing tells the state of pro from that of another") as refused:
        environment.deploy()
    assert "{environment}" in refused.value.hint


def test_a_project_of_another_user_is_no_internal_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = bluegreen.load(project(tmp_path))

    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_symlink", refuse)  # root may look everywhere
    with pytest.raises(BluegreenError, match="cannot look at what runs have left here: permission denied") as refused:
        opened.environment("pro")
    assert "run it as the user who owns" in refused.value.hint


def test_a_journal_that_cannot_be_read_keeps_no_environment_from_being_opened(tmp_path: Path) -> None:
    environment = bluegreen.load(project(tmp_path)).environment("pro")
    runs = environment.data / "runs"
    runs.mkdir(parents=True)
    (runs / "20261122-183501-4f2a.jsonl").write_text("no journal\n")
    assert environment.past_terraform is None


@pytest.mark.parametrize("more", [", terraform: {workspace: pro}", ', terraform: {backend_config: ["path=pro"]}'])
def test_an_environment_with_a_state_of_its_own_passes(tmp_path: Path, more: str) -> None:
    environment = bluegreen.load(project(tmp_path, more)).environment("pro")
    environment._refuse_shared_state()


def test_a_deploy_in_ci_asks_for_a_store_to_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    environment = bluegreen.load(project(tmp_path, ", terraform: {workspace: pro}")).environment("pro")
    for deploy in (environment.deploy, environment.prepare, environment.switch):
        with pytest.raises(ConfigError, match="nothing says where journals and the lock are kept") as refused:
            deploy()
        assert "store: gs://BUCKET/FOLDER" in refused.value.hint
        assert "store: local" in refused.value.hint


@pytest.mark.parametrize(("store", "ci"), [("auto", ""), ("local", "true"), ("gs://bucket/folder", "true")])
def test_a_store_that_is_written_does_in_ci_and_none_is_needed_elsewhere(store: str, ci: str) -> None:
    refuse_unkept(store, {"CI": ci})


def test_a_store_in_a_bucket_has_a_folder_for_each_environment(tmp_path: Path) -> None:
    kept = keeping("gs://bucket/team/a", tmp_path, "shop", "pro")
    assert kept.where == "gs://bucket/team/a/shop/pro"
    assert keeping("gs://bucket", tmp_path, "shop", "stg").where == "gs://bucket/shop/stg"
    assert keeping("auto", tmp_path, "shop", "pro").objects is None


def test_a_broken_lock_shuts_its_holder_out_of_his_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = MemoryObjects()
    environment = bluegreen.load(project(tmp_path)).environment("pro")
    monkeypatch.setattr(environment, "keeping", Keeping(tmp_path, objects, "gs://bucket/shop/pro"))
    store, lock = environment.keeping.open()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(host, "host", lambda: "elsewhere")
        lock.acquire(RUN, "deploy")
        store.append(RUN, {"event": "run-started", "verb": "deploy"}, durable=True)
    questions: list[str] = []
    environment.confirm = questions.append
    with pytest.raises(UsageError, match=f"deploy {RUN} of .* holds the lock") as refused:
        environment.unlock()
    assert "--reason" in refused.value.hint
    holder, frozen = environment.unlock(reason="it burned down")
    assert (holder and holder.run, frozen, len(questions)) == (RUN, False, 1)
    assert environment.unlock() == (None, False)
    journal = environment.journal(environment.store.runs()[0])
    assert [entry.data["holder"] for entry in journal if entry.event == "lock-taken-over"] == [holder and holder.title]
    with pytest.raises(Locked, match="somebody else goes on with run"):
        store.append(RUN, {"event": "said"}, durable=True)
    assert environment.journal(RUN)[-1].data["verdict"] == "abandoned"
    unlocked = environment.journal(environment.store.runs()[0])
    assert [entry.data["reason"] for entry in unlocked if entry.event == "run-started"] == ["it burned down"]
    assert any("was broken" in entry.data.get("text", "") for entry in unlocked)
    lock.release()


def test_an_engine_of_the_projects_is_looked_for_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = project(tmp_path, ", terraform: {engine: ./terraform.sh}") / "terraform.sh"
    program.write_text("#!/bin/sh\necho Terraform v1.11.4\n")
    program.chmod(0o700)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert bluegreen.load(tmp_path).environment("pro").engine.argv == (str(program),)


def test_doctor_without_an_engine_a_token_or_a_network_says_so_and_looks_at_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    more = """, terraform: {workspace: pro, engine: /nowhere/terraform}, edge: {base_url: "http://127.0.0.1:1/client/v4"}"""
    environment = bluegreen.load(project(tmp_path, more)).environment("pro")
    found = {finding.check: finding for finding in environment.doctor().findings}
    assert {check for check, finding in found.items() if finding.level == "failure"} == {"engine", "token"}
    assert found["engine"].seen == "terraform.engine is '/nowhere/terraform', and there is no such program"
    assert found["token"].seen == "there is no API token for Cloudflare"
    assert {check for check, finding in found.items() if finding.level == "ok"} == {
        "lock files",
        "store",
        "disk",
    }
    assert not (environment.data / "runs").exists(), "no run is written"


def started(verb: str, run_id: str = "7") -> dict[str, Any]:
    url = f"https://github.com/a/b/actions/runs/{run_id}" if run_id else ""
    return {"event": "run-started", "verb": verb, "ci_url": url, "time": 1.0}


SIDES = {"origin": "blue", "origin_release": "1", "target": "green", "release": "2"}
ROUTE = {"event": "route-chosen", **SIDES, "inputs": {}, "first_deploy": False}
STUCK = {"event": "result", "verdict": "stuck"}


@pytest.mark.parametrize(
    ("journal", "does"),
    [
        ([started("deploy"), ROUTE], "rollback"),
        ([started("prepare"), ROUTE], "rollback"),
        ([started("rollback"), ROUTE], "rollback"),
        ([started("retire"), ROUTE], "resume"),
        ([started("deploy", "8"), ROUTE], "nothing"),  # another job's, which may be under way
        ([started("deploy", ""), ROUTE], "nothing"),  # a laptop's
        ([started("deploy", "8"), ROUTE, {**started("deploy"), "event": "run-resumed"}], "rollback"),
        ([started("deploy"), ROUTE, STUCK], "nothing"),  # a person is asked for
        ([], "nothing"),
    ],
)
def test_a_cancelled_job_ends_what_it_has_cut_off_itself_and_touches_nothing_else(
    journal: list[dict[str, Any]], does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("SERVER_URL", "https://github.com"), ("REPOSITORY", "a/b"), ("RUN_ID", "7")):
        monkeypatch.setenv(f"GITHUB_{name}", value)
    environment = bluegreen.load(project(tmp_path)).environment("pro")
    for event in journal:
        environment.store.append(RUN, {"time": 2.0, **event}, durable=True)
    done: list[str] = []
    monkeypatch.setattr(environment, "rollback", lambda reason: done.append("rollback"))
    monkeypatch.setattr(environment, "resume", lambda: done.append("resume"))
    environment.on_event = lambda event: done.append("nothing") if event["event"] == "result" else None
    environment.end_cancelled()
    assert done == [does]


def test_outside_of_a_job_there_is_none_that_was_cancelled(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no job of a workflow"):
        bluegreen.load(project(tmp_path)).environment("pro").end_cancelled()
