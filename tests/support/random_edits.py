"""Random edits of a genuine request, of which an attacker could sign some again.

`made(kind, seed)` returns a body that is not the genuine one, and whether it may be answered: only if it still carries
a token that the App Store signed or, where the edit lends the attacker the leaf's own key, if what that key signed is a
request for us. The same seed makes the same bytes.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Final

from tests.minting.asn1 import children, edited, opened, tlv
from tests.minting.certificates import P256_ORDER
from tests.minting.tokens import base64url
from tests.support import forged_requests
from tests.support.endpoint_on_fakes import APP
from tests.support.forged_requests import (
    BODY,
    CA_KEY,
    CERTIFICATES,
    FORGED,
    HEADER,
    KEY,
    OTHER_TOKEN,
    PAYLOAD,
    SIGNATURE,
    TOKEN,
    Attempt,
    body_of,
    by_leaf,
    by_leaf_with,
    forged,
    header_of,
    token,
    with_signature,
)

# Bytes.


def spoilt(raw: bytes, random: Random) -> bytes:
    """Change, insert, delete, double, swap or cut bytes, one to four times."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        raw = random.choice(_SPOILS)(raw, random)
    return raw


def _flipped(raw: bytes, random: Random) -> bytes:
    at = random.randrange(len(raw) or 1)
    return raw[:at] + bytes(byte ^ 1 << random.randrange(8) for byte in raw[at : at + 1]) + raw[at + 1 :]


def _exchanged(raw: bytes, random: Random) -> bytes:
    at = random.randrange(len(raw) or 1)
    return raw[:at] + bytes([random.choice(_TELLING)]) + raw[at + 1 :]


def _put_in(raw: bytes, random: Random) -> bytes:
    at = random.randrange(len(raw) + 1)
    new = random.choice((bytes([random.choice(_TELLING)]), random.randbytes(random.randint(1, 8))))
    return raw[:at] + new + raw[at:]


def _taken_out(raw: bytes, random: Random) -> bytes:
    at = random.randrange(len(raw) or 1)
    return raw[:at] + raw[at + random.choice((1, 1, 2, 4, 64)) :]


def _doubled(raw: bytes, random: Random) -> bytes:
    at, end = sorted(random.choices(range(len(raw) + 1), k=2))
    return raw[:end] + raw[at:]


def _moved(raw: bytes, random: Random) -> bytes:
    first, second, third = sorted(random.choices(range(len(raw) + 1), k=3))
    return raw[:first] + raw[second:third] + raw[first:second] + raw[third:]


def _cut(raw: bytes, random: Random) -> bytes:
    return raw[: random.randrange(len(raw) + 1)]


_TELLING: Final = b'\x00\x01\x05\x30\x7f\x80\x81\x82\x84\xff"\\{}[],:.=-_+/ \t\n0e'
_SPOILS: Final = (_flipped, _flipped, _exchanged, _exchanged, _put_in, _taken_out, _doubled, _moved, _cut)


# JSON.


class Members(list[tuple[str, object]]):
    """An object of JSON as it is written: in its order, and a name may stand twice."""


class Spelled(str):
    """JSON that no encoder writes, as it stands."""

    __slots__ = ()


_ODD: Final[tuple[object, ...]] = (
    *(None, True, False, 0, -1, 1.0, 0.1, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63)),
    *("", "\x00", "ES256", "none", "HS256"),
    *("\ud800", "\U0001f600", "1", "null", "é", "x" * 3000, [], [[]], [None] * 40, Members(), Members([("", None)])),
    *map(Spelled, ("NaN", "-Infinity", "1e999", "-0", "00", "9" * 30, "1E3", '"\\ud800"', "'a'", "undefined", "")),
    Spelled("[" * 2000),
)


def read(text: bytes) -> object:
    return json.loads(text, object_pairs_hook=Members)


def written(value: object) -> str:
    """Return `value` as compact JSON, `Spelled` and all."""
    match value:
        case Spelled():
            return str(value)
        case Members():
            return "{" + ",".join(f"{json.dumps(name)}:{written(inner)}" for name, inner in value) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case _:
            return json.dumps(value)


def restructured(text: bytes, random: Random) -> bytes:
    """Drop, double, retype, nest, rename, exchange, add or reorder something of a JSON text, once or twice."""
    value = read(text)
    for _ in range(random.choice((1, 1, 2))):
        value = _changed(value, random)
    return written(value).encode("utf-8", "surrogatepass")


def _changed(value: object, random: Random) -> object:
    """Change `value` itself, or more often something in it."""
    if isinstance(value, Members) and value:
        if random.random() < 0.5:
            at = random.randrange(len(value))
            name, inner = value[at]
            return Members([*value[:at], (name, _changed(inner, random)), *value[at + 1 :]])
        return random.choice(_MEMBERS)(value, random)
    if isinstance(value, list) and value:
        if random.random() < 0.5:
            at = random.randrange(len(value))
            return [*value[:at], _changed(value[at], random), *value[at + 1 :]]
        return random.choice(_ENTRIES)(value, random)
    if isinstance(value, str) and random.random() < 0.3:
        return spoilt(value.encode("utf-8", "surrogatepass"), random).decode("utf-8", "replace")
    return random.choice((random.choice(_ODD), [value], Members([("", value)]), str(value), written(value)))


