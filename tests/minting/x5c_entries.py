"""`x5c` of every wrong type, length and spelling, and with entries that are not one certificate."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from textwrap import wrap
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7

from tests.minting.asn1 import OCTET_STRING, SEQUENCE, tlv
from tests.minting.certificates import der, good_chain, key, leaf_plan, resigned, root_plan
from tests.minting.tokens import Case, header, signed, token_of, x5c


def shapes() -> list[Case]:
    leaf, intermediate, root = good_chain()
    roots = (root,)

    def with_chain(entries: object) -> str:
        return signed(header(x5c=entries))

    good = x5c(good_chain())
    lengths = {
        "chain of none": [],
        "chain of one": good[:1],
        "chain of two": good[:2],
        "chain of four": [*good, good[2]],
        "chain of five": [*good, *good[1:]],
        "chain twice over": [*good, *good],
        "chain of 5000 empty strings": [""] * 5000,
        "chain led by an empty string": ["", *good],
        "chain is a string": good[0],
        "chain is three strings in one": ",".join(good),
        "chain is an object": {"0": good[0], "1": good[1], "2": good[2]},
        "chain is an empty object": {},
        "chain is an empty string": "",
        "chain is true": True,
        "chain is zero": 0,
        "chain is a fraction": 3.5,
        "chain is null": None,
        "chain in a list": [good],
        "chain is JSON in a string": json.dumps(good),
    }
    strange: dict[str, object] = {
        "null": None,
        "true": True,
        "zero": 0,
        "a fraction": 0.5,
        "a list": [],
        "an object": {},
    }
    entries: dict[str, object] = {
        "chain of numbers": [1, 2, 3],
        "chain of lists": [[entry] for entry in good],
        "chain of objects": [{"der": entry} for entry in good],
        "chain of nulls": [None] * 3,
        "chain of lists of numbers": [list(entry) for entry in good_chain()],
        **{
            f"x5c[{place}] is {name}": [*good[:place], value, *good[place + 1 :]]
            for place in range(3)
            for name, value in strange.items()
        },
        "x5c[0] in a list": [[good[0]], *good[1:]],
        "x5c[0] is an address": ["https://certs.example/leaf.der", *good[1:]],
        "x5c[0] is a data: address": [f"data:application/pkix-cert;base64,{good[0]}", *good[1:]],
        "x5c[0] is a path": ["../../etc/passwd", *good[1:]],
        "x5c[0] in hexadecimal, of odd length": ["0x" + leaf.hex() + "0", *good[1:]],
        "x5c[0] is a NUL": ["\x00", *good[1:]],
        "x5c[0] with a NUL after it": [good[0] + "\x00", *good[1:]],
        "x5c[2] with a NUL after it": [*good[:2], good[2] + "\x00"],
    }
    instead = {
        "no certificate": b"nonsense",
        "empty": b"",
        "an empty sequence": b"\x30\x00",
        "in PEM": _pem(leaf),
        "in base64 twice over": base64.b64encode(leaf),
        "in a sequence": tlv(SEQUENCE, leaf),
        "in an octet string": tlv(OCTET_STRING, leaf),
        "in PKCS #7": pkcs7.serialize_certificates([_loaded(leaf)], Encoding.DER),
        "its key alone": _loaded(leaf).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "its signed part alone": _loaded(leaf).tbs_certificate_bytes,
        "cut short": leaf[:-1],
        "cut to half": leaf[: len(leaf) // 2],
        "a single byte": b"\x30",
        "a length without its bytes": b"\x30\x84\xff\xff\xff\xff",
        "led by a zero": b"\x00" + leaf,
        "followed by a zero": leaf + b"\x00",
        "followed by itself": leaf + leaf,
        "20 KiB of nothing": bytes(20 * 1024),
        "nested 5000 deep": _nested(5000),
    }
    return [
        *(Case(name, "chain_length", with_chain(value), roots) for name, value in lengths.items()),
        Case("chain is missing", "chain_length", signed({"alg": "ES256"}), roots),
        Case("chain under the name X5C", "chain_length", signed({"alg": "ES256", "X5C": good}), roots),
        Case("chain in x5u", "chain_length", signed({"alg": "ES256", "x5u": good}), roots),
        *(Case(name, "chain_encoding", with_chain(value), roots) for name, value in entries.items()),
        *(
            Case(f"leaf is {name}", "certificate_malformed", token_of((value, intermediate, root)), roots)
            for name, value in instead.items()
        ),
        Case("intermediate is empty", "certificate_malformed", token_of((leaf, b"", root)), roots),
        Case("intermediate is no certificate", "certificate_malformed", token_of((leaf, b"\x30\x00", root)), roots),
        Case(
            "intermediate with bytes after it",
            "certificate_malformed",
            token_of((leaf, intermediate + leaf, root)),
            roots,
        ),
        Case("x5c[2] is no certificate", None, token_of((leaf, intermediate, b"nonsense")), roots),
        Case("x5c[2] is empty", None, with_chain([*good[:2], ""]), roots),
        Case("x5c[2] is another root", None, token_of((leaf, intermediate, der(root_plan("Other")))), roots),
        Case("x5c[2] is 20 KiB of nothing", None, token_of((leaf, intermediate, bytes(20 * 1024))), roots),
        Case("x5c with its slashes escaped", None, signed(json.dumps(header()).replace("/", "\\/").encode()), roots),
        Case("leaf of an unknown version", "certificate_malformed", _with_leaf_version(7), roots),
        Case("leaf of version 1 with extensions", "certificate_malformed", _with_leaf_version(0), roots),
    ]


def _loaded(certificate: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(certificate)


def _pem(certificate: bytes) -> bytes:
    return _loaded(certificate).public_bytes(Encoding.PEM)


def _nested(depth: int) -> bytes:
    """Return that many sequences, each in the one before."""
    element = b""
    for _ in range(depth):
        element = tlv(SEQUENCE, element)
    return element


def _with_leaf_version(number: int) -> str:
    leaf, intermediate, root = good_chain()
    version_3 = bytes.fromhex("a003020102")
    changed = resigned(leaf, key("intermediate", "P-384"), version_3, version_3[:-1] + bytes([number]))
    return token_of((changed, intermediate, root))


def encodings() -> list[Case]:
    root = good_chain()[2]
    leaf, intermediate, last = x5c((_until(lambda encoded: "+" in encoded or "/" in encoded), *good_chain()[1:]))
    padded = base64.b64encode(_until(lambda encoded: encoded.endswith("="))).decode()
    unpadded = base64.b64encode(_until(lambda encoded: not encoded.endswith("="))).decode()
    stem = padded.rstrip("=")
    loose = stem[:-1] + chr(ord(stem[-1]) + 1) + padded[len(stem) :]
    spelt = {
        "x5c[0] with a line break": leaf[:64] + "\n" + leaf[64:],
        "x5c[0] with a space after it": leaf + " ",
        "x5c[0] in base64url": leaf.replace("+", "-").replace("/", "_"),
        "x5c[0] without its padding": stem,
        "x5c[0] with too much padding": stem + "====",
        "x5c[0] with needless padding": unpadded + "=",
        "x5c[0] with a complete group of padding": unpadded + "====",
        "x5c[0] with spare bits set": loose,
        "x5c[0] in PEM": _pem(good_chain()[0]).decode(),
        "x5c[0] in lines of 64": "\n".join(wrap(leaf, 64)),
        "x5c[0] with a tab before it": "\t" + leaf,
        "x5c[0] percent-encoded": quote(leaf, safe=""),
        "x5c[0] in full-width letters": "\uff2d" + leaf[1:],
        "x5c[0] beyond ASCII": "é" + leaf[1:],
    }
    cases = [
        Case(name, "chain_encoding", signed(header(x5c=[entry, intermediate, last])), (root,))
        for name, entry in spelt.items()
    ]
    half = signed(header(x5c=["\ud800" + leaf[1:], intermediate, last]))
    cases.append(Case("x5c[0] with half a surrogate pair", "header_not_json", half, (root,)))
    for place, entries in {"x5c[1]": [leaf, intermediate + "\n", last], "x5c[2]": [leaf, intermediate, "AB=="]}.items():
        cases.append(Case(f"{place} not canonical", "chain_encoding", signed(header(x5c=entries)), (root,)))
    return cases


def _until(fits: Callable[[str], bool]) -> bytes:
    """Mint good leaves until the base64 of one fits: serial numbers and signatures differ each time."""
    while not fits(base64.b64encode(leaf := der(leaf_plan())).decode()):
        pass
    return leaf
