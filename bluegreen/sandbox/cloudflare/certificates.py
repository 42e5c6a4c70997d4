"""The origin CA: certificates that only the edge trusts, for the servers behind it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bluegreen.sandbox.cloudflare.account import Account
from bluegreen.sandbox.cloudflare.errors import CloudflareError
from bluegreen.sandbox.cloudflare.exchange import Request, Result, page
from bluegreen.sandbox.records import Zone
from bluegreen.sandbox.world import timestamp

if TYPE_CHECKING:
    from cryptography import x509

VALIDITIES = (7, 30, 90, 365, 730, 1095, 5475)
"""Days that a certificate may be valid for: Cloudflare's own list."""
TYPES = ("origin-rsa", "origin-ecc")
AUTHORITY_DAYS = 7300
SHOWN = "%Y-%m-%d %H:%M:%S +0000 UTC"


async def find(request: Request) -> Result:
    return page(list(request.account.certificates.values()), request.call.parameters)


async def read(request: Request) -> Result:
    return Result(_get(request.account, request.id))


async def create(request: Request) -> Result:
    asked = _checked(request.call.json(), request.world.zone)
    csr = _read_csr(asked["csr"])
    made: dict[str, Any] = {}

    def edit(account: Account) -> Account:
        if not account.authority_key:
            account = _with_authority(account)
        made.update(_sign(account, csr, asked))
        return replace(account, certificates={**account.certificates, made["id"]: made})

    await request.change(edit)
    return Result(made)


async def revoke(request: Request) -> Result:
    def edit(account: Account) -> Account:
        _get(account, request.id)
        left = {id: each for id, each in account.certificates.items() if id != request.id}
        return replace(account, certificates=left)

    await request.change(edit)
    return Result({"id": request.id, "revoked_at": timestamp()})


def _get(account: Account, id: str) -> Mapping[str, Any]:
    if id not in account.certificates:
        raise CloudflareError(404, 1101, "Certificate not found")
    return account.certificates[id]


def _checked(asked: Mapping[str, Any], zone: Zone) -> dict[str, Any]:
    """Return the four fields of an order. Raises CloudflareError."""
    hostnames, days = asked.get("hostnames"), asked.get("requested_validity", VALIDITIES[-1])
    if asked.get("request_type") not in TYPES:
        raise CloudflareError(400, 1002, f"request_type must be one of {', '.join(TYPES)}")
    if not isinstance(hostnames, list) or not hostnames or not all(isinstance(name, str) for name in hostnames):
        raise CloudflareError(400, 1003, "hostnames must be a list of names")
    if foreign := [name for name in hostnames if name != zone.name and not name.endswith(f".{zone.name}")]:
        raise CloudflareError(400, 1010, f"This zone is not on your account: {', '.join(foreign)}")
    if days not in VALIDITIES:
        raise CloudflareError(400, 1004, f"requested_validity must be one of {', '.join(map(str, VALIDITIES))}")
    return {
        "csr": asked.get("csr"),
        "hostnames": sorted(hostnames),
        "request_type": asked["request_type"],
        "requested_validity": int(days),
    }


def _read_csr(text: object) -> x509.CertificateSigningRequest:
    from cryptography import x509

    try:
        csr = x509.load_pem_x509_csr(str(text).encode())
    except ValueError:
        raise CloudflareError(400, 1005, "Failed to parse the CSR") from None
    if not csr.is_signature_valid:
        raise CloudflareError(400, 1005, "The CSR's signature is wrong")
    return csr


def _with_authority(account: Account) -> Account:
    """Return the account with an authority, which it gets once in a sandbox's life."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bluegreen sandbox origin CA")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return replace(account, authority_key=private.decode(), origin_ca=certificate.public_bytes(pem).decode())


def _sign(account: Account, csr: x509.CertificateSigningRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = serialization.load_pem_private_key(account.authority_key.encode(), None)
    issuer = x509.load_pem_x509_certificate(account.origin_ca.encode()).subject
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    now, serial = datetime.now(UTC), uuid.uuid4().int
    ends = now + timedelta(days=asked["requested_validity"])
    certificate = (
        x509.CertificateBuilder(issuer, csr.subject, csr.public_key(), serial)
        .not_valid_before(now)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in asked["hostnames"]]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return {**asked, "id": str(serial), "certificate": pem, "expires_on": ends.strftime(SHOWN)}
