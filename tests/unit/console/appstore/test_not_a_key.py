"""What a file has in place of a private key is named by its looks, and not quoted."""

from __future__ import annotations

import base64

import pytest

from console.appstore.not_a_key import kind_of


def framed(label: str) -> bytes:
    return f"-----BEGIN {label}-----\nc2VjcmV0\n-----END {label}-----\n".encode()


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\0", "empty"),
        (framed("ENCRYPTED PRIVATE KEY"), "encrypted with a passphrase"),
        (framed("OPENSSH PRIVATE KEY"), "a key of OpenSSH"),
        (framed("PGP PRIVATE KEY BLOCK"), "a key of another program"),
        (framed("CERTIFICATE"), "a certificate"),
        (framed("CERTIFICATE REQUEST"), "a request for a certificate"),
        (framed("PUBLIC KEY"), "a public key"),
        (b"ssh-ed25519 AAAAC3 me@host\n", "a public key"),
        (b"<!DOCTYPE html><title>Sign in</title>", "a page of HTML"),
        (b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n", "cut off"),
        (framed("PRIVATE KEY"), ""),
        (b"hello", ""),
        (b"\xff\xfe\x00", ""),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_each_kind_is_recognised(held: bytes, kind: str, *, packed: bool) -> None:
    """A secret store may keep a file as base64; what is not recognised has no name."""
    if packed and held:
        held = base64.encodebytes(held)
    assert kind_of(held) == kind
