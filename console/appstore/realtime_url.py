"""The real-time URL: whether Apple could call it, and how it may be shown, without the stack's PathSecret.

What a command prints ends in logs of CI systems and in issues. The stack writes its URL the same way.
"""

from __future__ import annotations

import re
from typing import Final

from retention.limits import MAX_URL

from console.terminal.addresses import check_public, read_url

# Of both URLs: the real-time URL, and that of notifications.
_SECRET: Final = re.compile(r"(/v1/(?:retention-message|notifications)/)[^\s\"'<>]+")


def shown(text: str) -> str:
    """Return a URL, or a sentence with one in it, with `<PathSecret>` in the place of the secret."""
    return _SECRET.sub(r"\1<PathSecret>", text)


def check_url(url: str, *, from_here: bool = False) -> None:
    """Raise ValueError saying what is wrong, unless Apple could call exactly this URL, or it is of this very machine.

    `from_here`: this machine calls it, which may reach hosts that Apple cannot.
    """
    if len(url) > MAX_URL:
        raise ValueError(f"Apple takes URLs of at most {MAX_URL} characters")
    parts = read_url(url)
    if parts.scheme == "http":
        if not parts.is_loopback:
            raise ValueError("it must begin with https://; http:// is for this machine alone")
    elif not from_here:
        check_public(parts)
