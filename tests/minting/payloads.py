"""Payloads that the leaf's key has signed and that are not as documented, or unusual and right."""

from __future__ import annotations

import json
import zlib

from tests.minting.certificates import NOW_MS
from tests.minting.tokens import APP_ID, claims, signed

FIELDS: dict[str, tuple[object, ...]] = {
    # each documented field, and values that are not of its documented type
    "originalTransactionId": (None, 99371282, "", ["99371282"], {}, True),
    "appAppleId": (None, str(APP_ID), float(APP_ID), True, 2**63, {}, [APP_ID]),
    "productId": (None, 1, ["com.example.product"], {}, False),
    "userLocale": (None, 1, {"language": "en"}, ["en"], True),
    "requestIdentifier": (
        None,
        1,
        "",
        "3db5c98d",
        "3db5c98d8acf4e29831e8e1f82f9f6e9",
        "{3db5c98d-8acf-4e29-831e-8e1f82f9f6e9}",
        "3db5c98d-8acf-4e29-831e-8e1f82f9f6e9\n",
        "3db5c98d-8acf-4e29-831e-8e1f82f9f6g9",
        " 3db5c98d-8acf-4e29-831e-8e1f82f9f6e9",
        "\u0663db5c98-8acf-4e29-831e-8e1f82f9f6e9",
        ["3db5c98d-8acf-4e29-831e-8e1f82f9f6e9"],
    ),
    "environment": (None, 1, ["Production"], {}, True),
    "signedDate": (None, str(NOW_MS), float(NOW_MS), NOW_MS + 0.5, True, -(2**63) - 1, 2**63, [NOW_MS], {}),
}


