"""Texts without the control characters that a terminal would obey. Imports nothing, as `program` needs it at once."""

from __future__ import annotations


def without_controls(text: str) -> str:
    r"""Return a text with each control character but tab and line end as `\x1b`: a name could move the cursor."""
    if text.isprintable():
        return text
    return "".join(
        f"\\x{ord(one):02x}" if (one < " " and one not in "\t\n") or "\x7f" <= one <= "\x9f" else one for one in text
    )
