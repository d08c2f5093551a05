"""Did the App Store sign this text? Steps 2 to 6 of verifying a `signedPayload`.

Steps 2 to 5 are the same for everything that the App Store signs: `authenticate` takes them, and returns the payload's
object. What the object must hold depends on its kind. For retention requests `request` reads the claims (the second
half of step 6) and judges app, environment and time (step 7); step 1, the HTTP body, is there too.

Every refusal is a `VerificationError` with one of the codes below and nothing from the payload. Steps 3 and 4 are
judged by `certificates`; its verdict on Apple's own chain was computed when the release was made, and is in
`known_chains`.

    2  token_too_long  token_not_three_parts  token_encoding  header_not_json  algorithm_unknown  critical_header
       chain_length  chain_encoding
    3  certificate_malformed  path_untrusted  path_shape  intermediate_marker_missing  leaf_marker_missing
       leaf_key_usage  leaf_is_ca  leaf_key_type
    4  certificate_expired  certificate_not_yet_valid
    5  signature_invalid
    6  payload_not_json; of a request's claims, as `ClaimError` with the field's name as evidence: claim_missing
       claim_type
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from binascii import a2b_base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from retention.errors import ConfigurationError, VerificationError
from retention.request import RetentionRequest
from retention.strict_json import StrictJSONError, read_object
from retention.verification.signing_path import SigningPath, chain_key, known_path, whole_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from retention.verification.certificates import Authorities

APPLE_ROOT_FINGERPRINT: Final = "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"

# The keys of the committed test CA of events/ca (root, intermediate, leaf), named by `certificates.anchor_key`. The
# leaf's private key is public. A deployed stack refuses all three in any certificate: an anchor is a name and a key.
TEST_AUTHORITY_KEYS: Final = frozenset(
    {
        "9508ec362bc325f7f4a5b702b4530171ad270a0abe97914e64128a59a2df20ef",
        "8bd475cbddc5ccdbd0da50f1d8b3ea3d39f866fb8978213de494a9cf51da3bcb",
        "1b319fee9886a93988be89098276f90bb84da4e8df2dd49b46061c8b9c2fbff2",
    }
)

# API Gateway and step 1 stop earlier; this bounds the work of any other caller. A genuine request has about 4 800.
MAX_CHARACTERS: Final = 64 * 1024

# How many good paths are remembered. Apple signs with one leaf, with two around a change.
MAX_PATHS: Final = 4

PARTS: Final = 3
CHAIN_LENGTH: Final = 3

_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A payload that was signed, and by what: lower-case hex SHA-256 of the root and of the leaf, and the leaf's end.

    The payload names a person and stays out of every `repr`.
    """

    payload: dict[str, object] = field(repr=False)
    anchor: str
    leaf_fingerprint: str
    leaf_not_after: datetime


@dataclass(frozen=True, slots=True)
class _Chain:
    """x5c[0] and x5c[1] as they are spelled, and their `chain_key`."""

    leaf: str
    intermediate: str
    key: bytes


@dataclass(frozen=True, slots=True)
class _Token:
    """What steps 3 to 6 need of a token. No part of it is in any `repr`."""

    header: str = field(repr=False)
    chain: _Chain = field(repr=False)
    signed: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def apple_root() -> bytes:
    """Return Apple Root CA - G3, DER. Raises `ConfigurationError` if AppleRootCA-G3.cer is another certificate."""
    with open(f"{os.path.dirname(__file__)}{os.sep}AppleRootCA-G3.cer", "rb") as file:  # noqa: PTH120, PTH123  # as in app
        der = file.read()
    if hashlib.sha256(der).hexdigest() != APPLE_ROOT_FINGERPRINT:
        raise ConfigurationError("apple_root_changed", "AppleRootCA-G3.cer is not Apple Root CA - G3")
    return der


@dataclass(frozen=True, slots=True)
class VerifierStats:
    """What a verifier keeps: certificate paths that were good, and headers that were read; at most MAX_PATHS each."""

    paths: int
    headers: int