def payloads() -> dict[str, tuple[str | None, str]]:
    plain = json.dumps(claims())

    def added(member: str) -> str:
        return signed(body=f"{plain[:-1]}, {member}}}".encode())

    unusual = {
        "payload with unknown fields": signed(body=claims(storefront="USA", nested={"a": [1, 2.5, None]})),
        "payload with white space around": signed(body=f" \n{plain}\t".encode()),
        "payload beyond the basic plane": signed(body=claims(note="\U0001f600 é 日本")),
        "payload with a pair of surrogates escaped": added('"note": "\\ud83d\\ude00"'),
        "payload with an escaped key": signed(body=plain.replace('"productId"', '"\\u0070roductId"').encode()),
        "payload with a NUL in a string": signed(body=claims(note="a\x00b")),
        "payload with a NUL in a name": signed(body=claims(**{"a\x00b": 1})),
        "payload with a NUL in the product": signed(body=claims(productId="com.example\x00.product")),
        "payload with text from right to left": signed(body=claims(note="\u202egnp.exe")),
        "payload with an empty name": signed(body=claims(**{"": None})),
        "payload with __proto__": signed(body=claims(__proto__={"environment": "Sandbox"})),
        "payload with a name in other letters": signed(body=claims(signeddate=1, SIGNEDDATE=2)),
        "payload with a name with a space": signed(body=claims(**{"signedDate ": 1})),
        "payload with a number of 20 digits": added('"n": ' + "9" * 20),
        "payload with a number that is nearly zero": added('"n": 1e-999'),
        "payload with a negative zero": added('"n": [-0, -0.0]'),
        "payload nested 500 deep": added('"n": ' + "[" * 500 + "]" * 500),
        "payload with 3000 names": signed(body=claims(**{f"n{number}": number for number in range(3000)})),
        "payload with a product of 20 KiB": signed(body=claims(productId="x" * 20_480)),
        "payload with an empty product": signed(body=claims(productId="")),
        "payload with an empty locale": signed(body=claims(userLocale="")),
        "payload of one line less white space": signed(body=json.dumps(claims(), separators=(",", ":")).encode()),
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
        "payload with the other half of a surrogate pair": added('"n": "\\ud83d"'),
        "payload with a surrogate pair turned around": added('"n": "\\ude00\\ud83d"'),
        "payload with half a surrogate pair in a name": added('"\\ud800": 1'),
        "payload with a surrogate pair as UTF-8": signed(
            body=plain.encode().replace(b"Prod", b"\xed\xa0\xbd\xed\xb8\x80")
        ),
        "payload with an overlong quote": signed(body=plain.encode().replace(b'"productId"', b'\xc0\xa2productId"')),
        "payload with a byte that starts nothing": signed(body=plain.encode().replace(b"Prod", b"\xff\xfe")),
        "payload with signedDate of 30 digits": _dated("9" * 30),
        "payload with signedDate of 21 digits, the first of them zeros": _dated("00000000" + str(NOW_MS)),
        "payload with signedDate after a plus": _dated(f"+{NOW_MS}"),
        "payload with signedDate in hexadecimal": _dated(hex(NOW_MS)),
        "payload with signedDate with underscores": _dated(f"{NOW_MS:_}"),
        "payload with signedDate NaN": _dated("NaN"),
        "payload with signedDate Infinity": _dated("Infinity"),
        "payload with signedDate of minus Infinity": _dated("-Infinity"),
        "payload with signedDate beyond floats": _dated("1e999"),
        "payload with signedDate of digits that are not ASCII": _dated("\uff11\uff17"),
        "payload with a number of 21 digits": added('"n": ' + "9" * 21),
        "payload with a number that begins with a dot": added('"n": .5'),
        "payload with the word undefined": added('"n": undefined'),
        "payload with a comment": added('"n": 1 /* two */'),
        "payload with a name that is a number": added("1: 1"),
        "payload with a NUL as it is": added('"n": "a\x00b"'),
        "payload with a NUL after it": signed(body=f"{plain}\x00".encode()),
        "payload with a line break in a string": added('"n": "a\nb"'),
        "payload with an unknown escape": added('"n": "\\x41"'),
        "payload with an escape cut short": added('"n": "\\u00"'),
        "payload cut short": signed(body=plain[:-1].encode()),
        "payload is a string": signed(body=json.dumps(plain).encode()),
        "payload is a number": signed(body=b"1"),
        "payload is true": signed(body=b"true"),
        "payload is two objects in lines": signed(body=f"{plain}\n{plain}".encode()),
        "payload in UTF-16 with a mark": signed(body=plain.encode("utf-16")),
        "payload in UTF-16, the other way around": signed(body=plain.encode("utf-16-be")),
        "payload in UTF-32": signed(body=plain.encode("utf-32-le")),
        "payload in UTF-7": signed(body=plain.replace('"', "+ACI-").encode()),
        "payload as a form": signed(body=b"appAppleId=1&productId=2"),
        "payload as XML": signed(
            body=b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"
        ),
        "payload compressed": signed(body=zlib.compress(plain.encode())),
        "payload of 30 KiB of brackets": signed(body=b"[" * 30_000),
        "payload of objects nested deeply": signed(body=b'{"a":' * 6_000),
        "payload with a control character": added('"n": "\x01"'),
        "payload in UTF-16": signed(body=plain.encode("utf-16-le")),
        "payload after a byte order mark": signed(body=b"\xef\xbb\xbf" + plain.encode()),
        "payload not UTF-8": signed(body=plain.replace("Production", "Product\xefon").encode("latin-1")),
        "payload with text after it": signed(body=f"{plain}{{}}".encode()),
        "payload with single quotes": signed(body=plain.replace('"', "'").encode()),
        "payload with a comma too many": signed(body=f"{plain[:-1]},}}".encode()),
        "payload nested deeply": added('"n": ' + "[" * 15_000),
    }
    # Read as floats, which Apple never sends; its library takes them for dates.
    exponent = {
        "signedDate with an exponent": _dated(f"{NOW_MS // 1000}e3"),
        "signedDate with a fraction of zero": _dated(f"{NOW_MS}.0"),
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
        **{name: ("claim_type", token) for name, token in exponent.items()},
        **{name: ("claim_missing", token) for name, token in missing.items()},
        **{name: ("claim_type", token) for name, token in mistyped.items()},
    }


def _dated(number: str) -> str:
    """Return a token whose signedDate is spelled as `number`."""
    return signed(body=json.dumps(claims()).replace(f'"signedDate": {NOW_MS}', f'"signedDate": {number}').encode())
