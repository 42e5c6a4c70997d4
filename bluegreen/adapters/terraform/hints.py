"""What to do about errors that Terraform and the providers are known for, told from their own words.

A lock that is held is none of these: it is its own error, see calls.Calls.locked. A hint decides nothing; where no line
fits, the error says what it said before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

KNOWN: Sequence[tuple[str, str]] = (
    (
        r"Saved plan is stale",
        "somebody else's Terraform has changed the state since this was planned: run it again, which plans anew",
    ),
    (
        r"\b81053\b",
        "the zone has a record of that name that this state knows nothing of: remove it there, or "
        "bluegreen tf {layer} -- import ADDRESS ZONE_ID/RECORD_ID",
    ),
    (
        r"\b81054\b",
        "the zone has a CNAME of that name, and nothing may stand beside one: remove it there first; where it is this "
        "root's own, its type flips, which deletes before it creates: keep the type, and change the content",
    ),
    (
        r"\b8105[78]\b",
        "the zone has this very record, and the state does not know it: "
        "bluegreen tf {layer} -- import ADDRESS ZONE_ID/RECORD_ID",
    ),
    (
        r"rateLimitExceeded|googleapi: Error 429",
        "Google limits the requests of a project per minute: wait a minute",
    ),
    (
        r"throttling your request speed|429 Too Many Requests|HTTP status 429|exceeded available rate limit",
        "Cloudflare allows a user 1,200 requests in 5 minutes, whoever sends them: wait for 5 minutes",
    ),
    (
        r"Quota '\w+' exceeded|quotaExceeded|QUOTA_EXCEEDED",
        "the project's quota at Google is used up, and two colors need twice as much: ask for more of it, or end what "
        "is kept warm elsewhere by bluegreen retire",
    ),
    (
        r"Deletion Protection is enabled|protected against deletion",
        "what is protected is neither deleted nor replaced: take deletion_protection off first, by an apply of its own",
    ),
    (
        r"""code\\?":\s*(?:6003|9106|9109|1000[01])\b|\((?:6003|9106|9109|1000[01])\)""",
        "check CLOUDFLARE_API_TOKEN: it may be mistyped, expired or revoked, or lack a permission on this zone",
    ),
    (
        r"oauth2: cannot fetch token|googleapi: Error 401|(?:load|find) (?:application )?default credentials",
        "gcloud auth application-default login, or a new token in GOOGLE_OAUTH_ACCESS_TOKEN: one lives for an hour",
    ),
    (
        r"match any of the checksums (?:previously )?recorded in the dependency lock file",
        "the lock file does not know the packages for this platform: in {folder}, terraform get, then "
        "terraform providers lock -platform=linux_amd64 -platform=darwin_arm64, and commit .terraform.lock.hcl",
    ),
    (
        r"text file busy",
        "another Terraform is using the same plugin cache: run this again when it has ended, or give each a "
        "TF_PLUGIN_CACHE_DIR of its own",
    ),
)
"""A regular expression and a hint, which may say {layer} and {folder}; the first that fits is given."""


def find_hint(said: str) -> str:
    """Return the hint for what was said of an error, as summary and detail, or on stderr; "" when none is known."""
    return next((hint for pattern, hint in KNOWN if re.search(pattern, " ".join(said.split()))), "")
