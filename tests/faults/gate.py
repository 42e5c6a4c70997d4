"""A gate before an apply: what a test does while it is shut happens between the plan and the apply, always."""

from __future__ import annotations

from collections.abc import Callable

from night import Night, wait_until
from program import Ended

SCRIPT = """#!/bin/bash
# Is Terraform, but an apply in the folder that the file `gate` names, WHERE SKIP, waits until that file is gone.
if [ "$1" = apply ] && read -r where skip 2>/dev/null < "{here}/gate" && [[ $PWD == */$where ]]; then
    if ((skip > 0)); then
        echo "$where $((skip - 1))" > "{here}/gate"
    else
        touch "{here}/at-the-gate"
        while [ -e "{here}/gate" ]; do sleep 0.02; done
    fi
fi
exec {real} "$@"
"""

PREPARE, SWITCH, ROLLBACK = ("server", 0), ("edge", 1), ("edge", 0)
"""Folder, and how many applies in it go by first: in PREPARE the edge only learns of the new color."""


class Gate:
    def __init__(self, night: Night) -> None:
        self.night, self.here = night, night.shop.folder
        engine = self.here / "terraform.sh"
        engine.write_text(SCRIPT.format(here=self.here, real=night.shop.environment().engine.argv[0]))
        engine.chmod(0o755)
        night.shop.configure(terraform={"engine": str(engine), "deadline": "5s", "grace": "500ms"})

    def call(self, moment: tuple[str, int], act: Callable[[], object], *arguments: str) -> Ended:
        """Call the program, and do something between that plan and its apply."""
        where, skip = moment
        shut, reached = self.here / "gate", self.here / "at-the-gate"
        shut.write_text(f"{where} {skip}\n")
        with self.night.program.start(*arguments) as running:
            wait_until(lambda: reached.exists() or running.process.poll() is not None)
            assert reached.exists(), running.wait()
            act()
            reached.unlink()
            shut.unlink()
            running.process.wait(90)
            return running.wait()
