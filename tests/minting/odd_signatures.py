"""Signatures of leaves: weak, misnamed, malformed, or by numbers that prove nothing."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.minting.asn1 import (
    BIT_STRING,
    INTEGER,
    SEQUENCE,
    children,
    edited,
    opened,
    tlv,
)
from tests.minting.certificates import (
    ECDSA_WITH_SHA384,
    NULL,
    P384_ORDER,
    certificate_of,
    der,
    good_chain,
    intermediate_plan,
    key,
    leaf_plan,
)
from tests.minting.leaves import (
    ALGORITHM,
    leaf_case,
    leafs_issuer,
)
from tests.minting.tokens import Case, token_of


def odd_signatures() -> list[Case]:
    return [*_signatures(), *_rsa_signatures()]


def _with_an_unused_bit(name: str, code: str | None, last: int) -> Case:
    """Return a case of a leaf whose signature's BIT STRING marks its last bit, which is `last`, as unused."""
    leaf = der(leaf_plan())
    while leaf[-1] & 1 != last:
        leaf = der(leaf_plan())
    return leaf_case(name, code, edited(leaf, (2,), lambda element: tlv(BIT_STRING, b"\x01" + opened(element)[1][1:])))


def _signatures() -> list[Case]:
    leaf = good_chain()[0]
    signed_part, algorithm, signature = children(opened(leaf)[1])
    raw = opened(signature)[1][1:]
    r, s = decode_dss_signature(raw)

    def integer(number: int) -> bytes:
        return tlv(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, signed=True))

    def numbers(first: bytes, second: bytes) -> bytes:
        return certificate_of(signed_part, algorithm, tlv(SEQUENCE, first + second))

    def hashed(kind: hashes.HashAlgorithm, oid: str) -> bytes:
        other = tlv(SEQUENCE, bytes.fromhex(oid))
        changed = edited(signed_part, (ALGORITHM,), lambda _: other)
        return certificate_of(changed, other, leafs_issuer().sign(changed, ec.ECDSA(kind)))

    with_null = tlv(SEQUENCE, opened(ECDSA_WITH_SHA384)[1] + NULL)
    null_inside = edited(signed_part, (ALGORITHM,), lambda _: with_null)
    return [
        leaf_case("leaf signed with SHA-1", "path_untrusted", hashed(hashes.SHA1(), "06072a8648ce3d0401")),  # noqa: S303 - to be refused
        leaf_case("leaf signed with SHA-224", "path_untrusted", hashed(hashes.SHA224(), "06082a8648ce3d040301")),
        leaf_case("leaf signed with SHA-256", None, hashed(hashes.SHA256(), "06082a8648ce3d040302")),
        leaf_case("leaf signed with SHA-512", None, hashed(hashes.SHA512(), "06082a8648ce3d040304")),
        leaf_case("leaf signed with SHA3-384", "path_untrusted", hashed(hashes.SHA3_384(), "060960864801650304030b")),
        leaf_case(
            "leaf names SHA-256 and is signed with SHA-384",
            "path_untrusted",
            hashed(hashes.SHA384(), "06082a8648ce3d040302"),
        ),
        leaf_case(
            "leaf names RSA and is signed with ECDSA",
            "path_untrusted",
            hashed(hashes.SHA384(), "06092a864886f70d01010c"),
        ),
        leaf_case(
            "leaf names Ed25519 and is signed with ECDSA", "path_untrusted", hashed(hashes.SHA384(), "06032b6570")
        ),
        leaf_case(
            "leaf names an unknown algorithm",
            "certificate_malformed",
            hashed(hashes.SHA384(), "06092a864886f76364066300"),
        ),
        leaf_case(
            "leaf's algorithm has a NULL",
            "certificate_malformed",
            certificate_of(null_inside, with_null, leafs_issuer().sign(null_inside, ec.ECDSA(hashes.SHA384()))),
        ),
        leaf_case(
            "leaf's algorithm has a NULL outside only",
            "certificate_malformed",
            certificate_of(signed_part, with_null, raw),
        ),
        _with_an_unused_bit("leaf's signature with an unused bit that is set", "certificate_malformed", 1),
        _with_an_unused_bit("leaf's signature with an unused bit", "certificate_malformed", 0),
        leaf_case("leaf's signature is empty", "path_untrusted", certificate_of(signed_part, algorithm, b"")),
        leaf_case(
            "leaf's signature is r and s without ASN.1",
            "path_untrusted",
            certificate_of(signed_part, algorithm, r.to_bytes(48) + s.to_bytes(48)),
        ),
        leaf_case("leaf's signature has zeros", "path_untrusted", numbers(integer(0), integer(0))),
        leaf_case(
            "leaf's signature has the order", "path_untrusted", numbers(integer(P384_ORDER), integer(P384_ORDER))
        ),
        leaf_case("leaf's signature has a negative r", "path_untrusted", numbers(integer(-r), integer(s))),
        leaf_case(
            "leaf's signature has r plus the order", "path_untrusted", numbers(integer(r + P384_ORDER), integer(s))
        ),
        leaf_case("leaf's signature has the order less s", None, numbers(integer(r), integer(P384_ORDER - s))),
        leaf_case(
            "leaf's signature has r led by zeros",
            "path_untrusted",
            numbers(tlv(INTEGER, b"\x00\x00" + r.to_bytes(48)), integer(s)),
        ),
        leaf_case(
            "leaf's signature with bytes after it",
            "path_untrusted",
            certificate_of(signed_part, algorithm, raw + b"\x00"),
        ),
        leaf_case(
            "leaf's signature with a third number",
            "path_untrusted",
            certificate_of(signed_part, algorithm, tlv(SEQUENCE, integer(r) + integer(s) + integer(1))),
        ),
    ]


def _rsa_signatures() -> list[Case]:
    issuer: rsa.RSAPrivateKey = key("RSA issuer", "RSA")
    intermediate_made = intermediate_plan().with_key(issuer)
    leaf = der(leaf_plan(intermediate_made))
    signed_part = children(opened(leaf)[1])[0]
    chain = (der(intermediate_made), good_chain()[2])

    def case(name: str, code: str | None, oid: str, kind: hashes.HashAlgorithm, parameters: bytes = NULL) -> Case:
        algorithm = tlv(SEQUENCE, bytes.fromhex(oid) + parameters)
        changed = edited(signed_part, (ALGORITHM,), lambda _: algorithm)
        made = certificate_of(changed, algorithm, issuer.sign(changed, padding.PKCS1v15(), kind))
        return Case(name, code, token_of((made, *chain)), (chain[1],))

    return [
        case("leaf signed by RSA with MD5", "path_untrusted", "06092a864886f70d010104", hashes.MD5()),  # noqa: S303 - to be refused
        case("leaf signed by RSA with SHA-1", "path_untrusted", "06092a864886f70d010105", hashes.SHA1()),  # noqa: S303 - likewise
        case("leaf signed by RSA with SHA-256", None, "06092a864886f70d01010b", hashes.SHA256()),
        case(
            "leaf signed by RSA, which lacks its NULL", "path_untrusted", "06092a864886f70d01010b", hashes.SHA256(), b""
        ),
        case(
            "leaf names RSA-PSS and is signed with PKCS #1 v1.5",
            "certificate_malformed",
            "06092a864886f70d01010a",
            hashes.SHA256(),
        ),
    ]
