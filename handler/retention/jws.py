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
from binascii import a2b_base64
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store
from cryptography.x509.verification import VerificationError as PathError

from retention.errors import ClaimError, ConfigurationError, VerificationError
from retention.strict_json import StrictJSONError, read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

APPLE_ROOT_FINGERPRINT: Final = "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179"

# The keys of the committed test CA of events/ca (root, intermediate, leaf), as `anchor_key` names them. Its leaf key is
# public. A deployed stack refuses all three, whatever certificate they come in: an anchor is a name and a key.
TEST_AUTHORITY_KEYS: Final = frozenset(
    {
        "9508ec362bc325f7f4a5b702b4530171ad270a0abe97914e64128a59a2df20ef",
        "8bd475cbddc5ccdbd0da50f1d8b3ea3d39f866fb8978213de494a9cf51da3bcb",
        "1b319fee9886a93988be89098276f90bb84da4e8df2dd49b46061c8b9c2fbff2",
    }
)

# The leaves that the App Store signed with when this release was made; the first ends on 2027-10-13. Another one that
# Apple's root vouches for is believed all the same: it is news, and `app` says so.
KNOWN_LEAVES: Final = frozenset({"4c381556c16121e605d1fc2eef6d0de4e072ed65964fe72f575f19711e84c417"})

# API Gateway and step 1 stop earlier; this bounds the work of any other caller. Genuine tokens have about 4 800.
MAX_CHARACTERS: Final = 64 * 1024

# How long a good path is believed, and how many are. Apple signs with one leaf, with two around a change.
PATH_SECONDS: Final = 15 * 60
MAX_PATHS: Final = 4

PARTS: Final = 3
PATH_LENGTH: Final = 3

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INT64 = range(-(2**63), 2**63)
_K = TypeVar("_K")
_V = TypeVar("_V")
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_ES256 = ECDSA(hashes.SHA256())


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
    """Claims that were signed, and by what: lower-case hex SHA-256 of the root and of the leaf, and the leaf's end.

    The claims name a person and stay out of every `repr`.
    """

    claims: dict[str, object] = field(repr=False)
    anchor: str
    leaf_fingerprint: str
    leaf_not_after: datetime


@dataclass(frozen=True, slots=True)
class _Chain:
    """x5c[0] and x5c[1] as they were spelled, and the SHA-256 of both: the key of their path."""

    leaf: str
    intermediate: str
    key: bytes


@dataclass(frozen=True, slots=True)
class _Token:
    """What steps 3 to 6 need of a token. None of it is ever shown."""

    header: str = field(repr=False)
    chain: _Chain = field(repr=False)
    signed: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def apple_root() -> bytes:
    """Return Apple Root CA - G3, DER. Raises `ConfigurationError` if the file beside us is any other certificate."""
    der = Path(__file__).with_name("AppleRootCA-G3.cer").read_bytes()
    if hashlib.sha256(der).hexdigest() != APPLE_ROOT_FINGERPRINT:
        raise ConfigurationError("apple_root_changed", "AppleRootCA-G3.cer is not Apple Root CA - G3")
    return der


def anchor_key(der: bytes) -> str:
    """Return the key of a root that is to be an anchor: SHA-256 of its SubjectPublicKeyInfo, lower-case hex.

    Raises `ConfigurationError` for what is no certificate, and for one that did not sign itself: Apple's intermediate
    or leaf, once an anchor, ends every path of Apple's too early, and all its requests are refused.
    """
    try:
        root = x509.load_der_x509_certificate(der)
        key = root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except _UNREADABLE as error:
        raise ConfigurationError("trust_anchor_malformed", "the trust anchor is not a DER certificate") from error
    try:
        root.verify_directly_issued_by(root)
    except (InvalidSignature, *_UNREADABLE) as error:
        raise ConfigurationError("trust_anchor_not_root", "the trust anchor is not a self-signed root") from error
    return hashlib.sha256(key).hexdigest()


