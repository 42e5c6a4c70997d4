"""The generated workflows: what they promise, held against what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bluegreen.config.load import Config, load_config
from bluegreen.errors import ConfigError
from bluegreen.render.github import HEADER, WORKFLOWS, render_workflows, waits

COMMIT = "0123456789" * 4
ACTION = f"example/bluegreen@{COMMIT}"
CLOUD = """\
service: shop
stack: terraform
github: {action: %s%s}
defaults:
  identity: none
  store: gs://bucket/folder
  check: {via: edge}
  release: "1"
environments:
"""

Workflows = dict[str, Any]
Make = Callable[..., Config]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(github: str = "", environments: str = "  pro: {}\n", **replaced: str) -> Config:
        text = CLOUD % (ACTION, f", {github}" if github else "") + environments
        for old, new in replaced.items():
            text = text.replace(old, new)
        (tmp_path / "terraform").mkdir(exist_ok=True)
        (tmp_path / "bluegreen.yaml").write_text(text)
        return load_config(tmp_path)

    return make


def read(config: Config, folder: str = "") -> Workflows:
    """Return the workflows, read. YAML 1.1 takes the key `on` for true."""
    rendered = render_workflows(config, config.names, folder)
    return {name: {"on" if key is True else key: value for key, value in yaml.safe_load(text).items()}
            for name, text in rendered.items()}  # fmt: skip


def jobs(workflows: Workflows) -> list[Any]:
    return [job for workflow in workflows.values() for job in workflow["jobs"].values()]


def steps(workflows: Workflows) -> list[Any]:
    return [step for job in jobs(workflows) for step in job["steps"]]


def ours(job: Any) -> Any:
    return next(step for step in job["steps"] if step.get("uses", "").startswith("example/"))


def test_one_environment_has_five_files_and_several_have_five_each(make: Make) -> None:
    assert set(read(make())) == {f"{name}.yml" for name in WORKFLOWS}
    several = read(make(environments="  stg: {}\n  pro: {}\n"))
    assert set(several) == {f"{name}-{environment}.yml" for name in WORKFLOWS for environment in ("stg", "pro")}
    assert ours(several["deploy-stg.yml"]["jobs"]["prepare"])["with"]["environment"] == "stg"


def test_every_action_is_pinned_by_full_commit_with_its_version_behind_it(make: Make) -> None:
    for text in render_workflows(make("runner: ubuntu-24.04"), ["pro"]).values():
        assert text.startswith(HEADER)
        uses = re.findall(r"uses: (.*)", text)
        assert uses
        assert [
            one for one in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # (v\d+\.|bluegreen )[\d.]+", one)
        ] == []


def test_no_job_may_more_than_it_needs(make: Make) -> None:
    workflows = read(make())
    assert all(workflow["permissions"] == {} for workflow in workflows.values())
    extra = {"plan.yml": "pull-requests", "drift.yml": "issues"}
    for name, workflow in workflows.items():
        for job in workflow["jobs"].values():
            more = {extra[name]: "write"} if name in extra else {}
            assert job["permissions"] == {"contents": "read", "id-token": "write", **more}
    assert all(
        step["with"]["persist-credentials"] is False for step in steps(workflows) if "checkout" in step.get("uses", "")
    )


def test_no_script_has_an_expression_in_it(make: Make) -> None:
    workflows = read(make("hours: Mon-Fri 09:00-16:00 Europe/Berlin"))
    scripts = [step["run"] for step in steps(workflows) if "run" in step]
    assert len(scripts) > 4
    assert [script for script in scripts if "${{" in script] == []


def test_a_push_prepares_and_the_reviewed_environment_switches(make: Make) -> None:
    deploy = read(make("branch: trunk"))["deploy.yml"]
    assert deploy["on"]["push"] == {"branches": ["trunk"]}
    prepare, switch = deploy["jobs"]["prepare"], deploy["jobs"]["switch"]
    assert (prepare["environment"], switch["environment"]["name"]) == ("pro-prepare", "pro")
    assert switch["needs"] == "prepare"
    assert switch["if"] == "needs.prepare.outputs.verdict == 'prepared'"
    assert (ours(prepare)["with"]["command"], ours(switch)["with"]["command"]) == ("prepare", "switch")
    assert "release" not in ours(switch)["with"]


def test_a_deploy_is_never_cancelled_and_a_rollback_queues_behind_nothing(make: Make) -> None:
    newest, everyone = (read(make(f"queue: {queue}")) for queue in ("newest", "max"))
    assert newest["deploy.yml"]["concurrency"] == {"group": "bluegreen-pro", "cancel-in-progress": False}
    assert everyone["deploy.yml"]["concurrency"] == {
        "group": "bluegreen-pro", "cancel-in-progress": False, "queue": "max"
    }  # fmt: skip
    rollback = newest["rollback.yml"]
    assert rollback["on"] == {"workflow_dispatch": None}
    assert "concurrency" not in rollback
    assert "concurrency" not in rollback["jobs"]["rollback"]
    assert rollback["jobs"]["rollback"]["environment"]["name"] == "pro-rollback"


def test_no_other_workflow_takes_a_deploys_place_in_its_queue(make: Make) -> None:
    groups = [workflow["concurrency"]["group"] for name, workflow in read(make()).items() if name != "rollback.yml"]
    assert len(groups) == len(set(groups)) == 4


def test_outside_of_the_hours_a_push_only_prepares(make: Make) -> None:
    deploy = read(make("hours: Tue-Thu 09:00-16:00 Europe/Berlin"))["deploy.yml"]
    hours = deploy["jobs"]["prepare"]["steps"][-1]
    assert hours["env"]["TZ"] == "Europe/Berlin"
    assert "[234]" in hours["run"]
    assert deploy["jobs"]["switch"]["if"].endswith(" && (needs.prepare.outputs.open || github.event_name != 'push')")
    assert "open" in deploy["jobs"]["prepare"]["outputs"]
    assert "open" not in read(make())["deploy.yml"]["jobs"]["prepare"]["outputs"]


def test_a_plan_is_none_of_a_forks(make: Make) -> None:
    plan = read(make())["plan.yml"]
    assert list(plan["on"]) == ["pull_request"]
    job = plan["jobs"]["plan"]
    assert job["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert job["environment"] == "pro-plan"


def test_each_job_has_its_secrets_and_no_step_but_ours_sees_them(make: Make) -> None:
    environment = "  pro:\n    terraform: {env: {TF_VAR_p: '${SHOP_PASSWORD}'}}\n    edge: {token: '${ZONE_TOKEN}'}\n"
    workflows = read(make(environments=environment))
    wanted = {name: f"${{{{ secrets.{name} }}}}" for name in ("CLOUDFLARE_API_TOKEN", "SHOP_PASSWORD", "ZONE_TOKEN")}
    for job in jobs(workflows):
        assert ours(job)["env"] == wanted
        assert "env" not in job
        assert "secrets." not in str([step for step in job["steps"] if step is not ours(job)])


def test_reports_are_kept_however_the_run_ended_and_end_no_job(make: Make) -> None:
    kept = {}
    for name, workflow in read(make()).items():
        for step in (step for job in workflow["jobs"].values() for step in job["steps"]):
            if "upload-artifact@" in step.get("uses", ""):
                assert step["continue-on-error"] is True
                kept.setdefault(name, []).append(step["if"])
    conditions = {name: f"always() && steps.{name}.outputs.report" for name in ("prepare", "switch", "rollback")}
    assert kept == {
        "deploy.yml": [conditions["prepare"], conditions["switch"]],
        "rollback.yml": [conditions["rollback"]],
    }


def test_google_is_met_without_a_key(make: Make) -> None:
    for job in jobs(read(make())):
        (auth,) = (step for step in job["steps"] if "auth@" in step.get("uses", ""))
        assert set(auth["with"]) == {"workload_identity_provider", "service_account"}
    local = read(make(**{"gs://bucket/folder": "local"}))
    assert not [step for step in steps(local) if "auth@" in step.get("uses", "")]


def test_a_folder_that_keeps_journals_is_not_cleaned(make: Make) -> None:
    def cleaned(config: Config) -> set[bool]:
        return {step["with"].get("clean", True) for step in steps(read(config)) if "/checkout@" in step.get("uses", "")}

    assert cleaned(make(**{"gs://bucket/folder": "local"})) == {False}
    assert cleaned(make()) == {True}


def test_a_terraform_that_is_asked_for_is_installed_without_its_wrapper(make: Make) -> None:
    asked = "  pro: {terraform: {engine: terraform}}\n"
    (step,) = (step for step in read(make(environments=asked))["rollback.yml"]["jobs"]["rollback"]["steps"]
               if "setup-terraform" in step.get("uses", ""))  # fmt: skip
    assert step["with"]["terraform_wrapper"] is False
    for config in (make(), make("runner: [self-hosted]", environments=asked)):
        assert "setup-terraform" not in str(read(config))


def test_a_release_that_nobody_configured_is_the_commit(make: Make) -> None:
    def releases(config: Config) -> list[str]:
        workflows = read(config)
        steps = workflows["deploy.yml"]["jobs"]["prepare"], workflows["plan.yml"]["jobs"]["plan"]
        return [ours(job)["with"].get("release", "") for job in steps]

    assert releases(make()) == ["${{ inputs.release }}", ""]
    assert releases(make(**{'  release: "1"\n': ""})) == [
        "${{ inputs.release || github.sha }}",
        "${{ github.event.pull_request.head.sha }}",
    ]


def test_a_project_in_a_folder_of_its_repository(make: Make) -> None:
    for job in jobs(read(make(), "shops/one")):
        assert ours(job)["with"]["working-directory"] == "shops/one"


def test_runners_by_their_labels(make: Make) -> None:
    assert {job["runs-on"] for job in jobs(read(make()))} == {"ubuntu-24.04"}
    ours = read(make("runner: [self-hosted, near]", **{"via: edge": "via: direct"}))
    assert all(job["runs-on"] == ["self-hosted", "near"] for job in jobs(ours))


def test_a_job_may_take_what_is_waited_for_on_its_way_back_too(make: Make) -> None:
    config = make()
    minutes = [job["timeout-minutes"] for job in read(config)["deploy.yml"]["jobs"].values()]
    # 10 around; a Terraform of 62, and one more for the way back; check 5; twice settle 5 and proof 10; blind 15
    assert minutes == [10 + 62 + 5, 10 + 2 * 62 + 5 + 2 * 15 + 15]
    assert read(config)["rollback.yml"]["jobs"]["rollback"]["timeout-minutes"] == 108
    more = make(environments="  pro: {hooks: {after_switch: [{command: [x], timeout: 20m}]}}\n")
    assert waits(more.described("pro"))["switch"] == waits(config.described("pro"))["switch"] + 1200


def test_what_no_workflow_could_do_is_said_at_its_line(make: Make) -> None:
    with pytest.raises(ConfigError) as caught:
        read(make(environments="  pro: {check: {via: direct}, store: auto}\n"))
    problems = caught.value.problems
    assert [problem.path for problem in problems] == ["environments.pro.check.via", "environments.pro.store"]
    assert problems[0].where.startswith("bluegreen.yaml:")
    with pytest.raises(ConfigError, match="nothing says how workflows are to be") as caught:
        read(make(**{f"github: {{action: {ACTION}}}\n": ""}))
    assert "it may have runner, branch, hours, queue too" in caught.value.hint, "a wheel has no docs/ to point at"
