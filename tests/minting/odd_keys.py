"""Keys of leaves: curves, points and algorithms that are not P-256 as RFC 5480 spells it."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.minting.asn1 import (
    BIT_STRING,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    tlv,
)
from tests.minting.certificates import (
    NULL,
    P256_ORDER,
    good_chain,
    key,
    reworked,
)
from tests.minting.curveball import spelled_out
from tests.minting.leaves import (
    KEY,
    leaf_with,
    leafs_issuer,
)
from tests.minting.tokens import Case, token_of

EC_KEY, P256 = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107")


def odd_keys() -> list[Case]:
    public = key("leaf").public_key()
    numbers = public.public_numbers()
    uncompressed = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    compressed = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    x, y = uncompressed[1:33], uncompressed[33:]

    def with_key(name: str, code: str | None, parameters: bytes, point: bytes, kind: bytes = EC_KEY) -> Case:
        element = tlv(SEQUENCE, tlv(SEQUENCE, kind + parameters) + tlv(BIT_STRING, b"\x00" + point))
        return leaf_with(f"leaf's {name}", code, (KEY,), element)

    hybrid = bytes([6 + numbers.y % 2]) + x + y
    field = 2**256 - 2**224 + 2**192 + 2**96 - 1
    return [
        with_key("curve is spelled out", "leaf_key_type", _p256_spelled_out(), uncompressed),
        with_key(
            "curve is spelled out, with another generator",
            "certificate_malformed",
            _p256_spelled_out(uncompressed),
            uncompressed,
        ),
        with_key("curve is named by its issuer (NULL)", "certificate_malformed", NULL, uncompressed),
        _intermediate_spelled_out(),
        with_key("curve is missing", "certificate_malformed", b"", uncompressed),
        with_key("curve is secp256k1", "certificate_malformed", bytes.fromhex("06052b8104000a"), uncompressed),
        with_key(
            "curve is brainpoolP256r1", "certificate_malformed", bytes.fromhex("06092b2403030208010107"), uncompressed
        ),
        with_key("curve is unknown", "certificate_malformed", bytes.fromhex("06092a864886f76364066300"), uncompressed),
        with_key("curve names P-384", "certificate_malformed", bytes.fromhex("06052b81040022"), uncompressed),
        with_key("key is for ECDH only", "certificate_malformed", P256, uncompressed, bytes.fromhex("06052b8104010c")),
        with_key(
            "key is of an unknown kind",
            "certificate_malformed",
            P256,
            uncompressed,
            bytes.fromhex("06092a864886f76364066300"),
        ),
        with_key("key names RSA", "certificate_malformed", NULL, uncompressed, bytes.fromhex("06092a864886f70d010101")),
        with_key("point is compressed", None, P256, compressed),
        with_key("point is hybrid", "leaf_key_type", P256, hybrid),
        with_key(
            "point is hybrid with the other parity", "certificate_malformed", P256, bytes([hybrid[0] ^ 1]) + x + y
        ),
        with_key("point is at infinity", "certificate_malformed", P256, b"\x00"),
        with_key("point is empty", "certificate_malformed", P256, b""),
        with_key("point is zero", "certificate_malformed", P256, b"\x04" + bytes(64)),
        with_key("point is not on the curve", "certificate_malformed", P256, b"\x04" + x + bytes([*y[:-1], y[-1] ^ 1])),
        with_key(
            "point has coordinates beyond the field",
            "certificate_malformed",
            P256,
            b"\x04" + (field + 5).to_bytes(32) + y,
        ),
        with_key("point is cut short", "certificate_malformed", P256, uncompressed[:-1]),
        with_key("point with a byte after it", "certificate_malformed", P256, uncompressed + b"\x00"),
        with_key("point of an unknown form", "certificate_malformed", P256, b"\x05" + x + y),
        with_key("point without its form", "certificate_malformed", P256, x + y),
        _key_with_an_unused_bit("leaf's point has an unused bit that is set", "certificate_malformed", 1),
        _key_with_an_unused_bit("leaf's point has an unused bit", "certificate_malformed", 0),
    ]


def _key_with_an_unused_bit(name: str, code: str | None, last: int) -> Case:
    """Return a case of a key whose BIT STRING marks its last bit, which is `last`, as unused."""
    own = _of_parity(last)
    point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _leaf_of(own, name, code, b"\x01" + point)


def compressed(last: int) -> Case:
    """Return a good case of a leaf whose key is spelled by its x, and by the last bit of its y, which is `last`."""
    own = _of_parity(last)
    point = own.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return _leaf_of(own, "leaf's point is compressed", None, b"\x00" + point)


def _of_parity(last: int) -> ec.EllipticCurvePrivateKey:
    own = ec.generate_private_key(ec.SECP256R1())
    while own.public_key().public_numbers().y & 1 != last:
        own = ec.generate_private_key(ec.SECP256R1())
    return own


def _leaf_of(own: ec.EllipticCurvePrivateKey, name: str, code: str | None, bits: bytes) -> Case:
    leaf, intermediate, root = good_chain()
    element = tlv(SEQUENCE, tlv(SEQUENCE, EC_KEY + P256) + tlv(BIT_STRING, bits))
    made = reworked(leaf, leafs_issuer(), (KEY,), lambda _: element)
    return Case(name, code, token_of((made, intermediate, root), own), (root,))


def _intermediate_spelled_out() -> Case:
    leaf, intermediate, root = good_chain()
    public = spelled_out(leafs_issuer().public_key())
    made = reworked(intermediate, key("root", "P-384"), (KEY,), lambda _: public)
    return Case(
        "intermediate's curve is spelled out, its key the generator",
        "path_untrusted",
        token_of((leaf, made, root)),
        (root,),
    )


def _p256_spelled_out(generator: bytes = b"") -> bytes:
    """Return P-256 as ECParameters (X9.62), the way a certificate names a curve of its own."""
    field = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    base = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    prime_field = tlv(SEQUENCE, bytes.fromhex("06072a8648ce3d0101") + tlv(INTEGER, b"\x00" + field.to_bytes(32)))
    curve = tlv(SEQUENCE, tlv(OCTET_STRING, (field - 3).to_bytes(32)) + tlv(OCTET_STRING, b.to_bytes(32)))
    point = generator or base.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    order = tlv(INTEGER, b"\x00" + P256_ORDER.to_bytes(32))
    version, cofactor = tlv(INTEGER, b"\x01"), tlv(INTEGER, b"\x01")
    return tlv(SEQUENCE, version + prime_field + curve + tlv(OCTET_STRING, point) + order + cofactor)