class SignedPayloadVerifier:
    """Judges `signedPayload`s by certificate paths that end in one of `roots` (DER); build once, use from any thread.

    Raises `ConfigurationError` if there is no root, or one is not a certificate.
    """

    def __init__(self, roots: Iterable[bytes]) -> None:
        try:
            anchors = [x509.load_der_x509_certificate(root) for root in roots]
            self._store = Store(anchors)
        except _UNREADABLE as error:
            raise ConfigurationError("trust_anchor_malformed", "a trust anchor is not a DER certificate") from error
        self._paths: dict[bytes, SigningPath] = {}
        # The header is the same text in every token of one certificate: read once, by whoever's signature was good.
        self._chains: dict[str, _Chain] = {}

    def verify(self, signed_payload: str, now: datetime) -> dict[str, object]:
        """Return the claims of `signed_payload`, judged at `now`; raise `VerificationError` if Apple did not sign it.

        A `now` without a zone is taken as UTC. `ClaimError`, one kind of `VerificationError`, means that the signature
        is good and a documented field is not as documented.
        """
        return self.authenticate(signed_payload, now).claims

    def authenticate(self, signed_payload: str, now: datetime) -> Authenticated:
        """Return the claims and who signed them; otherwise as `verify`."""
        # 2. Compact form, strict base64url, `alg` ES256, an `x5c` of three; no other header field has a say.
        token = _read_token(signed_payload, self._chains)

        # 3. Path: leaf ← intermediate ← one of our roots, never x5c[2], each certificate of the kind Apple uses.
        # 4. Time: valid now by our clock, never by the payload's.
        key, at = token.chain.key, _seconds(now)
        path = self._paths.get(key)
        if path is None or not path.holds_at(at):
            path = self.check_path(_base64(token.chain.leaf), _base64(token.chain.intermediate), now)

        # 5. Signature: over the first two parts exactly as received, by the leaf's key, as 64 bytes r‖s.
        _check_signature(token.signed, token.signature, path.key)
        if self._paths.get(key) is not path or token.header not in self._chains:
            self._remember(token, path)

        # 6. Payload: strict JSON with the seven documented fields; others are ignored.
        claims = _read_claims(token.payload)
        return Authenticated(claims, path.anchor, path.leaf_fingerprint, path.leaf_not_after)

    def check_path(self, leaf_der: bytes, intermediate_der: bytes, now: datetime) -> SigningPath:
        """Return the path from `leaf_der` to one of our roots (steps 3 and 4), whatever was found before.

        Raises `VerificationError` if the two certificates and a root do not form one that is valid at `now`.
        """
        at = _seconds(now)
        try:
            return _signing_path(self._build_path(leaf_der, intermediate_der, at), at)
        except _UNREADABLE:
            raise VerificationError("certificate_malformed", "an entry of `x5c` cannot be read") from None

    def _build_path(self, leaf_der: bytes, intermediate_der: bytes, at: int) -> list[x509.Certificate]:
        leaf, intermediate = (x509.load_der_x509_certificate(der) for der in (leaf_der, intermediate_der))
        if leaf.serial_number <= 0 or intermediate.serial_number <= 0:
            raise ValueError("a serial number is not positive")  # RFC 5280, 4.1.2.2; cryptography warns, no more
        # A built verifier has its time inside, so each check builds its own.
        verifier = _BUILDER.store(self._store).time(datetime.fromtimestamp(at, UTC)).build_client_verifier()
        try:
            path = verifier.verify(leaf, [intermediate]).chain
        except PathError:
            raise _why_no_path([leaf, intermediate], at) from None
        if len(path) != PATH_LENGTH or path[1] != intermediate:
            raise VerificationError("path_shape", "the path is not leaf, x5c[1], root")
        return path

    def _remember(self, token: _Token, path: SigningPath) -> None:
        # New dicts each time: threads that are reading the old ones are not disturbed.
        self._paths = _with_newest(self._paths, token.chain.key, path)
        self._chains = _with_newest(self._chains, token.header, token.chain)


def _with_newest(known: dict[_K, _V], key: _K, value: _V) -> dict[_K, _V]:
    others = [item for item in known.items() if item[0] != key]
    return dict([*others[1 - MAX_PATHS :], (key, value)])


# Step 2: the compact form.


