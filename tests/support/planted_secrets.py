"""Plants secrets and looks for them in many spellings; sixteen characters of one in a row count as found.

    watch = Watch()
    watch.plant("path secret", "k3-7hT_q9XwLz2mN")
    watch.plant_token("token", token)
    watch.finds(log)                   # Counter({"path secret": 0}), or what was found how often

A list of things to look for proves only that those are not there. So what is planted is random, stands in every place
where a secret can be, and is looked for in every spelling that a careless program could give it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

# Shorter parts of two texts agree by chance, and sixteen characters are a good part of a secret.
WINDOW: Final = 16

# What every P-256 key begins with in PKCS #8: its version, its algorithm, its curve.
_SAME_IN_DER: Final = 36
_SAME_IN_PEM: Final = 48


def _base64(secret: bytes, shift: int, alphabet: str) -> str:
    """Return what of any base64 text is certain to be there where `secret` begins `shift` bytes after a group does."""
    shifted = bytes(shift) + secret
    encoded = base64.b64encode(shifted) if alphabet == "standard" else base64.urlsafe_b64encode(shifted)
    begins = (0, 2, 3)[shift]
    ends = (len(encoded), len(encoded) - 3, len(encoded) - 2)[len(shifted) % 3]
    return encoded[begins:ends].decode()


def _escaped(secret: bytes) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in secret.decode("latin-1"))


ENCODINGS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "in clear": lambda secret: secret.decode("latin-1"),
    "backwards": lambda secret: secret.decode("latin-1")[::-1],
    "in lower case": lambda secret: secret.decode("latin-1").lower(),
    "in capitals": lambda secret: secret.decode("latin-1").upper(),
    "as Python writes bytes": lambda secret: repr(secret)[2:-1],
    "as Python writes text": lambda secret: repr(secret.decode("latin-1"))[1:-1],
    "as JSON writes text": lambda secret: json.dumps(secret.decode("latin-1"))[1:-1],
    "escaped for JSON": _escaped,
    "escaped for URLs": lambda secret: quote(secret, safe=""),
    "escaped for URLs throughout": lambda secret: "".join(f"%{byte:02X}" for byte in secret),
    "in hex": bytes.hex,
    "in HEX": lambda secret: secret.hex().upper(),
    "in hex with spaces": lambda secret: secret.hex(" "),
    "in hex with colons": lambda secret: secret.hex(":"),
    "as a list of bytes": lambda secret: ", ".join(map(str, secret)),
    "as a compact list of bytes": lambda secret: ",".join(map(str, secret)),
    "as a number": lambda secret: str(int.from_bytes(secret)),
    "in base32": lambda secret: base64.b32encode(secret).decode().rstrip("="),
    "in base85": lambda secret: base64.b85encode(secret).decode(),
    **{
        f"in {alphabet} base64, {shift} bytes in": partial(_base64, shift=shift, alphabet=alphabet)
        for alphabet in ("standard", "URL-safe")
        for shift in range(3)
    },
    "in base64 twice over": lambda secret: _base64(base64.b64encode(secret), 0, "standard"),
}

# Digests of a transaction id identify a customer too: a person who has the number can compute them.
DIGESTS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "MD5": lambda secret: hashlib.md5(secret, usedforsecurity=False).hexdigest(),
    "SHA-1": lambda secret: hashlib.sha1(secret, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda secret: hashlib.sha256(secret).hexdigest(),
}


def spellings(secret: str | bytes) -> Mapping[str, str]:
    """Return every spelling of `secret` that is long enough to be looked for, by name."""
    raw = secret.encode() if isinstance(secret, str) else secret
    found = {name: spell(raw) for name, spell in ENCODINGS.items()}
    return {name: spelling for name, spelling in found.items() if len(spelling) >= WINDOW}


def windows(text: str) -> Iterator[str]:
    return (text[start : start + WINDOW] for start in range(len(text) - WINDOW + 1))


class Watch:
    """The secrets that must not be found, and how much text was searched so far."""

    def __init__(self) -> None:
        self._planted: dict[str, str] = {}
        self.names: Counter[str] = Counter()
        self.looked_at = 0

    def plant(self, name: str, secret: str | bytes) -> None:
        """Look for `secret` in every spelling."""
        self._plant(name, spellings(secret).values())

    def plant_person(self, transaction: str) -> None:
        """Look for a transaction id in every spelling, and for its digests, which are no pseudonyms."""
        digests = [digest(transaction.encode()) for digest in DIGESTS.values()]
        self._plant("transaction id", [*spellings(transaction).values(), *digests])

    def plant_token(self, name: str, token: str) -> None:
        """Look for any part of a token, as it stands or in letters of one size, and for its signature in hex."""
        parts = token.split(".")
        spelled = [*parts, *map(str.lower, parts), *map(str.upper, parts)]
        with suppress(ValueError):  # some hostile tokens end in what is no base64
            spelled.append(base64.urlsafe_b64decode(parts[-1] + "=" * (-len(parts[-1]) % 4)).hex())
        self._plant(name, spelled)

    def plant_key(self, name: str, pem: bytes) -> None:
        """Look for a private key: its PEM, its DER, and its number, each in every spelling."""
        key = load_pem_private_key(pem, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        number = key.private_numbers().private_value.to_bytes(32)
        lines = [line for line in pem.decode().splitlines() if not line.startswith("-")]
        lines[0] = lines[0][_SAME_IN_PEM:]
        parts: list[str | bytes] = [*lines, "".join(lines), number, der[_SAME_IN_DER:]]
        self._plant(name, (spelling for part in parts for spelling in spellings(part).values()))

    def _plant(self, name: str, found: Iterable[str]) -> None:
        self.names[name] += 1
        for spelling in found:
            self._planted.update(dict.fromkeys(windows(spelling), name))

    def finds(self, text: str) -> Counter[str]:
        """Return how many characters begin a window of a secret, by its name."""
        self.looked_at += len(text)
        return Counter(self._planted[window] for window in windows(text) if window in self._planted)


def new_key(curve: ec.EllipticCurve | None = None) -> bytes:
    """Return a P-256 key as App Store Connect gives it out, or one on another curve."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def new_person() -> str:
    """Return a random originalTransactionId that is longer than Apple's."""
    return str(secrets.randbelow(9 * 10**23) + 10**23)
