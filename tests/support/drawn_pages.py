"""Pages of `retention preview`: made of a file in this process, and read again with an HTML parser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from retention.catalog import Answer, Settings
from retention.decision import Delivery
from retention.locales import APPLE_LOCALES, LocaleTable

from console.decisions.coverage import Cell, CellChoice, Coverage, RealTimeAnswer, cover
from console.decisions.file_locales import own_locales
from console.file.content import read_content
from console.file.edition import Edition, Side, Standing, edition_from_file
from console.file.entries import AppEntry, Document, Locales, ProductEntry, Text
from console.file.mistakes import Notes, Place
from console.local.samples import SAMPLE, SAMPLE_CLOCK
from console.pages.frame import PageFacts
from console.pages.page import PageImages, render
from console.pages.preview import Preview, ScreenChoice, make_preview
from console.pages.thumbnails import make_thumbnails

FACTS: Final = PageFacts("1.0.0", "retention preview retention.yaml", "0" * 64)
NO_IMAGES: Final = PageImages({}, {})
AT: Final = Place(1, "file")
VOID: Final = frozenset({"br", "input", "link", "meta"})
LOCALES: Final = sorted(APPLE_LOCALES)


def previewed(
    file: Path = SAMPLE,
    known: Standing | None = None,
    before: Side | None = None,
    choice: ScreenChoice | None = None,
    edition: Edition | None = None,
) -> Preview:
    edition = edition or edition_from_file(file, now=SAMPLE_CLOCK, previous=None if known is None else known.previous)
    locales = tuple(sorted({*own_locales(edition.document), *APPLE_LOCALES}))
    found = cover(edition, known, SAMPLE_CLOCK, CellChoice(locales=locales))
    return make_preview(edition, known, found, before, choice or ScreenChoice())


def images_of(document: Document) -> PageImages:
    return PageImages(make_thumbnails(read_content(document, Notes()), document.images), {})


def page_of(found: Preview, images: PageImages = NO_IMAGES) -> str:
    return render(found, images, FACTS)


# Read again ---------------------------------------------------------------------------------------------------------


@dataclass
class Element:
    """An element of a page: `text` is all text inside it."""

    tag: str
    attributes: dict[str, str | None]
    inside: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self) -> Iterator[Element]:
        for one in self.inside:
            yield one
            yield from one.all()

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def classes(self) -> set[str]:
        return set((self.attributes.get("class") or "").split())

    def of(self, tag: str, css_class: str = "") -> list[Element]:
        return [one for one in self.all() if one.tag == tag and (not css_class or css_class in one.classes)]


class _Reader(HTMLParser):
    """Builds the tree; every element that is opened must be closed, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.top = Element("document", {})
        self.open = [self.top]
        self.strangers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice: {attrs}"
        element = Element(tag, dict(attrs))
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for one in self.open:
            one.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.strangers.append(data)

    def handle_decl(self, decl: str) -> None:
        if decl != "doctype html":
            self.strangers.append(decl)

    def handle_pi(self, data: str) -> None:
        self.strangers.append(data)

    def unknown_decl(self, data: str) -> None:
        self.strangers.append(data)


def parsed(page: str) -> Element:
    """Return the tree of a page. Fails where it is not well-formed, or has a comment or another declaration."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert [one.tag for one in reader.open] == ["document"]
    assert reader.strangers == []
    return reader.top


# Made up ------------------------------------------------------------------------------------------------------------


def text(header: str = "Stay", body: str = "Please stay with us", **more: object) -> Text:
    given = {"image": None, "alt_text": None, "above_image": False, "bullets": (), "revision": None, **more}
    return Text(header=header, body=body, at=AT, image_at=AT, **given)  # type: ignore[arg-type]  # fields by name


def id_of(messages: str, locale: str) -> str:
    """Return the id of a text that is made up, in the form of a real one."""
    return str(uuid5(NAMESPACE_URL, repr((messages, locale))))


def edition_with(
    messages: Mapping[str, Mapping[str, Text]], products: tuple[str, ...] = ("pro",), name: str = "retention.yaml"
) -> Edition:
    """Return an edition of texts and products alone, which no file could hold in every case."""
    document = Document(
        file=name, base_dir=None, app=AppEntry(1, "com.example.app", "i", "K1", AT), signing_key=None,
        environments={}, products={each: ProductEntry(each, "g", "P1M", False, False, None, AT) for each in products},  # noqa: FBT003
        locales=Locales("en-US", {}), images={}, messages=messages, sets_at={}, offers={}, rules=(), source=b"",
        mistakes=(),
    )  # fmt: skip
    ids = {name: {locale: (id_of(name, locale),) for locale in texts} for name, texts in messages.items()}
    return Edition(name, document, Settings(1, "com.example.app", "i", "K1", False, LocaleTable("en-US", {})), {}, ids)  # noqa: FBT003


def coverage_of(edition: Edition, cells: tuple[Cell, ...], texts: Mapping[str, Mapping[str, object]]) -> Coverage:
    return Coverage(edition.name, "every text taken as approved", SAMPLE_CLOCK, False, cells, (), (), texts)  # noqa: FBT003


def shown_cell(product: str, locale: str, messages: str, rule: str = "keep", default: str | None = None) -> Cell:
    """Return a cell in which a rule shows everyone the set's text of the same locale."""
    delivery = Delivery(Answer("message", messages, {}), id_of(messages, locale), locale)
    return Cell(product, locale, (RealTimeAnswer(rule, True, "", None, None, delivery),), (), True, default)  # noqa: FBT003