def _read_token(text: str, known: Mapping[str, _Chain]) -> _Token:
    if len(text) > MAX_CHARACTERS:
        raise VerificationError("token_too_long", "longer than any genuine request", limit=MAX_CHARACTERS)
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
        raise VerificationError("critical_header", "the header asks for what we do not do (`crit`, `b64`)")
    return _read_chain(header.get("x5c"))


def _read_chain(x5c: object) -> _Chain:
    if not isinstance(x5c, list) or len(x5c) != PATH_LENGTH:
        raise VerificationError("chain_length", "`x5c` is not a list of three")
    leaf, intermediate, root = x5c
    if not (isinstance(leaf, str) and isinstance(intermediate, str) and isinstance(root, str)):
        raise VerificationError("chain_encoding", "an entry of `x5c` is not a string")
    _base64(root)  # well formed, and not looked at again
    # The length of the one first, so that no other pair gives the same bytes.
    key = hashlib.sha256(f"{len(leaf)}.{leaf}{intermediate}".encode()).digest()
    return _Chain(leaf, intermediate, key)


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
    if not spare and encoded.endswith(b"="):  # before 3.13, strict mode lets padding follow whole groups
        raise ValueError("padding after whole groups")
    return decoded


# Steps 3 and 4: the certificates.


def _require_ca(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    # The default policy's view of keyCertSign says as much today, but does not promise it.
    if not constraints.ca:
        raise ValueError("not a CA")


# Web-PKI defaults, minus what Apple's CAs need not have, plus what they may one day mark critical.
_CA_POLICY: Final = (
    ExtensionPolicy.webpki_defaults_ca()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _require_ca)
    .may_be_present(x509.SubjectKeyIdentifier, Criticality.AGNOSTIC, None)
    .may_be_present(x509.AuthorityKeyIdentifier, Criticality.AGNOSTIC, None)
    .may_be_present(x509.CertificatePolicies, Criticality.AGNOSTIC, None)
    .may_be_present(IntermediateMarker, Criticality.AGNOSTIC, None)
)
_LEAF_POLICY: Final = (
    ExtensionPolicy.permit_all()
    .may_be_present(x509.CertificatePolicies, Criticality.AGNOSTIC, None)
    .may_be_present(LeafMarker, Criticality.AGNOSTIC, None)
)
_BUILDER: Final = PolicyBuilder().max_chain_depth(1).extension_policies(ca_policy=_CA_POLICY, ee_policy=_LEAF_POLICY)


# What cryptography raises for certificates that are not, some of it long after loading them, when a part is first asked
# for. The warning, where warnings are errors, is of serial numbers that `_build_path` refuses in any case.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UserWarning,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def _why_no_path(certificates: list[x509.Certificate], at: int) -> VerificationError:
    """Name the commonest causes; the refusal itself is already decided."""
    if any(at > _seconds(certificate.not_valid_after_utc) for certificate in certificates):
        return VerificationError("certificate_expired", "a certificate of `x5c` has ended")
    if any(at < _seconds(certificate.not_valid_before_utc) for certificate in certificates):
        return VerificationError("certificate_not_yet_valid", "a certificate of `x5c` has not begun")
    return VerificationError("path_untrusted", "no valid path to one of our roots")


def _signing_path(path: list[x509.Certificate], at: int) -> SigningPath:
    """Require of an authentic path what makes it one that signs App Store data."""
    leaf, intermediate, root = path
    _read_names(leaf, intermediate)
    if not (_names_its_issuer(leaf, intermediate) and _names_its_issuer(intermediate, root)):
        raise VerificationError("path_untrusted", "a certificate names another key than its issuer's")
    if _extension(intermediate, IntermediateMarker) is None:
        raise VerificationError("intermediate_marker_missing", "the intermediate is not for App Store data")
    if _extension(leaf, LeafMarker) is None:
        raise VerificationError("leaf_marker_missing", "the leaf is not for App Store data")
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.digital_signature or usage.key_cert_sign:
        raise VerificationError("leaf_key_usage", "the leaf's key is not for signing data, and only that")
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise VerificationError("leaf_is_ca", "the leaf is a CA")
    return SigningPath(
        key=_p256_key(leaf),
        anchor=_fingerprint(root),
        leaf_fingerprint=_fingerprint(leaf),
        leaf_not_after=leaf.not_valid_after_utc,
        not_before=max(_seconds(certificate.not_valid_before_utc) for certificate in path),
        not_after=min(_seconds(certificate.not_valid_after_utc) for certificate in path),
        checked_at=at,
    )


