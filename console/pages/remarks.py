"""What is wrong with a text, or worth a look, although Apple would take it: few remarks, exact, and never taste.

W1 to W5 are wrong, and count for `--check`; L1 to L4 are worth a look. Apple's limits are the compiler's, and are not
repeated here. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from retention.limits import MAX_ALT_TEXT, MAX_BODY, MAX_BULLET_TEXT, MAX_HEADER, utf16_length

from console.file.entries import Document
from console.file.wording import text_fields
from console.pages.screens import DrawnScreen, is_mirrored, language
from console.terminal.characters import describe_character, invisible_in_name
from console.terminal.words import plural

_Text = Mapping[str, Any]

# From which part of a limit on a text is called long.
_LONG: Final = 0.9
_LEAST_WORDS: Final = 2


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark on a text: `code` W1 to L4, `messages` the set, `message` the id it was made on.

    `screen` is the identity of the screen that it is about alone, empty where it is about every screen of the text.
    """

    code: str
    messages: str
    locale: str
    message: str
    sentence: str
    screen: str = ""

    @property
    def wrong(self) -> bool:
        return self.code.startswith("W")


def remarks_on_text(locale: str, text: _Text, default: str, default_text: _Text | None) -> Iterator[tuple[str, str]]:
    """Yield code and sentence of each remark on a text, next to the same set's text in the locale `default`.

    Both are as `text_fields` makes them; `default_text` None: the set has none in that locale, or this is it.
    """
    yield from _wrong(locale, text, default, default_text)
    if default_text is not None:
        yield from (("L1", sentence) for sentence in _other_parts(text, default, default_text))
        yield from (("L4", sentence) for sentence in _other_numbers(text, default, default_text))
    for name, value, limit in _limited(text):
        if utf16_length(value) >= _LONG * limit:
            yield "L2", f"{name} has {utf16_length(value)} of {limit} characters"


def _wrong(locale: str, text: _Text, default: str, default_text: _Text | None) -> Iterator[tuple[str, str]]:
    """Yield W1 to W5. A text that is not translated lacks the script of its language, too: one remark is enough."""
    if default_text is not None and _is_untranslated(locale, text, default, default_text):
        yield "W1", f"the same text as in {default}"
    elif _lacks_script(locale, _read(text)):
        yield "W3", f"no {_SCRIPT_NAMES[language(locale)]} in it"
    for name, value in _pieces(text):
        for found in _placeholders(value, locale):
            yield "W2", f"{name}: a placeholder is left, {found}"
        for character in _unseen(value, locale):
            yield "W4", f"{name}: ␣ is {describe_character(character)}"
    for name, value in _alternatives(text):
        if _is_of_another_script(value, _read(text)):
            yield "W5", f"{name} is in another language than the text"


def remarks_on_screen(screen: DrawnScreen) -> Iterator[tuple[str, str]]:
    """Yield L3 where a screen is shown on devices that are not like its text, in direction or language."""
    if screen.mirrored != is_mirrored(screen.locale) and screen.shown_to:
        devices = "mirrored devices" if screen.mirrored else "devices that are not mirrored"
        yield "L3", f"shown on {devices}: {_few(screen.shown_to)}"
        return  # hence in another language, too
    own = language(screen.locale)
    others = tuple(locale for locale in screen.shown_to if language(locale) != own)
    if others:
        yield "L3", f"read in another language on devices in {_few(others)}"


def remark_all(document: Document, screens: tuple[DrawnScreen, ...]) -> tuple[Remark, ...]:
    """Return the remarks on every screen, in their order, each once for a text of one id."""
    default = document.locales.default if document.locales else ""
    found: dict[Remark, None] = {}
    for screen in screens:
        if screen.text is None:
            continue
        sets = document.messages.get(screen.messages, {})
        other = text_fields(sets[default]) if default in sets and screen.locale != default else None
        about = screen.messages, screen.locale, screen.message
        for code, sentence in remarks_on_text(screen.locale, screen.text, default, other):
            found[Remark(code, *about, sentence)] = None
        for code, sentence in remarks_on_screen(screen):
            found[Remark(code, *about, sentence, screen.identity)] = None
    return tuple(found)


def _few(names: tuple[str, ...], most: int = 4) -> str:
    """Return names as one list, the last of many as a number."""
    rest = len(names) - most
    return ", ".join(names) if rest <= 1 else f"{', '.join(names[:most])} and {rest} more"


def _read(text: _Text) -> str:
    """Return what a customer reads of a text."""
    return " ".join([text.get("header", ""), text.get("body", ""), *(each["text"] for each in _bullets(text))])


