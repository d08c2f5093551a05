"""Files by the names that options and retention.yaml have for them, and what to do about a missing one."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from console.terminal.characters import describe_character, invisible_in_name


def find_file(base: Path, name: str) -> Path:
    """Return the path of the file called `name` below `base`; a system may keep its letters and accents apart."""
    path = base / name
    if name.isascii() or _exists(path):
        return path
    found = base
    for part in Path(name).parts:
        wanted = unicodedata.normalize("NFC", part)
        try:
            same = [entry.name for entry in found.iterdir() if unicodedata.normalize("NFC", entry.name) == wanted]
        except OSError:
            return path
        found = found / (same[0] if same and not _exists(found / part) else part)
    return found if _exists(found) else path


def advice_where_missing(base: Path, name: str, path: Path) -> str:
    """Return what to do about an image that is not at `path`, its name `name` below `base`."""
    unseen = invisible_in_name(name)
    if unseen is not None:
        return f"Write its name without {describe_character(unseen)}."
    if re.match("[a-z][a-z0-9+.-]+:", name, re.IGNORECASE):
        return "Fetch the image, and name the file: no address is looked up."
    if re.match("~|.*[$%]", name) and not _exists(path.parent):
        return "Write the path itself: neither `~` nor a variable is filled in."
    if "\\" in name:
        return f"Write `/` between folders: `{name.replace(chr(92), '/')}`."
    other = _other_case(base, name)
    return f"Did you mean `{other}`? Capitals count." if other else f"Put the file at {path}."


def _other_case(base: Path, name: str) -> str | None:
    """Return the name of a file that differs from `name` in capitals alone, which some systems take for the same."""
    found, parts = base, []
    for part in Path(name).parts:
        wanted = unicodedata.normalize("NFC", part).casefold()
        try:
            same = sorted(
                entry.name for entry in found.iterdir() if unicodedata.normalize("NFC", entry.name).casefold() == wanted
            )
        except OSError:
            return None
        if part in {"/", ".."} or part in same:
            same = [part]
        if not same:
            return None
        found = found / same[0]
        parts.append(same[0])
    return str(Path(*parts)) if parts and found.is_file() else None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, a folder that may not be looked into
        return False
