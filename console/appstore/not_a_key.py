"""What a file has in place of a private key: named by how it looks, without repeating any of it."""

from __future__ import annotations

import base64
import binascii
from typing import Final

# The first that is found names it: an encrypted key has a private key's frame too.
_KINDS: Final = (
    (("ENCRYPTED",), "encrypted with a passphrase"),
    (("BEGIN OPENSSH PRIVATE KEY",), "a key of OpenSSH"),
    (("BEGIN PGP", "BEGIN SSH2"), "a key of another program"),
    (("BEGIN CERTIFICATE REQUEST", "BEGIN NEW CERTIFICATE REQUEST"), "a request for a certificate"),
    (("BEGIN CERTIFICATE", "BEGIN TRUSTED CERTIFICATE"), "a certificate"),
    (("PUBLIC KEY-----", "ecdsa-sha2-", "ssh-rsa ", "ssh-ed25519 "), "a public key"),
    (("<!DOCTYPE", "<html"), "a page of HTML"),
)
_LAYERS: Final = 2


def kind_of(held: bytes) -> str:
    """Return what `held`, of which no private key can be read, is, or an empty text where that cannot be recognised."""
    content = held
    for _ in range(_LAYERS):
        text = content.decode("utf-8", "replace")
        if not text.strip(" \t\r\n\0\ufeff"):
            return "empty"
        kind = next((name for signs, name in _KINDS if any(sign in text for sign in signs)), "")
        if kind:
            return kind
        if "-----BEGIN" in text:
            return "cut off" if "-----END" not in text else ""
        try:
            content = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            return ""
    return ""
