"""What changes for customers who look: texts before and after as pairs, with the words that differ. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from console.decisions.differences import Change, Differences
from console.file.edition import Side
from console.file.wording import text_fields
from console.pages.screens import DrawnScreen, draw_text

# Words, blanks, and each character of scripts that are written without blanks.
_TOKEN: Final = re.compile(r"\s+|[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+|[^\w\s]")

SAME, GONE, CAME = "same", "gone", "came"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: SAME in both, GONE with the text before, or CAME with the one after."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What differs next to the words. `before` and `after` are None where `what` has it all."""

    what: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedText:
    """A text that was added, removed or changed: how it is drawn on each side, and what differs, by name of the part.

    `note` explains a change of the id alone.
    """

    what: str
    messages: str
    locale: str
    before: DrawnScreen | None
    after: DrawnScreen | None
    words: Mapping[str, tuple[Piece, ...]]
    marks: tuple[Mark, ...]
    note: str


def changed_texts(found: Differences, before: Side, after: Side) -> tuple[ChangedText, ...]:
    """Return the changes of messages, in the order of `retention diff`."""
    return tuple(_changed(change, before, after) for change in found.sections["messages"])


def other_changes(found: Differences) -> Iterator[tuple[str, Change]]:
    """Yield the section and each change that is not of a message."""
    for section, changes in found.sections.items():
        if section != "messages":
            yield from ((section, change) for change in changes)


def compare_words(before: str, after: str) -> tuple[Piece, ...]:
    """Return the pieces of two texts, words that are gone before those that came in their place."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    pieces: list[Piece] = []
    for tag, start, end, begin, stop in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(SAME, "".join(old[start:end])))
            continue
        parts = (Piece(GONE, "".join(old[start:end])), Piece(CAME, "".join(new[begin:stop])))
        pieces += [piece for piece in parts if piece.text]
    return tuple(pieces)


def _changed(change: Change, before: Side, after: Side) -> ChangedText:
    messages, _, locale = change.name.rpartition(" in ")
    old = None if change.what == "added" else _screen(before, messages, locale)
    new = None if change.what == "removed" else _screen(after, messages, locale)
    words: dict[str, tuple[Piece, ...]] = {}
    marks: tuple[Mark, ...] = ()
    if old is not None and new is not None:
        here, there = old.text or {}, new.text or {}
        fields = [name for name in ("header", "body", "altText") if here.get(name) != there.get(name)]
        words = {name: compare_words(here.get(name, ""), there.get(name, "")) for name in fields}
        marks = tuple(_marks(here, there))
    return ChangedText(change.what, messages, locale, old, new, words, marks, change.note)


def _screen(side: Side, messages: str, locale: str) -> DrawnScreen | None:
    text = side.document.messages.get(messages, {}).get(locale)
    identifier = side.ids.get(messages, {}).get(locale, "")
    return None if text is None else draw_text(messages, locale, identifier, text_fields(text))


def _marks(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Mark]:
    if before.get("image") != after.get("image"):
        yield Mark("image", before.get("image", "none"), after.get("image", "none"))
    if before.get("headerPosition") != after.get("headerPosition"):
        yield Mark("header moves above the image" if after.get("headerPosition") else "header moves below the image")
    if before.get("revision") != after.get("revision"):
        yield Mark("revision", str(before.get("revision", "none")), str(after.get("revision", "none")))
    old, new = before.get("bullets", ()), after.get("bullets", ())
    for number in range(1, max(len(old), len(new)) + 1):
        was, now = (bullets[number - 1] if number <= len(bullets) else None for bullets in (old, new))
        if was != now:
            yield Mark(f"bullet {number}", _bullet(was), _bullet(now))


def _bullet(bullet: Mapping[str, Any] | None) -> str:
    return "none" if bullet is None else f"“{bullet['text']}” [{bullet['image']}: {bullet['altText']}]"
