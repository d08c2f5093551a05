"""Bodies that are each wrong in one way around a good token, and requests for others: HTTP and step 7 refuse them."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from functools import cache

from tests.minting.certificates import NOW_MS, good_chain
from tests.minting.tokens import APP_ID, claims, signed

OVERSIZE = 64 * 1024 + 1


@dataclass(frozen=True, slots=True)
class Body:
    """A body, the root of its token, the status of its answer, and the code of its refusal, if it is refused."""

    name: str
    status: int
    code: str | None
    content: bytes
    roots: tuple[bytes, ...]


@cache
def body_cases() -> tuple[Body, ...]:
    """Return a case for everything that can be wrong, or unusual and right, around a good token."""
    roots = (good_chain()[2],)
    return (
        *(Body(name, 200, None, content, roots) for name, content in _unusual().items()),
        *(Body(name, 400, "body_not_json", content, roots) for name, content in _not_json().items()),
        *(Body(name, 400, "signed_payload_missing", content, roots) for name, content in _without_token().items()),
        *(Body(name, 413, "body_too_large", content, roots) for name, content in _too_large().items()),
        *(Body(name, 403, code, posted(token), roots) for name, (code, token) in _not_for_us().items()),
    )


def posted(token: str) -> bytes:
    """Return the body in which the App Store would post `token`."""
    return json.dumps({"signedPayload": token}).encode()


def _unusual() -> dict[str, bytes]:
    token = signed()
    return {
        "body with unknown fields": json.dumps({"version": 2, "signedPayload": token, "a": [None]}).encode(),
        "body with white space around": b"\r\n\t " + posted(token) + b"\n",
        "body with an escaped name": posted(token).replace(b"signed", b"\\u0073igned"),
        "body with an escaped token": posted(token).replace(b"e", b"\\u0065", 20),
        "body of exactly 64 KiB": posted(token).ljust(OVERSIZE - 1),
        "signed five minutes ago": posted(signed(body=claims(signedDate=NOW_MS - 300_000))),
        "signed a minute ahead": posted(signed(body=claims(signedDate=NOW_MS + 60_000))),
    }


def _not_json() -> dict[str, bytes]:
    token = signed()
    good = posted(token)
    return {
        "body empty": b"",
        "body of white space": b" " * 100,
        "body is the token alone": token.encode(),
        "body is the token in quotes": json.dumps(token).encode(),
        "body is a list": b"[" + good + b"]",
        "body is null": b"null",
        "body is a form": b"signedPayload=" + token.encode(),
        "body is XML": b"<signedPayload>" + token.encode() + b"</signedPayload>",
        "body in several parts": b"--x\r\nContent-Disposition: form-data; name=signedPayload\r\n\r\n" + token.encode(),
        "body compressed": gzip.compress(good),
        "body in base64": base64.b64encode(good),
        "body in UTF-16": good.decode().encode("utf-16"),
        "body in UTF-16 without a mark": good.decode().encode("utf-16-le"),
        "body in UTF-32": good.decode().encode("utf-32"),
        "body after a byte order mark": b"\xef\xbb\xbf" + good,
        "body not UTF-8": good[:-1] + b', "n": "\xe9"}',
        "body with an overlong quote": good.replace(b'"signedPayload"', b'\xc0\xa2signedPayload"'),
        "body with half a surrogate pair": good[:-1] + b', "n": "\\ud800"}',
        "body with half a surrogate pair as UTF-8": good[:-1] + b', "n": "\xed\xa0\x80"}',
        "body with its token twice": good[:-1] + b', "signedPayload": ' + json.dumps(token).encode() + b"}",
        "body with two tokens, the good one last": b'{"signedPayload": "x", ' + good[1:],
        "body with two tokens, one name escaped": good[:-1] + b', "\\u0073ignedPayload": "x"}',
        "body with an inner key twice": good[:-1] + b', "n": {"a": 1, "a": 1}}',
        "body with NaN": good[:-1] + b', "n": NaN}',
        "body with a number beyond floats": good[:-1] + b', "n": 1e999}',
        "body with a number of 30 digits": good[:-1] + b', "n": ' + b"9" * 30 + b"}",
        "body with a number of 20000 digits": good[:-1] + b', "n": ' + b"9" * 20_000 + b"}",
        "body with a NUL after it": good + b"\x00",
        "body with a second object after it": good + good,
        "body with a comma too many": good[:-1] + b",}",
        "body with a comment": good[:-1] + b" /**/}",
        "body with single quotes": good.replace(b'"', b"'"),
        "body cut short": good[:-1],
        "body with a line break in its token": good.replace(b".", b".\n"),
        "body nested deeply": b'{"signedPayload":' + b"[" * 30_000,
        "body of objects nested deeply": b'{"signedPayload":' * 3_000,
        "body of 60 KiB of zeros": bytes(60 * 1024),
    }


def _without_token() -> dict[str, bytes]:
    token = signed()
    strange: dict[str, object] = {
        "null": None,
        "true": True,
        "a number": 1,
        "a list": [token],
        "an object": {"signedPayload": token},
        "three parts in a list": token.split("."),
    }
    return {
        **{
            f"signedPayload is {name}": json.dumps({"signedPayload": value}).encode() for name, value in strange.items()
        },
        "body is an empty object": b"{}",
        "signedPayload in capitals": json.dumps({"SIGNEDPAYLOAD": token}).encode(),
        "signedPayload with a space after its name": json.dumps({"signedPayload ": token}).encode(),
        "signedPayload with a NUL after its name": json.dumps({"signedPayload\x00": token}).encode(),
        "signedPayload one level down": json.dumps({"body": {"signedPayload": token}}).encode(),
        "signedTransactionInfo instead": json.dumps({"signedTransactionInfo": token}).encode(),
    }


def _too_large() -> dict[str, bytes]:
    good = posted(signed())
    return {
        "body of 64 KiB and a byte": good.ljust(OVERSIZE),
        "body of 5 MiB": good.ljust(5 * 1024 * 1024),
        "body of 1 MiB of brackets": b"[" * 1024 * 1024,
        "body of 70000 zeros": bytes(70_000),
    }


def _not_for_us() -> dict[str, tuple[str, str]]:
    apps = {"another": APP_ID + 1, "zero": 0, "negative": -APP_ID, "the largest": 2**63 - 1}
    environments = ("Sandbox", "Xcode", "LocalTesting", "production", "PRODUCTION", "Production ", "Production\x00", "")
    old = {"a millisecond over five minutes ago": NOW_MS - 300_001, "in 1970": 0, "at the least date": -(2**63)}
    new = {
        "a millisecond over a minute ahead": NOW_MS + 60_001,
        "in a year": NOW_MS + 365 * 86_400_000,
        "in seconds, not milliseconds, of the year 58000": NOW_MS * 1000,
        "at the greatest date": 2**63 - 1,
    }
    return {
        **{f"appAppleId is {name}": ("wrong_app", signed(body=claims(appAppleId=app))) for name, app in apps.items()},
        **{
            f"environment is {json.dumps(name)}": ("wrong_environment", signed(body=claims(environment=name)))
            for name in environments
        },
        "signed in seconds, not milliseconds": ("too_old", signed(body=claims(signedDate=NOW_MS // 1000))),
        **{f"signed {name}": ("too_old", signed(body=claims(signedDate=date))) for name, date in old.items()},
        **{f"signed {name}": ("too_new", signed(body=claims(signedDate=date))) for name, date in new.items()},
    }
