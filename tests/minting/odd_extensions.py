"""Extensions of leaves: twice, malformed, or hiding the marker where it does not count."""

from __future__ import annotations

from tests.minting.asn1 import (
    BIT_STRING,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    children,
    opened,
    tlv,
)
from tests.minting.certificates import (
    NULL,
    good_chain,
)
from tests.minting.leaves import (
    EXTENSIONS,
    leaf_with,
)
from tests.minting.tokens import Case

TRUE = b"\x01\x01\xff"
FALSE = b"\x01\x01\x00"


def odd_extensions() -> list[Case]:
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
        return leaf_with(name, code, (EXTENSIONS, 0, place_of(dotted)), element)

    def more(name: str, code: str | None, *elements: bytes) -> Case:
        return leaf_with(name, code, (EXTENSIONS, 0), tlv(SEQUENCE, b"".join((*every, *elements))))

    usage, basic, marker, issuer_key = "2.5.29.15", "2.5.29.19", "1.2.840.113635.100.6.11.1", "2.5.29.35"
    signing = tlv(BIT_STRING, b"\x07\x80")
    return [
        more("leaf with key usage twice", "path_untrusted", extension(usage, tlv(BIT_STRING, b"\x02\x04"), TRUE)),
        more("leaf with basicConstraints twice", "path_untrusted", extension(basic, tlv(SEQUENCE, TRUE), TRUE)),
        instead(
            "leaf's key usage has critical: 1",
            "certificate_malformed",
            usage,
            extension(usage, signing, b"\x01\x01\x01"),
        ),
        instead(
            "leaf's key usage has critical: false", "certificate_malformed", usage, extension(usage, signing, FALSE)
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
            "leaf's basicConstraints have ca: 1",
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
