"""The screen of each arm of an experiment, in the file's default locale, as the page of a report draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from retention.catalog import FALLBACK

from console.file.entries import AnswerEntry, Document
from console.file.wording import fields_text, text_fields
from console.pages.cards import Card
from console.pages.screens import answer_fields, draw_text
from console.pages.thumbnails import Thumbnail


@dataclass(frozen=True, slots=True)
class ArmScreen:
    """What an arm answers. `card` None: nothing of ours is drawn, for the reason in `words`.

    `locales` is the number of locales that the set has.
    """

    arm: str
    card: Card | None
    words: str
    locales: int = 0


def arm_screens(document: Document | None, key: str, images: Mapping[str, Thumbnail]) -> tuple[ArmScreen, ...]:
    """Return a screen for each arm of the experiment `key`; none where the file does not have it."""
    entry = None if document is None else document.experiments.get(key)
    if document is None or entry is None:
        return ()
    return tuple(_screen(arm.name, arm.answer, document, images) for arm in entry.arms)


def used_images(document: Document | None, key: str) -> tuple[str, ...]:
    """Return the names of the images that these screens need."""
    found = (one.card for one in arm_screens(document, key, {}) if one.card is not None)
    texts = (card.screen.text for card in found if card.screen.text is not None)
    names = ((text.get("image"), *(bullet.get("image") for bullet in text.get("bullets", ()))) for text in texts)
    return tuple(dict.fromkeys(name for each in names for name in each if name))


def _screen(arm: str, answer: AnswerEntry | None, document: Document, images: Mapping[str, Thumbnail]) -> ArmScreen:
    if answer is None:
        return ArmScreen(arm, None, "The file has no answer for this arm.")
    if answer.kind == FALLBACK:
        return ArmScreen(
            arm,
            None,
            "Apple's fallback: App Store Connect's message with its automatic offers, else your default message.",
        )
    texts = document.messages.get(answer.messages, {})
    default = document.locales.default if document.locales is not None else ""
    locale = default if default in texts else next(iter(texts), "")
    if not locale:
        return ArmScreen(arm, None, f"The file has no text of {answer.messages}.")
    plain = draw_text(answer.messages, locale, "", text_fields(texts[locale]))
    fields = answer_fields(answer, document)
    screen = replace(plain, kind=answer.kind, terms=fields_text(answer.kind, fields), fields=fields)
    return ArmScreen(arm, Card(screen, "", images, ()), "", len(texts))