def _read_names(*certificates: x509.Certificate) -> None:
    """Let names end here that are not text: the path compares them as bytes."""
    for certificate in certificates:
        with suppress(UserWarning):  # longer than RFC 5280 has them: no reason to refuse, nor where warnings are errors
            _ = certificate.subject


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return cast("_Extension", certificate.extensions.get_extension_for_oid(kind.oid).value)
    except x509.ExtensionNotFound:
        return None


def _names_its_issuer(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Say whether the key identifiers agree; one that is missing agrees with any."""
    claimed = _extension(certificate, x509.AuthorityKeyIdentifier)
    actual = _extension(issuer, x509.SubjectKeyIdentifier)
    return claimed is None or actual is None or claimed.key_identifier in {None, actual.key_identifier}


# SubjectPublicKeyInfo up to the point, whole or compressed: the curve by its name (RFC 5480, 2.1.1). cryptography also
# takes parameters that spell the curve out, and hybrid points, neither of which a certificate may have.
_P256_NAMED: Final = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
_P256_POINTS: Final = (
    (b"\x03\x42\x00", PublicFormat.UncompressedPoint),
    (b"\x03\x22\x00", PublicFormat.CompressedPoint),
)


def _p256_key(leaf: x509.Certificate) -> EllipticCurvePublicKey:
    key = leaf.public_key()
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise VerificationError("leaf_key_type", "the leaf's key is not on P-256")
    spelled = (_P256_NAMED + head + key.public_bytes(Encoding.X962, form) for head, form in _P256_POINTS)
    if not any(spelling in leaf.tbs_certificate_bytes for spelling in spelled):
        raise VerificationError("leaf_key_type", "the leaf's key is not spelled as a key on P-256 is")
    return key


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _seconds(instant: datetime) -> int:
    """Whole UNIX seconds, as certificates count; an instant without a zone is UTC."""
    return floor((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp())


# Step 5: the signature.

_COORDINATE_BYTES = 32  # r and s of ES256 (RFC 7518, section 3.4)


def _check_signature(signed: bytes, signature: bytes, key: EllipticCurvePublicKey) -> None:
    """Verify r‖s with the key itself: PyJWT would do no more, and importing it costs a twentieth of a cold start."""
    r, s = int.from_bytes(signature[:_COORDINATE_BYTES]), int.from_bytes(signature[_COORDINATE_BYTES:])
    try:
        # Of another length, it is no ES256 signature, whatever its two halves are.
        key.verify(encode_dss_signature(r, s) if len(signature) == 2 * _COORDINATE_BYTES else b"", signed, _ES256)
    except InvalidSignature:
        raise VerificationError("signature_invalid", "the leaf's key did not sign this") from None


# Step 6: the payload (DecodedRealtimeRequestBody, every field required).


def _text(value: object) -> bool:
    return isinstance(value, str)


def _identifier(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _integer(value: object) -> bool:
    """int64: neither `true`, which Python counts as 1, nor `1.0`, which Apple never sends."""
    return type(value) is int and value in _INT64


def _uuid(value: object) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


_CLAIMS: Final[dict[str, Callable[[object], bool]]] = {
    "originalTransactionId": _identifier,
    "appAppleId": _integer,
    "productId": _text,
    "userLocale": _text,
    "requestIdentifier": _uuid,
    "environment": _text,
    "signedDate": _integer,
}


def _read_claims(raw: bytes) -> dict[str, object]:
    try:
        claims = read_object(raw)
    except StrictJSONError as error:
        raise VerificationError("payload_not_json", str(error)) from None
    for name, is_valid in _CLAIMS.items():
        if name not in claims:
            raise ClaimError("claim_missing", "a documented field is missing", field=name)
        if not is_valid(claims[name]):
            raise ClaimError("claim_type", "a documented field is not of its documented type", field=name)
    return claims
