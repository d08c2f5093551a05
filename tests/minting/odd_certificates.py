"""Leaves that another encoder, another standard or an attacker would write: odd DER, signatures, names and keys.

All are signed by the good intermediate, so that nothing but the oddity is wrong with them.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from minting.asn1 import (
    BIT_STRING,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UTC_TIME,
    children,
    edited,
    opened,
    tlv,
)
from minting.certificates import (
    ECDSA_WITH_SHA384,
    NULL,
    P256_ORDER,
    P384_ORDER,
    certificate_of,
    certified,
    der,
    good_chain,
    intermediate_plan,
    key,
    leaf_plan,
    reworked,
)
from minting.curveball import spelled_out
from minting.tokens import Case, token_of

# Where things stand in what is signed of a certificate (TBSCertificate, RFC 5280, 4.1).
VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, KEY, EXTENSIONS = range(8)

EC_KEY, P256 = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107")
TRUE = b"\x01\x01\xff"
FALSE = b"\x01\x01\x00"


def odd_certificates() -> list[Case]:
    """Return a case for each; every one of them has a good signature where it has one at all."""
    return [*_serials(), *_dates(), *_names(), *_encoders(), *_signatures(), *_keys(), *_extensions()]


def _issuer() -> ec.EllipticCurvePrivateKey:
    found: ec.EllipticCurvePrivateKey = key("intermediate", "P-384")
    return found


def _case(name: str, code: str | None, leaf: bytes) -> Case:
    _, intermediate, root = good_chain()
    return Case(name, code, token_of((leaf, intermediate, root)), (root,))


def _with(name: str, code: str | None, path: tuple[int, ...], element: bytes) -> Case:
    """Return a case whose leaf has `element` at `path`."""
    return _case(name, code, reworked(good_chain()[0], _issuer(), path, lambda _: element))


def _serials() -> list[Case]:
    numbers: dict[str, tuple[str | None, bytes]] = {
        "zero": ("certificate_malformed", b"\x00"),
        "negative": ("certificate_malformed", b"\xff\x01"),
        "of 21 bytes": (None, b"\x01" * 21),
        "of 200 bytes": ("path_untrusted", b"\x01" * 200),
        "led by zeros": ("certificate_malformed", b"\x00\x00\x01"),
        "empty": ("certificate_malformed", b""),
    }
    return [
        _with(f"leaf's serial number is {name}", code, (SERIAL,), tlv(INTEGER, value))
        for name, (code, value) in numbers.items()
    ]


def _dates() -> list[Case]:
    def validity(name: str, code: str | None, begin: bytes, end: bytes) -> Case:
        return _with(f"leaf's validity {name}", code, (VALIDITY,), tlv(SEQUENCE, begin + end))

    def utc(text: str) -> bytes:
        return tlv(UTC_TIME, text.encode())

    def general(text: str) -> bytes:
        return tlv(GENERALIZED_TIME, text.encode())

    begin, end = utc("260101000000Z"), utc("271231235959Z")
    return [
        validity("ends before it begins", "certificate_expired", end, begin),
        validity("without seconds", "certificate_malformed", utc("2601010000Z"), end),
        validity("in another zone", "certificate_malformed", utc("260101000000+0900"), end),
        validity("without a zone", "certificate_malformed", utc("260101000000"), end),
        validity(
            "as GeneralizedTime before 2050", "path_untrusted", general("20260101000000Z"), general("20271231235959Z")
        ),
        validity("with fractions of seconds", "certificate_malformed", begin, general("20271231235959.5Z")),
        validity("without an end (9999)", None, begin, general("99991231235959Z")),
        validity("on the thirtieth of February", "certificate_malformed", begin, utc("270230000000Z")),
        validity("in a thirteenth month", "certificate_malformed", begin, utc("271301000000Z")),
        validity("in UTCTime of 1950", None, utc("500101000000Z"), end),
        validity("with one date", "certificate_malformed", begin, b""),
        validity("with three dates", "certificate_malformed", begin, end + end),
        validity("empty", "certificate_malformed", b"", b""),
        validity("of words", "certificate_malformed", utc("yesterday"), utc("tomorrow")),
    ]


def _names() -> list[Case]:
    def name(*parts: tuple[int, bytes]) -> bytes:
        common = bytes.fromhex("0603550403")
        return tlv(SEQUENCE, b"".join(tlv(SET, tlv(SEQUENCE, common + tlv(tag, text))) for tag, text in parts))

    utf8, printable, bmp, universal = 0x0C, 0x13, 0x1E, 0x1C
    return [
        _with("leaf's name is empty", None, (SUBJECT,), name()),
        _with("leaf's name has a NUL", None, (SUBJECT,), name((utf8, b"Leaf\x00.apple.com"))),
        _with("leaf's name has 20 KiB", None, (SUBJECT,), name((utf8, b"x" * 20_480))),
        _with("leaf's name has 500 parts", None, (SUBJECT,), name(*[(utf8, b"x")] * 500)),
        _with("leaf's name is the root's", None, (SUBJECT,), name((utf8, b"Root"))),
        _with("leaf's name in UTF-16", None, (SUBJECT,), name((bmp, "Leaf".encode("utf-16-be")))),
        _with("leaf's name in UTF-16, cut", "certificate_malformed", (SUBJECT,), name((bmp, b"\x00L\x00"))),
        _with("leaf's name in UTF-32", None, (SUBJECT,), name((universal, "Leaf".encode("utf-32-be")))),
        _with("leaf's name is a number", "certificate_malformed", (SUBJECT,), name((INTEGER, b"\x01"))),
        _with("leaf's name is an empty set", "certificate_malformed", (SUBJECT,), tlv(SEQUENCE, tlv(SET, b""))),
        _with(
            "leaf's country has three letters",
            None,
            (SUBJECT,),
            tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, bytes.fromhex("0603550406") + tlv(printable, b"USA")))),
        ),
        _with("issuer's name in another string type", "path_untrusted", (ISSUER,), name((printable, b"Intermediate"))),
        _with("issuer's name with a space after it", "path_untrusted", (ISSUER,), name((utf8, b"Intermediate "))),
        _with("issuer's name with a NUL after it", "path_untrusted", (ISSUER,), name((utf8, b"Intermediate\x00"))),
        _with("issuer's name is empty", "path_untrusted", (ISSUER,), name()),
        _with(
            "issuer's name twice", "path_untrusted", (ISSUER,), name((utf8, b"Intermediate"), (utf8, b"Intermediate"))
        ),
    ]


def _encoders() -> list[Case]:
    leaf = good_chain()[0]
    content = opened(leaf)[1]
    signed_part, algorithm, signature = children(content)
    parts = children(opened(signed_part)[1])
    extensions = len(parts) - 1

    def signed_parts(*elements: bytes) -> bytes:
        return certified(tlv(SEQUENCE, b"".join(elements)), _issuer())

    length = len(content).to_bytes(2)
    return [
        _case("leaf in indefinite length", "certificate_malformed", b"\x30\x80" + content + b"\x00\x00"),
        _case("leaf in a length of four bytes", "certificate_malformed", b"\x30\x84\x00\x00" + length + content),
        _case(
            "leaf in a length of 126 bytes", "certificate_malformed", b"\x30\xfe" + length.rjust(126, b"\x00") + content
        ),
        _case("leaf in a set", "certificate_malformed", tlv(SET, content)),
        _case("leaf without its signature", "certificate_malformed", tlv(SEQUENCE, signed_part + algorithm)),
        _case("leaf with a fourth part", "certificate_malformed", tlv(SEQUENCE, content + NULL)),
        _with_an_unused_bit("leaf's signature with an unused bit that is set", "certificate_malformed", 1),
        _with_an_unused_bit("leaf's signature with an unused bit", None, 0),
        _case(
            "leaf's signature in an octet string",
            "certificate_malformed",
            tlv(SEQUENCE, signed_part + algorithm + tlv(OCTET_STRING, opened(signature)[1][1:])),
        ),
        _case(
            "leaf with its parts in another order",
            "certificate_malformed",
            signed_parts(*parts[:SERIAL], parts[ALGORITHM], parts[SERIAL], *parts[ISSUER:]),
        ),
        _case("leaf with its extensions twice", "certificate_malformed", signed_parts(*parts, parts[extensions])),
        _case("leaf without extensions", "leaf_marker_missing", signed_parts(*parts[:extensions])),
        _case(
            "leaf with an empty list of extensions",
            "leaf_marker_missing",
            signed_parts(*parts[:extensions], tlv(0xA3, tlv(SEQUENCE, b""))),
        ),
        _case(
            "leaf of version 1, spelled out",
            "certificate_malformed",
            signed_parts(tlv(0xA0, tlv(INTEGER, b"\x00")), *parts[SERIAL:extensions]),
        ),
        _case("leaf of version 1", "path_untrusted", signed_parts(*parts[SERIAL:extensions])),
        _case(
            "leaf of version 2",
            "certificate_malformed",
            signed_parts(tlv(0xA0, tlv(INTEGER, b"\x01")), *parts[SERIAL:]),
        ),
        _case(
            "leaf of version -1",
            "certificate_malformed",
            signed_parts(tlv(0xA0, tlv(INTEGER, b"\xff")), *parts[SERIAL:]),
        ),
        _case(
            "leaf with a unique identifier",
            None,
            signed_parts(*parts[:extensions], tlv(0x82, b"\x00\x01"), parts[extensions]),
        ),
        _case("leaf's signed part with bytes after it", "certificate_malformed", signed_parts(*parts, NULL)),
        _case("leaf is a signed nothing", "certificate_malformed", certified(tlv(SEQUENCE, b""), _issuer())),
        _case("leaf is a signed text", "certificate_malformed", certified(tlv(OCTET_STRING, b"Leaf"), _issuer())),
    ]


def _with_an_unused_bit(name: str, code: str | None, last: int) -> Case:
    """Return a case of a leaf whose signature says that its last bit, which is `last`, is none of it."""
    leaf = der(leaf_plan())
    while leaf[-1] & 1 != last:
        leaf = der(leaf_plan())
    return _case(name, code, edited(leaf, (2,), lambda whole: tlv(BIT_STRING, b"\x01" + opened(whole)[1][1:])))


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
        return certificate_of(changed, other, _issuer().sign(changed, ec.ECDSA(kind)))

    with_null = tlv(SEQUENCE, opened(ECDSA_WITH_SHA384)[1] + NULL)
    null_inside = edited(signed_part, (ALGORITHM,), lambda _: with_null)
    return [
        _case("leaf signed with SHA-1", "path_untrusted", hashed(hashes.SHA1(), "06072a8648ce3d0401")),  # noqa: S303 - to be refused
        _case("leaf signed with SHA-224", "path_untrusted", hashed(hashes.SHA224(), "06082a8648ce3d040301")),
        _case("leaf signed with SHA-256", None, hashed(hashes.SHA256(), "06082a8648ce3d040302")),
        _case("leaf signed with SHA-512", None, hashed(hashes.SHA512(), "06082a8648ce3d040304")),
        _case("leaf signed with SHA3-384", "path_untrusted", hashed(hashes.SHA3_384(), "060960864801650304030b")),
        _case(
            "leaf says SHA-256 and is signed with SHA-384",
            "path_untrusted",
            hashed(hashes.SHA384(), "06082a8648ce3d040302"),
        ),
        _case(
            "leaf says RSA and is signed with ECDSA",
            "path_untrusted",
            hashed(hashes.SHA384(), "06092a864886f70d01010c"),
        ),
        _case("leaf says Ed25519 and is signed with ECDSA", "path_untrusted", hashed(hashes.SHA384(), "06032b6570")),
        _case(
            "leaf says an unknown algorithm",
            "certificate_malformed",
            hashed(hashes.SHA384(), "06092a864886f76364066300"),
        ),
        _case(
            "leaf's algorithm has a NULL",
            "certificate_malformed",
            certificate_of(null_inside, with_null, _issuer().sign(null_inside, ec.ECDSA(hashes.SHA384()))),
        ),
        _case(
            "leaf's algorithm has a NULL outside only",
            "certificate_malformed",
            certificate_of(signed_part, with_null, raw),
        ),
        _case("leaf's signature is empty", "path_untrusted", certificate_of(signed_part, algorithm, b"")),
        _case(
            "leaf's signature is r and s without ASN.1",
            "path_untrusted",
            certificate_of(signed_part, algorithm, r.to_bytes(48) + s.to_bytes(48)),
        ),
        _case("leaf's signature has zeros", "path_untrusted", numbers(integer(0), integer(0))),
        _case("leaf's signature has the order", "path_untrusted", numbers(integer(P384_ORDER), integer(P384_ORDER))),
        _case("leaf's signature has a negative r", "path_untrusted", numbers(integer(-r), integer(s))),
        _case("leaf's signature has r plus the order", "path_untrusted", numbers(integer(r + P384_ORDER), integer(s))),
        _case("leaf's signature has the order less s", None, numbers(integer(r), integer(P384_ORDER - s))),
        _case(
            "leaf's signature has r led by zeros",
            "path_untrusted",
            numbers(tlv(INTEGER, b"\x00\x00" + r.to_bytes(48)), integer(s)),
        ),
        _case(
            "leaf's signature with bytes after it",
            "path_untrusted",
            certificate_of(signed_part, algorithm, raw + b"\x00"),
        ),
        _case(
            "leaf's signature with a third number",
            "path_untrusted",
            certificate_of(signed_part, algorithm, tlv(SEQUENCE, integer(r) + integer(s) + integer(1))),
        ),
        *_rsa_signatures(),
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
            "leaf says RSA-PSS and is signed with PKCS #1 v1.5",
            "certificate_malformed",
            "06092a864886f70d01010a",
            hashes.SHA256(),
        ),
    ]


def _keys() -> list[Case]:
    public = key("leaf").public_key()
    numbers = public.public_numbers()
    uncompressed = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    compressed = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    x, y = uncompressed[1:33], uncompressed[33:]

    def with_key(name: str, code: str | None, parameters: bytes, point: bytes, kind: bytes = EC_KEY) -> Case:
        element = tlv(SEQUENCE, tlv(SEQUENCE, kind + parameters) + tlv(BIT_STRING, b"\x00" + point))
        return _with(f"leaf's {name}", code, (KEY,), element)

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
        with_key("curve says P-384", "certificate_malformed", bytes.fromhex("06052b81040022"), uncompressed),
        with_key("key is for ECDH only", "certificate_malformed", P256, uncompressed, bytes.fromhex("06052b8104010c")),
        with_key(
            "key is of an unknown kind",
            "certificate_malformed",
            P256,
            uncompressed,
            bytes.fromhex("06092a864886f76364066300"),
        ),
        with_key("key says RSA", "certificate_malformed", NULL, uncompressed, bytes.fromhex("06092a864886f70d010101")),
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
    """Return a case of a key whose point says that its last bit, which is `last`, is none of it."""
    own = ec.generate_private_key(ec.SECP256R1())
    while own.public_key().public_numbers().y & 1 != last:
        own = ec.generate_private_key(ec.SECP256R1())
    leaf, intermediate, root = good_chain()
    point = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    element = tlv(SEQUENCE, tlv(SEQUENCE, EC_KEY + P256) + tlv(BIT_STRING, b"\x01" + point))
    made = reworked(leaf, _issuer(), (KEY,), lambda _: element)
    return Case(name, code, token_of((made, intermediate, root), own), (root,))


def _intermediate_spelled_out() -> Case:
    leaf, intermediate, root = good_chain()
    public = spelled_out(_issuer().public_key())
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


def _extensions() -> list[Case]:
    leaf = good_chain()[0]
    extensions = children(opened(children(opened(children(opened(leaf)[1])[0])[1])[EXTENSIONS])[1])[0]
    every = children(opened(extensions)[1])

    def oid_of(dotted: str) -> bytes:
        arcs = [int(arc) for arc in dotted.split(".")]
        encoded = b""
        for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
            digits = [arc & 0x7F]
            while arc := arc >> 7:
                digits.append(arc & 0x7F | 0x80)
            encoded += bytes(reversed(digits))
        return tlv(0x06, encoded)

    def extension(dotted: str, value: bytes, critical: bytes = b"") -> bytes:
        return tlv(SEQUENCE, oid_of(dotted) + critical + tlv(OCTET_STRING, value))

    def place_of(dotted: str) -> int:
        return next(place for place, one in enumerate(every) if children(opened(one)[1])[0] == oid_of(dotted))

    def instead(name: str, code: str | None, dotted: str, element: bytes) -> Case:
        return _with(name, code, (EXTENSIONS, 0, place_of(dotted)), element)

    def more(name: str, code: str | None, *elements: bytes) -> Case:
        return _with(name, code, (EXTENSIONS, 0), tlv(SEQUENCE, b"".join((*every, *elements))))

    usage, basic, marker, issuer_key = "2.5.29.15", "2.5.29.19", "1.2.840.113635.100.6.11.1", "2.5.29.35"
    signing = tlv(BIT_STRING, b"\x07\x80")
    return [
        more("leaf with key usage twice", "path_untrusted", extension(usage, tlv(BIT_STRING, b"\x02\x04"), TRUE)),
        more("leaf with basicConstraints twice", "path_untrusted", extension(basic, tlv(SEQUENCE, TRUE), TRUE)),
        instead(
            "leaf's key usage says critical: 1",
            "certificate_malformed",
            usage,
            extension(usage, signing, b"\x01\x01\x01"),
        ),
        instead(
            "leaf's key usage says critical: false", "certificate_malformed", usage, extension(usage, signing, FALSE)
        ),
        instead("leaf's key usage is empty", "leaf_key_usage", usage, extension(usage, tlv(BIT_STRING, b"\x00"), TRUE)),
        instead(
            "leaf's key usage with zeros after it",
            None,
            usage,
            extension(usage, tlv(BIT_STRING, b"\x00\x80\x00"), TRUE),
        ),
        instead(
            "leaf's key usage is no bit string",
            "certificate_malformed",
            usage,
            extension(usage, tlv(INTEGER, b"\x01"), TRUE),
        ),
        instead(
            "leaf's key usage with bytes after it",
            "certificate_malformed",
            usage,
            extension(usage, signing + NULL, TRUE),
        ),
        instead(
            "leaf's key usage of 100 bytes",
            "leaf_key_usage",
            usage,
            extension(usage, tlv(BIT_STRING, b"\x00" + b"\xff" * 100), TRUE),
        ),
        instead(
            "leaf's basicConstraints are no sequence", "certificate_malformed", basic, extension(basic, signing, TRUE)
        ),
        instead(
            "leaf's basicConstraints say ca: 1",
            "certificate_malformed",
            basic,
            extension(basic, tlv(SEQUENCE, b"\x01\x01\x01"), TRUE),
        ),
        instead(
            "leaf's basicConstraints have a path length and no CA",
            "certificate_malformed",
            basic,
            extension(basic, tlv(SEQUENCE, tlv(INTEGER, b"\x00")), TRUE),
        ),
        instead(
            "leaf's basicConstraints have a negative path length",
            "certificate_malformed",
            basic,
            extension(basic, tlv(SEQUENCE, TRUE + tlv(INTEGER, b"\xff")), TRUE),
        ),
        instead(
            "leaf's issuer key names nothing",
            None,
            issuer_key,
            extension(issuer_key, tlv(SEQUENCE, b"")),
        ),
        instead("leaf's issuer key is no sequence", "certificate_malformed", issuer_key, extension(issuer_key, NULL)),
        instead("leaf's marker without value", None, marker, extension(marker, b"")),
        instead("leaf's marker with another value", None, marker, extension(marker, b"\xff" * 40)),
        instead("leaf's marker with an arc too many", "leaf_marker_missing", marker, extension(f"{marker}.1", NULL)),
        instead("leaf's marker with an arc too few", "leaf_marker_missing", marker, extension(marker[:-2], NULL)),
        instead(
            "leaf's marker is an extended key usage",
            "leaf_marker_missing",
            marker,
            extension("2.5.29.37", tlv(SEQUENCE, oid_of(marker))),
        ),
        instead(
            "leaf's marker is a policy",
            "leaf_marker_missing",
            marker,
            extension("2.5.29.32", tlv(SEQUENCE, tlv(SEQUENCE, oid_of(marker)))),
        ),
        instead(
            "leaf's marker is the value of another extension",
            "leaf_marker_missing",
            marker,
            extension("1.2.840.113635.100.6.99", every[place_of(marker)]),
        ),
        instead(
            "leaf's marker is an empty object identifier",
            "certificate_malformed",
            marker,
            tlv(SEQUENCE, tlv(0x06, b"") + tlv(OCTET_STRING, NULL)),
        ),
        instead("leaf's extension is empty", "certificate_malformed", marker, tlv(SEQUENCE, b"")),
        more("leaf with subjectAltName that is no sequence", "path_untrusted", extension("2.5.29.17", NULL)),
        more("leaf with empty subjectAltName", None, extension("2.5.29.17", tlv(SEQUENCE, b""))),
        more(
            "leaf with a critical precertificate poison",
            "path_untrusted",
            extension("1.3.6.1.4.1.11129.2.4.3", NULL, TRUE),
        ),
        more(
            "leaf with critical nameConstraints",
            "certificate_malformed",
            extension("2.5.29.30", tlv(SEQUENCE, b""), TRUE),
        ),
        more(
            "leaf with 300 unknown extensions",
            None,
            *(extension(f"1.2.840.113635.100.6.99.{n}", NULL) for n in range(300)),
        ),
    ]
