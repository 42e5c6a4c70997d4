"""A shop made of the cloud's own Terraform, by the real providers, in the sandbox that stands for both clouds."""

from __future__ import annotations

import http.client
import json
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from providers import SETTINGS
from shop import Shop, terraform

from bluegreen.cli.by_hand import current_values, read_output
from bluegreen.sandbox.address import API_PORT
from bluegreen.sandbox.faults import Asked
from bluegreen.sandbox.project import GCP_CLOUDFLARE
from bluegreen.sandbox.traffic import Traffic

HOSTNAMES = ("shop.test", "www.shop.test")
INSTANCES = "/compute/v1/projects/sandbox/zones/europe-west1-b/instances"
DISKS = "/compute/v1/projects/sandbox/zones/europe-west1-b/disks"
LOOKING = ("GET", "HEAD", "LOCK", "UNLOCK")
"""Methods that change nothing but a state's lock."""
SERVERS = ("network", "blue", "green")
"""The layers that a rollback has no need of."""


class CloudShop(Shop):
    """A project as `bluegreen init --stack gcp-cloudflare --local` makes it, with two public hostnames."""

    STACK, ENVIRONMENT = GCP_CLOUDFLARE, "pro"

    def __init__(self, folder: Path, layout: str, **settings: Any) -> None:
        super().__init__(folder, layout, **settings)
        self.provide(TF_CLI_CONFIG_FILE=str(SETTINGS), TF_VAR_public_hostnames='["@", "www"]')
        self.configure(edge={"hostnames": list(HOSTNAMES)})

    def provide(self, **variables: str) -> None:
        """Add to the environment that Terraform is given."""
        self.configure(terraform={"env": variables})

    def up(self) -> None:
        super().up()
        self.sandbox.pace_operations(0)

    def traffic(self) -> Traffic:
        """Less than in the sandbox's own stack: here a run takes ten times as long, on the same processors."""
        return Traffic(self.network.public_url, workers=2, rate=20)

    def roots(self) -> list[Path]:
        """None: what each backend is stands in bluegreen.yaml, see `assert_bare_plans_are_empty`."""
        return []

    def assert_bare_plans_are_empty(self) -> None:
        """`terraform init` and `terraform plan` in every root's folder say no changes.

        As somebody runs them who has nothing but bluegreen.yaml to read: its backend and its variables, and the values
        that runs have left in the folder. A folder that is two layers has none, and gets those that hold now.
        """
        environment = self.environment()
        settings = environment.configured.terraform
        output = read_output(environment)
        assert output is not None
        for layer in environment.config.stack:
            variables = {name: text.get_secret_value() for name, text in settings.env.items()}
            variables |= {**self.network.environment, "TF_DATA_DIR": f".terraform-{layer.name}"}
            run = partial(terraform, layer.folder, engine=environment.engine, variables=variables)
            backend = (text.format(environment=self.ENVIRONMENT, layer=layer.name) for text in settings.backend_config)
            assert run("init", "-input=false", *(f"-backend-config={text}" for text in backend)) == 0, layer.name
            workspace = environment.workspace(layer)
            values = current_values(output, "edge", layer.color, workspace.variables)
            with workspace.values_file(values) as file:
                given = [] if environment.keeps_values(layer) else [f"-var-file={file}"]
                planned = run("plan", "-input=false", "-detailed-exitcode", "-lock=false", *given)
            assert planned == 0, layer.name

    @property
    def address(self) -> dict[str, str]:
        """Color -> the address that is reserved for it, by the color's own record."""
        records = self.sandbox.status()
        found = {color: records.record(f"backend-{color}-access.pro.shop.test") for color in ("blue", "green")}
        return {color: record.content for color, record in found.items() if record is not None}

    def live_color(self) -> str:
        """The color that every public record points at."""
        status = self.sandbox.status()
        contents = {record.content for record in map(status.record, HOSTNAMES) if record is not None}
        (color,) = [color for color, address in self.address.items() if {address} == contents]
        return color

    def public_record(self, hostname: str = HOSTNAMES[0]) -> str:
        """The id of a public hostname's record."""
        record = self.sandbox.status().record(hostname)
        assert record is not None
        return record.id

    def asked(self, path: str) -> list[Asked]:
        """Requests since `forget_requests` whose path matches."""
        return [one for one in self.sandbox.requests() if fnmatchcase(one.path, path)]

    def changes(self, path: str) -> list[str]:
        """Those that were to change something: method, and the last part of the path."""
        return [f"{one.method} {one.path.split('/')[-1]}" for one in self.asked(path) if one.method not in LOOKING]

    def forbid_servers(self) -> None:
        """Take away what no rollback in layers needs: the Compute API, and every state but the edge's."""
        self.sandbox.refuse_requests("*", "/compute/v1/*", 403, times=None)
        for layer in SERVERS:
            self.sandbox.refuse_requests("*", f"/state/pro/{layer}", 403, times=None)

    def servers_asked(self) -> list[Asked]:
        """Requests to the Compute API, and to the servers' states."""
        return [
            one for path in ("/compute/v1/*", *(f"/state/pro/{layer}" for layer in SERVERS)) for one in self.asked(path)
        ]

    def instance(self, color: str) -> dict[str, Any]:
        """What the Compute API says of a color's machine."""
        return self._compute("GET", f"{INSTANCES}/shop-pro-{color}")

    def set_metadata(self, color: str, **items: str) -> None:
        """Change a machine's metadata by hand; what it serves changes at its next boot only."""
        metadata = self.instance(color)["metadata"]
        kept = [item for item in metadata["items"] if item["key"] not in items]
        metadata["items"] = [*kept, *({"key": key, "value": value} for key, value in items.items())]
        self._compute("POST", f"{INSTANCES}/shop-pro-{color}/setMetadata", metadata)

    def stop(self, color: str) -> None:
        """Stop a machine by hand."""
        self._compute("POST", f"{INSTANCES}/shop-pro-{color}/stop")

    def remove_instance(self, color: str) -> None:
        """Delete a machine by hand."""
        self._compute("DELETE", f"{INSTANCES}/shop-pro-{color}")

    def image(self, color: str) -> str:
        """Link of the image that a color's machine was made from."""
        return str(self._compute("GET", f"{DISKS}/shop-pro-{color}")["sourceImage"])

    def publish_image(self, name: str) -> str:
        """Move the family from which the colors boot on to another image, and return its link."""
        image = {"name": name, "family": "debian-12"}
        return str(self._compute("POST", "/compute/v1/projects/debian-cloud/global/images", image)["targetLink"])

    def process(self, color: str) -> int | None:
        """The process that is a color's running machine: another one after each boot."""
        server = self.sandbox.status().server(color)
        return server.pid if server else None

    def _compute(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self.network.api, API_PORT, timeout=10)
        try:
            headers = {"authorization": "Bearer hand", "content-type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            found: dict[str, Any] = json.loads(answer.read())
            assert answer.status == 200, found
            return found
        finally:
            connection.close()