class SignedPayloadVerifier:
    """Judges `signedPayload`s by certificate paths that end in one of `roots` (DER); build once, use from any thread.

    Raises `ConfigurationError` if there is no root, or one is not a certificate. Apple's own is known by its digest.
    """

    def __init__(self, roots: Iterable[bytes]) -> None:
        self._roots = tuple(roots)
        self._anchors = frozenset(hashlib.sha256(root).hexdigest() for root in self._roots)
        self._authorities: Authorities | None = None
        if self._anchors != {APPLE_ROOT_FINGERPRINT}:
            self._authority()  # raises ConfigurationError where a root is none
        self._paths: dict[bytes, SigningPath] = {}
        # The header is the same text in every token of one certificate. It is kept once a signature under it was good.
        self._chains: dict[str, _Chain] = {}

    def stats(self) -> VerifierStats:
        """Return how much is kept of good signatures."""
        return VerifierStats(len(self._paths), len(self._chains))

    def forget(self) -> None:
        """Keep nothing of good signatures, as a new process would."""
        self._paths, self._chains = {}, {}

    def verify(self, signed_payload: str, now: datetime) -> dict[str, object]:
        """Return the claims of a retention request, signed by the App Store and complete, judged at `now`.

        Raises `VerificationError` if Apple did not sign it. `ClaimError`, one kind of `VerificationError`, means that
        the signature is good and a documented field is not as documented. A `now` without a zone is taken as UTC.
        """
        payload = self.authenticate(signed_payload, now).payload
        RetentionRequest.from_claims(payload)
        return payload

    def authenticate(self, signed_payload: str, now: datetime, *, limit: int = MAX_CHARACTERS) -> Authenticated:
        """Return the payload, of any kind, and who signed it. A token of more than `limit` characters is not read.

        Raises `VerificationError` if Apple did not sign it or it is not a JSON object. The caller still owes the check
        of its fields, and of the app, the environment and the time they name.
        """
        # 2. Compact form, strict base64url, `alg` ES256, an `x5c` of three; other header fields are ignored.
        token = _read_token(signed_payload, self._chains, limit)

        # 3. Path: leaf ← intermediate ← one of our roots, never x5c[2], each certificate of the kind Apple uses.
        # 4. Time: valid now by our clock, never by the payload's.
        key, at = token.chain.key, whole_seconds(now)
        path = self._paths.get(key)
        if path is None or not path.holds_at(at):
            path = known_path(key, self._anchors, at) or self.check_path(
                _base64(token.chain.leaf), _base64(token.chain.intermediate), now
            )

        # 5. Signature: over the first two parts exactly as received, by the leaf's key, as 64 bytes r‖s.
        _check_signature(token.signed, token.signature, path.key)
        if self._paths.get(key) is not path or token.header not in self._chains:
            self._remember(token, path)

        # 6. Payload: strict JSON, an object. Its fields are for the caller to check.
        return Authenticated(_read_payload(token.payload), path.anchor, path.leaf_fingerprint, path.leaf_not_after)

    def check_path(self, leaf_der: bytes, intermediate_der: bytes, now: datetime) -> SigningPath:
        """Return the path from `leaf_der` to one of our roots (steps 3 and 4), anew, taking nothing as known.

        Raises `VerificationError` if the two certificates and a root do not form one that is valid at `now`.
        """
        return self._authority().path(leaf_der, intermediate_der, now)

    def _authority(self) -> Authorities:
        if self._authorities is None:
            # X.509 is imported only where a chain is unknown. Its objects stay, as those of a start do, so a search for
            # garbage among them, now or later, would take time and find none.
            collects = gc.isenabled() and "retention.verification.certificates" not in sys.modules
            if collects:
                gc.disable()
            try:
                from retention.verification.certificates import Authorities  # noqa: PLC0415  # see above
            finally:
                if collects:
                    gc.freeze()
                    gc.enable()
            self._authorities = Authorities(self._roots)
        return self._authorities

    def _remember(self, token: _Token, path: SigningPath) -> None:
        # New dictionaries each time, so that threads can go on reading the old ones.
        self._paths = _with_newest(self._paths, token.chain.key, path)
        self._chains = _with_newest(self._chains, token.header, token.chain)


def _with_newest(known: dict[_K, _V], key: _K, value: _V) -> dict[_K, _V]:
    others = [item for item in known.items() if item[0] != key]
    return dict([*others[1 - MAX_PATHS :], (key, value)])


# Step 2: the compact form.


