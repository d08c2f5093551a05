"""The page of `retention preview`: one HTML file that asks for nothing, and works without its script.

`console.pages.frame` has what keeps a name in the file from becoming markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from retention.limits import MAX_BODY, MAX_HEADER

from console.file.wording import instant_text
from console.pages.cards import STATES, Card
from console.pages.changes import ChangedText
from console.pages.frame import PageFacts, own_text, page_environment, policy
from console.pages.geometry import DEVICE_OF_MEASURES, DEVICES, TEXT_SIZES, measures_css
from console.pages.locale_names import english_name
from console.pages.matrix import matrix_of
from console.pages.preview import Preview
from console.pages.screens import DrawnScreen, shares_of
from console.pages.thumbnails import Thumbnail


@dataclass(frozen=True, slots=True)
class PageImages:
    """Images by name in the file: `after` of the edition, `before` of what it is compared with."""

    after: Mapping[str, Thumbnail]
    before: Mapping[str, Thumbnail]

    @property
    def distinct(self) -> tuple[Thumbnail, ...]:
        every = (*self.after.values(), *self.before.values())
        return tuple({one.css_class: one for one in every}.values())


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page in parts: its title as text, its style sheet, and the HTML inside its body, without the script."""

    title: str
    style: str
    body: str


def render(found: Preview, images: PageImages, facts: PageFacts) -> str:
    """Return the page. The same arguments give the same text."""
    style, values = _values(found, images, facts)
    script = own_text("preview.js")
    rules = policy(style, script)
    template = page_environment().get_template("preview.html")
    return template.render(values, policy=rules, style=Markup(style), script=Markup(script))  # noqa: S704  # ours


def draw(found: Preview, images: PageImages, facts: PageFacts) -> Drawn:
    """Return the page in parts, for a page that shows one version of it after another."""
    style, values = _values(found, images, facts)
    body = page_environment().get_template("preview.html").render(values, fragment=True)
    return Drawn(values["title"], style, body)


def _values(found: Preview, images: PageImages, facts: PageFacts) -> tuple[str, dict[str, Any]]:
    """Return the style sheet, and what the template asks for."""
    page = _PageView(found, images)
    source = Path(found.found.source).name
    return _style(page), {
        "title": f"{source}: what customers see before they cancel",
        "facts": facts,
        "page": page,
        "found": found,
        "counts": found.counts,
        "sizes": TEXT_SIZES,
        "devices": DEVICES,
        "device": DEVICE_OF_MEASURES,
        "at": instant_text(found.found.at.timestamp()),
        "source": source,
        "against": None if found.against is None else Path(found.against).name,
        "matrix": matrix_of(found.board),
        "limits": (MAX_HEADER, MAX_BODY),
        "states": STATES,
    }


def _style(page: _PageView) -> str:
    """Return the style sheet with the measures, the locales that can be chosen, and the images."""
    css = own_text("preview.css")
    locales = (
        f":root:has(#c{number}:checked) :is(.card,.set,.text):not(.l{number}){{display:none}}"
        for number in range(len(page.locales))
    )
    pictures = (
        f".{one.css_class}{{background-image:url({one.url});aspect-ratio:{one.width}/{one.height}}}"
        for one in page.images.distinct
    )
    return "\n".join([measures_css(), css, *locales, *pictures])


# What the template asks for -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Section:
    """The screens of one set, kind and offer or product."""

    number: int
    messages: str
    kind: str
    terms: str
    cards: tuple[Card, ...]

    @property
    def classes(self) -> str:
        names = (name for card in self.cards for name in card.classes.split())
        return " ".join(dict.fromkeys(names))

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for card in self.cards for text in shares_of(card.screen)))


class _PageView:
    """What the template draws, made from a preview and its images."""

    def __init__(self, found: Preview, images: PageImages) -> None:
        self.found, self.images = found, images
        screens = found.board.screens
        mentioned = {locale for screen in screens for locale in screen.locales}
        mentioned |= {each.locale for each in found.changes} | {one.cell.locale for one in found.board.cells}
        self.locales = tuple(sorted(mentioned, key=lambda locale: (english_name(locale).casefold(), locale)))
        self._number = {locale: number for number, locale in enumerate(self.locales)}
        self._remarks = found.remarks_on()
        self.linked = frozenset(screen.identity for screen in screens)

    @property
    def sections(self) -> Iterator[_Section]:
        """The screens in their order, by set, kind and terms."""
        groups: dict[tuple[str, str, str], list[Card]] = {}
        for screen in self.found.board.screens:
            groups.setdefault((screen.messages, screen.kind, screen.terms), []).append(self.card(screen))
        for number, (place, cards) in enumerate(groups.items()):
            yield _Section(number, *place, tuple(cards))

    def card(self, screen: DrawnScreen) -> Card:
        remarks = tuple(self._remarks.get(screen.identity, ()))
        return Card(screen, self._classes(screen, remarks=bool(remarks)), self.images.after, remarks)

    def changed_card(self, changed: ChangedText, *, before: bool) -> Card | None:
        """Return how a changed text is drawn on one side, None where it is not there."""
        screen = changed.before if before else changed.after
        if screen is None:
            return None
        images = self.images.before if before else self.images.after
        return Card(screen, f"{self._locale(screen.locale)} cg", images, ())

    def _classes(self, screen: DrawnScreen, *, remarks: bool) -> str:
        """Return the classes that the filters of the page go by."""
        names = [self._locale(locale) for locale in screen.locales]
        names += ["cg"] if (screen.messages, screen.locale) in self.found.changed_places else []
        names += ["wt"] if screen.waits else []
        names += ["rm"] if remarks else []
        return " ".join(names)

    def _locale(self, locale: str) -> str:
        return f"l{self._number[locale]}"

    def text_class(self, locale: str) -> str:
        """Return the class of a row of the table of texts."""
        return self._locale(locale)

    @property
    def texts(self) -> tuple[DrawnScreen, ...]:
        """One screen of every text, for the table that is signed."""
        texts = {(one.messages, one.locale, one.message): one for one in reversed(self.found.board.screens)}
        return tuple(one for one in self.found.board.screens if texts[one.messages, one.locale, one.message] is one)

    @property
    def coarse(self) -> bool:
        """Whether an image had to be made smaller than it is drawn."""
        return any(one.coarse for one in self.images.distinct)
