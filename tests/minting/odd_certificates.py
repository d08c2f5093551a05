"""Leaves that another encoder, another standard or an attacker would write.

All are signed by the good intermediate, so that nothing but the oddity is wrong with them.
"""

from __future__ import annotations

from tests.minting.asn1 import (
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UTC_TIME,
    children,
    opened,
    tlv,
)
from tests.minting.certificates import (
    NULL,
    certified,
    good_chain,
)
from tests.minting.leaves import (
    ALGORITHM,
    ISSUER,
    SERIAL,
    SUBJECT,
    VALIDITY,
    leaf_case,
    leaf_with,
    leafs_issuer,
)
from tests.minting.odd_extensions import odd_extensions
from tests.minting.odd_keys import odd_keys
from tests.minting.odd_signatures import odd_signatures
from tests.minting.tokens import Case


def odd_certificates() -> list[Case]:
    """Return a case for each; every one of them has a good signature where it has one at all."""
    mine = (*_serials(), *_dates(), *_names(), *_encoders())
    return [*mine, *odd_signatures(), *odd_keys(), *odd_extensions()]


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
        leaf_with(f"leaf's serial number is {name}", code, (SERIAL,), tlv(INTEGER, value))
        for name, (code, value) in numbers.items()
    ]


def _dates() -> list[Case]:
    def validity(name: str, code: str | None, begin: bytes, end: bytes) -> Case:
        return leaf_with(f"leaf's validity {name}", code, (VALIDITY,), tlv(SEQUENCE, begin + end))

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
        leaf_with("leaf's name is empty", None, (SUBJECT,), name()),
        leaf_with("leaf's name has a NUL", None, (SUBJECT,), name((utf8, b"Leaf\x00.apple.com"))),
        leaf_with("leaf's name has 20 KiB", None, (SUBJECT,), name((utf8, b"x" * 20_480))),
        leaf_with("leaf's name has 500 parts", None, (SUBJECT,), name(*[(utf8, b"x")] * 500)),
        leaf_with("leaf's name is the root's", None, (SUBJECT,), name((utf8, b"Root"))),
        leaf_with("leaf's name in UTF-16", None, (SUBJECT,), name((bmp, "Leaf".encode("utf-16-be")))),
        leaf_with("leaf's name in UTF-16, cut", "certificate_malformed", (SUBJECT,), name((bmp, b"\x00L\x00"))),
        leaf_with("leaf's name in UTF-32", None, (SUBJECT,), name((universal, "Leaf".encode("utf-32-be")))),
        leaf_with("leaf's name is a number", "certificate_malformed", (SUBJECT,), name((INTEGER, b"\x01"))),
        leaf_with("leaf's name is an empty set", "certificate_malformed", (SUBJECT,), tlv(SEQUENCE, tlv(SET, b""))),
        leaf_with(
            "leaf's country has three letters",
            None,
            (SUBJECT,),
            tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, bytes.fromhex("0603550406") + tlv(printable, b"USA")))),
        ),
        leaf_with(
            "issuer's name in another string type", "path_untrusted", (ISSUER,), name((printable, b"Intermediate"))
        ),
        leaf_with("issuer's name with a space after it", "path_untrusted", (ISSUER,), name((utf8, b"Intermediate "))),
        leaf_with("issuer's name with a NUL after it", "path_untrusted", (ISSUER,), name((utf8, b"Intermediate\x00"))),
        leaf_with("issuer's name is empty", "path_untrusted", (ISSUER,), name()),
        leaf_with(
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
        return certified(tlv(SEQUENCE, b"".join(elements)), leafs_issuer())

    length = len(content).to_bytes(2)
    return [
        leaf_case("leaf in indefinite length", "certificate_malformed", b"\x30\x80" + content + b"\x00\x00"),
        leaf_case("leaf in a length of four bytes", "certificate_malformed", b"\x30\x84\x00\x00" + length + content),
        leaf_case(
            "leaf in a length of 126 bytes", "certificate_malformed", b"\x30\xfe" + length.rjust(126, b"\x00") + content
        ),
        leaf_case("leaf in a set", "certificate_malformed", tlv(SET, content)),
        leaf_case("leaf without its signature", "certificate_malformed", tlv(SEQUENCE, signed_part + algorithm)),
        leaf_case("leaf with a fourth part", "certificate_malformed", tlv(SEQUENCE, content + NULL)),
        leaf_case(
            "leaf's signature in an octet string",
            "certificate_malformed",
            tlv(SEQUENCE, signed_part + algorithm + tlv(OCTET_STRING, opened(signature)[1][1:])),
        ),
        leaf_case(
            "leaf with its parts in another order",
            "certificate_malformed",
            signed_parts(*parts[:SERIAL], parts[ALGORITHM], parts[SERIAL], *parts[ISSUER:]),
        ),
        leaf_case("leaf with its extensions twice", "certificate_malformed", signed_parts(*parts, parts[extensions])),
        leaf_case("leaf without extensions", "leaf_marker_missing", signed_parts(*parts[:extensions])),
        leaf_case(
            "leaf with an empty list of extensions",
            "leaf_marker_missing",
            signed_parts(*parts[:extensions], tlv(0xA3, tlv(SEQUENCE, b""))),
        ),
        leaf_case(
            "leaf of version 1, spelled out",
            "certificate_malformed",
            signed_parts(tlv(0xA0, tlv(INTEGER, b"\x00")), *parts[SERIAL:extensions]),
        ),
        leaf_case("leaf of version 1", "path_untrusted", signed_parts(*parts[SERIAL:extensions])),
        leaf_case(
            "leaf of version 2",
            "certificate_malformed",
            signed_parts(tlv(0xA0, tlv(INTEGER, b"\x01")), *parts[SERIAL:]),
        ),
        leaf_case(
            "leaf of version -1",
            "certificate_malformed",
            signed_parts(tlv(0xA0, tlv(INTEGER, b"\xff")), *parts[SERIAL:]),
        ),
        leaf_case(
            "leaf with a unique identifier",
            None,
            signed_parts(*parts[:extensions], tlv(0x82, b"\x00\x01"), parts[extensions]),
        ),
        leaf_case("leaf's signed part with bytes after it", "certificate_malformed", signed_parts(*parts, NULL)),
        leaf_case("leaf is a signed nothing", "certificate_malformed", certified(tlv(SEQUENCE, b""), leafs_issuer())),
        leaf_case(
            "leaf is a signed text", "certificate_malformed", certified(tlv(OCTET_STRING, b"Leaf"), leafs_issuer())
        ),
    ]
