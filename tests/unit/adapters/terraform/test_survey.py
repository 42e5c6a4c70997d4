from __future__ import annotations

import json
from pathlib import Path

import pytest

from bluegreen.adapters.terraform.survey import survey
from bluegreen.ports import Pinned, Survey

CODE = """
terraform {
  required_providers {
    # random = { source = "hashicorp/random" }
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0" # and no newer
      configuration_aliases = [google.other]
    }
    "cloudflare" = { source : "cloudflare/cloudflare", version : ">= 5.20, < 6" }
    own = { source = "registry.example.com/team/own" }
    null = "3.0"
  }
}
resource "terraform_data" "bluegreen" { input = { required_providers = { no = { source = "a/b" } } } }
output "bluegreen" { value = "${terraform_data.bluegreen.output}" }
module "x" { source = "./x" }
"""
LOCK = """# This file is maintained automatically by "terraform init".

provider "registry.terraform.io/hashicorp/google" {
  version     = "7.45.0"
  constraints = "~> 7.0"
  hashes = [
    "h1:abc=",
    "zh:def",
  ]
}

provider "registry.opentofu.org/cloudflare/cloudflare" {
  version = "5.22.0"
  hashes = [
    "h1:abc=",
  ]
}
"""
MODULES = [
    {"Key": "", "Source": "", "Dir": "."},
    {"Key": "near", "Source": "../near", "Dir": "../near"},
    {"Key": "far", "Source": "git::https://git.example/x.git?ref=v1", "Dir": "far"},
    {"Key": "shared", "Source": "registry.terraform.io/a/b/c", "Version": "1.2.3", "Dir": "c"},
]


def test_what_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert survey(tmp_path / "tf", tmp_path / "data", tmp_path) == Survey("tf")


def test_code_lock_file_and_last_init_are_read(tmp_path: Path) -> None:
    folder, data = tmp_path / "tf", tmp_path / "data"
    folder.mkdir()
    (folder / "main.tf").write_text(CODE)
    (folder / ".terraform.lock.hcl").write_text(LOCK)
    (data / "providers/registry.terraform.io/hashicorp/google/7.44.0/linux_amd64").mkdir(parents=True)
    (data / "modules").mkdir()
    (data / "modules" / "modules.json").write_text(json.dumps({"Modules": MODULES}))
    found = survey(folder, data, tmp_path)
    assert found.declares == {"output.bluegreen", "terraform_data.bluegreen"}
    assert found.required == {
        "hashicorp/google": "~> 7.0",
        "cloudflare/cloudflare": ">= 5.20, < 6",
        "registry.example.com/team/own": "",
        "hashicorp/null": "3.0",
    }
    assert found.locked == {
        "hashicorp/google": Pinned("7.45.0"),
        "cloudflare/cloudflare": Pinned("5.22.0", portable=False),
    }
    assert found.installed == {"hashicorp/google": "7.44.0"}
    assert found.modules == {
        "far": "git::https://git.example/x.git?ref=v1",
        "shared": "registry.terraform.io/a/b/c 1.2.3",
    }


@pytest.mark.parametrize("form", [lambda block: block, lambda block: [block]])
def test_json_syntax_is_read_too(tmp_path: Path, form: object) -> None:
    assert callable(form)
    document = {
        "terraform": form({"required_providers": {"google": {"version": "~> 7.0"}, "null": "3.0"}}),
        "output": {"bluegreen": {}},
        "resource": {"terraform_data": {"bluegreen": {}}},
    }
    (tmp_path / "main.tf.json").write_text(json.dumps(document))
    found = survey(tmp_path, tmp_path / "data", tmp_path)
    assert found.required == {"hashicorp/google": "~> 7.0", "hashicorp/null": "3.0"}
    assert found.declares == {"output.bluegreen", "terraform_data.bluegreen"}


@pytest.mark.parametrize("text", ["{", "[]", '{"terraform": 1}', '{"terraform": {"required_providers": [1]}}'])
def test_what_is_no_configuration_requires_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "main.tf.json").write_text(text)
    assert survey(tmp_path, tmp_path, tmp_path).required == {}
