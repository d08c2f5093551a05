"""How the fuzzer's bytes become a request: the first byte names the part that the other bytes replace.

    B  the body                                    P  the payload, signed with the leaf's own key
    T  the token, in a good body                   L  x5c[0] (DER), likewise signed
    H  the header, signed with the leaf's own key  I  x5c[1] (DER), likewise signed
    S  the signature, of the genuine request

So the fuzzer reaches all steps, although it cannot guess base64 in JSON in base64, nor a signature. Any other first
byte is that of a body.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tests.support import random_edits
from tests.support.forged_requests import (
    BODY,
    CERTIFICATES,
    FORGED,
    HEADER,
    KEY,
    OTHER_TOKEN,
    PAYLOAD,
    REFUSALS,
    SIGNATURE,
    TOKEN,
    Attempt,
    Edge,
    body_of,
    by_leaf,
    by_leaf_with,
    forged,
    header_of,
    token,
    twin,
    unbase64url,
    with_signature,
)

DOORS: Final[dict[bytes, Callable[[bytes], Attempt]]] = {
    b"B": forged,
    b"T": lambda raw: forged(body_of(raw.decode("utf-8", "surrogateescape"))),
    b"H": lambda raw: by_leaf(raw, PAYLOAD),
    b"P": lambda raw: by_leaf(HEADER, raw),
    b"L": lambda raw: by_leaf_with(0, raw),
    b"I": lambda raw: by_leaf_with(1, raw),
    b"S": with_signature,
}

# For each part, the function that changes its bytes with knowledge of their structure.
CHANGES: Final[dict[bytes, Callable[[bytes, Random], bytes]]] = {
    b"B": random_edits.restructured,
    b"H": random_edits.restructured,
    b"P": random_edits.restructured,
    b"L": random_edits.rebuilt,
    b"I": random_edits.rebuilt,
}


class AnsweredError(AssertionError):
    """The endpoint failed, or answered a request that it must refuse."""


def attempt(data: bytes) -> Attempt:
    """Return the request that is made from the fuzzer's `data`."""
    door = DOORS.get(data[:1])
    return door(data[1:]) if door else forged(data)


def enter(edge: Edge, data: bytes) -> tuple[int, str | None]:
    """Post what `data` stands for; return status and code. AnsweredError if it is 500, or 200 for a forgery."""
    body, answerable = attempt(data)
    status, code = edge.answer(body)
    if status not in REFUSALS and not (status == 200 and answerable):
        raise AnsweredError(f"answered with {status}")
    return status, code


def changed(data: bytes, random: Random) -> bytes:
    """Return `data` with something of its structure changed; ValueError or RecursionError if it has none."""
    letter = data[:1]
    return letter + CHANGES.get(letter, random_edits.spoilt)(data[1:], random)


def seeds() -> dict[str, bytes]:
    """Return the first inputs of fuzzing: the genuine bytes of each part, and similar ones."""
    leaf, intermediate, root = CERTIFICATES
    return {
        "body-genuine": b"B" + BODY,
        "body-empty": b"B",
        "body-object": b'B{"signedPayload":"a.b.c"}',
        "body-numbers": b'B{"signedPayload":1,"a":[1e9,-0.5,null,true,"\\u00e9"]}',
        "token-genuine": b"T" + TOKEN.encode(),
        "token-other": b"T" + OTHER_TOKEN.encode(),
        "token-twin": b"T" + twin(TOKEN).encode(),
        "token-forged": b"T" + token(header_of(*FORGED), PAYLOAD, KEY).encode(),
        "token-dots": b"T..",
        "header-genuine": b"H" + HEADER,
        "header-none": b'H{"alg":"none"}',
        "header-hmac": b"H" + HEADER.replace(b"ES256", b"HS256"),
        "header-crit": b'H{"alg":"ES256","crit":["b64"],"b64":false,"x5c":["","",""]}',
        "header-short-chain": b'H{"alg":"ES256","x5c":["MAA=","MAA=","MAA="]}',
        "header-forged-chain": b"H" + header_of(*FORGED),
        "header-mixed-chain": b"H" + header_of(FORGED[0], intermediate, root),
        "payload-genuine": b"P" + PAYLOAD,
        "payload-other": b"P" + unbase64url(OTHER_TOKEN.split(".")[1]),
        "payload-empty": b"P{}",
        "payload-old": b"P" + PAYLOAD.replace(b'"signedDate":1', b'"signedDate":0'),
        "payload-other-app": b"P" + PAYLOAD.replace(b'"appAppleId":6', b'"appAppleId":7'),
        "payload-production": b"P" + PAYLOAD.replace(b"Sandbox", b"Production"),
        "leaf-genuine": b"L" + leaf,
        "leaf-forged": b"L" + FORGED[0],
        "leaf-is-intermediate": b"L" + intermediate,
        "leaf-empty": b"L\x30\x00",
        "intermediate-genuine": b"I" + intermediate,
        "intermediate-forged": b"I" + FORGED[1],
        "intermediate-is-root": b"I" + root,
        "signature-genuine": b"S" + SIGNATURE,
        "signature-zero": b"S" + bytes(64),
        "signature-empty": b"S",
    }
