"""A `.p8` in the forms in which secret stores keep it, made PEM again: base64 of the file, its body alone, one line."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

_PEM: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
# A line end as it is written by stores that keep a single line, perhaps escaped twice.
_WRITTEN_END: Final = re.compile(r"\\+[rn]")
_BASE64: Final = re.compile("[A-Za-z0-9+/]{40,}={0,2}")
# A value in JSON, as fastlane and secret managers keep it, or after a name in a .env file.
_VALUE: Final = re.compile(r"""(?:[{,]\s*"\w+"\s*:\s*"|^(?:export\s+)?\w+=["']?)([A-Za-z0-9+/_\s-]{100,}={0,2})""")
# DER itself: a SEQUENCE of more than 127 bytes (PKCS #8), or of 119 that begins with version 1 (SEC 1).
_DER: Final = (b"\x30\x81", b"\x30\x77\x02\x01\x01")
_QUOTES: Final = "\"'`"
# A file, base64 of it, and base64 of that have been seen; deeper nesting has not.
_LAYERS: Final = 3


def as_pem(held: bytes) -> bytes | None:
    """Return the PEM text of a private key kept in any of these forms, None if `held` has none of them. Never raises.

    Whether it is a key, and of which kind, is not checked here.
    """
    content = held
    for _ in range(_LAYERS):
        if content.startswith(_DER):
            return _framed_der(content)
        text = _text_of(content)
        pem = _PEM.search(text)
        if pem is not None:
            return _framed(pem[1], "".join(pem[2].split()))
        unpacked = _unpacked("".join(_value_in(text).split()))
        if unpacked is None:
            return None
        if unpacked.startswith(b"\x30"):  # a SEQUENCE of DER, as in the body of a PEM
            return _framed_der(unpacked)
        content = unpacked
    return None


def _value_in(text: str) -> str:
    """Return the one base64 text in a JSON document or an assignment of a shell's, or all of `text`."""
    found = _VALUE.findall(text)
    return str(found[0]) if len(found) == 1 else text


def _framed_der(der: bytes) -> bytes:
    # SEC 1 begins with version 1, PKCS #8 with version 0.
    label = "EC PRIVATE KEY" if der[2:5] == b"\x02\x01\x01" else "PRIVATE KEY"
    return _framed(label, base64.b64encode(der).decode())


def _text_of(content: bytes) -> str:
    """Return a text without what an editor or a store adds: a byte order mark, quotes, escaped line ends."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = content.decode("utf-16" if wide else "utf-8-sig", "replace")
    return _WRITTEN_END.sub("\n", text.strip().strip(_QUOTES))


def _unpacked(packed: str) -> bytes | None:
    standard = packed.replace("-", "+").replace("_", "/").rstrip("=")
    if not _BASE64.fullmatch(standard):
        return None
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error:
        return None


def _framed(label: str, body: str) -> bytes:
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
