"""The page of `retention preview`: one HTML file that asks for nothing, and works without its script.

Texts and names reach the page as escaped text or quoted attributes alone. Classes and ids are digests and numbers, as
a name could hold markup. Style and script are allowed by their hashes, and nothing else is.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from retention.limits import MAX_BODY, MAX_HEADER, utf16_length

from console.file.wording import instant_text, value_text
from console.pages.changes import ChangedText
from console.pages.geometry import DEVICE_OF_MEASURES, DEVICES, TEXT_SIZES, measures_css
from console.pages.locale_names import english_name, own_name
from console.pages.matrix import matrix_of
from console.pages.preview import Preview
from console.pages.remarks import Remark
from console.pages.screens import NEW, NOT_ASKED, DrawnScreen, is_mirrored, language, shares_of
from console.pages.thumbnails import Thumbnail

_TEMPLATES: Final = Path(__file__).parent / "templates"
_FEW: Final = 6

# A state's words, and the class that colours it.
_STATES: Final = {
    "APPROVED": ("Approved", "ok"),
    "PENDING": ("Waits for Apple", "wait"),
    "REJECTED": ("Rejected", "bad"),
    NEW: ("Not uploaded yet", "wait"),
    "UNKNOWN": ("State not known yet", "wait"),
    "ABSENT": ("Not at Apple", "bad"),
}
_KINDS: Final = {
    "message": "message",
    "alternateProduct": "switch plan",
    "promotionalOffer": "promotional offer",
    "advancedCommerce": "Advanced Commerce",
}


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the foot names: the version of the console, the command, and the SHA-256 of the file."""

    version: str
    command: str
    digest: str


@dataclass(frozen=True, slots=True)
class PageImages:
    """Images by name in the file: `after` of the edition, `before` of what it is compared with."""

    after: Mapping[str, Thumbnail]
    before: Mapping[str, Thumbnail]

    @property
    def distinct(self) -> tuple[Thumbnail, ...]:
        every = (*self.after.values(), *self.before.values())
        return tuple({one.css_class: one for one in every}.values())


def render(found: Preview, images: PageImages, facts: PageFacts) -> str:
    """Return the page. The same arguments give the same text."""
    environment = _environment()
    page = _PageView(found, images)
    style = Markup(_style(page))  # noqa: S704  # our own file, numbers and digests
    script = Markup((_TEMPLATES / "preview.js").read_text(encoding="utf-8").strip())  # noqa: S704  # our own file
    return environment.get_template("preview.html").render(
        policy=policy(str(style), str(script)),
        style=style,
        script=script,
        facts=facts,
        page=page,
        found=found,
        counts=found.counts,
        sizes=TEXT_SIZES,
        devices=DEVICES,
        device=DEVICE_OF_MEASURES,
        at=instant_text(found.found.at.timestamp()),
        source=Path(found.found.source).name,
        against=None if found.against is None else Path(found.against).name,
        matrix=matrix_of(found.board),
        limits=(MAX_HEADER, MAX_BODY),
        states=_STATES,
    )


def policy(style: str, script: str) -> str:
    """Return the content security policy: this style and this script, images in the page, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")


# An end of a line after an element, but for those before what a reader of the page's source looks for.
_LOOSE: Final = re.compile(r">\n(?!<(?:article|section|tr|!doctype|html|head|meta|title|style|body)\b)")


class _CloseLoader(FileSystemLoader):
    """Reads templates without the ends of lines between elements: a page of 2 000 screens would have 50 000."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, name, is_current = super().get_source(environment, template)
        return _LOOSE.sub(">", source), name, is_current