def _bullets(text: _Text) -> tuple[_Text, ...]:
    return tuple(text.get("bullets", ()))


def _alternatives(text: _Text) -> Iterator[tuple[str, str]]:
    """Yield the alternative texts, which VoiceOver reads, by name."""
    if text.get("altText"):
        yield "alt text", text["altText"]
    for number, bullet in enumerate(_bullets(text), 1):
        if bullet.get("altText"):
            yield f"alt text of bullet {number}", bullet["altText"]


def _pieces(text: _Text) -> Iterator[tuple[str, str]]:
    """Yield every text that a customer reads or hears, by name."""
    yield "header", text.get("header", "")
    yield "body", text.get("body", "")
    for number, bullet in enumerate(_bullets(text), 1):
        yield f"bullet {number}", bullet["text"]
    yield from _alternatives(text)


def _limited(text: _Text) -> Iterator[tuple[str, str, int]]:
    limits = {"header": MAX_HEADER, "body": MAX_BODY}
    for name, value in _pieces(text):
        other = MAX_ALT_TEXT if name.startswith("alt text") else MAX_BULLET_TEXT
        yield name, value, limits.get(name, other)


# W1 ---------------------------------------------------------------------------------------------------------------


def _is_untranslated(locale: str, text: _Text, default: str, default_text: _Text) -> bool:
    if language(locale) == language(default):
        return False
    body = _folded(text.get("body", ""))
    return body == _folded(default_text.get("body", "")) and len(_words(body)) >= _LEAST_WORDS


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _words(text: str) -> list[str]:
    return [word for word in text.split() if any(map(str.isalpha, word))]


# W2 ---------------------------------------------------------------------------------------------------------------

_PLACEHOLDER: Final = re.compile(
    r"\$?\{\{?[^{}\n]{0,40}\}\}?"  # {name}, {{name}}, ${name}
    r"|%(?:\d+\$)?(?:@|l?l?[dus]\b|\.\d+f\b)|%\(\w{1,40}\)[sd]"  # %s, %@, %1$s, %.2f, %(name)s
    r"|\[(?:[A-Z]{2,}[ _A-Z]*)\]|<\w{1,40}>"  # [NAME], <name>
    r"|\b(?:TBD|FIXME|TODO)\b|\b[Ll]orem ipsum\b|\bLOREM IPSUM\b"
)
# In these languages `TODO` in capitals is a word: all, everything.
_TODO_IS_A_WORD: Final = frozenset({"es", "gl", "pt"})


def _placeholders(text: str, locale: str) -> Iterator[str]:
    for found in _PLACEHOLDER.finditer(text):
        if found[0] != "TODO" or language(locale) not in _TODO_IS_A_WORD:
            yield found[0]


# W3 and W5 ----------------------------------------------------------------------------------------------------------

# By language, what the names of its letters in Unicode begin with. Japanese and Korean may be written in Chinese ones.
_SCRIPTS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("ar", "fa", "ur"), ("ARABIC",)),
    "bn": ("BENGALI",),
    "el": ("GREEK",),
    "gu": ("GUJARATI",),
    "he": ("HEBREW",),
    **dict.fromkeys(("hi", "mr"), ("DEVANAGARI",)),
    "ja": ("HIRAGANA", "KATAKANA", "CJK"),
    "kn": ("KANNADA",),
    "ko": ("HANGUL", "CJK"),
    "ml": ("MALAYALAM",),
    "or": ("ORIYA",),
    "pa": ("GURMUKHI",),
    **dict.fromkeys(("ru", "uk"), ("CYRILLIC",)),
    "ta": ("TAMIL",),
    "te": ("TELUGU",),
    "th": ("THAI",),
    "zh": ("CJK",),
}
_NAMES_OF: Final = {
    "ARABIC": "Arabic letter",
    "CJK": "Chinese character",
    "CYRILLIC": "Cyrillic letter",
    "HANGUL": "Hangul",
    "HIRAGANA": "kana or kanji",
    "ORIYA": "Odia letter",
}
_SCRIPT_NAMES: Final = {
    spoken: _NAMES_OF.get(names[0], f"{names[0].title()} letter") for spoken, names in _SCRIPTS.items()
}
# Scripts that are written together count as one.
_ALIKE: Final = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "HANGUL": "CJK", "HALFWIDTH": "CJK", "FULLWIDTH": "CJK"}


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]


def _lacks_script(locale: str, text: str) -> bool:
    scripts = _SCRIPTS.get(language(locale), ())
    letters = [character for character in text if character.isalpha()]
    return bool(scripts and letters) and not any(_script(letter).startswith(scripts) for letter in letters)


def _script_family(text: str) -> set[str]:
    found = (_script(character) for character in text if character.isalpha())
    return {_ALIKE.get(name.partition("-")[0], name) for name in found}


def _is_of_another_script(alternative: str, text: str) -> bool:
    """Return whether an alternative text has no letter of a script of its text. One word may be a name."""
    own = _script_family(alternative)
    several = len(_words(alternative)) >= _LEAST_WORDS or own != {"LATIN"}
    return several and bool(own) and bool(_script_family(text)) and not own & _main_scripts(text)


def _main_scripts(text: str) -> set[str]:
    """Return the scripts of a text; of one in several, all but the Latin letters, which may be names."""
    found = _script_family(text)
    return found - {"LATIN"} or found


# W4 ---------------------------------------------------------------------------------------------------------------

_SOFT_HYPHEN, _ZERO_WIDTH_SPACE = "\u00ad", "\u200b"
_MARKS_OF_DIRECTION: Final = "\u200e\u200f\u061c"


def _unseen(text: str, locale: str) -> Iterator[str]:
    """Yield each invisible or direction-changing character once.

    Blanks of every width and soft hyphens are typography. Marks of direction belong in texts that are read from right
    to left, and zero width spaces in Thai, which is written without blanks.
    """
    allowed = _SOFT_HYPHEN
    allowed += _MARKS_OF_DIRECTION if is_mirrored(locale) else ""
    allowed += _ZERO_WIDTH_SPACE if language(locale) == "th" else ""
    plain = "".join(
        " " if one in allowed or unicodedata.category(one) == "Zs" or one in "\n\t" else one for one in text
    )
    plain = f"x{plain}x"  # blanks at an end are not looked for
    while (found := invisible_in_name(plain)) is not None:
        yield found
        plain = plain.replace(found, "")


# L1 ---------------------------------------------------------------------------------------------------------------


def _other_parts(text: _Text, default: str, default_text: _Text) -> Iterator[str]:
    mine, theirs = len(_bullets(text)), len(_bullets(default_text))
    if mine != theirs:
        yield f"{_count(mine)}, {theirs or 'none'} in {default}"
    image, other = text.get("image"), default_text.get("image")
    if image != other:
        parts = (
            ("no image", f"one in {default}")
            if image is None
            else (f"image {image}", f"{other or 'none'} in {default}")
        )
        yield ", ".join(parts)
    elif image is not None and text.get("headerPosition") != default_text.get("headerPosition"):
        here, there = ("above", "below") if text.get("headerPosition") else ("below", "above")
        yield f"header {here} the image, {there} it in {default}"


def _count(bullets: int) -> str:
    return plural(bullets, "bullet") if bullets else "no bullets"


# L4 ---------------------------------------------------------------------------------------------------------------

# What stands between groups of three digits, and before decimals; the Arabic signs, and the typographic apostrophe.
_ARABIC_DECIMAL: Final = "\u066b"
_GROUP: Final = "[.,'\u2019\u066c\u00a0\u202f ]"
_DECIMAL: Final = f"[.,{_ARABIC_DECIMAL}]"
_NUMBER: Final = re.compile(rf"\d{{1,3}}(?:{_GROUP}\d{{3}})+(?!\d)(?:{_DECIMAL}\d{{1,2}}(?!\d))?|\d+(?:{_DECIMAL}\d+)?")
_BETWEEN: Final = re.compile(rf"{_GROUP}(?=\d{{3}}(?!\d))")
_POINT: Final = re.compile(f"[,{_ARABIC_DECIMAL}]")


def _numbers(text: str) -> dict[Decimal, str]:
    """Return the numbers of a text by value, as they are written. Digits of every script count."""
    found: dict[Decimal, str] = {}
    for match in _NUMBER.finditer(text):
        digits = "".join(str(unicodedata.digit(one)) if one.isdigit() else one for one in match[0])
        value = _POINT.sub(".", _BETWEEN.sub("", digits))
        try:
            found.setdefault(Decimal(value), match[0])
        except InvalidOperation:
            continue
    return found


def _other_numbers(text: _Text, default: str, default_text: _Text) -> Iterator[str]:
    """Yield a sentence where each text has a number that the other lacks: one alone may be written as a word."""
    mine, theirs = _numbers(_read(text)), _numbers(_read(default_text))
    here = [written for value, written in mine.items() if value not in theirs]
    there = [written for value, written in theirs.items() if value not in mine]
    if here and there:
        yield f"{', '.join(here)} against {', '.join(there)} in {default}"
