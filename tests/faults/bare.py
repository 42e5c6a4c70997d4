"""What people do without this program: an edge's values edited by hand, and Terraform, or a script around it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from night import Night

APPLY = "terraform apply -auto-approve -input=false"


def edge_pointed_at(night: Night, color: str) -> Path:
    """Write into the edge's values that a color is active; return the edge's folder, initialised."""
    root = night.shop.folder / "tf" / "edge"
    values = root / "zz-bluegreen.auto.tfvars"
    text, edits = re.subn(r'(server_active\s*=) "\w+"', rf'\1 "{color}"', values.read_text())
    assert edits == 1, text
    values.write_text(text)
    assert script(root, "terraform init -input=false") == 0
    return root


def script(root: Path, *lines: str) -> int:
    """Run a script in a folder, as a person would who does not know better; return its exit code."""
    env = {**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    argv = ["bash", "-c", "\n".join(lines)]
    return subprocess.run(argv, cwd=root, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode
