"""Every command with its one line of help, so that `--help` need not import them."""

from __future__ import annotations

from collections.abc import Mapping

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Switch": {
        "plan": "Show what a deploy would change, phase by phase; change nothing.",
        "prepare": "Bring the idle color up and check it; switch nothing.",
        "switch": "Check the prepared color again, and switch the public to it.",
        "deploy": "Prepare and switch in one go.",
        "rollback": "Send the public back to the color it came from.",
        "retire": "End the warm time of the idle color: stop or destroy it.",
    },
    "Look": {
        "status": "Show what is active, how healthy, and whether a rollback would work.",
        "doctor": "Look at everything that a run stands on, and say what to mend.",
        "history": "List the runs, newest first.",
        "show": "Show one run: phases, plans, probes, errors.",
        "report": "Write one run as a HTML file, with charts.",
        "config": "Show the merged configuration, or its schema.",
    },
    "Mend": {
        "resume": "Take up a run that was cut off or got stuck, and finish it.",
        "reconcile": "End a disagreement of Terraform's state and the live edge.",
        "lock": "Let nothing be deployed for a while; a rollback passes.",
        "unlock": "End `lock`; break the lock of a run that is gone, after saying whose it is.",
    },
    "Terraform by hand": {
        "tf": "Run Terraform with the environment's values, data directory and backend.",
        "render": "Write the values file that a bare `terraform plan` needs.",
    },
    "Begin": {
        "demo": "Show all of it in about a minute, in a temporary folder.",
        "init": "Make a project folder.",
        "adopt": "Take a Terraform root that you have already into a project.",
        "generate": "Write the workflows of GitHub Actions.",
        "sandbox": "Start, show or stop the world on localhost; let things go wrong in it.",
        "shell-init": "Print what a shell needs so that `bg` works in it, with completion.",
    },
}

COMMANDS: Mapping[str, str] = {name: text for section in SECTIONS.values() for name, text in section.items()}

RUNS = frozenset({"deploy", "prepare", "switch", "rollback", "resume", "reconcile", "retire"})
"""Commands that are a run: with --json they end with a result, whatever happens."""
