"""A certificate authority that signs as the App Store does, for samples, `make serve` and rehearsals.

Its three certificates are like Apple's of 2025: root and intermediate with P-384 keys, leaf with a P-256 key, and the
same markers, key usages and extensions, so they have about the same sizes. Its root differs from Apple's, so only a
deployment that has it as trust anchor accepts its signatures.

    python -m console.simulator.authority DIR [COMMON_NAME]    makes one in DIR, valid from 2020 to 2099
"""

from __future__ import annotations

import base64
import json
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from retention.request import SANDBOX
from retention.verification.certificates import IntermediateMarker, LeafMarker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

NOT_BEFORE: Final = datetime(2020, 1, 1, tzinfo=UTC)
NOT_AFTER: Final = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)

_DER_NULL: Final = b"\x05\x00"  # the value of Apple's marker extensions
_CERTIFICATES: Final = ("leaf.der", "intermediate.der", "root.der")
_LEAF_KEY: Final = "leaf-key.pem"
_STATEMENT: Final = (
    "Nothing that this certificate signs comes from Apple. It belongs to a test authority whose leaf key anybody may"
    " have, and no deployed endpoint may believe it."
)


@dataclass(frozen=True, slots=True)
class Authority:
    """Three certificates (DER) and the leaf's private key. The keys of root and intermediate are not kept."""

    leaf_der: bytes
    intermediate_der: bytes
    root_der: bytes
    leaf_key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(
        cls,
        common_name: str = "Retention Test Root CA",
        not_before: datetime = NOT_BEFORE,
        not_after: datetime = NOT_AFTER,
    ) -> Self:
        """Make new keys, and a chain whose root is called `common_name`, valid from `not_before` to `not_after`."""
        validity = (not_before, not_after)
        root_key, intermediate_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
        leaf_key = ec.generate_private_key(ec.SECP256R1())
        root_name = _name(common_name, "Retention Test Certification Authority")
        root = _build_root(root_name, root_key, validity)
        intermediate = _build_intermediate(root, root_key, intermediate_key.public_key(), validity)
        leaf = _build_leaf(intermediate, intermediate_key, leaf_key.public_key(), validity)
        return cls(_der(leaf), _der(intermediate), _der(root), leaf_key)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read what `save` wrote. Raises `OSError` or `ValueError` if a file is missing or damaged."""
        leaf_key = load_pem_private_key((directory / _LEAF_KEY).read_bytes(), password=None)
        if not isinstance(leaf_key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{directory / _LEAF_KEY} is not an EC private key")  # noqa: TRY004 - a file's content
        leaf, intermediate, root = ((directory / name).read_bytes() for name in _CERTIFICATES)
        return cls(leaf, intermediate, root, leaf_key)

    def save(self, directory: Path) -> None:
        """Write the three certificates and the leaf's key (PKCS #8 PEM, unencrypted) into `directory`."""
        directory.mkdir(parents=True, exist_ok=True)
        for name, der in zip(_CERTIFICATES, (self.leaf_der, self.intermediate_der, self.root_der), strict=True):
            (directory / name).write_bytes(der)
        key = self.leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (directory / _LEAF_KEY).write_bytes(key)
        (directory / _LEAF_KEY).chmod(0o600)

    @property
    def fingerprint(self) -> str:
        """Lower-case hex SHA-256 of the root's DER, by which settings and logs name this authority."""
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.root_der)
        return digest.finalize().hex()

    def sign(self, claims: Mapping[str, object]) -> str:
        """Return `claims` as a `signedPayload`: a compact JWS, ES256, with the chain in `x5c`."""
        chain = (self.leaf_der, self.intermediate_der, self.root_der)
        header = {"alg": "ES256", "x5c": [base64.b64encode(der).decode() for der in chain]}
        signed = f"{_part(header)}.{_part(claims)}"
        # Deterministic (RFC 6979): making the samples again gives the same bytes.
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self.leaf_key.sign(signed.encode(), algorithm))
        return f"{signed}.{_base64url(r.to_bytes(32) + s.to_bytes(32))}"


def request_claims(
    *,
    original_transaction_id: str = "99371282",
    app_apple_id: int = 6745974591,
    product_id: str = "com.example.product",
    user_locale: str = "en-US",
    environment: str = SANDBOX,
    request_identifier: str | None = None,
    signed_date: int | None = None,
) -> dict[str, object]:
    """Return a DecodedRealtimeRequestBody.

    Unless given, `requestIdentifier` is a new UUID and `signedDate` (UNIX milliseconds) is now.
    """
    return {
        "originalTransactionId": original_transaction_id,
        "appAppleId": app_apple_id,
        "productId": product_id,
        "userLocale": user_locale,
        "requestIdentifier": request_identifier or str(uuid.uuid4()),
        "environment": environment,
        "signedDate": time.time_ns() // 1_000_000 if signed_date is None else signed_date,
    }


