"""Certificates to make: a `Plan` has all contents of one, and a case changes one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from tests.minting.asn1 import BIT_STRING, SEQUENCE, children, edited, opened, tlv

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp()) * 1000
SECOND = timedelta(seconds=1)

LEAF_MARKER = ObjectIdentifier("1.2.840.113635.100.6.11.1")
INTERMEDIATE_MARKER = ObjectIdentifier("1.2.840.113635.100.6.2.1")
UNKNOWN = ObjectIdentifier("1.2.840.113635.100.6.99")
NULL = b"\x05\x00"
ECDSA_WITH_SHA384 = bytes.fromhex("300a06082a8648ce3d040303")

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P384_ORDER = 2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D


@cache
def key(_name: str, kind: str = "P-256") -> Any:
    """Return the key called `_name`: the same at each call, so that certificates fit each other."""
    match kind:
        case "P-256":
            return ec.generate_private_key(ec.SECP256R1())
        case "P-384":
            return ec.generate_private_key(ec.SECP384R1())
        case "P-521":
            return ec.generate_private_key(ec.SECP521R1())
        case "RSA-1024":
            return rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
        case "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class Plan:
    """One certificate to make: everything that a case can change."""

    name: str
    key: Any
    extensions: Mapping[ObjectIdentifier, tuple[x509.ExtensionType, bool]]
    not_before: datetime = NOW - timedelta(days=300)
    not_after: datetime = NOW + timedelta(days=300)
    issuer_name: str = ""
    issuer_key: CertificateIssuerPrivateKeyTypes | None = None

    def having(self, value: x509.ExtensionType, *, critical: bool = False) -> Plan:
        return replace(self, extensions={**self.extensions, value.oid: (value, critical)})

    def lacking(self, *oids: ObjectIdentifier) -> Plan:
        return replace(self, extensions={oid: kept for oid, kept in self.extensions.items() if oid not in oids})

    def marked(self, oid: ObjectIdentifier, *, critical: bool = False) -> Plan:
        return self.having(x509.UnrecognizedExtension(oid, NULL), critical=critical)

    def identified(self, issuer: Any) -> Plan:
        """Give the plan the SKI of its key and the AKI of its issuer's."""
        return self.having(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())).having(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
        )

    def with_key(self, own: Any) -> Plan:
        return replace(self, key=own).having(x509.SubjectKeyIdentifier.from_public_key(own.public_key()))

    def build(self) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(distinguished(self.name))
            .issuer_name(distinguished(self.issuer_name or self.name))
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.not_before)
            .not_valid_after(self.not_after)
        )
        for value, critical in self.extensions.values():
            builder = builder.add_extension(value, critical=critical)
        signer = self.issuer_key or self.key
        return builder.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA384())


def distinguished(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) if name else x509.Name([])


def usage(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


def constraints(*, ca: bool, path_length: int | None = None) -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=ca, path_length=path_length)


def root_plan(name: str = "Root", root_key: Any = None) -> Plan:
    root_key = root_key or key("root", "P-384")
    plan = Plan(name, root_key, {}).having(constraints(ca=True), critical=True)
    plan = plan.having(usage("key_cert_sign", "crl_sign"), critical=True)
    return plan.having(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()))


def intermediate_plan(issuer: Plan | None = None) -> Plan:
    issuer = issuer or root_plan()
    plan = Plan("Intermediate", key("intermediate", "P-384"), {}, issuer_name=issuer.name, issuer_key=issuer.key)
    plan = plan.having(constraints(ca=True, path_length=0), critical=True)
    plan = plan.having(usage("key_cert_sign", "crl_sign"), critical=True)
    return plan.identified(issuer.key).marked(INTERMEDIATE_MARKER)


def leaf_plan(issuer: Plan | None = None) -> Plan:
    issuer = issuer or intermediate_plan()
    plan = Plan("Leaf", key("leaf"), {}, issuer_name=issuer.name, issuer_key=issuer.key)
    plan = plan.having(constraints(ca=False), critical=True)
    plan = plan.having(usage("digital_signature"), critical=True)
    return plan.identified(issuer.key).marked(LEAF_MARKER)


def der(plan: Plan) -> bytes:
    return plan.build().public_bytes(Encoding.DER)


@cache
def good_chain() -> tuple[bytes, bytes, bytes]:
    return der(leaf_plan()), der(intermediate_plan()), der(root_plan())


def resigned(certificate: bytes, issuer_key: ec.EllipticCurvePrivateKey, old: bytes, new: bytes) -> bytes:
    """Replace `old` by `new`, of the same length, in the signed part of `certificate`, and sign it again."""
    signed_part = x509.load_der_x509_certificate(certificate).tbs_certificate_bytes
    assert signed_part.count(old) == 1
    assert len(old) == len(new)
    return certified(signed_part.replace(old, new), issuer_key)


def reworked(
    certificate: bytes, issuer_key: ec.EllipticCurvePrivateKey, path: tuple[int, ...], change: Callable[[bytes], bytes]
) -> bytes:
    """Exchange the element at `path` of what is signed of `certificate`, and sign it again; lengths follow."""
    signed_part = children(opened(certificate)[1])[0]
    return certified(edited(signed_part, path, change), issuer_key)


def certified(signed_part: bytes, issuer_key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a certificate of `signed_part` (a TBSCertificate, or anything at all): ECDSA by RFC 6979, with SHA-384."""
    signature = issuer_key.sign(signed_part, ec.ECDSA(hashes.SHA384(), deterministic_signing=True))
    return certificate_of(signed_part, ECDSA_WITH_SHA384, signature)


def certificate_of(signed_part: bytes, algorithm: bytes, signature: bytes) -> bytes:
    return tlv(SEQUENCE, signed_part + algorithm + tlv(BIT_STRING, b"\x00" + signature))