_NAMES: Final = ("alg", "x5c", "crit", "b64", "jwk", "kid", "typ", "zip", "signedPayload", "appAppleId", "", "\x00")


def _without(value: Members, random: Random) -> object:
    at = random.randrange(len(value))
    return Members(value[:at] + value[at + 1 :])


def _twice(value: Members, random: Random) -> object:
    name, inner = random.choice(value)
    other = random.choice((inner, random.choice(_ODD)))
    return Members([*value, (name, other)]) if random.random() < 0.5 else Members([(name, other), *value])


def _renamed(value: Members, random: Random) -> object:
    at = random.randrange(len(value))
    name, inner = value[at]
    other = random.choice((name.upper(), name + " ", name + "\x00", name[:-1], "\ufeff" + name, random.choice(_NAMES)))
    return Members([*value[:at], (other, inner), *value[at + 1 :]])


def _added(value: Members, random: Random) -> object:
    at = random.randrange(len(value) + 1)
    return Members([*value[:at], (random.choice(_NAMES), random.choice(_ODD)), *value[at:]])


def _reordered(value: Members, random: Random) -> object:
    return Members(random.sample(value, len(value)))


def _reassigned(value: Members, random: Random) -> object:
    names = [name for name, _ in value]
    return Members(zip(names, random.sample([inner for _, inner in value], len(value)), strict=True))


def _nested(value: object, random: Random) -> object:
    return random.choice(([value], Members([(random.choice(_NAMES), value)]), written(value), random.choice(_ODD)))


_MEMBERS: Final[tuple[Callable[[Members, Random], object], ...]] = (
    *(_without, _twice, _renamed, _added, _reordered, _reassigned, _nested),
)


def _entry_dropped(value: list[object], random: Random) -> object:
    at = random.randrange(len(value))
    return value[:at] + value[at + 1 :]


def _entry_doubled(value: list[object], random: Random) -> object:
    at = random.randrange(len(value))
    return value[:at] + [value[at]] * random.choice((2, 3, 50)) + value[at + 1 :]


def _entries_reordered(value: list[object], random: Random) -> object:
    return random.sample(value, len(value))


def _entry_added(value: list[object], random: Random) -> object:
    at = random.randrange(len(value) + 1)
    return [*value[:at], random.choice(_ODD), *value[at:]]


_ENTRIES: Final[tuple[Callable[[list[object], Random], object], ...]] = (
    *(_entry_dropped, _entry_doubled, _entries_reordered, _entry_added, _nested),
)


# DER.

Path = tuple[int, ...]


@lru_cache(maxsize=64)
def _elements(element: bytes) -> tuple[tuple[Path, bytes], ...]:
    """Return every element inside `element` and where it stands, as far as elements hold elements."""
    tag, content = opened(element)
    found: list[tuple[Path, bytes]] = []
    for at, child in enumerate(children(content) if tag & 0x20 else ()):
        found += [((at,), child), *(((at, *deeper), inner) for deeper, inner in _elements(child))]
    return tuple(found)


def rebuilt(certificate: bytes, random: Random) -> bytes:
    """Change one or two elements of a certificate; the lengths around them follow."""
    for _ in range(random.choice((1, 1, 2))):
        try:
            place, _ = random.choice(_elements(certificate))
        except (ValueError, IndexError):
            break  # what there is, or the first change left, is not elements all through
        certificate = edited(certificate, place, lambda piece: _remade(piece, random))
    return certificate


def _remade(piece: bytes, random: Random) -> bytes:
    tag, content = opened(piece)
    match random.randrange(10):
        case 0:
            return b""
        case 1:
            return piece + piece
        case 2:
            return tlv(random.choice((0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x30, 0x31, 0xA0, 0xA3)), content)
        case 3:
            return tlv(tag, b"")
        case 4:
            return tlv(tag, spoilt(content, random))
        case 5:
            return tlv(tag | 0x20, piece)
        case 6:
            return random.choice(_elements(random.choice(CERTIFICATES)))[1]
        case 7:
            return bytes([tag, 0x84]) + len(content).to_bytes(4) + content
        case 8:
            return bytes([tag, 0x80]) + content + b"\x00\x00"
        case _:
            return tlv(tag, content + random.choice((b"\x00", b"\x05\x00", content)))


# The kinds.


def _in_chain(place: int, certificate: bytes, chain: tuple[bytes, ...] = CERTIFICATES) -> bytes:
    """Return the header of `chain` with `certificate` at `place`."""
    return header_of(*chain[:place], certificate, *chain[place + 1 :])


def _keeping(header: bytes, payload: bytes) -> Attempt:
    return forged(body_of(f"{base64url(header)}.{base64url(payload)}.{TOKEN.rpartition('.')[2]}"))


