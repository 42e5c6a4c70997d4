"""bluegreen shell-init"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from bluegreen.cli.console import data
from bluegreen.cli.options import Verb

POSIX = """\
# `bg`, `bg %1` and `bg 123` are the shell's own job control; everything else is bluegreen.
bg() {
    case "${1-}" in
        "" | %*) builtin bg "$@" ;;
        *[!0-9]*) command bluegreen "$@" ;;
        *) builtin bg "$@" ;;
    esac
}
"""

FISH = """\
# `bg`, `bg %1` and `bg 123` are the shell's own job control; everything else is bluegreen.
function bg
    if test (count $argv) -eq 0; or string match -qr '^(%.*|[0-9]*)$' -- $argv[1]
        builtin bg $argv
    else
        command bluegreen $argv
    end
end
"""


@click.command("shell-init", cls=Verb)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what makes `bg` work in a shell that has a builtin of that name, and completion for both names.

    \b
    In ~/.bashrc:                   eval "$(bluegreen shell-init bash)"
    In ~/.zshrc:                    eval "$(bluegreen shell-init zsh)"
    In ~/.config/fish/config.fish:  bluegreen shell-init fish | source
    """
    data(f"{FISH if shell == 'fish' else POSIX}\n{completion(shell)}")


def completion(shell: str) -> str:
    """Return click's completion for one shell, asked of `bluegreen` under both names."""
    found = get_completion_class(shell)
    assert found is not None
    # The source needs the names alone; click's `source()` would also start a shell to ask for its version.
    source = found.source_template % {
        "complete_func": "_bluegreen_completion",
        "complete_var": "_BLUEGREEN_COMPLETE",
        "prog_name": "bluegreen",
    }
    return _BOTH[shell](source)


def _bash(source: str) -> str:
    # $1 is the word typed; as `bg` it would start whatever program of that name is on PATH.
    return source.replace("=bash_complete $1)", "=bash_complete bluegreen)").replace(
        "_bluegreen_completion bluegreen\n", "_bluegreen_completion bluegreen bg\n"
    )


def _zsh(source: str) -> str:
    # Evaluated, never autoloaded; where completion was not set up there is no compdef.
    return source.replace(
        "    compdef _bluegreen_completion bluegreen\n",
        "    (( $+functions[compdef] )) && compdef _bluegreen_completion bluegreen bg\n",
    )


def _fish(source: str) -> str:
    line = 'complete --no-files --command bluegreen --arguments "(_bluegreen_completion)";'
    return f"{source.rstrip()}\ncomplete --erase --command bg;\n{line.replace('bluegreen', 'bg', 1)}\n"


_BOTH = {"bash": _bash, "zsh": _zsh, "fish": _fish}
