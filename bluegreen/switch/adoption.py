"""No output `bluegreen` yet: is this a first deploy, or somebody's stack that does not keep the contract?"""

from __future__ import annotations

from bluegreen.errors import Refused
from bluegreen.ports import State
from bluegreen.switch.world import World

ADOPTION_BLOCK = """\
resource "terraform_data" "bluegreen" {
  input      = { colors = {...}, server_active = var.server_active, public_hostnames = [...], public_url = "..." }
  depends_on = [everything that this root makes]
}
output "bluegreen" { value = terraform_data.bluegreen.output }"""


def nothing_deployed(world: World, more: str = "") -> Refused:
    """Return the error of a stack without an output: nothing was deployed yet, or its states are not what they were."""
    if world.history.only_first_deploys:
        return Refused(f"nothing is deployed here yet{more}", hint="bluegreen deploy")
    return _no_output(world, more)


def _no_output(world: World, more: str) -> Refused:
    last = world.stack.last.name
    looked = f"is the backend's address right? bluegreen tf {last} -- state list shows what the state holds"
    return Refused(
        f"the state of {last} has no output bluegreen, yet something was deployed here{more}",
        hint=f"{looked}; if it is lost: docs/recovery.md",
    )


def refuse_unless_first(world: World) -> None:
    """Raise Refused unless nothing was ever deployed here, or only first deploys that never reached the public."""
    stack = world.stack
    states = {layer.name: stack.read(layer) for layer in stack.layers}
    resources = {name: state for name, state in states.items() if state.resources}
    runs = [run.id for run in world.history.telling()]
    records = [f"{record.name} -> {record.content}" for record in world.live(None)]
    ours = any(state.output is not None for state in resources.values())
    untouched = not resources and not records
    if world.history.only_first_deploys and (untouched or runs or (ours and not records)):
        return
    if resources and not ours and not runs:
        raise Refused(
            f"{_list(resources)} here, but no output bluegreen: this stack is not adopted yet",
            hint="bluegreen adopt DIR --hostname NAME writes what it lacks, and says how that comes into the state"
            if stack.single
            else f"add this to the last layer:\n{ADOPTION_BLOCK}",
        )
    raise _no_output(
        world,
        f":\n  resources: {_list(resources) or 'none'}"
        f"\n  live records: {', '.join(records) or 'none'}"
        f"\n  earlier runs: {', '.join(runs) or 'none'}",
    )


def _list(states: dict[str, State]) -> str:
    return ", ".join(f"{len(state.resources)} resources in {name}" for name, state in states.items())
