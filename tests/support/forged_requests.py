"""One genuine request, requests that an attacker without Apple's keys can make from it, and those that may be answered.

The App Store here is the committed test authority, so that everything made of a seed is the same bytes each time:
`events/ca` signs two requests; the attacker has both, has every certificate, and has a leaf and two CA keys of his own.

    Edge().post(body)              the status of a complete endpoint's answer, with the real verifier
    is_genuine(body)               whether that body still carries a token that the App Store signed
    by_leaf(header, payload)       what only the leaf's own key could sign, to see what other steps make of it
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from console.simulator.authority import Authority, request_claims
from tests.minting import leaves
from tests.minting.certificates import P256_ORDER, reworked
from tests.minting.tokens import base64url, x5c
from tests.support.endpoint_on_fakes import (
    APP,
    MESSAGE,
    NOW,
    TRANSACTION,
    EndpointOnFakes,
    catalog,
    make_endpoint,
    rule,
)

AUTHORITY: Final = Authority.load(Path(__file__).parents[2] / "events" / "ca")
CERTIFICATES: Final = (AUTHORITY.leaf_der, AUTHORITY.intermediate_der, AUTHORITY.root_der)
NOW_MS: Final = int(NOW.timestamp() * 1000)
REFUSALS: Final = frozenset({400, 401, 403, 413})


def _claims(product: str, identifier: str) -> dict[str, object]:
    return request_claims(
        original_transaction_id=TRANSACTION,
        app_apple_id=APP,
        product_id=product,
        request_identifier=identifier,
        signed_date=NOW_MS,
    )


CLAIMS: Final = _claims("pro.monthly", "3db5c98d-8acf-4e29-831e-8e1f82f9f6e9")
TOKEN: Final = AUTHORITY.sign(CLAIMS)
OTHER_TOKEN: Final = AUTHORITY.sign(_claims("pro.annual", "57c1f2b4-1f3c-4a8b-9d5e-0a1b2c3d4e5f"))


def twin(token: str) -> str:
    """Return `token` with the other valid signature of the same bytes, (r, n - s), which forges nothing."""
    message, _, signature = token.rpartition(".")
    raw = unbase64url(signature)
    return f"{message}.{base64url(raw[:32] + (P256_ORDER - int.from_bytes(raw[32:])).to_bytes(32))}"


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# A body that contains one of these is no forgery.
GENUINE: Final = frozenset({TOKEN, OTHER_TOKEN, twin(TOKEN), twin(OTHER_TOKEN)})
HEADER, PAYLOAD, SIGNATURE = map(unbase64url, TOKEN.split("."))

# The attacker's own keys, and the chain made with them: Apple's certificates with other keys.
KEY: Final = ec.derive_private_key(0xA77AC7E2, ec.SECP256R1())
CA_KEY: Final = ec.derive_private_key(0xA77AC7E2, ec.SECP384R1())


def with_key(certificate: bytes, key: ec.EllipticCurvePrivateKey, issuer: ec.EllipticCurvePrivateKey) -> bytes:
    """Return `certificate` with another key in it, all else as it was, signed by another issuer."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return reworked(certificate, issuer, (leaves.KEY,), lambda _: public)


FORGED: Final = tuple(
    with_key(certificate, key, CA_KEY) for certificate, key in zip(CERTIFICATES, (KEY, CA_KEY, CA_KEY), strict=True)
)


def token(header: bytes, payload: bytes, key: ec.EllipticCurvePrivateKey) -> str:
    """Return a compact JWS of these very bytes, signed by `key` (RFC 6979)."""
    message = f"{base64url(header)}.{base64url(payload)}"
    algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(key.sign(message.encode(), algorithm))
    return f"{message}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"


def header_of(*certificates: bytes) -> bytes:
    """Return the header that names them as its chain."""
    return json.dumps({"alg": "ES256", "x5c": x5c(certificates)}, separators=(",", ":")).encode()


def body_of(signed_payload: str) -> bytes:
    return json.dumps({"signedPayload": signed_payload}, separators=(",", ":")).encode()


BODY: Final = body_of(TOKEN)


class Attempt(NamedTuple):
    """A body to post, and whether it may be answered with 200."""

    body: bytes
    answerable: bool


def forged(body: bytes) -> Attempt:
    """Return a body that an attacker without Apple's keys could post."""
    return Attempt(body, is_genuine(body))


def by_leaf(header: bytes, payload: bytes) -> Attempt:
    """Return a body signed with the leaf's own key, so that the signature is good and other steps are tested."""
    return Attempt(body_of(token(header, payload, AUTHORITY.leaf_key)), is_apples_header(header) and is_for_us(payload))


def by_leaf_with(place: int, certificate: bytes) -> Attempt:
    """Return the genuine request with another certificate in x5c, signed with the leaf's own key."""
    return by_leaf(header_of(*CERTIFICATES[:place], certificate, *CERTIFICATES[place + 1 :]), PAYLOAD)


def with_signature(signature: bytes) -> Attempt:
    """Return the genuine request under another signature."""
    return forged(body_of(f"{TOKEN.rpartition('.')[0]}.{base64url(signature)}"))


def _lax(raw: bytes) -> dict[str, Any]:
    """Read JSON as Python does, which accepts more than we do."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_genuine(body: bytes) -> bool:
    """Return whether `body` still contains, unchanged, a token that the App Store signed."""
    found = _lax(body).get("signedPayload")
    return isinstance(found, str) and found in GENUINE


def is_apples_header(header: bytes) -> bool:
    """Return whether a header that the leaf's key signed makes its signature valid."""
    found = _lax(header)
    chain = found.get("x5c")
    ours = isinstance(chain, list) and len(chain) == 3 and chain[:2] == x5c(CERTIFICATES)[:2]
    return ours and found.get("alg") == "ES256" and not {"crit", "b64"} & found.keys()


def is_for_us(payload: bytes) -> bool:
    """Return whether a payload that the leaf's key signed is a request for this app, this environment and this time."""
    found = _lax(payload)
    texts = ("originalTransactionId", "productId", "userLocale", "requestIdentifier")
    return (
        all(isinstance(found.get(name), str) for name in texts)
        and type(found.get("appAppleId")) is int
        and found["appAppleId"] == APP
        and found.get("environment") == "Sandbox"
        and type(found.get("signedDate")) is int
        and -60_000 <= NOW_MS - found["signedDate"] <= 300_000
    )


def bench_for_the_authority() -> EndpointOnFakes:
    return make_endpoint(catalog(rule(MESSAGE)), roots=(AUTHORITY.root_der,))


@dataclass
class Edge:
    """An endpoint with a real verifier, by default one that trusts the test authority, and the HTTP door to it."""

    bench: EndpointOnFakes = field(default_factory=bench_for_the_authority)

    def answer(self, body: bytes) -> tuple[int, str | None]:
        """Post `body`; return the status, and the code of the refusal as the log line has it."""
        event = {
            "version": "2.0",
            "requestContext": {"http": {"method": "POST"}},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        answer = self.bench.endpoint.respond(event)
        assert ("body" in answer) == (answer["statusCode"] == 200)
        return int(answer["statusCode"]), self.bench.lines.records.pop().reason

    def post(self, body: bytes) -> int:
        """Return the status with which `body` is answered."""
        return self.answer(body)[0]

    def forget(self) -> None:
        """Drop what the verifier remembers of good chains, as a new process would."""
        self.bench.endpoint.verifier.forget()
