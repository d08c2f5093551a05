"""The page of `retention preview` on paper: a tagged PDF, complete cards, the notice on every page, texts to sign."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.browsed_pages import BrowsedPage, line_starts, opened
from tests.support.browsers import first_of
from tests.support.required_parts import real

NOTICE = "A drawing, not Apple’s screen"  # noqa: RUF001  # the typographic apostrophe
A4_WIDTH = 718  # CSS pixels between the margins


@dataclass(frozen=True)
class Element:
    """A tagged element of a PDF: `pages` are those that something inside it is drawn on."""

    kind: str
    alternative: str | None
    pages: frozenset[int]


@dataclass(frozen=True)
class Printed:
    """A page, the PDF that Chromium prints of it, and the text of each page of paper."""

    page: BrowsedPage
    pdf: Any
    texts: list[str]


@pytest.fixture(scope="module", params=["sample", "every"])
def printed(request: pytest.FixtureRequest, chromium: Any, pages: dict[str, BrowsedPage]) -> Printed:
    import pypdf  # noqa: PLC0415  # only these tests need it

    page = pages[request.param]
    with chromium.new_context() as context:
        tab = context.new_page()
        tab.goto(page.url)
        content = tab.pdf(format="A4", prefer_css_page_size=True, tagged=True)
    # poppler finds the text twenty times as fast as pypdf
    read = [real(lambda: first_of(("pdftotext",), "poppler-utils")), "-raw", "-", "-"]
    text = subprocess.run(read, input=content, capture_output=True, check=True).stdout.decode()
    return Printed(page, pypdf.PdfReader(io.BytesIO(content)), text.removesuffix("\f").split("\f"))


def elements(pdf: Any) -> Iterator[Element]:
    """Yield the tagged elements in the order of reading."""
    numbers = {page.indirect_reference.idnum: number for number, page in enumerate(pdf.pages)}

    def walk(node: Any) -> Iterator[Any]:
        node = node.get_object()
        for one in node if isinstance(node, list) else [node]:
            inner = one.get_object()
            if isinstance(inner, dict):
                yield inner
                if "/K" in inner:
                    yield from walk(inner["/K"])

    for node in walk(pdf.trailer["/Root"]["/StructTreeRoot"]["/K"]):
        if "/S" in node:
            on = frozenset(numbers[one.raw_get("/Pg").idnum] for one in walk(node) if "/Pg" in one)
            yield Element(str(node["/S"]), node.get("/Alt"), on)


def test_the_pdf_is_tagged(printed: Printed) -> None:
    """Marked, with its language, a tree of headings, articles, lists, tables and links, and the texts of pictures."""
    root = printed.pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value
    assert root["/Lang"] == "en"
    found = list(elements(printed.pdf))
    assert {"/H1", "/H2", "/H3", "/Art", "/L", "/LI", "/Table", "/TH", "/TD", "/Link"} <= {one.kind for one in found}
    pictures = {one.alternative for one in found if one.kind == "/Figure"}
    texts = [one.text for one in printed.page.found.board.screens if one.text]
    assert {text["altText"] for text in texts if "altText" in text} <= pictures


def test_no_card_is_split(printed: Printed) -> None:
    """Every screen is on one page of paper, with what is written under it."""
    cards = [one for one in elements(printed.pdf) if one.kind == "/Art"]
    found = printed.page.found
    changed = sum((one.before is not None) + (one.after is not None) for one in found.changes)
    assert len(cards) == len(found.board.screens) + changed
    assert {len(one.pages) for one in cards} == {1}


def test_the_notice_is_on_every_page(printed: Printed) -> None:
    """In the margin of each, and under each card."""
    assert all(NOTICE in one for one in printed.texts)
    cards = len(printed.page.found.board.screens)
    assert sum(one.count(NOTICE) for one in printed.texts) >= len(printed.texts) + cards


def test_every_text_can_be_signed(printed: Printed) -> None:
    """The table of texts is printed though it is closed on the screen, with each id and a column for the approval."""
    start = next(at for at, one in enumerate(printed.texts) if "Texts for review" in one)
    text = re.sub(r"\s", "", "".join(printed.texts[start:]))
    assert "Approvedby,date" in text
    for screen in printed.page.found.board.screens:
        assert screen.message in text
        if screen.text and screen.locale == "de-DE":
            assert re.sub(r"\s", "", screen.text["header"]) in text.replace("ﬀ", "ff").replace("ﬁ", "fi")


def test_controls_are_not_printed(printed: Printed) -> None:
    """Paper has no bar and no link to skip it; dark is printed as light."""
    text = "".join(printed.texts)
    assert "Accessibility 5" not in text
    assert "To the screens" not in text


@pytest.mark.parametrize("radios", [(), ("v1",), ("w0", "t2"), ("w3", "t1")], ids="-".join)
def test_cards_are_scaled_and_not_set_anew(
    chromium: Any, pages: dict[str, BrowsedPage], radios: tuple[str, ...]
) -> None:
    """Each line on paper begins with the same words as on the screen, and there are two cards in a row."""
    with opened(chromium, pages["every"], *radios, viewport={"width": A4_WIDTH, "height": 1000}) as tab:
        before = line_starts(tab)
        tab.emulate_media(media="print")
        assert line_starts(tab) == before
        boxes = tab.evaluate("""() => [...document.querySelectorAll('#screens ~ .set .grid')].map((grid) =>
            [...grid.querySelectorAll('article')].map((one) => one.getBoundingClientRect()))""")
        assert all(box["right"] <= A4_WIDTH + 0.5 for grid in boxes for box in grid)
        for grid in boxes:
            pairs = list(zip(grid[::2], grid[1::2], strict=False))
            assert all(left["top"] == right["top"] and left["right"] < right["left"] for left, right in pairs)


def test_paper_is_light(chromium: Any, pages: dict[str, BrowsedPage]) -> None:
    """The paper is light, also where the reader's system or the page is set to dark."""
    with opened(chromium, pages["sample"], "p1", color_scheme="dark") as tab:
        tab.emulate_media(media="print", color_scheme="dark")
        colours = tab.evaluate("""() => ['body', '.shot', '.chip'].map((part) =>
            getComputedStyle(document.querySelector(part)).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number))""")
        assert all(min(colour) > 200 for colour in colours)
