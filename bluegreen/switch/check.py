"""How one color is asked whether it is well: at its own address, through the edge, or by a command of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from bluegreen.addresses import is_public
from bluegreen.config.schema import EnvironmentSettings
from bluegreen.errors import ConfigError
from bluegreen.health import Health, Judged, Verdict, without_origin
from bluegreen.model import ColorFacts
from bluegreen.ports import Answer, Commands, Probe, Question

PUBLIC_NAME_WANTED = frozenset({301, 400, 403, 421})
"""What web servers answer to a host name that they were not set up for: redirects to the right one, and refusals."""

_SAID = 200
"""Characters of a failed command's last line that are told."""


def command_environment(color: ColorFacts, release: str, public_url: str) -> Mapping[str, str]:
    """Return what a command of the user's is told about the color that it is to judge."""
    return {
        "BLUEGREEN_COLOR": str(color.color),
        "BLUEGREEN_RELEASE": release,
        "BLUEGREEN_ADDRESS": color.address,
        "BLUEGREEN_BACKEND_URL": color.backend_url,
        "BLUEGREEN_PUBLIC_URL": public_url,
    }


@dataclass(frozen=True, slots=True)
class Check:
    """Asks colors as `check.via` says. public_url: the environment's, "" as long as it is not known."""

    settings: EnvironmentSettings
    probe: Probe
    commands: Commands
    public_url: str

    def ask(self, color: ColorFacts, release: str) -> Judged:
        """Ask one color once. Raises ConfigError when the stack does not say where."""
        if self.settings.check.via == "command":
            return self._run(color, release)
        question = self.direct(color) if self.settings.check.via == "direct" else self._through_edge(color)
        check = self.settings.check
        health = Health(check.expect, check.latency, self.settings.identity, str(color.color), release)
        answer = self.probe.ask(question)
        nobody = without_origin(answer) if self.settings.check.via == "edge" else None
        if nobody is not None:
            return Judged(Verdict.NO_ANSWER, f"the answer is {nobody}", replace(answer, reached=False))
        return health.judge(answer)

    def direct(self, color: ColorFacts) -> Question:
        """The question that connects to the color's own address, whatever its name resolves to."""
        check = self.settings.check
        return Question(
            url=urljoin(color.backend_url, check.path),
            address=color.address,
            host=(urlsplit(self.public_url).hostname or "") if check.host == "public" else "",
            timeout=check.timeout,
            verify=check.verify,
            ca_file=check.ca_file or "",
        )

    def _through_edge(self, color: ColorFacts) -> Question:
        check = self.settings.check
        if not color.check_url:
            raise ConfigError(
                f"check.via is edge, and the stack's output has no check_url for {color.color}",
                hint="have the edge make a proxied name for each color (cdn module: check_hostnames), "
                "or write check.via: direct",
            )
        url = urljoin(color.check_url, check.path)
        headers, private = self.settings.probe.secrets, not is_public(color.address)
        return Question(url, timeout=check.timeout, headers=headers, unique=True, private=private)

    def _run(self, color: ColorFacts, release: str) -> Judged:
        check = self.settings.check
        environment = command_environment(color, release, self.public_url)
        code, output = self.commands.run(check.command or (), environment, check.timeout)
        if code < 0:
            return Judged(
                Verdict.NO_ANSWER, f"the command did not end in {check.timeout:g} s", Answer(0, reached=False)
            )
        if code > 0:
            last = (output.strip().splitlines() or ["and it said nothing"])[-1][:_SAID]
            return Judged(Verdict.WRONG_ANSWER, f"the command ended with {code}: {last}", Answer(0))
        return Judged(Verdict.GOOD, "", Answer(0))

    def hint(self, judged: Judged) -> str:
        """Return what may help against a bad answer, "" when nothing is known to."""
        check = self.settings.check
        if judged.answer.status in PUBLIC_NAME_WANTED and check.via == "direct" and check.host == "backend":
            return "the server may know itself by the public name only: check.host: public"
        # A first deploy has no active color by which PREFLIGHT could find this out.
        if not judged.answer.reached and check.via == "direct":
            return "if it runs, let this machine's address in there (network module: health_check_source_ranges)"
        return ""
