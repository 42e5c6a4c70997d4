from __future__ import annotations

from pathlib import Path

import pytest

from bluegreen.adapters.terraform import argv

EMBEDDED = ("python", "-P", "embedded.py")


def test_init() -> None:
    built = argv.init(["terraform"], ["bucket=b", "prefix=a b"])
    assert built == (
        "terraform",
        "init",
        "-backend-config=bucket=b",
        "-backend-config=prefix=a b",
        "-json",
        "-input=false",
    )
    assert "-reconfigure" in argv.init(["terraform"], [], reconfigure=True)
    assert "-lockfile=readonly" in argv.init(["terraform"], look=True)
    assert not [one for one in built if one.startswith("-lockfile")]


def test_plan_is_saved_locks_and_tells_changes_by_its_exit_code() -> None:
    built = argv.plan(["tofu"], [Path("a b.tfvars"), Path("c")], Path("/x/p"), lock=True, lock_timeout=30)
    assert built[:2] == ("tofu", "plan")
    assert [part for part in built if part.startswith("-var-file")] == ["-var-file=a b.tfvars", "-var-file=c"]
    assert {"-out=/x/p", "-detailed-exitcode", "-json", "-input=false", "-lock-timeout=30s"} < set(built)
    assert "-lock=false" not in built


def test_a_plan_to_look_at_takes_no_lock() -> None:
    built = argv.plan(["terraform"], [], None, lock=False, lock_timeout=30)
    assert "-lock=false" in built
    assert not any(part.startswith(("-out", "-lock-timeout")) for part in built)


def test_the_embedded_engine_keeps_its_own_arguments_in_front() -> None:
    assert argv.state_pull(EMBEDDED) == (*EMBEDDED, "state", "pull")
    assert argv.show(EMBEDDED, Path("p")) == (*EMBEDDED, "show", "-json", "-no-color", "p")
    assert argv.apply(EMBEDDED, Path("p"), lock_timeout=1)[-1] == "p"


def test_a_torn_state_in_the_current_folder_is_nothing_to_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "terraform.tfstate").write_text("{")
    monkeypatch.chdir(tmp_path)
    assert argv.state_pull(["terraform"]) == ("terraform", "state", "pull")


def test_the_environment_is_ours_but_for_what_would_change_our_commands() -> None:
    stripped = {"TF_LOG", "TF_LOG_PATH", "TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_WORKSPACE", "TF_REATTACH_PROVIDERS"}
    base = dict.fromkeys(stripped, "x") | {
        "TF_VAR_a": "1",
        "TF_CLI_CONFIG_FILE": "c",
        "PATH": "/bin",
        "TF_INPUT": "1",
    }
    environment = argv.child_environment(base, Path("/d"), {"TOKEN": "t", "PATH": "/mine", "TF_LOG": "trace"})
    assert environment == {
        "TF_VAR_a": "1",
        "TF_CLI_CONFIG_FILE": "c",
        "PATH": "/mine",
        "TOKEN": "t",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "TF_DATA_DIR": "/d",
    }
    assert argv.child_environment({}, Path("/d"), workspace="stg")["TF_WORKSPACE"] == "stg"
