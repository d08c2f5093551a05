"""Random edits of a genuine notification, of which an attacker could sign some again.

`made(kind, seed)` returns a text to post that is not the genuine one, and whether it may change a row: only if it still
carries a notification that the App Store signed or, where the edit lends the attacker the leaf's own key, if all tokens
in it are the App Store's. The same seed makes the same text. The App Store here is the committed test authority.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple

from tests.minting.certificates import NOW_MS
from tests.minting.notifications import (
    BUNDLE,
    body,
    data_claims,
    renewal_claims,
    transaction_claims,
)
from tests.minting.tokens import base64url
from tests.support.forged_requests import AUTHORITY, CERTIFICATES, FORGED, KEY, header_of, token, twin, unbase64url
from tests.support.random_edits import restructured, spoilt

HEADER: Final = header_of(*CERTIFICATES)
OTHER: Final = {"originalTransactionId": "2000000500000077", "transactionId": "2000000500000078"}


class Posted(NamedTuple):
    """A text to post, and whether it may change a row."""

    text: str
    harmless: bool


def _envelope(transaction: str, renewal: str, kind: str = "DID_RENEW") -> dict[str, Any]:
    return {
        "notificationType": kind,
        "notificationUUID": "7e3f0c52-91a4-4c8e-b0d5-0a6c1f2e9d11",
        "version": "2.0",
        "signedDate": NOW_MS,
        "data": {**data_claims(), "signedTransactionInfo": transaction, "signedRenewalInfo": renewal},
    }


TRANSACTION: Final = AUTHORITY.sign(transaction_claims())
RENEWAL: Final = AUTHORITY.sign(renewal_claims())
OTHER_TRANSACTION: Final = AUTHORITY.sign(transaction_claims(**OTHER))
OTHER_RENEWAL: Final = AUTHORITY.sign(renewal_claims(originalTransactionId=OTHER["originalTransactionId"]))
TOKEN: Final = AUTHORITY.sign(_envelope(TRANSACTION, RENEWAL))
OTHER_TOKEN: Final = AUTHORITY.sign(_envelope(OTHER_TRANSACTION, OTHER_RENEWAL, "REFUND"))
BODY: Final = body(TOKEN)
PAYLOAD: Final = unbase64url(TOKEN.split(".")[1])

# A text with one of these is no forgery; nor is a notification by the leaf's key with tokens of these alone.
GENUINE: Final = tuple(spelled for each in (TOKEN, OTHER_TOKEN) for spelled in (each, twin(each)))
GENUINE_INSIDE: Final = frozenset(
    spelled for each in (TRANSACTION, RENEWAL, OTHER_TRANSACTION, OTHER_RENEWAL) for spelled in (each, twin(each))
)


def _forged(text: str) -> Posted:
    return Posted(text, any(genuine in text for genuine in GENUINE))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _keeping(header: bytes, payload: bytes) -> Posted:
    """Return an edit under the genuine signature."""
    return _forged(body(f"{base64url(header)}.{base64url(payload)}.{TOKEN.rpartition('.')[2]}"))


def _by_leaf(transaction: str, renewal: str) -> Posted:
    """Return a notification that the leaf's own key signs around these tokens."""
    return Posted(body(AUTHORITY.sign(_envelope(transaction, renewal))), {transaction, renewal} <= GENUINE_INSIDE)


def _parts(random: Random) -> Posted:
    sources = [each.split(".") for each in (TOKEN, OTHER_TOKEN, TRANSACTION, RENEWAL, token(HEADER, PAYLOAD, KEY))]
    return _forged(body(".".join(random.choice(sources)[place] for place in random.choices((0, 1, 2), k=3))))


def _another_token(random: Random) -> Posted:
    return _forged(random.choice((TRANSACTION, RENEWAL, body(TRANSACTION), body(RENEWAL), f"{TOKEN}.{RENEWAL}")))


