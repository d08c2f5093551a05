"""Chains and tokens, each wrong in one way: what the conformance and differential tests hold against the verifier.

A chain starts as three `Plan`s that would make a good one; a case changes one thing in one of them. A token starts as
`signed(...)` of a good chain; a case changes one thing of it. `NOW` is the instant they are all judged at, and the
`signedDate` of their payloads, so that Apple's library, which takes its time from there, judges at the same one.
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from console.authority import request_claims

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp()) * 1000
SECOND = timedelta(seconds=1)

APP_ID = 6745974591
LEAF_MARKER = ObjectIdentifier("1.2.840.113635.100.6.11.1")
INTERMEDIATE_MARKER = ObjectIdentifier("1.2.840.113635.100.6.2.1")
UNKNOWN = ObjectIdentifier("1.2.840.113635.100.6.99")
NULL = b"\x05\x00"
ECDSA_WITH_SHA384 = bytes.fromhex("300a06082a8648ce3d040303")

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@cache
def key(_name: str, kind: str = "P-256") -> Any:
    """Return the key that goes by `_name`: the same at each call, so that certificates can be made to fit."""
    match kind:
        case "P-256":
            return ec.generate_private_key(ec.SECP256R1())
        case "P-384":
            return ec.generate_private_key(ec.SECP384R1())
        case "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class Plan:
    """One certificate to be: everything a case may want to change."""

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
        return builder.sign(self.issuer_key or self.key, hashes.SHA384())


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
    """Exchange `old` for `new`, of the same length, in what is signed of `certificate`, and sign it again."""
    signed_part = x509.load_der_x509_certificate(certificate).tbs_certificate_bytes
    assert signed_part.count(old) == 1
    assert len(old) == len(new)
    changed = signed_part.replace(old, new)
    signature = issuer_key.sign(changed, ec.ECDSA(hashes.SHA384()))
    return _tlv(0x30, changed + ECDSA_WITH_SHA384 + _tlv(0x03, b"\x00" + signature))


def _tlv(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


# Tokens.


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


def _chain_case(
    name: str,
    code: str | None,
    *,
    leaf: Callable[[Plan], Plan] = lambda plan: plan,
    intermediate: Callable[[Plan], Plan] = lambda plan: plan,
    root: Callable[[Plan], Plan] = lambda plan: plan,
) -> Case:
    """Make a chain in which one plan is changed; those below are planned upon the changed ones."""
    root_made = root(root_plan())
    intermediate_made = intermediate(intermediate_plan(root_made))
    leaf_made = leaf(leaf_plan(intermediate_made))
    chain = (der(leaf_made), der(intermediate_made), der(root_made))
    signer = leaf_made.key if isinstance(leaf_made.key, ec.EllipticCurvePrivateKey) else None
    return Case(name, code, token_of(chain, signer), (chain[2],))


@cache
def certificate_cases() -> tuple[Case, ...]:
    """Everything that can be wrong, or be unusual and right, with the certificates of a token."""
    return (*_times(), *_issuers(), *_markers(), *_extensions(), *_keys(), *_constraints(), *_shapes(), *_encodings())


def _times() -> list[Case]:
    every: list[Case] = []
    for place in ("leaf", "intermediate", "root"):
        # Of an expired or future root, cryptography says only that no path was found.
        expired = "path_untrusted" if place == "root" else "certificate_expired"
        future = "path_untrusted" if place == "root" else "certificate_not_yet_valid"
        changes: list[tuple[str, str | None, Callable[[Plan], Plan]]] = [
            ("expired by a second", expired, lambda plan: replace(plan, not_after=NOW - SECOND)),
            ("in its last second", None, lambda plan: replace(plan, not_after=NOW)),
            ("not yet valid by a second", future, lambda plan: replace(plan, not_before=NOW + SECOND)),
            ("in its first second", None, lambda plan: replace(plan, not_before=NOW)),
        ]
        every += [_chain_case(f"{place} {name}", code, **{place: change}) for name, code, change in changes]
    return every


def _issuers() -> list[Case]:
    leaf, intermediate, root = good_chain()
    impostor = root_plan(root_key=key("impostor", "P-384"))
    forged_intermediate = intermediate_plan(impostor)
    forged = (der(leaf_plan(forged_intermediate)), der(forged_intermediate), der(impostor))
    middle_leaf = replace(leaf_plan(), name="Middle leaf", key=key("middle")).marked(INTERMEDIATE_MARKER)
    lower_leaf = leaf_plan(middle_leaf)
    self_signed = replace(leaf_plan(), issuer_name="", issuer_key=None)
    issued_by_root = leaf_plan(root_plan())
    stranger = replace(intermediate_plan(), key=key("stranger", "P-384")).identified(key("root", "P-384"))
    second = replace(intermediate_plan(), name="Second", key=key("second", "P-384"), issuer_name="Intermediate")
    second = replace(second, issuer_key=key("intermediate", "P-384"))
    other_name = replace(leaf_plan(), issuer_name="Somebody else")
    capitals = replace(leaf_plan(), issuer_name="INTERMEDIATE")
    no_text = resigned(leaf, key("intermediate", "P-384"), b"\x0c\x04Leaf", b"\x0c\x04Le\xff\xfe")
    broken = leaf[:-1] + bytes([leaf[-1] ^ 1])
    broken_intermediate = intermediate[:-1] + bytes([intermediate[-1] ^ 1])
    two_algorithms = resigned(leaf, key("intermediate", "P-384"), ECDSA_WITH_SHA384, ECDSA_WITH_SHA384[:-1] + b"\x02")
    return [
        Case("good", None, signed(), (root,)),
        Case("good, among other roots", None, signed(), (der(impostor), root)),
        Case("root of the same name and another key", "path_untrusted", token_of(forged), (root,)),
        Case("x5c[2] is the impostor's root and not asked", "path_untrusted", token_of((*forged[:2], root)), (root,)),
        Case("leaf minted by a leaf", "path_untrusted", token_of((der(lower_leaf), der(middle_leaf), root)), (root,)),
        Case("self-signed leaf", "path_untrusted", token_of((der(self_signed), intermediate, root)), (root,)),
        Case(
            "self-signed leaf that is itself the anchor",
            "path_untrusted",
            token_of((der(self_signed), intermediate, root)),
            (der(self_signed),),
        ),
        Case("leaf issued by the root", "path_shape", token_of((der(issued_by_root), intermediate, root)), (root,)),
        Case("leaf is the root", "path_shape", token_of((root, intermediate, root)), (root,)),
        Case("intermediate is the root", "path_untrusted", token_of((leaf, root, root)), (root,)),
        Case("leaf in the place of the intermediate", "path_untrusted", token_of((leaf, leaf, root)), (root,)),
        Case("leaf and intermediate exchanged", "path_shape", token_of((intermediate, leaf, root)), (root,)),
        Case(
            "intermediate of the same name and another key",
            "path_untrusted",
            token_of((leaf, der(stranger), root)),
            (root,),
        ),
        Case(
            "leaf below a second intermediate",
            "path_untrusted",
            token_of((der(leaf_plan(second)), der(second), root)),
            (root,),
        ),
        Case("intermediate named as the anchor", "path_shape", signed(), (intermediate,)),
        Case("issuer's name differs", "path_untrusted", token_of((der(other_name), intermediate, root)), (root,)),
        Case("issuer's name in capitals", "path_untrusted", token_of((der(capitals), intermediate, root)), (root,)),
        Case("leaf's name is no text", "certificate_malformed", token_of((no_text, intermediate, root)), (root,)),
        _chain_case("leaf names another key as its issuer's", "path_untrusted", leaf=_misled),
        _chain_case("intermediate names another key as its issuer's", "path_untrusted", intermediate=_misled),
        Case("leaf's signature damaged", "path_untrusted", token_of((broken, intermediate, root)), (root,)),
        Case(
            "intermediate's signature damaged", "path_untrusted", token_of((leaf, broken_intermediate, root)), (root,)
        ),
        Case("leaf names two algorithms", "path_untrusted", token_of((two_algorithms, intermediate, root)), (root,)),
    ]


def _misled(plan: Plan) -> Plan:
    return plan.having(x509.AuthorityKeyIdentifier.from_issuer_public_key(key("stranger").public_key()))


def _markers() -> list[Case]:
    leaf_missing, intermediate_missing = "leaf_marker_missing", "intermediate_marker_missing"
    return [
        _chain_case("leaf without its marker", leaf_missing, leaf=lambda p: p.lacking(LEAF_MARKER)),
        _chain_case(
            "intermediate without its marker",
            intermediate_missing,
            intermediate=lambda p: p.lacking(INTERMEDIATE_MARKER),
        ),
        _chain_case(
            "leaf with the intermediate's marker",
            leaf_missing,
            leaf=lambda p: p.lacking(LEAF_MARKER).marked(INTERMEDIATE_MARKER),
        ),
        _chain_case(
            "intermediate with the leaf's marker",
            intermediate_missing,
            intermediate=lambda p: p.lacking(INTERMEDIATE_MARKER).marked(LEAF_MARKER),
        ),
        _chain_case(
            "root with the intermediate's marker, intermediate without",
            intermediate_missing,
            root=lambda p: p.marked(INTERMEDIATE_MARKER),
            intermediate=lambda p: p.lacking(INTERMEDIATE_MARKER),
        ),
        _chain_case("leaf with both markers", None, leaf=lambda p: p.marked(INTERMEDIATE_MARKER)),
        _chain_case("leaf's marker is critical", None, leaf=lambda p: p.marked(LEAF_MARKER, critical=True)),
        _chain_case(
            "intermediate's marker is critical",
            None,
            intermediate=lambda p: p.marked(INTERMEDIATE_MARKER, critical=True),
        ),
        _chain_case(
            "markers with another value", None, leaf=lambda p: p.having(_unrecognized(LEAF_MARKER, b"\x0c\x00"))
        ),
    ]


def _unrecognized(oid: ObjectIdentifier, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(oid, value)


def _extensions() -> list[Case]:
    policies = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("1.2.840.113635.100.5.6.1"), None)])
    names = x509.SubjectAlternativeName([x509.DNSName("apple.example")])
    web = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    key_ids = (x509.SubjectKeyIdentifier.oid, x509.AuthorityKeyIdentifier.oid)
    places = ("leaf", "intermediate", "root")
    return [
        *(
            _chain_case(
                f"{place} with an unknown critical extension",
                "path_untrusted",
                **{place: lambda p: p.marked(UNKNOWN, critical=True)},
            )
            for place in places
        ),
        *(
            _chain_case(f"{place} with an unknown extension", None, **{place: lambda p: p.marked(UNKNOWN)})
            for place in places
        ),
        *(
            _chain_case(
                f"{place} with critical certificatePolicies",
                None,
                **{place: lambda p: p.having(policies, critical=True)},
            )
            for place in places
        ),
        *(
            _chain_case(f"{place} without key identifiers", None, **{place: lambda p: p.lacking(*key_ids)})
            for place in places
        ),
        _chain_case(
            "intermediate with critical policyConstraints",
            "path_untrusted",
            intermediate=lambda p: p.having(x509.PolicyConstraints(0, None), critical=True),
        ),
        _chain_case("intermediate for web servers only", "path_untrusted", intermediate=lambda p: p.having(web)),
        _chain_case("leaf with subjectAltName", None, leaf=lambda p: p.having(names)),
        _chain_case(
            "intermediate that permits other names only",
            "path_untrusted",
            intermediate=lambda p: p.having(x509.NameConstraints([x509.DNSName("other.example")], None), critical=True),
            leaf=lambda p: p.having(names),
        ),
        _with_duplicate_extension(),
    ]


def _with_duplicate_extension() -> Case:
    """Make `UNKNOWN`'s object identifier into the marker's, which is as long, so that the leaf has the marker twice."""
    _, intermediate, root = good_chain()
    other = ObjectIdentifier("1.2.840.113635.100.6.11.9")
    twice = resigned(
        der(leaf_plan().marked(other)), key("intermediate", "P-384"), b"\x64\x06\x0b\x09", b"\x64\x06\x0b\x01"
    )
    return Case("leaf with its marker twice", "path_untrusted", token_of((twice, intermediate, root)), (root,))


def _keys() -> list[Case]:
    def own(kind: str) -> Callable[[Plan], Plan]:
        return lambda plan: replace(plan, key=key(f"{plan.name} {kind}", kind)).having(
            x509.SubjectKeyIdentifier.from_public_key(key(f"{plan.name} {kind}", kind).public_key())
        )

    return [
        _chain_case("leaf's key is RSA", "leaf_key_type", leaf=own("RSA")),
        _chain_case("leaf's key is on P-384", "leaf_key_type", leaf=own("P-384")),
        _chain_case("leaf's key is Ed25519", "leaf_key_type", leaf=own("Ed25519")),
        _chain_case("intermediate's key is on P-256", None, intermediate=own("P-256")),
        _chain_case("intermediate's key is RSA", None, intermediate=own("RSA")),
        _chain_case("root's key is on P-256", None, root=own("P-256")),
        _chain_case("leaf without key usage", "leaf_key_usage", leaf=lambda p: p.lacking(x509.KeyUsage.oid)),
        _chain_case(
            "leaf not for signatures", "leaf_key_usage", leaf=lambda p: p.having(usage("key_agreement"), critical=True)
        ),
        _chain_case(
            "leaf with keyCertSign",
            "leaf_key_usage",
            leaf=lambda p: p.having(usage("digital_signature", "key_cert_sign"), critical=True),
        ),
        _chain_case("leaf's key usage is not critical", None, leaf=lambda p: p.having(usage("digital_signature"))),
        _chain_case(
            "intermediate without key usage", "path_untrusted", intermediate=lambda p: p.lacking(x509.KeyUsage.oid)
        ),
        _chain_case(
            "intermediate without keyCertSign",
            "path_untrusted",
            intermediate=lambda p: p.having(usage("digital_signature", "crl_sign"), critical=True),
        ),
        _chain_case("root without key usage", "path_untrusted", root=lambda p: p.lacking(x509.KeyUsage.oid)),
    ]


def _constraints() -> list[Case]:
    basic = x509.BasicConstraints.oid
    return [
        _chain_case("leaf is a CA", "leaf_is_ca", leaf=lambda p: p.having(constraints(ca=True), critical=True)),
        _chain_case("leaf without basicConstraints", None, leaf=lambda p: p.lacking(basic)),
        _chain_case(
            "intermediate is not a CA",
            "path_untrusted",
            intermediate=lambda p: p.having(constraints(ca=False), critical=True),
        ),
        _chain_case("intermediate without basicConstraints", "path_untrusted", intermediate=lambda p: p.lacking(basic)),
        _chain_case(
            "intermediate's basicConstraints are not critical",
            None,
            intermediate=lambda p: p.having(constraints(ca=True, path_length=0)),
        ),
        _chain_case(
            "intermediate without a path length",
            None,
            intermediate=lambda p: p.having(constraints(ca=True), critical=True),
        ),
        _chain_case("root without basicConstraints", "path_untrusted", root=lambda p: p.lacking(basic)),
        _chain_case(
            "root is not a CA", "path_untrusted", root=lambda p: p.having(constraints(ca=False), critical=True)
        ),
        _chain_case(
            "root allows no intermediate",
            "path_untrusted",
            root=lambda p: p.having(constraints(ca=True, path_length=0), critical=True),
        ),
        _chain_case(
            "root allows one intermediate",
            None,
            root=lambda p: p.having(constraints(ca=True, path_length=1), critical=True),
        ),
    ]


def _shapes() -> list[Case]:
    leaf, intermediate, root = good_chain()
    roots = (root,)

    def with_chain(entries: object) -> str:
        return signed(header(x5c=entries))

    good = x5c(good_chain())
    return [
        Case("chain of none", "chain_length", with_chain([]), roots),
        Case("chain of one", "chain_length", with_chain(good[:1]), roots),
        Case("chain of two", "chain_length", with_chain(good[:2]), roots),
        Case("chain of four", "chain_length", with_chain([*good, good[2]]), roots),
        Case("chain is a string", "chain_length", with_chain(good[0]), roots),
        Case("chain is an object", "chain_length", with_chain({"0": good[0], "1": good[1], "2": good[2]}), roots),
        Case("chain is missing", "chain_length", signed({"alg": "ES256"}), roots),
        Case("chain is null", "chain_length", with_chain(None), roots),
        Case("chain of numbers", "chain_encoding", with_chain([1, 2, 3]), roots),
        Case("chain with null", "chain_encoding", with_chain([good[0], None, good[2]]), roots),
        Case("x5c[2] is no certificate", None, token_of((leaf, intermediate, b"nonsense")), roots),
        Case("x5c[2] is empty", None, with_chain([*good[:2], ""]), roots),
        Case("x5c[2] is somebody else's root", None, token_of((leaf, intermediate, der(root_plan("Other")))), roots),
        Case("x5c[2] is null", "chain_encoding", with_chain([*good[:2], None]), roots),
        Case("leaf is no certificate", "certificate_malformed", token_of((b"nonsense", intermediate, root)), roots),
        Case("leaf is empty", "certificate_malformed", token_of((b"", intermediate, root)), roots),
        Case("intermediate is no certificate", "certificate_malformed", token_of((leaf, b"\x30\x00", root)), roots),
        Case(
            "leaf with bytes after it", "certificate_malformed", token_of((leaf + b"\x00", intermediate, root)), roots
        ),
        Case(
            "intermediate with bytes after it",
            "certificate_malformed",
            token_of((leaf, intermediate + leaf, root)),
            roots,
        ),
        Case("leaf cut short", "certificate_malformed", token_of((leaf[:-1], intermediate, root)), roots),
        Case("leaf of an unknown version", "certificate_malformed", _with_leaf_version(7), roots),
        Case("leaf of version 1 with extensions", "certificate_malformed", _with_leaf_version(0), roots),
    ]


def _with_leaf_version(number: int) -> str:
    leaf, intermediate, root = good_chain()
    version_3 = bytes.fromhex("a003020102")
    changed = resigned(leaf, key("intermediate", "P-384"), version_3, version_3[:-1] + bytes([number]))
    return token_of((changed, intermediate, root))


def _encodings() -> list[Case]:
    root = good_chain()[2]
    leaf, intermediate, last = x5c((_until(lambda encoded: "+" in encoded or "/" in encoded), *good_chain()[1:]))
    padded = base64.b64encode(_until(lambda encoded: encoded.endswith("="))).decode()
    whole = base64.b64encode(_until(lambda encoded: not encoded.endswith("="))).decode()
    stem = padded.rstrip("=")
    loose = stem[:-1] + chr(ord(stem[-1]) + 1) + padded[len(stem) :]
    pem = "-----BEGIN CERTIFICATE-----\n" + leaf + "\n-----END CERTIFICATE-----\n"
    spelt = {
        "x5c[0] with a line break": leaf[:64] + "\n" + leaf[64:],
        "x5c[0] with a space after it": leaf + " ",
        "x5c[0] in base64url": leaf.replace("+", "-").replace("/", "_"),
        "x5c[0] without its padding": stem,
        "x5c[0] with too much padding": stem + "====",
        "x5c[0] with padding that it needs none of": whole + "=",
        "x5c[0] with a whole group of padding": whole + "====",
        "x5c[0] with spare bits set": loose,
        "x5c[0] in PEM": pem,
        "x5c[0] beyond ASCII": "é" + leaf[1:],
    }
    cases = [
        Case(name, "chain_encoding", signed(header(x5c=[entry, intermediate, last])), (root,))
        for name, entry in spelt.items()
    ]
    for place, entries in {"x5c[1]": [leaf, intermediate + "\n", last], "x5c[2]": [leaf, intermediate, "AB=="]}.items():
        cases.append(Case(f"{place} not canonical", "chain_encoding", signed(header(x5c=entries)), (root,)))
    return cases


def _until(fits: Callable[[str], bool]) -> bytes:
    """Mint good leaves until the base64 of one fits: serial numbers and signatures differ each time."""
    while not fits(base64.b64encode(leaf := der(leaf_plan())).decode()):
        pass
    return leaf


@cache
def token_cases() -> tuple[Case, ...]:
    """Everything that can be wrong, or be unusual and right, with a token under good certificates."""
    root = good_chain()[2]
    made: dict[str, tuple[str | None, str]] = {**_headers(), **_compact_forms(), **_signatures(), **_payloads()}
    return tuple(Case(name, code, token, (root,)) for name, (code, token) in made.items())


def _headers() -> dict[str, tuple[str | None, str]]:
    plain = json.dumps(header())
    return {
        "header with typ, kid and cty": (None, signed(header(typ="JWT", kid="1", cty="x"))),
        "header with a jwk, jku and x5u of its own": (
            None,
            signed(header(jwk=_jwk("stranger"), jku="https://x", x5u="y")),
        ),
        "jwk signs instead of the leaf": (
            "signature_invalid",
            signed(header(jwk=_jwk("stranger")), signing_key=key("stranger")),
        ),
        "alg none": ("algorithm_unknown", _unsigned(header(alg="none"))),
        "alg none, with a signature": ("algorithm_unknown", signed(header(alg="none"))),
        "alg HS256 keyed with the leaf": ("algorithm_unknown", _hmac_signed(good_chain()[0])),
        "alg HS256 keyed with the root": ("algorithm_unknown", _hmac_signed(good_chain()[2])),
        "alg ES384": ("algorithm_unknown", signed(header(alg="ES384"))),
        "alg ES256K": ("algorithm_unknown", signed(header(alg="ES256K"))),
        "alg es256": ("algorithm_unknown", signed(header(alg="es256"))),
        "alg with a space": ("algorithm_unknown", signed(header(alg="ES256 "))),
        "alg in a list": ("algorithm_unknown", signed(header(alg=["ES256"]))),
        "alg null": ("algorithm_unknown", signed(header(alg=None))),
        "alg missing": ("algorithm_unknown", signed({"x5c": x5c(good_chain())})),
        "crit": ("critical_header", signed(header(crit=["exp"], exp=1))),
        "crit empty": ("critical_header", signed(header(crit=[]))),
        "crit null": ("critical_header", signed(header(crit=None))),
        "crit with b64 false": ("critical_header", signed(header(crit=["b64"], b64=False))),
        "b64 true": ("critical_header", signed(header(b64=True))),
        "header key twice": ("header_not_json", signed((plain[:-1] + ', "alg": "ES256"}').encode())),
        "header alg twice, none first": ("header_not_json", signed(('{"alg": "none", ' + plain[1:]).encode())),
        "header inner key twice": ("header_not_json", signed((plain[:-1] + ', "jwk": {"a": 1, "a": 1}}').encode())),
        "header with NaN": ("header_not_json", signed((plain[:-1] + ', "n": NaN}').encode())),
        "header in UTF-16": ("header_not_json", signed(plain.encode("utf-16"))),
        "header after a byte order mark": ("header_not_json", signed(b"\xef\xbb\xbf" + plain.encode())),
        "header not UTF-8": ("header_not_json", signed((plain[:-1] + ', "n": "é"}').encode("latin-1"))),
        "header with half a surrogate pair": ("header_not_json", signed((plain[:-1] + ', "n": "\\ud800"}').encode())),
        "header is a list": ("header_not_json", signed(b"[" + plain.encode() + b"]")),
        "header is a string": ("header_not_json", signed(json.dumps(plain).encode())),
        "header with text after it": ("header_not_json", signed(plain.encode() + b"x")),
        "header with a comment": ("header_not_json", signed(plain.encode() + b"//")),
        "header with white space around": (None, signed(b" \n" + plain.encode() + b"\t")),
        "header nested deeply": ("header_not_json", signed(b'{"a":' + b"[" * 15_000)),
        "header empty": ("header_not_json", signed(b"")),
    }


def _jwk(name: str) -> dict[str, str]:
    numbers = key(name).public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": base64url(numbers.x.to_bytes(32)), "y": base64url(numbers.y.to_bytes(32))}


def _unsigned(head: Mapping[str, object]) -> str:
    return f"{base64url(json.dumps(head).encode())}.{base64url(json.dumps(claims()).encode())}."


def _hmac_signed(secret: bytes) -> str:
    message = _unsigned(header(alg="HS256"))[:-1]
    return f"{message}.{base64url(hmac.digest(secret, message.encode(), 'sha256'))}"


def _compact_forms() -> dict[str, tuple[str | None, str]]:
    good = signed(body=_of_length(0))
    head, body, signature = good.split(".")
    padded_head, padded_body, padded_signature = signed(body=_of_length(1)).split(".")
    last = signature[-1]
    loose = signature[:-1] + chr(ord(last) + 1)  # 64 bytes leave four spare bits: the letter after is another spelling
    parts, encoding = "token_not_three_parts", "token_encoding"
    return {
        "empty": (parts, ""),
        "one part": (parts, head),
        "two parts": (parts, f"{head}.{body}"),
        "four parts": (parts, f"{good}.{signature}"),
        "five parts": (parts, f"{good}.."),
        "a dot after it": (parts, f"{good}."),
        "only dots": ("header_not_json", ".."),
        "white space before it": (encoding, " " + good),
        "white space after it": (encoding, good + " "),
        "line break after it": (encoding, good + "\n"),
        "line break inside": (encoding, f"{head[:100]}\n{head[100:]}.{body}.{signature}"),
        "NUL after it": (encoding, good + "\x00"),
        "padded payload": (encoding, f"{padded_head}.{padded_body}==.{padded_signature}"),
        "padded signature": (encoding, good + "=="),
        "standard base64 signature": (encoding, f"{head}.{body}.+{signature[1:]}"),
        "spare bits of the signature set": (encoding, f"{head}.{body}.{loose}"),
        "one character too many": (encoding, f"{head}.{body}A.{signature}"),
        "beyond ASCII": (encoding, f"{head}.{body}.é{signature[1:]}"),
        "half a surrogate pair": (encoding, f"{head}.{body}.\ud800{signature[1:]}"),
        "full-width letters": (encoding, "\uff45" + good[1:]),
        "bearer prefix": (encoding, "Bearer " + good),
        "JSON serialization": (parts, json.dumps({"payload": body, "protected": head, "signature": signature})),
        "longer than 64 KiB": ("token_too_long", f"{head}.{base64url(b' ' * 50_000)}.{signature}"),
    }


def _of_length(remainder: int) -> bytes:
    """Return a good payload of that many bytes over a multiple of three."""
    plain = json.dumps(claims()).encode()
    return plain + b" " * ((remainder - len(plain)) % 3)


def _signatures() -> dict[str, tuple[str | None, str]]:
    good = signed()
    message, _, encoded = good.rpartition(".")
    raw = base64.urlsafe_b64decode(encoded + "==")
    r, s = raw[:32], raw[32:]
    distinguished_form = key("leaf").sign(message.encode(), ec.ECDSA(hashes.SHA256()))

    def changed(signature: bytes) -> str:
        return f"{message}.{base64url(signature)}"

    zero, order = bytes(32), P256_ORDER.to_bytes(32)
    other_body = base64url(json.dumps(claims(productId="another")).encode())
    made = {
        "signature in DER": changed(distinguished_form),
        "signature missing": f"{message}.",
        "signature of 63 bytes": changed(raw[:63]),
        "signature of 65 bytes": changed(raw + b"\x00"),
        "signature of 66 bytes, r and s led by a zero": changed(b"\x00" + r + b"\x00" + s),
        "signature of 128 bytes": changed(raw + raw),
        "r plus the order, in 33 bytes": changed((int.from_bytes(r) + P256_ORDER).to_bytes(33) + s.rjust(33, b"\x00")),
        "r is zero": changed(zero + s),
        "s is zero": changed(r + zero),
        "r and s are zero": changed(zero + zero),
        "r is the order": changed(order + s),
        "s is the order": changed(r + order),
        "r and s are the order": changed(order + order),
        "r and s are one": changed((b"\x01".rjust(32, b"\x00")) * 2),
        "r and s exchanged": changed(s + r),
        "every bit set": changed(b"\xff" * 64),
        "signed by another key": signed(signing_key=key("stranger")),
        "signed by the middle leaf": signed(signing_key=key("middle")),
        "payload exchanged": f"{message.split('.')[0]}.{other_body}.{encoded}",
        "signed without the dot": _signed_over(message.replace(".", "")),
        "signed over the payload alone": _signed_over(message.split(".")[1]),
        "digest signed twice over": _signed_over(message, twice=True),
    }
    return {
        **{name: ("signature_invalid", token) for name, token in made.items()},
        # (r, n - s) is a signature of the same bytes: ECDSA's own malleability, which RFC 7515 leaves as it is.
        "s is the order less s": (None, changed(r + (P256_ORDER - int.from_bytes(s)).to_bytes(32))),
    }


def _signed_over(message: str, *, twice: bool = False) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(message.encode())
    signature = raw_signature(key("leaf"), digest.finalize() if twice else message.encode())
    head, body, _ = signed().split(".")
    return f"{head}.{body}.{base64url(signature)}"


FIELDS: dict[str, tuple[object, ...]] = {
    # each documented field, and values that are not of its documented type
    "originalTransactionId": (None, 99371282, "", ["99371282"]),
    "appAppleId": (None, str(APP_ID), float(APP_ID), True, 2**63, {}),
    "productId": (None, 1, ["com.example.product"]),
    "userLocale": (None, 1, {"language": "en"}),
    "requestIdentifier": (
        None,
        1,
        "",
        "3db5c98d",
        "3db5c98d8acf4e29831e8e1f82f9f6e9",
        "{3db5c98d-8acf-4e29-831e-8e1f82f9f6e9}",
    ),
    "environment": (None, 1, ["Production"]),
    "signedDate": (None, str(NOW_MS), float(NOW_MS), NOW_MS + 0.5, True, -(2**63) - 1),
}


def _payloads() -> dict[str, tuple[str | None, str]]:
    plain = json.dumps(claims())

    def added(member: str) -> str:
        return signed(body=f"{plain[:-1]}, {member}}}".encode())

    unusual = {
        "payload with unknown fields": signed(body=claims(storefront="USA", nested={"a": [1, 2.5, None]})),
        "payload with white space around": signed(body=f" \n{plain}\t".encode()),
        "payload beyond the basic plane": signed(body=claims(note="\U0001f600 é 日本")),
        "payload with a pair of surrogates escaped": added('"note": "\\ud83d\\ude00"'),
        "payload with an escaped key": signed(body=plain.replace('"productId"', '"\\u0070roductId"').encode()),
        "requestIdentifier in capitals": signed(body=claims(requestIdentifier="3DB5C98D-8ACF-4E29-831E-8E1F82F9F6E9")),
    }
    malformed = {
        "payload empty": signed(body=b""),
        "payload is a list": signed(body=f"[{plain}]".encode()),
        "payload is null": signed(body=b"null"),
        "payload key twice": added('"productId": "com.example.product"'),
        "payload key twice, once escaped": added('"\\u0070roductId": "com.example.product"'),
        "payload inner key twice": added('"n": [{"a": 1, "a": 2}]'),
        "payload with NaN": added('"n": NaN'),
        "payload with Infinity": added('"n": -Infinity'),
        "payload with a number beyond floats": added('"n": 1e999'),
        "payload with a number of 5000 digits": added('"n": ' + "9" * 5000),
        "payload with half a surrogate pair": added('"n": "\\udc00"'),
        "payload with a control character": added('"n": "\x01"'),
        "payload in UTF-16": signed(body=plain.encode("utf-16-le")),
        "payload after a byte order mark": signed(body=b"\xef\xbb\xbf" + plain.encode()),
        "payload not UTF-8": signed(body=plain.replace("Production", "Product\xefon").encode("latin-1")),
        "payload with text after it": signed(body=f"{plain}{{}}".encode()),
        "payload with single quotes": signed(body=plain.replace('"', "'").encode()),
        "payload with a comma too many": signed(body=f"{plain[:-1]},}}".encode()),
        "payload nested deeply": added('"n": ' + "[" * 15_000),
    }
    missing = {
        f"{name} missing": signed(body={other: value for other, value in claims().items() if other != name})
        for name in FIELDS
    }
    mistyped = {
        f"{name} is {json.dumps(value)}": signed(body=claims(**{name: value}))
        for name, values in FIELDS.items()
        for value in values
    }
    return {
        **{name: (None, token) for name, token in unusual.items()},
        **{name: ("payload_not_json", token) for name, token in malformed.items()},
        **{name: ("claim_missing", token) for name, token in missing.items()},
        **{name: ("claim_type", token) for name, token in mistyped.items()},
    }
