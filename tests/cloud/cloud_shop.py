"""A shop in the cloud's own Terraform: the real providers, in the sandbox that stands for Google and Cloudflare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from providers import SETTINGS
from shop import Shop

from bluegreen.sandbox.project import GCP_CLOUDFLARE


class CloudShop(Shop):
    """A project as `bluegreen init --stack gcp-cloudflare --local` makes it."""

    STACK, ENVIRONMENT = GCP_CLOUDFLARE, "pro"

    def __init__(self, folder: Path, layout: str, **settings: Any) -> None:
        super().__init__(folder, layout, **settings)
        self.provide(TF_CLI_CONFIG_FILE=str(SETTINGS))

    def provide(self, **variables: str) -> None:
        """Add to the environment that Terraform is given."""
        self.configure(terraform={"env": variables})

    def up(self) -> None:
        super().up()
        self.sandbox.pace_operations(0)

    def roots(self) -> list[Path]:
        """None: no root's backend is whole without bluegreen.yaml, so a bare plan is made through its workspace."""
        return []
