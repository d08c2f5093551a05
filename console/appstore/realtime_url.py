"""The real-time URL as it may be shown: where its last segment is the stack's PathSecret, without it.

What a command prints ends in logs of CI systems and in issues. The stack writes its URL the same way.
"""

from __future__ import annotations

import re
from typing import Final

_SECRET: Final = re.compile(r"(/v1/retention-message/)[^\s\"'<>]+")


def shown(text: str) -> str:
    """Return a URL, or a sentence with one in it, with `<PathSecret>` in the place of the secret."""
    return _SECRET.sub(r"\1<PathSecret>", text)