def _build_root(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, validity: tuple[datetime, datetime]
) -> x509.Certificate:
    builder = _builder(name, name, key.public_key(), validity)
    return _signed(_with_ca(builder, path_length=None), key)


def _build_intermediate(
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePublicKey,
    validity: tuple[datetime, datetime],
) -> x509.Certificate:
    name = _name("Retention Test Developer Relations Certification Authority", "G6")
    revocations = x509.UniformResourceIdentifier("http://crl.example.com/retention-test-root.crl")
    revoked = x509.CRLDistributionPoints([x509.DistributionPoint([revocations], None, None, None)])
    builder = (
        _with_ca(_builder(name, root.subject, key, validity), path_length=0)
        .add_extension(_issuer_key(root), critical=False)
        .add_extension(_access("http://ocsp.example.com/retention-test-root"), critical=False)
        .add_extension(revoked, critical=False)
        .add_extension(_marker(IntermediateMarker), critical=False)
    )
    return _signed(builder, root_key)


def _build_leaf(
    intermediate: x509.Certificate,
    intermediate_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePublicKey,
    validity: tuple[datetime, datetime],
) -> x509.Certificate:
    name = _name("Test ECC Mac App Store and iTunes Store Receipt Signing", "Retention Test Developer Relations")
    policy = x509.PolicyInformation(
        x509.ObjectIdentifier("1.2.840.113635.100.5.6.1"),
        [x509.UserNotice(None, _STATEMENT), "http://www.example.com/certificateauthority/"],
    )
    access = _access("http://ocsp.example.com/retention-test-g6", "http://certs.example.com/g6.der")
    builder = (
        _builder(name, intermediate.subject, key, validity)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_issuer_key(intermediate), critical=False)
        .add_extension(access, critical=False)
        .add_extension(x509.CertificatePolicies([policy]), critical=False)
        .add_extension(_key_usage(signs_data=True), critical=True)
        .add_extension(_marker(LeafMarker), critical=False)
    )
    return _signed(builder, intermediate_key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, validity: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _with_ca(builder: x509.CertificateBuilder, *, path_length: int | None) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return builder.add_extension(constraints, critical=True).add_extension(_key_usage(signs_data=False), critical=True)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _signed(builder: x509.CertificateBuilder, key: CertificateIssuerPrivateKeyTypes) -> x509.Certificate:
    return builder.sign(key, hashes.SHA384())


def _name(common_name: str, unit: str) -> x509.Name:
    parts = [
        (NameOID.COMMON_NAME, common_name),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.ORGANIZATION_NAME, "Not Apple Inc."),
        (NameOID.COUNTRY_NAME, "US"),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _key_usage(*, signs_data: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_data,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs_data,
        crl_sign=not signs_data,
        encipher_only=False,
        decipher_only=False,
    )


def _issuer_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _access(responder: str, issuers: str | None = None) -> x509.AuthorityInformationAccess:
    places = [(AuthorityInformationAccessOID.CA_ISSUERS, issuers), (AuthorityInformationAccessOID.OCSP, responder)]
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in places if url]
    )


def _marker(kind: type[x509.ExtensionType]) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(kind.oid, _DER_NULL)


def _part(content: Mapping[str, object]) -> str:
    return _base64url(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def main(arguments: list[str]) -> int:
    """Make an authority in the directory `arguments[0]`, which must have none; print its root's fingerprint.

    Returns the exit code.
    """
    if not 1 <= len(arguments) <= 2:  # noqa: PLR2004 - a directory and perhaps a name
        sys.stderr.write("usage: python -m console.simulator.authority DIR [COMMON_NAME]\n")
        return 2
    directory = Path(arguments[0])
    if any((directory / name).exists() for name in (*_CERTIFICATES, _LEAF_KEY)):
        sys.stderr.write(
            f"{directory} already has an authority, and its trust anchor may be in use: name another DIR\n"
        )
        return 1
    authority = Authority.create(arguments[1]) if arguments[1:] else Authority.create()
    authority.save(directory)
    sys.stdout.write(f"{authority.fingerprint}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
