"""Did the App Store sign this, and with which claims? Steps 2 to 6 of verifying a `signedPayload`.

Step 1 (the HTTP body) is `request`'s; step 7 (our app, our environment, fresh enough) is judged on the claims. Every
refusal is a `VerificationError` with one of the codes below and nothing from the payload.

    2  token_too_long  token_not_three_parts  token_encoding  header_not_json  algorithm_unknown  critical_header
       chain_length  chain_encoding
    3  certificate_malformed  path_untrusted  path_shape  intermediate_marker_missing  leaf_marker_missing
       leaf_key_usage  leaf_is_ca  leaf_key_type
    4  certificate_expired  certificate_not_yet_valid
    5  signature_invalid
    6  payload_not_json, and as `ClaimError` with the field's name as evidence: claim_missing  claim_type
"""

from __future__ import annotations

import hashlib
import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store
from cryptography.x509.verification import VerificationError as PathError
from jwt.algorithms import ECAlgorithm

from retention.errors import ClaimError, ConfigurationError, VerificationError
from retention.strict_json import StrictJSONError, read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

APPLE_ROOT_FINGERPRINT: Final = "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"

# The committed test CA of events/ca: its leaf key is public, so a deployed stack refuses it by this fingerprint.
TEST_AUTHORITY_FINGERPRINT: Final = ""

# API Gateway and step 1 stop earlier; this bounds the work of any other caller. Genuine tokens have about 4 800.
MAX_CHARACTERS: Final = 64 * 1024

# How long a path, once found good, is believed, and how many are. Apple signs with one leaf at a time, two around a change.
PATH_SECONDS: Final = 15 * 60
MAX_PATHS: Final = 4

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INT64 = range(-(2**63), 2**63)
_ES256 = ECAlgorithm(ECAlgorithm.SHA256)


class LeafMarker(x509.ExtensionType):
    """Apple's mark on certificates that sign App Store data (WWDR CPS, section 4.11.10)."""

    oid = x509.ObjectIdentifier("1.2.840.113635.100.6.11.1")


class IntermediateMarker(x509.ExtensionType):
    """Apple's mark on the Worldwide Developer Relations intermediates."""

    oid = x509.ObjectIdentifier("1.2.840.113635.100.6.2.1")


@dataclass(frozen=True, slots=True)
class SigningPath:
    """A leaf that one of our roots vouches for through one intermediate, between two instants (UNIX seconds)."""

    key: EllipticCurvePublicKey
    anchor: str
    leaf_fingerprint: str
    leaf_not_after: datetime
    not_before: int
    not_after: int
    checked_at: int

    def holds_at(self, at: int) -> bool:
        """Say whether the verdict may be used again at `at`; a clock set back asks for a new one."""
        return self.checked_at <= at < self.checked_at + PATH_SECONDS and self.not_before <= at <= self.not_after


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Claims that were signed, and by what: lower-case hex SHA-256 of the root and of the leaf, and the leaf's end."""

    claims: dict[str, object]
    anchor: str
    leaf_fingerprint: str
    leaf_not_after: datetime


@dataclass(frozen=True, slots=True)
class _Token:
    signed: bytes
    leaf: str
    intermediate: str
    payload: bytes
    signature: bytes


def apple_root() -> bytes:
    """Return Apple Root CA - G3, DER. Raises `ConfigurationError` if the file beside us is any other certificate."""
    der = Path(__file__).with_name("AppleRootCA-G3.cer").read_bytes()
    if hashlib.sha256(der).hexdigest() != APPLE_ROOT_FINGERPRINT:
        raise ConfigurationError("apple_root_changed", "AppleRootCA-G3.cer is not Apple Root CA - G3")
    return der


class SignedPayloadVerifier:
    """Judges `signedPayload`s by certificate paths that end in one of `roots` (DER); build once, use from any thread.

    Raises `ConfigurationError` if there is no root, or one is not a certificate.
    """

    def __init__(self, roots: Iterable[bytes]) -> None:
        try:
            anchors = [x509.load_der_x509_certificate(root) for root in roots]
            self._store = Store(anchors)
        except ValueError as error:
            raise ConfigurationError("trust_anchor_malformed", "a trust anchor is not a DER certificate") from error
        self._paths: dict[bytes, SigningPath] = {}

    def verify(self, signed_payload: str, now: datetime) -> dict[str, object]:
        """Return the claims of `signed_payload`, judged at `now`; raise `VerificationError` if Apple did not sign it.

        A `now` without a zone is taken as UTC. `ClaimError`, one kind of `VerificationError`, means that the signature
        is good and a documented field is not as documented.
        """
        return self.authenticate(signed_payload, now).claims

    def authenticate(self, signed_payload: str, now: datetime) -> Authenticated:
        """Return the claims and who signed them; otherwise as `verify`."""
        # 2. Compact form, strict base64url, `alg` ES256, an `x5c` of three; no other header field has a say.
        token = _read_token(signed_payload)

        # 3. Path: leaf ← intermediate ← one of our roots, never x5c[2], each certificate of the kind Apple uses.
        # 4. Time: valid now by our clock, never by the payload's.
        cache_key, at = _cache_key(token), _seconds(now)
        path = self._paths.get(cache_key)
        if path is None or not path.holds_at(at):
            path = self.check_path(_base64(token.leaf), _base64(token.intermediate), now)

        # 5. Signature: over the first two parts exactly as received, by the leaf's key, as 64 bytes r‖s.
        if not _ES256.verify(token.signed, path.key, token.signature):
            raise VerificationError("signature_invalid", "the leaf's key did not sign this")
        self._remember(cache_key, path)

        # 6. Payload: strict JSON with the seven documented fields; others are ignored.
        claims = _read_claims(token.payload)
        return Authenticated(claims, path.anchor, path.leaf_fingerprint, path.leaf_not_after)