def _by_attacker(header: bytes, payload: bytes, random: Random) -> Attempt:
    """Return an edit signed with the attacker's key, or with an HMAC of something public."""
    if random.random() < 0.5:
        return forged(body_of(token(header, payload, KEY)))
    secret = random.choice((*CERTIFICATES, b"", b"secret", str(APP).encode()))
    message = f"{base64url(header)}.{base64url(payload)}"
    digest = random.choice(("sha256", "sha384", "sha512"))
    return forged(body_of(f"{message}.{base64url(hmac.digest(secret, message.encode(), digest))}"))


def _token_parts(random: Random) -> Attempt:
    own = token(header_of(*FORGED), PAYLOAD, KEY)
    sources = [each.split(".") for each in (TOKEN, OTHER_TOKEN, own)]
    parts = [random.choice(sources)[random.choice((place, place, place, 0, 1, 2))] for place in range(3)]
    if random.random() < 0.2:
        parts = random.sample(parts, random.choice((2, 3))) + random.choices(parts, k=random.choice((0, 1, 2)))
    return forged(body_of(".".join(parts)))


def _dealt(random: Random) -> Attempt:
    deck = (*CERTIFICATES, *CERTIFICATES[:2], *FORGED, b"")
    chain = random.choices(deck, k=random.choice((0, 1, 2, 3, 3, 3, 3, 4, 5)))
    return forged(body_of(token(header_of(*chain), PAYLOAD, KEY)))


def _certificate_bytes(random: Random) -> Attempt:
    place = random.randrange(2)
    return _keeping(_in_chain(place, spoilt(CERTIFICATES[place], random)), PAYLOAD)


def _certificate_bytes_by_leaf(random: Random) -> Attempt:
    place = random.randrange(2)
    return by_leaf_with(place, spoilt(CERTIFICATES[place], random))


def _certificate_rebuilt(random: Random) -> Attempt:
    place = random.randrange(2)
    chain = random.choice((CERTIFICATES, FORGED, (FORGED[0], *CERTIFICATES[1:])))
    own = forged_requests.with_key(CERTIFICATES[place], (KEY, CA_KEY)[place], CA_KEY)
    return _by_attacker(_in_chain(place, rebuilt(own, random), chain), PAYLOAD, random)


def _certificate_rebuilt_by_leaf(random: Random) -> Attempt:
    place = random.randrange(2)
    return by_leaf_with(place, rebuilt(CERTIFICATES[place], random))


def _signature(random: Random) -> Attempt:
    r, s = int.from_bytes(SIGNATURE[:32]), int.from_bytes(SIGNATURE[32:])
    near = r ^ 1 << random.randrange(256)
    numbers = (r, s, P256_ORDER - r, P256_ORDER - s, 0, 1, P256_ORDER, random.getrandbits(256), near)
    if random.random() < 0.5:
        made = b"".join(random.choice(numbers).to_bytes(33)[-32:] for _ in range(random.choice((2, 2, 2, 1, 3))))
    else:
        made = spoilt(SIGNATURE, random)
    return with_signature(made)


KINDS: Final[dict[str, Callable[[Random], Attempt]]] = {
    "body: bytes": lambda random: forged(spoilt(BODY, random)),
    "body: JSON": lambda random: forged(restructured(BODY, random)),
    "token: characters": lambda random: forged(
        body_of(spoilt(TOKEN.encode(), random).decode("utf-8", "surrogateescape"))
    ),
    "token: parts of two genuine ones and a forged one": _token_parts,
    "header: JSON, signature kept": lambda random: _keeping(restructured(HEADER, random), PAYLOAD),
    "header: JSON, signed by the attacker": lambda random: _by_attacker(restructured(HEADER, random), PAYLOAD, random),
    "header: JSON, signed with the leaf's own key": lambda random: by_leaf(restructured(HEADER, random), PAYLOAD),
    "header: x5c of genuine and forged certificates, signed by the attacker": _dealt,
    "certificate: bytes, signature kept": _certificate_bytes,
    "certificate: bytes, signed with the leaf's own key": _certificate_bytes_by_leaf,
    "certificate: DER, with the attacker's key, signed by the attacker": _certificate_rebuilt,
    "certificate: DER, signed with the leaf's own key": _certificate_rebuilt_by_leaf,
    "payload: JSON, signature kept": lambda random: _keeping(HEADER, restructured(PAYLOAD, random)),
    "payload: JSON, signed by the attacker": lambda random: _by_attacker(HEADER, restructured(PAYLOAD, random), random),
    "payload: JSON, signed with the leaf's own key": lambda random: by_leaf(HEADER, restructured(PAYLOAD, random)),
    "signature: bytes and numbers": _signature,
}


def made(kind: str, seed: str) -> Attempt:
    """Return an edit of that kind: of those the seed leads to, the first that is not the genuine body itself."""
    random = Random(seed)
    while (attempt := KINDS[kind](random)).body == BODY:
        pass
    return attempt
