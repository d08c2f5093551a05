"""What a file holds in place of YAML, or between its lines, that is no YAML: named before the parser fails on it.

A parser reports where it could not go on. What was meant to be a blank, a colon or a dash, and is another character,
has its cause on that line or the one before; a merge conflict has it where git wrote its markers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from console.file.mistakes import Mistake
from console.terminal.characters import describe_character

_FORMATS: Final = (
    (
        rb"version (https://git-lfs\.github\.com/spec|http://git-media\.io)/v",
        "a Git LFS pointer",
        "Run `git lfs pull`.",
    ),
    (rb"\x00GITCRYPT\x00", "encrypted by git-crypt", "Run `git-crypt unlock`."),
    (rb"\s*(<!doctype|<html|<\?xml)", "a page of HTML or XML", "Fetch the file itself, as text."),
    (rb"\x1f\x8b", "packed by gzip", "Unpack it first."),
    (rb"PK\x03\x04", "a ZIP archive", "Unpack it first."),
    (rb"%PDF|\{\\rtf|\xd0\xcf\x11\xe0", "a word processor's document", "Save it as plain text in UTF-8."),
)
_OURS: Final = re.compile("^<{7} ", re.MULTILINE)
_THEIRS: Final = re.compile("^>{7} ", re.MULTILINE)

_BLANKS: Final = "\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000"
_DASHES: Final = "\u2010-\u2015\u2022\u2212\uff0d"
# Where only YAML's own signs do: what a line begins with, and what follows a key.
_SIGN: Final = re.compile(
    f"^[ -]*([{_BLANKS}]|[{_DASHES}](?=[ {_BLANKS}]))|^[ -]*[^\\s:'\"]+(?::([{_BLANKS}])|(\uff1a))"
)


def other_format(source: bytes) -> Mistake | None:
    """Return the mistake of a file that is something else, or None."""
    for form, what, instead in _FORMATS:
        if re.match(form, source.removeprefix(b"\xef\xbb\xbf"), re.IGNORECASE):
            return Mistake(1, "", f"This is not YAML: the file is {what}.", instead)
    return None


def conflict(text: str) -> Mistake | None:
    """Return the mistake of a merge that git could not settle, at its first marker, or None."""
    ours = _OURS.search(text)
    if ours is None or _THEIRS.search(text, ours.end()) is None:
        return None
    line = text.count("\n", 0, ours.start()) + 1
    return Mistake(line, "", "A merge conflict begins in this line.", "Settle it, and take git's markers out.")


def odd_sign(lines: Sequence[str], line: int) -> Mistake | None:
    """Return the mistake of a line that has another character in the place of a blank, a colon or a dash, or None.

    `line`, from 1 on, is where the parser gave up: it and the two before are looked at.
    """
    for number in range(max(1, line - 2), min(line, len(lines)) + 1):
        found = _SIGN.match(lines[number - 1])
        if found is not None:
            sign = describe_character(next(filter(None, found.groups())))
            wrong = f"This is not YAML: {sign} stands in the place of one of its own signs."
            return Mistake(number, "", wrong, "Write a plain blank, colon or hyphen there.")
    return None
