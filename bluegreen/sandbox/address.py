"""Where a sandbox lives: one /24 of 127.0.0.0/8 a project, with fixed ports."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bluegreen.errors import SandboxError
from bluegreen.model import Color

API_PORT = 8500
TOKEN = "sandbox"
"""What the sandbox's own client sends; its APIs take any."""
DNS_PORT = 8553
"""Of the zone's name server, at the API's address, by UDP and TCP."""
PUBLIC_PORT = 8080
"""Of the edge and of every server: so an address is all that a record has to name."""


@dataclass(frozen=True, slots=True)
class Network:
    """A project's 127.a.b.0/24. prefix: its first three numbers, "127.77.12"; 127.0.* is everybody's, so refused."""

    prefix: str

    def __post_init__(self) -> None:
        found = re.fullmatch(r"127\.(\d{1,3})\.(\d{1,3})", self.prefix)
        if not found or not 1 <= int(found[1]) <= 254 or int(found[2]) > 254:
            raise SandboxError(
                f"{self.prefix!r} is no sandbox network",
                hint="write 127.A.B with A from 1 to 254 and B from 0 to 254",
            )

    @classmethod
    def for_path(cls, path: Path) -> Network:
        """Return the network of the project in the folder `path`: the same path, the same network."""
        digest = hashlib.sha256(str(path.resolve()).encode()).digest()
        first, second = int.from_bytes(digest[:4]), int.from_bytes(digest[4:8])
        return cls(f"127.{1 + first % 254}.{second % 255}")

    def address(self, number: int) -> str:
        return f"{self.prefix}.{number}"

    def owns(self, address: str) -> bool:
        """Return whether a server may live at `address`: in this network, and neither the API's nor the edge's."""
        return address in {self.address(number) for number in range(5, 255)}

    @property
    def api(self) -> str:
        return self.address(1)

    @property
    def edge(self) -> str:
        return self.address(2)

    def check(self, color: Color) -> str:
        """Return the edge's address that stands for a color's own name at the CDN, which no resolver here knows."""
        return self.address({Color.BLUE: 3, Color.GREEN: 4}[color])

    @property
    def edge_addresses(self) -> tuple[str, ...]:
        """Where the edge listens: its address, and those of the colors' own names."""
        return (self.edge, *map(self.check, Color))

    @property
    def blue(self) -> str:
        return self.address(11)

    @property
    def green(self) -> str:
        return self.address(12)

    @property
    def api_url(self) -> str:
        return f"http://{self.api}:{API_PORT}"

    @property
    def records_api_url(self) -> str:
        """Base URL for a Cloudflare client."""
        return f"{self.api_url}/client/v4"

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables by which the providers of Terraform, and the vendors' SDKs, find this world instead of a cloud."""
        return {
            "CLOUDFLARE_BASE_URL": self.records_api_url,
            "CLOUDFLARE_API_TOKEN": TOKEN * 8,  # the provider wants 40 characters at least
            "GOOGLE_COMPUTE_CUSTOM_ENDPOINT": f"{self.api_url}/compute/v1/",
            "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT": f"{self.api_url}/cloudresourcemanager/v1/",
            "GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN,
        }

    @property
    def public_url(self) -> str:
        return f"http://{self.edge}:{PUBLIC_PORT}/"

    def state_url(self, path: str) -> str:
        """Return the `http` backend's address for the state `path`, for example "demo/edge"."""
        return f"{self.api_url}/state/{path}"