def _chains(random: Random) -> Posted:
    deck = (*CERTIFICATES, *FORGED, b"")
    header = header_of(*random.choices(deck, k=random.choice((0, 1, 2, 3, 3, 3, 4))))
    return _forged(body(token(header, PAYLOAD, KEY)))


def _inside_spoilt(random: Random) -> Posted:
    tokens = [TRANSACTION, RENEWAL]
    place = random.randrange(2)
    tokens[place] = spoilt(tokens[place].encode(), random).decode("utf-8", "replace")
    return _by_leaf(*tokens)


def _inside_forged(random: Random) -> Posted:
    """Return claims of a nested token that the attacker signed, or left without a signature."""
    tokens, place = [TRANSACTION, RENEWAL], random.randrange(2)
    payload = restructured(unbase64url(tokens[place].split(".")[1]), random)
    header = random.choice((HEADER, header_of(*FORGED), b'{"alg":"none"}'))
    made = token(header, payload, KEY)
    tokens[place] = random.choice((made, made.rpartition(".")[0] + ".", made.rpartition(".")[0]))
    return _by_leaf(*tokens)


_FOREIGN: Final[tuple[dict[str, Any], ...]] = (
    {"bundleId": BUNDLE + ".other"},
    {"environment": "Sandbox"},
    {"environment": "Xcode"},
    {"originalTransactionId": OTHER["originalTransactionId"]},
    {"signedDate": NOW_MS + 10**9},
    {"price": "0"},
    {"purchaseDate": -1},
)


def _inside_foreign(random: Random) -> Posted:
    """Return a transaction of another app, environment, customer or time, signed by the leaf and put in."""
    return _by_leaf(AUTHORITY.sign(transaction_claims(**random.choice(_FOREIGN))), RENEWAL)


def _inside_exchanged(random: Random) -> Posted:
    """Return tokens of the App Store in each other's places, or of two customers."""
    pairs = ((RENEWAL, TRANSACTION), (TRANSACTION, TRANSACTION), (RENEWAL, RENEWAL), (TRANSACTION, OTHER_RENEWAL))
    made = _by_leaf(*random.choice((*pairs, (OTHER_TRANSACTION, RENEWAL), (TOKEN, RENEWAL))))
    return Posted(made.text, harmless=False)


def _payload_by_leaf(random: Random) -> Posted:
    return Posted(body(token(HEADER, restructured(PAYLOAD, random), AUTHORITY.leaf_key)), harmless=True)


KINDS: Final[dict[str, Callable[[Random], Posted]]] = {
    "body: bytes": lambda random: _forged(_text(spoilt(BODY.encode(), random))),
    "body: JSON": lambda random: _forged(_text(restructured(BODY.encode(), random))),
    "token: characters": lambda random: _forged(_text(spoilt(TOKEN.encode(), random))),
    "token: parts of several genuine ones and a forged one": _parts,
    "token: another one that Apple signed, alone": _another_token,
    "header: JSON, signature kept": lambda random: _keeping(restructured(HEADER, random), PAYLOAD),
    "header: genuine and forged certificates, signed by the attacker": _chains,
    "payload: JSON, signature kept": lambda random: _keeping(HEADER, restructured(PAYLOAD, random)),
    "payload: JSON, signed by the attacker": lambda random: _forged(
        body(token(HEADER, restructured(PAYLOAD, random), KEY))
    ),
    "inside: characters, around them the leaf's own signature": _inside_spoilt,
    "inside: JSON, forged or unsigned, around it the leaf's own signature": _inside_forged,
    "inside: of others, signed with the leaf's own key": _inside_foreign,
    "inside: genuine tokens in other places, around them the leaf's own signature": _inside_exchanged,
    "payload: JSON, signed with the leaf's own key": _payload_by_leaf,
}


def made(kind: str, seed: str) -> Posted:
    """Return an edit of that kind: of those the seed leads to, the first that is not the genuine body or token."""
    random = Random(seed)
    while (posted := KINDS[kind](random)).text in {BODY, TOKEN}:
        pass
    return posted
