"""Characters by their names: those that a name must not hold since they cannot be seen, and those that no text holds.

A name is compared and sent to Apple as it is written, so a character that cannot be seen makes it another name. A text
is read by people: joiners and direction marks belong there, control characters and what replaces a lost one do not.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Unicode gives control characters no names, but these aliases (NameAliases.txt).
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

# Surrogates, and the 66 code points that never become characters: the last two of each plane, and U+FDD0 to U+FDEF.
_SURROGATES: Final = "\ud800-\udfff"
_NO_CHARACTERS: Final = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
# A tab and a line's end may be meant. U+FFFC and U+FFFD stand for what a program could not keep; U+FEFF marks a file's
# first byte, and is inside one where two files were joined.
_UNFIT: Final = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffc\ufffd{_SURROGATES}{_NO_CHARACTERS}]")
# What YAML does not allow in a file (its production c-printable), and what ends a line to some programs alone.
_UNFIT_IN_FILE: Final = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff{_SURROGATES}{_NO_CHARACTERS}]"
)

# Drawn as nothing, though they are letters, marks or symbols to Unicode: its Default_Ignorable_Code_Point, and blanks
# by another name (Hangul fillers, the empty Braille cell).
_IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})

_NON_JOINER, _JOINER = "\u200c", "\u200d"
_KEYCAP: Final = "\u20e3"
_VARIATIONS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Arabic is the first script in which joiners decide how letters are drawn; those of India and others follow.
_FIRST_JOINED_SCRIPT: Final = 0x0600


def called(character: str) -> str:
    """Return what to call a character: its code point and its name, such as `U+200B ZERO WIDTH SPACE`."""
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
    """Return which character a C1 control probably was: Windows-1252 has its quotes and dashes there."""
    if not "\x80" <= character <= "\x9f":
        return ""
    try:
        return f" (a `{character.encode('latin-1').decode('cp1252')}` of Windows-1252)"
    except UnicodeDecodeError:
        return ""


def unseen_in_name(name: str) -> str | None:
    """Return the first character of `name` that cannot be seen in it, or None. A blank between words can be."""
    if name.isascii() and name.isprintable() and name[:1] != " " != name[-1:]:
        return None  # nearly all there are
    for index, character in enumerate(name):
        if character == " ":
            if index in {0, len(name) - 1}:
                return character
        elif _UNFIT.match(character) or (_is_unseen(character) and not _is_drawn(name, index)):
            return character
    return None


def beyond_ascii(text: str) -> str:
    """Return a sentence about the first character of `text` that is none of ASCII's, however much it looks like one.

    Empty where all are, and where the character cannot be seen: a mistake names that one by itself.
    """
    found = next((character for character in text if not character.isascii()), None)
    return "" if found is None or unseen_in_name(text) else f" It has {called(found)} in it."


def unfit_in_text(text: str) -> str | None:
    """Return the first character that no text for people holds: a control character, or what replaces a lost one."""
    found = _UNFIT.search(text)
    return None if found is None else found[0]


def unfit_in_file(text: str) -> list[tuple[int, str]]:
    """Return each character that a YAML file must not hold, with its index."""
    return [(found.start(), found[0]) for found in _UNFIT_IN_FILE.finditer(text)]


def shows_nothing(text: str) -> bool:
    """Return whether nothing of a text can be seen."""
    return all(character.isspace() or _is_unseen(character) for character in text)


def without_unseen(name: str) -> str:
    """Return `name` as it can be shown on one line: each character that cannot be seen as U+FFFD."""
    return "".join("\ufffd" if character != " " and _is_unseen(character) else character for character in name)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _CATEGORIES or _IGNORABLE.match(character) is not None


def _is_drawn(name: str, index: int) -> bool:
    """Return whether an unseen character changes how others are drawn: in an emoji, or between joined letters."""
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
