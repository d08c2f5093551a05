"""Ids that follow from content: the same file gives the same messages and images on any machine.

A message's id is the UUIDv5, under a namespace made of the app's id, of exactly the bytes that are uploaded; an
image's, of its size and the SHA-256 of its file. `revision` makes another id of the same content.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid
from collections.abc import Sequence
from typing import Any, Final

from retention.table import canonical

# App Store Connect's alphabet of product ids and offer identifiers.
APPLE_ID_FORM = re.compile(r"[A-Za-z0-9._-]+")
APPLE_ID_WORDS: Final = "letters, digits, `.`, `_` and `-`"
BUNDLE_ID_FORM = re.compile(r"[A-Za-z0-9.-]{1,155}")
# An issuer id as App Store Connect shows it.
ISSUER_ID_EXAMPLE: Final = "57246542-96fe-1a63-e053-0824d011072a"


# What may stand in the SQL of a report next to letters, digits and marks over letters, of any script. No quote may.
QUERY_MARKS: Final = " ._:+#@/()&!?-"
_QUERY_CATEGORIES: Final = frozenset({"Lu", "Ll", "Lt", "Lo", "Mn", "Mc", "Nd"})


def unfit_in_query(text: str) -> str | None:
    """Return the first character that may not stand in the SQL of a report; None where all may."""
    may = (character in QUERY_MARKS or unicodedata.category(character) in _QUERY_CATEGORIES for character in text)
    return next((character for character, fits in zip(text, may, strict=True) if not fits), None)


def namespace(app_apple_id: int) -> uuid.UUID:
    """Return the namespace of an app's ids: UUIDv5 of the app's address in the App Store, in the URL namespace."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"https://apps.apple.com/app/id{app_apple_id}")


def image_id(app_apple_id: int, size: str, content: bytes, revision: int | None = None) -> str:
    """Return the lower-case id of an image. `size` is Apple's imageSize."""
    digest = hashlib.sha256(content).hexdigest()
    return _identifier(app_apple_id, f"{size}\n{digest}".encode(), revision)


def message_id(app_apple_id: int, body: bytes, revision: int | None = None) -> str:
    """Return the lower-case id of the message whose upload body is `body`."""
    return _identifier(app_apple_id, body, revision)


def upload_body(
    *,
    header: str,
    body: str,
    image: tuple[str, str] | None = None,
    above_image: bool = False,
    bullets: Sequence[tuple[str, str, str]] = (),
) -> bytes:
    """Return the canonical UploadMessageRequestBody, as it is uploaded.

    `image` is (id, alt text); `bullets` are (text, image id, alt text). Keys are sorted, defaults absent.
    """
    document: dict[str, Any] = {"header": header, "body": body}
    if image is not None:
        document["image"] = {"imageIdentifier": image[0], "altText": image[1]}
    if above_image:
        document["headerPosition"] = "ABOVE_IMAGE"
    if bullets:
        document["bulletPoints"] = [
            {"text": text, "imageIdentifier": picture, "altText": alternative} for text, picture, alternative in bullets
        ]
    return canonical(document)


def nfc(name: str) -> str:
    """Return a name in NFC, in which names are compared: a system may take letters and accents apart."""
    return unicodedata.normalize("NFC", name)


def canonical_text(text: str) -> str:
    """Return `text` in NFC without outer whitespace: two ways to type the same words are one text."""
    return nfc(text).strip()


def _identifier(app_apple_id: int, name: bytes, revision: int | None) -> str:
    if revision is not None:
        name += f"\nrevision {revision}".encode()
    # uuid.uuid5 takes bytes only from Python 3.12 on; this is its definition (RFC 9562, section 5.5).
    digest = hashlib.sha1(namespace(app_apple_id).bytes + name, usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))
