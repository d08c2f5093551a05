"""AWS Signature Version 4 for the one shape of request we send: a POST of JSON, its complete body signed.

AWS documents the algorithm in "Signing AWS API requests" (IAM User Guide); a test compares signatures with botocore's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What AWS lends this process. `token` is empty for keys that are not temporary. None of it is ever shown."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which service of which region a signature is good for."""

    region: str
    service: str


def signed_headers(
    headers: Mapping[str, str], path: str, body: bytes, scope: Scope, credentials: Credentials, now: datetime
) -> dict[str, str]:
    """Return `headers` (names in lower case, `host` among them) with date, token and signature added.

    `path` is the request's, already in its canonical form and without a query; `now` is UTC.
    """
    at = now.strftime("%Y%m%dT%H%M%SZ")
    signed = {**headers, "x-amz-date": at}
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    names = sorted(signed)
    canonical = "\n".join(
        [
            "POST",
            path,
            "",
            *(f"{name}:{signed[name]}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    good_for = f"{at[:8]}/{scope.region}/{scope.service}/aws4_request"
    to_sign = "\n".join([_ALGORITHM, at, good_for, hashlib.sha256(canonical.encode()).hexdigest()])
    key = _signing_key(credentials.secret_key, at[:8], scope.region, scope.service)
    signature = hmac.digest(key, to_sign.encode(), hashlib.sha256).hex()
    signed["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{good_for}, SignedHeaders={';'.join(names)}, "
        f"Signature={signature}"
    )
    return signed


def forget() -> None:
    """Drop the keys derived so far and, with them, the secret keys they were derived from."""
    _signing_key.cache_clear()


@lru_cache(maxsize=4)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """Derive the key of one day, region and service."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return key
