"""Find invisible characters in names and unsuitable characters in texts, and describe them.

A name is compared, and sent to Apple, as it is written, so an invisible character makes it another name. A text is read
by people: joiners and direction marks belong in it; control characters and replacement characters do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

# Unicode has no names for control characters, only these aliases (NameAliases.txt).
_C0: Final = (
    "NULL/START OF HEADING/START OF TEXT/END OF TEXT/END OF TRANSMISSION/ENQUIRY/ACKNOWLEDGE/ALERT/BACKSPACE"
    "/CHARACTER TABULATION/LINE FEED/LINE TABULATION/FORM FEED/CARRIAGE RETURN/SHIFT OUT/SHIFT IN/DATA LINK ESCAPE"
    "/DEVICE CONTROL ONE/DEVICE CONTROL TWO/DEVICE CONTROL THREE/DEVICE CONTROL FOUR/NEGATIVE ACKNOWLEDGE"
    "/SYNCHRONOUS IDLE/END OF TRANSMISSION BLOCK/CANCEL/END OF MEDIUM/SUBSTITUTE/ESCAPE/INFORMATION SEPARATOR FOUR"
    "/INFORMATION SEPARATOR THREE/INFORMATION SEPARATOR TWO/INFORMATION SEPARATOR ONE"
).split("/")
_C1: Final = (
    "DELETE/PADDING CHARACTER/HIGH OCTET PRESET/BREAK PERMITTED HERE/NO BREAK HERE/INDEX/NEXT LINE"
    "/START OF SELECTED AREA/END OF SELECTED AREA/CHARACTER TABULATION SET/CHARACTER TABULATION WITH JUSTIFICATION"
    "/LINE TABULATION SET/PARTIAL LINE FORWARD/PARTIAL LINE BACKWARD/REVERSE LINE FEED/SINGLE SHIFT TWO"
    "/SINGLE SHIFT THREE/DEVICE CONTROL STRING/PRIVATE USE ONE/PRIVATE USE TWO/SET TRANSMIT STATE/CANCEL CHARACTER"
    "/MESSAGE WAITING/START OF GUARDED AREA/END OF GUARDED AREA/START OF STRING"
    "/SINGLE GRAPHIC CHARACTER INTRODUCER/SINGLE CHARACTER INTRODUCER/CONTROL SEQUENCE INTRODUCER/STRING TERMINATOR"
    "/OPERATING SYSTEM COMMAND/PRIVACY MESSAGE/APPLICATION PROGRAM COMMAND"
).split("/")
_DELETE: Final = 0x7F
_LAST_C1: Final = 0x9F

# Surrogates, and the 66 noncharacters: the last two code points of each plane, and U+FDD0 to U+FDEF.
_SURROGATES: Final = "\ud800-\udfff"
_NO_CHARACTERS: Final = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
# Unsuitable in a text. Tabs and line ends can be intended. U+FFFC and U+FFFD replace what a program could not convert;
# U+FEFF marks the beginning of a file, and is inside one if two files were joined.
_UNFIT: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffc\ufffd{_SURROGATES}{_NO_CHARACTERS}]")
# Unsuitable in a file: what YAML does not allow (its production c-printable), and what only some programs read as a
# line end.
_UNFIT_IN_FILE: Final = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff{_SURROGATES}{_NO_CHARACTERS}]"
)

# Invisible, although Unicode classes them as letters, marks or symbols: Default_Ignorable_Code_Point, Hangul fillers
# and the empty Braille cell.
_IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})

_NON_JOINER, _JOINER = "\u200c", "\u200d"
_KEYCAP: Final = "\u20e3"
_VARIATIONS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# In Arabic and in scripts after it in Unicode, such as those of India, joiners change how letters are drawn.
_FIRST_JOINED_SCRIPT: Final = 0x0600


def describe_character(character: str) -> str:
    """Return a character's code point and name, such as `U+200B ZERO WIDTH SPACE`."""
    point = ord(character)
    name = unicodedata.name(character, "")
    if not name and point < len(_C0):
        name = _C0[point]
    elif not name and _DELETE <= point <= _LAST_C1:
        name = _C1[point - _DELETE]
    elif not name and re.fullmatch(f"[{_SURROGATES}]", character):
        name = "half a character (a lone surrogate)"
    elif not name and re.fullmatch(f"[{_NO_CHARACTERS}]", character):
        name = "no character"
    return f"U+{point:04X} {name}".rstrip() + _meant(character)


def _meant(character: str) -> str:
    """Return a note with the Windows-1252 character that a C1 control probably stands for, "" for other characters."""
    if not "\x80" <= character <= "\x9f":
        return ""
    try:
        return f" (a `{character.encode('latin-1').decode('cp1252')}` of Windows-1252)"
    except UnicodeDecodeError:
        return ""


def invisible_in_name(name: str) -> str | None:
    """Return the first invisible character of `name`, or None. A blank counts only at its beginning or end."""
    if name.isascii() and name.isprintable() and name[:1] != " " != name[-1:]:
        return None  # true of nearly all names, and fast
    for index, character in enumerate(name):
        if character == " ":
            if index in {0, len(name) - 1}:
                return character
        elif _UNFIT.match(character) or (_is_unseen(character) and not _is_drawn(name, index)):
            return character
    return None


def non_ascii_hint(text: str) -> str:
    """Return a sentence with the first character of `text` that is not ASCII, since it can look like one that is.

    "" if there is none, and if `text` has an invisible character, which is another mistake.
    """
    found = next((character for character in text if not character.isascii()), None)
    return "" if found is None or invisible_in_name(text) else f" It has {describe_character(found)} in it."


def unfit_in_text(text: str) -> str | None:
    """Return the first character that no text should have: a control or replacement character; None without any."""
    found = _UNFIT.search(text)
    return None if found is None else found[0]


def unfit_in_file(text: str) -> Iterator[tuple[int, str]]:
    """Yield index and character of each character that a YAML file must not have. It may have nothing else."""
    return ((found.start(), found[0]) for found in _UNFIT_IN_FILE.finditer(text))


def is_invisible_text(text: str) -> bool:
    """Return whether all characters of a text are invisible."""
    return all(character.isspace() or _is_unseen(character) for character in text)


def show_invisible(name: str) -> str:
    """Return `name` with U+FFFD in place of each invisible character, for one line of output."""
    return "".join("\ufffd" if character != " " and _is_unseen(character) else character for character in name)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _CATEGORIES or _IGNORABLE.match(character) is not None


def _is_drawn(name: str, index: int) -> bool:
    """Return whether an invisible character changes how others are drawn: in an emoji, or between joined letters."""
    character, before, after = name[index], name[index - 1 : index], name[index + 1 : index + 2]
    if _VARIATIONS.match(character):
        return after == _KEYCAP or (bool(before) and not before.isascii() and not _is_unseen(before))
    if character == _JOINER and before and after and _is_pictured(before) and _is_pictured(after):
        return True
    if character in {_NON_JOINER, _JOINER}:
        return _is_joined(before) and _is_joined(after)
    if "\U000e0020" <= character <= "\U000e007f":  # the region of a flag
        start = name[:index].rstrip("".join(map(chr, range(0xE0020, 0xE007F))))
        return start.endswith("\U0001f3f4")
    return False


def _is_pictured(character: str) -> bool:
    symbol = not character.isascii() and unicodedata.category(character) in {"So", "Sk", "Sm"}
    return symbol or _VARIATIONS.match(character) is not None


def _is_joined(character: str) -> bool:
    return (
        bool(character) and ord(character) >= _FIRST_JOINED_SCRIPT and unicodedata.category(character)[0] in {"L", "M"}
    )