def _environment() -> Environment:
    made = Environment(
        loader=_CloseLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters.update(
        visible=visible,
        drawable=drawable,
        language=lambda locale: visible(english_name(locale)),
        own=own_name,
        direction=lambda locale: "rtl" if is_mirrored(locale) else "ltr",
        length=utf16_length,
        few=few,
        value=_value,
        kind=lambda kind: _KINDS.get(kind, kind),
    )
    return made


def _style(page: _PageView) -> str:
    """Return the style sheet with the measures, the locales that can be chosen, and the images."""
    css = (_TEMPLATES / "preview.css").read_text(encoding="utf-8").strip()
    locales = (
        f":root:has(#c{number}:checked) :is(.card,.set,.text):not(.l{number}){{display:none}}"
        for number in range(len(page.locales))
    )
    pictures = (
        f".{one.css_class}{{background-image:url({one.url});aspect-ratio:{one.width}/{one.height}}}"
        for one in page.images.distinct
    )
    return "\n".join([measures_css(), css, *locales, *pictures])


# Characters ---------------------------------------------------------------------------------------------------------

# What HTML cannot hold: control characters, halves of characters, and code points that are no characters.
_UNFIT: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
_UNFIT_CHARACTER: Final = re.compile(f"[{_UNFIT}]")
# Next to these, what hides, breaks a line, or turns the direction of what follows.
_HIDDEN_CHARACTER: Final = re.compile(f"[{_UNFIT}\u200b\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text: object) -> str:
    """Return a name or a text with each invisible character as ␣ and its code point, so that none hides or turns it."""
    return _HIDDEN_CHARACTER.sub(lambda found: f"␣U+{ord(found[0]):04X} ", str(text))


def drawable(text: object) -> str:
    """Return a text as a customer would see it; what HTML cannot hold is U+FFFD."""
    return _UNFIT_CHARACTER.sub("\ufffd", str(text))


def few(names: tuple[str, ...], most: int = _FEW) -> str:
    """Return names as one list, the last of many as a number."""
    rest = len(names) - most
    return ", ".join(map(visible, names if rest <= 1 else names[:most])) + (f" and {rest} more" if rest > 1 else "")


def _value(value: object) -> str:
    """Return a value of a change in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return value_text(value)


def _stock_unit(request: object) -> str:
    """Return the first SKU in a request of Advanced Commerce, wherever it has it."""
    if isinstance(request, Mapping):
        found = (str(request["SKU"]) if "SKU" in request else _stock_unit(inner) for inner in request.values())
        return next(filter(None, found), "")
    if isinstance(request, list | tuple):
        return next(filter(None, map(_stock_unit, request)), "")
    return ""


# What the template asks for -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Card:
    """A screen as it is drawn. `images` by name; `english`: Apple's words are drawn, which it has in English alone."""

    screen: DrawnScreen
    classes: str
    images: Mapping[str, Thumbnail]
    remarks: tuple[Remark, ...]

    @property
    def english(self) -> bool:
        return language(self.screen.locale) == "en" and not self.screen.mirrored

    @property
    def note(self) -> str:
        """What Apple writes next to the text, which only Apple knows."""
        fields = self.screen.fields
        match self.screen.kind:
            case "alternateProduct":
                plan = ", billed monthly" if fields.get("billingPlanType") == "MONTHLY" else ""
                return f"Apple writes name and price of {fields['productId']}{plan}"
            case "promotionalOffer":
                return f"Apple writes name and price of {fields['productId']} with {fields['offerIdentifier']}"
            case "advancedCommerce":
                return f"Apple writes name and price of {_stock_unit(fields.get('request'))}"
        return ""

    @property
    def also(self) -> tuple[str, ...]:
        return tuple(locale for locale in self.screen.shown_to if locale != self.screen.locale)

    @property
    def default_products(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(product for product, _ in self.screen.default_of))

    @property
    def chips(self) -> Iterator[tuple[str, str]]:
        """Words and class of each chip of a state."""
        if self.screen.state != NOT_ASKED:
            yield _STATES.get(self.screen.state, (self.screen.state, "wait"))
        for state in self.screen.images:
            words, colour = _STATES.get(state, (state, "wait"))
            yield f"Image: {words}", colour


@dataclass(frozen=True, slots=True)
class _Section:
    """The screens of one set, kind and offer or product."""

    number: int
    messages: str
    kind: str
    terms: str
    cards: tuple[_Card, ...]

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
        mentioned = {locale for screen in screens for locale in (screen.locale, *screen.shown_to)}
        mentioned |= {each.locale for each in found.changes} | {one.cell.locale for one in found.board.cells}
        self.locales = tuple(sorted(mentioned, key=lambda locale: (english_name(locale).casefold(), locale)))
        self._number = {locale: number for number, locale in enumerate(self.locales)}
        self._remarks = found.remarks_on()
        self.linked = frozenset(screen.identity for screen in screens)

    @property
    def sections(self) -> Iterator[_Section]:
        """The screens in their order, by set, kind and terms."""
        groups: dict[tuple[str, str, str], list[_Card]] = {}
        for screen in self.found.board.screens:
            groups.setdefault((screen.messages, screen.kind, screen.terms), []).append(self.card(screen))
        for number, (place, cards) in enumerate(groups.items()):
            yield _Section(number, *place, tuple(cards))

    def card(self, screen: DrawnScreen) -> _Card:
        remarks = tuple(self._remarks.get(screen.identity, ()))
        return _Card(screen, self._classes(screen, remarks=bool(remarks)), self.images.after, remarks)

    def changed_card(self, changed: ChangedText, *, before: bool) -> _Card | None:
        """Return how a changed text is drawn on one side, None where it is not there."""
        screen = changed.before if before else changed.after
        if screen is None:
            return None
        images = self.images.before if before else self.images.after
        return _Card(screen, f"{self._locale(screen.locale)} cg", images, ())

    def _classes(self, screen: DrawnScreen, *, remarks: bool) -> str:
        """Return the classes that the filters of the page go by."""
        names = [self._locale(locale) for locale in dict.fromkeys((screen.locale, *screen.shown_to))]
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