def _read_token(text: str, known: Mapping[str, _Chain], limit: int) -> _Token:
    if len(text) > limit:
        raise VerificationError("token_too_long", "longer than any genuine token of its kind", limit=limit)
    parts = text.split(".")
    if len(parts) != PARTS:
        raise VerificationError("token_not_three_parts", "not header.payload.signature")
    header, payload, signature = parts
    chain = known.get(header) or _read_header(_base64url(header))
    decoded = _base64url(payload)  # hence ASCII: half of a surrogate pair ends here
    return _Token(header, chain, f"{header}.{payload}".encode(), decoded, _base64url(signature))


def _read_header(raw: bytes) -> _Chain:
    try:
        header = read_object(raw)
    except StrictJSONError as error:
        raise VerificationError("header_not_json", str(error)) from None
    if header.get("alg") != "ES256":
        raise VerificationError("algorithm_unknown", "`alg` is not ES256")
    if "crit" in header or "b64" in header:
        raise VerificationError("critical_header", "the header requires extensions that we do not have (`crit`, `b64`)")
    return _read_chain(header.get("x5c"))


def _read_chain(x5c: object) -> _Chain:
    if not isinstance(x5c, list) or len(x5c) != CHAIN_LENGTH:
        raise VerificationError("chain_length", "`x5c` is not a list of three")
    leaf, intermediate, root = x5c
    if not (isinstance(leaf, str) and isinstance(intermediate, str) and isinstance(root, str)):
        raise VerificationError("chain_encoding", "an entry of `x5c` is not a string")
    _base64(root)  # must be well formed; the path ends in a root of ours
    return _Chain(leaf, intermediate, chain_key(leaf, intermediate))


# In the last group of a canonical encoding, the bits that encode nothing are zero.
_LAST_OF_TWO = frozenset(b"AQgw")
_LAST_OF_THREE = frozenset(b"AEIMQUYcgkosw048")
_FROM_BASE64URL = bytes.maketrans(b"-_+/=", b"+/!!!")


def _base64url(part: str) -> bytes:
    """Decode RFC 7515's base64url: no padding, no other characters, one spelling for each sequence of bytes."""
    try:
        encoded = part.encode("ascii").translate(_FROM_BASE64URL)
        return _decode(encoded + b"=" * (-len(encoded) % 4))
    except ValueError:
        raise VerificationError("token_encoding", "a part is not strict base64url") from None


def _base64(entry: str) -> bytes:
    """Decode RFC 4648's base64 with its padding, as RFC 7515 wants `x5c`."""
    try:
        return _decode(entry.encode("ascii"))
    except ValueError:
        raise VerificationError("chain_encoding", "an entry of `x5c` is not canonical base64") from None


def _decode(encoded: bytes) -> bytes:
    decoded = a2b_base64(encoded, strict_mode=True)
    spare = len(decoded) % 3
    if spare and encoded[spare - 4] not in (_LAST_OF_TWO if spare == 1 else _LAST_OF_THREE):
        raise ValueError("spare bits are not zero")
    if not spare and encoded.endswith(b"="):  # before 3.13, strict mode lets padding follow complete groups
        raise ValueError("padding after complete groups")
    return decoded


# Step 5: the signature.

_COORDINATE_BYTES = 32  # r and s of ES256 (RFC 7518, section 3.4)


class _ES256(ECDSA):
    """ECDSA with SHA-256, made without its constructor, which imports RSA, every padding and every cipher."""

    algorithm = SHA256()
    deterministic_signing = False

    def __init__(self) -> None:
        pass


_es256: Final = _ES256()


def _check_signature(signed: bytes, signature: bytes, key: EllipticCurvePublicKey) -> None:
    """Verify r‖s with the key itself. PyJWT would do no more, and its import takes longer than all of ours."""
    r, s = int.from_bytes(signature[:_COORDINATE_BYTES]), int.from_bytes(signature[_COORDINATE_BYTES:])
    try:
        # A signature of another length is none of ES256, even if its halves are a valid r and s.
        key.verify(encode_dss_signature(r, s) if len(signature) == 2 * _COORDINATE_BYTES else b"", signed, _es256)
    except InvalidSignature:
        raise VerificationError("signature_invalid", "the leaf's key did not sign this") from None


# Step 6: the payload.


def _read_payload(raw: bytes) -> dict[str, object]:
    try:
        return read_object(raw)
    except StrictJSONError as error:
        raise VerificationError("payload_not_json", str(error)) from None
