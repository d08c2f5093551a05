"""Do two certificates and one of our roots make a path that signs App Store data? Steps 3 and 4 of `jws`.

All of X.509 is here. A request whose chain is in `known_chains` needs none of it, and its import takes longer than all
other imports of a cold start together: `jws` imports it only for a chain that is new.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store
from cryptography.x509.verification import VerificationError as PathError

from retention.errors import ConfigurationError, VerificationError
from retention.verification.signing_path import SigningPath, whole_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

PATH_LENGTH: Final = 3

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

# What cryptography raises for malformed certificates, in part only when a field is first read. The warning, where
# warnings are errors, is of serial numbers that `_build_path` refuses in any case.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UserWarning,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class LeafMarker(x509.ExtensionType):
    """Apple's mark on certificates that sign App Store data (WWDR CPS, section 4.11.10)."""

    oid = x509.ObjectIdentifier("1.2.840.113635.100.6.11.1")


class IntermediateMarker(x509.ExtensionType):
    """Apple's mark on the Worldwide Developer Relations intermediates."""

    oid = x509.ObjectIdentifier("1.2.840.113635.100.6.2.1")


def anchor_key(der: bytes) -> str:
    """Return the key of a root that is to be an anchor: SHA-256 of its SubjectPublicKeyInfo, lower-case hex.

    Raises `ConfigurationError` for what is no certificate, and for one that did not sign itself: if an anchor were
    Apple's intermediate or leaf, every path of Apple's would end there, and all its requests would be refused.
    """
    # Imported here, for stacks with an anchor: it imports ssh, ciphers and dataclasses.
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

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


class Authorities:
    """Judges certificate paths that end in one of `roots` (DER); build once, use from any thread.

    Raises `ConfigurationError` if there is no root, or one is not a certificate.
    """

    def __init__(self, roots: Iterable[bytes]) -> None:
        try:
            self._store = Store([x509.load_der_x509_certificate(root) for root in roots])
        except _UNREADABLE as error:
            raise ConfigurationError("trust_anchor_malformed", "a trust anchor is not a DER certificate") from error

    def path(self, leaf_der: bytes, intermediate_der: bytes, now: datetime) -> SigningPath:
        """Return the path from `leaf_der` to a root. Raises `VerificationError` if there is none valid at `now`."""
        at = whole_seconds(now)
        try:
            return _signing_path(self._build_path(leaf_der, intermediate_der, at), at)
        except _UNREADABLE:
            raise VerificationError("certificate_malformed", "an entry of `x5c` cannot be read") from None

    def _build_path(self, leaf_der: bytes, intermediate_der: bytes, at: int) -> list[x509.Certificate]:
        leaf, intermediate = (x509.load_der_x509_certificate(der) for der in (leaf_der, intermediate_der))
        if leaf.serial_number <= 0 or intermediate.serial_number <= 0:
            raise ValueError("a serial number is not positive")  # RFC 5280, 4.1.2.2; cryptography warns, no more
        if not (_ends_in_complete_bytes(leaf, leaf_der) and _ends_in_complete_bytes(intermediate, intermediate_der)):
            raise ValueError("a signature is not a sequence of bytes")  # RFC 5758, 3.2; OpenSSL refuses it too
        # A verifier is built for one instant, so each check builds one.
        verifier = _BUILDER.store(self._store).time(datetime.fromtimestamp(at, UTC)).build_client_verifier()
        try:
            path = verifier.verify(leaf, [intermediate]).chain
        except PathError:
            raise _why_no_path([leaf, intermediate], at) from None
        if len(path) != PATH_LENGTH or path[1] != intermediate:
            raise VerificationError("path_shape", "the path is not leaf, x5c[1], root")
        return path


def _ends_in_complete_bytes(certificate: x509.Certificate, der: bytes) -> bool:
    """Return whether no bit of the signature's BIT STRING counts as unused.

    Its content is a count of unused bits and the signature, and ends the certificate. No signature covers the count,
    and cryptography takes any that fits, so that one certificate would have several spellings.
    """
    return der[-len(certificate.signature) - 1] == 0


def _require_ca(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    # The default policy also requires this today, through keyCertSign, but does not document it.
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


def _why_no_path(certificates: list[x509.Certificate], at: int) -> VerificationError:
    """Return the refusal with the most likely cause; that the path is refused is already decided."""
    if any(at > whole_seconds(certificate.not_valid_after_utc) for certificate in certificates):
        return VerificationError("certificate_expired", "a certificate of `x5c` has ended")
    if any(at < whole_seconds(certificate.not_valid_before_utc) for certificate in certificates):
        return VerificationError("certificate_not_yet_valid", "a certificate of `x5c` has not begun")
    return VerificationError("path_untrusted", "no valid path to one of our roots")


def _signing_path(path: list[x509.Certificate], at: int) -> SigningPath:
    """Return the path if its certificates are for signing App Store data. Raises VerificationError otherwise."""
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
        not_before=max(whole_seconds(certificate.not_valid_before_utc) for certificate in path),
        not_after=min(whole_seconds(certificate.not_valid_after_utc) for certificate in path),
        checked_at=at,
    )


def _read_names(*certificates: x509.Certificate) -> None:
    """Raise what cryptography raises for names that are not text: the path check compares them as bytes."""
    for certificate in certificates:
        with suppress(UserWarning):  # a name longer than RFC 5280 allows is no reason to refuse
            _ = certificate.subject


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return cast("_Extension", certificate.extensions.get_extension_for_oid(kind.oid).value)
    except x509.ExtensionNotFound:
        return None


def _names_its_issuer(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether the key identifiers agree; one that is missing agrees with any."""
    claimed = _extension(certificate, x509.AuthorityKeyIdentifier)
    actual = _extension(issuer, x509.SubjectKeyIdentifier)
    return claimed is None or actual is None or claimed.key_identifier in {None, actual.key_identifier}


# SubjectPublicKeyInfo up to the point, which may be compressed, with the curve by its name (RFC 5480, 2.1.1).
# cryptography also takes parameters that spell the curve out, and hybrid points; a certificate may have neither.
_P256_NAMED: Final = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
_UNCOMPRESSED_POINT: Final = bytes.fromhex("03420004")
_COMPRESSED_POINT: Final = (bytes.fromhex("03220002"), bytes.fromhex("03220003"))  # by whether y is odd
_COORDINATE_BYTES: Final = 32


def _p256_key(leaf: x509.Certificate) -> EllipticCurvePublicKey:
    key = leaf.public_key()
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise VerificationError("leaf_key_type", "the leaf's key is not on P-256")
    point = key.public_numbers()
    x, y = (coordinate.to_bytes(_COORDINATE_BYTES) for coordinate in (point.x, point.y))
    spelled = (_P256_NAMED + _UNCOMPRESSED_POINT + x + y, _P256_NAMED + _COMPRESSED_POINT[point.y % 2] + x)
    if not any(spelling in leaf.tbs_certificate_bytes for spelling in spelled):
        raise VerificationError("leaf_key_type", "the leaf's key is not spelled as a key on P-256 is")
    return key


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(SHA256()).hex()
