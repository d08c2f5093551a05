"""Tokens of a good chain, of which a case changes one thing; and what a case is."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from console.simulator.authority import request_claims
from tests.minting.certificates import NOW_MS, good_chain, key

APP_ID = 6745974591


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def x5c(chain: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(entry).decode() for entry in chain]


def header(**changes: object) -> dict[str, object]:
    return {"alg": "ES256", "x5c": x5c(good_chain())} | changes


def claims(**changes: object) -> dict[str, object]:
    return request_claims(environment="Production", signed_date=NOW_MS, app_apple_id=APP_ID) | changes


def raw_signature(signing_key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    r, s = decode_dss_signature(signing_key.sign(message, ec.ECDSA(hashes.SHA256())))
    size = (signing_key.key_size + 7) // 8
    return r.to_bytes(size) + s.to_bytes(size)


def signed(
    head: Mapping[str, object] | bytes | None = None,
    body: Mapping[str, object] | bytes | None = None,
    *,
    signing_key: Any = None,
) -> str:
    """Return a token of `head` and `body` (as they are, if bytes), signed by the good leaf's key or the one given."""
    head, body = header() if head is None else head, claims() if body is None else body
    raw = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (head, body)]
    message = ".".join(base64url(part) for part in raw)
    return f"{message}.{base64url(raw_signature(signing_key or key('leaf'), message.encode()))}"


def token_of(chain: Sequence[bytes], signing_key: Any = None) -> str:
    return signed(header(x5c=x5c(chain)), signing_key=signing_key)


@dataclass(frozen=True, slots=True)
class Case:
    """One token, the roots it is judged by, and the code it is refused with; no code if it is accepted."""

    name: str
    code: str | None
    token: str
    roots: tuple[bytes, ...]
