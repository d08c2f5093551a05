"""Random edits of genuine notifications that an attacker can make, and signed ones that are for others.

`made(kind, seed)` returns a body. None of them may change a row: what Apple signed in it is known already, and all else
is not signed by Apple, or not for this deployment. The same seed makes the same edit.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.minting import notifications as minted
from tests.minting.certificates import NOW_MS, key
from tests.minting.notifications import ABSENT, DAY_MS, body, notification
from tests.minting.tokens import APP_ID, base64url, header, signed
from tests.support.random_edits import restructured, spoilt

ATTACKER: Final = key("attacker")

# What Apple has sent already.
GENUINE: Final = tuple(
    notification(
        kind,
        notificationUUID=f"7e3f0c52-91a4-4c8e-b0d5-{number:012}",
        signedDate=NOW_MS - (number + 1) * DAY_MS,
        transaction={"signedDate": NOW_MS - (number + 1) * DAY_MS},
        renewal={"signedDate": NOW_MS - (number + 1) * DAY_MS, "autoRenewStatus": number % 2},
    )
    for number, kind in enumerate(("DID_RENEW", "DID_CHANGE_RENEWAL_STATUS", "REFUND_DECLINED"))
)
# A later one, which only an attacker sends: whatever is taken from it would change the row.
CHANGED: Final[dict[str, Any]] = {"price": 1, "offerType": 2, "offerIdentifier": "free", "revocationDate": NOW_MS}


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _payload(token: str) -> bytes:
    return _decoded(token.split(".")[1])


def _with_payload(token: str, payload: bytes) -> str:
    """Return a token with another payload under the signature that it had."""
    head, _, signature = token.split(".")
    return f"{head}.{base64url(payload)}.{signature}"


def _with_nested(token: str, random: Random, change: Callable[[str], str]) -> str:
    """Return a token in whose payload one of the two tokens is changed, under the signature that it had."""
    claims = json.loads(_payload(token))
    name = random.choice(("signedTransactionInfo", "signedRenewalInfo"))
    claims["data"][name] = change(claims["data"][name])
    return _with_payload(token, json.dumps(claims).encode())


def _one(random: Random) -> str:
    return random.choice(GENUINE)


def _unsigned(claims: dict[str, Any], random: Random) -> str:
    """Return a token without a signature, or with one that is none."""
    head = {**header(), "alg": random.choice(("none", "None", "ES256", "HS256"))}
    parts = [base64url(json.dumps(each).encode()) for each in (head, claims)]
    signature = random.choice(("", base64url(bytes(64)), base64url(random.randbytes(64))))
    return f"{parts[0]}.{parts[1]}.{signature}"


def _forged(claims: dict[str, Any], random: Random) -> str:
    return _unsigned(claims, random) if random.random() < 0.5 else signed(body=claims, signing_key=ATTACKER)


def _nested_unsigned(random: Random) -> str:
    """Return a notification of Apple's leaf around one or two tokens that Apple did not sign."""
    transaction, renewal = minted.transaction_claims(**CHANGED), minted.renewal_claims(autoRenewStatus=0)
    which = random.randrange(3)
    return body(
        notification(
            transaction={} if which == 1 else _forged(transaction, random),
            renewal={} if which == 0 else _forged(renewal, random),
        )
    )


_OTHERS: Final[tuple[dict[str, Any], ...]] = (
    {"data": {"appAppleId": APP_ID + 1}},
    {"data": {"appAppleId": 0}},
    {"data": {"appAppleId": ABSENT, "bundleId": "com.example.other"}},
    {"data": {"environment": "Sandbox"}},
    {"data": {"environment": "Xcode"}},
    {"data": {"environment": "LocalTesting"}},
    {"transaction": {"environment": "Sandbox"}},
    {"renewal": {"environment": "Sandbox"}},
    {"transaction": {"bundleId": "com.example.other"}},
    {"transaction": {"originalTransactionId": "2000000500000099"}},
    {"renewal": {"originalTransactionId": "2000000500000099"}},
)


def _for_others(random: Random) -> str:
    """Return what Apple signed for another app or environment, or of two subscriptions at once."""
    chosen = random.choice(_OTHERS)
    changes = {"transaction": dict(CHANGED), "renewal": {"autoRenewStatus": 0}}
    merged = {name: {**changes.get(name, {}), **part} for name, part in {**changes, **chosen}.items()}
    return body(notification(random.choice(("DID_RENEW", "REFUND", "EXPIRED", "TEST")), **merged))


def _swapped(token: str, random: Random) -> str:
    """Return a part of another genuine token, or of a nested one, in the place of a part."""
    nested = json.loads(_payload(_one(random)))["data"]
    sources = [each.split(".") for each in (token, _one(random), nested["signedTransactionInfo"])]
    return ".".join(random.choice(sources)[place] for place in range(3))


KINDS: Final[dict[str, Callable[[Random], str]]] = {
    "body: bytes": lambda random: spoilt(body(_one(random)).encode(), random).decode("utf-8", "replace"),
    "body: JSON": lambda random: restructured(body(_one(random)).encode(), random).decode("utf-8", "replace"),
    "token: characters": lambda random: body(spoilt(_one(random).encode(), random).decode("utf-8", "replace")),
    "token: parts of two genuine ones and of one nested": lambda random: body(_swapped(_one(random), random)),
    "token: a transaction's in the notification's place": lambda random: body(
        json.loads(_payload(_one(random)))["data"]["signedTransactionInfo"]
    ),
    "header: JSON, signature kept": lambda random: body(
        ".".join([base64url(restructured(json.dumps(header()).encode(), random)), *_one(random).split(".")[1:]])
    ),
    "payload: JSON, signature kept": lambda random: body(
        _with_payload(token := _one(random), restructured(_payload(token), random))
    ),
    "payload: JSON, signed by the attacker": lambda random: body(
        signed(body=restructured(_payload(_one(random)), random), signing_key=ATTACKER)
    ),
    "payload: a later one, signed by the attacker": lambda _: body(
        notification("REFUND", transaction=CHANGED, renewal={"autoRenewStatus": 0}, signed_by=ATTACKER)
    ),
    "nested token: characters, signature kept": lambda random: body(
        _with_nested(_one(random), random, lambda nested: spoilt(nested.encode(), random).decode("utf-8", "replace"))
    ),
    "nested token: JSON, signed by the attacker, signature kept": lambda random: body(
        _with_nested(
            _one(random),
            random,
            lambda nested: signed(body=restructured(_payload(nested), random), signing_key=ATTACKER),
        )
    ),
    "nested token: unsigned or the attacker's, in one of Apple's": _nested_unsigned,
    "for another app, environment or subscription, signed by Apple": _for_others,
}


def made(kind: str, seed: str) -> str:
    return KINDS[kind](Random(seed))
