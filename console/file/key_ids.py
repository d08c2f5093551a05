"""The id of a key as App Store Connect shows it, and the one that is meant where a key file's name was copied."""

from __future__ import annotations

import re
from typing import Final

KEY_ID_EXAMPLE: Final = "2X9R4HXF34"

_FORM: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ID: Final = re.compile(r"[A-Z0-9]{10}")
# SubscriptionKey_2X9R4HXF34.p8 and AuthKey_2X9R4HXF34.p8 are what App Store Connect gives out; others follow them.
_PREFIX: Final = re.compile(r"(subscription|auth|api|in-?app-?purchase|iap)?[_-]?key[_-]+", re.IGNORECASE)
_SUFFIX: Final = re.compile(r"( ?\([0-9]+\))?(\.(p8|pem|txt|key|cer|json))+$", re.IGNORECASE)


def is_key_id(text: str) -> bool:
    """Return whether `text` may be a key id: nothing that its file's name has around it, and Apple's capitals."""
    return _FORM.fullmatch(text) is not None and not _PREFIX.match(text) and meant_key_id(text) in {None, text}


def meant_key_id(text: str) -> str | None:
    """Return the ten characters in the name of a key's file, in a path to it, or in small letters; None: none."""
    name = re.split(r"[/\\]", text.strip().rstrip("/\\"))[-1].strip()
    bare = _SUFFIX.sub("", _PREFIX.sub("", name, count=1) if _PREFIX.match(name) else name)
    found = re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$", "", bare).upper()
    return found if _ID.fullmatch(found) else None
