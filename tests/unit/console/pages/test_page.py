"""The page of `preview`: complete, true, well-formed for any file, small, and readable."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from retention.catalog import PENDING, MessageState
from retention.locales import APPLE_LOCALES

from console.file.compile import PreviousTexts
from console.file.edition import Standing, side_of_file
from console.local.samples import SAMPLE
from console.pages.frame import PageFacts, visible
from console.pages.page import PageImages, render
from console.pages.preview import ScreenChoice
from tests.support.drawn_pages import (
    Element,
    images_of,
    page_of,
    parsed,
    previewed,
)  # fmt: skip
from tests.support.edited_sample import edited
from tests.support.extreme_pages import HOSTILE, hostile, largest

FOUND = previewed()
IMAGES = images_of(FOUND.edition.document)
PAGE = page_of(FOUND, IMAGES)
TREE = parsed(PAGE)
STYLES = Path("console/pages/templates/preview.css")


def by_id(tree: Element) -> dict[str, Element]:
    found = [one for one in tree.all() if "id" in one.attributes]
    named = {str(one.attributes["id"]): one for one in found}
    assert len(named) == len(found), "an id twice"
    return named


# What is on it ------------------------------------------------------------------------------------------------------


def test_every_screen_is_drawn_once_with_its_texts() -> None:
    """An article for each, with header, body, bullets and what VoiceOver reads, in its language and direction."""
    drawn = by_id(TREE)
    for screen in FOUND.board.screens:
        article = drawn[screen.identity]
        assert screen.text is not None
        assert [one.text for one in article.of("p", "h")] == [screen.text["header"]]
        assert [one.text for one in article.of("p", "b")] == [screen.text["body"]]
        [inside] = article.of("div", "in")
        assert inside.attributes["lang"] == screen.locale
        assert [one.attributes["dir"] for one in article.of("div", "shot")] == ["rtl" if screen.mirrored else "ltr"]
        assert [one.text for one in inside.of("span")] == [each["text"] for each in screen.text.get("bullets", ())]
        alternatives = [screen.text.get("altText"), *(each["altText"] for each in screen.text.get("bullets", ()))]
        assert [one.attributes["aria-label"] for one in inside.all() if one.attributes.get("role") == "img"] == [
            one for one in alternatives if one
        ]


@pytest.mark.parametrize(("locale", "order"), [("en-US", ["h", "pic", "b"]), ("fr-FR", ["pic", "h", "b"])])
def test_the_order_follows_the_position_of_the_header(locale: str, order: list[str]) -> None:
    """ABOVE_IMAGE: header, image, text; else image, header, text. Bullets come last."""
    screen = next(one for one in FOUND.board.screens if (one.messages, one.locale) == ("keep-pro", locale))
    [inside] = by_id(TREE)[screen.identity].of("div", "in")
    assert [next(iter(one.classes & {"h", "pic", "b"}), one.tag) for one in inside.inside] == [*order, "ul"]


@pytest.mark.parametrize(
    ("messages", "pill", "note"),
    [
        ("switch-text", "plan", "Apple writes name and price of trailhead.pro.annual"),
        ("commitment-text", "plan", "Apple writes name and price of trailhead.pro.annual, billed monthly"),
        ("offer-text", "offer", "Apple writes name and price of trailhead.pro.monthly with retention_half_3m"),
        ("course-text", "offer", "Apple writes name and price of alpine-navigation"),
    ],
)
def test_what_apple_writes_is_a_note_and_no_invention(messages: str, pill: str, note: str) -> None:
    """Offer and product are named by their ids; no price, name or date is made up."""
    screen = next(one for one in FOUND.board.screens if (one.messages, one.locale) == (messages, "en-US"))
    article = by_id(TREE)[screen.identity]
    assert [one.text for one in article.of("p", "ph")] == [note]
    assert len(article.of("span", pill)) == 1


def test_apple_s_words_are_drawn_in_english_alone() -> None:
    """And only on devices that are not mirrored; elsewhere there are bars."""
    drawn = by_id(TREE)
    for screen in FOUND.board.screens:
        english = screen.locale.startswith("en") and not screen.mirrored
        assert [("en" in one.classes) for one in drawn[screen.identity].of("div", "shot")] == [english]
    shots = [one.text for one in TREE.of("div", "shot")]
    assert not any("Confirm" in one or "developer" in one for one in shots)  # they are the style sheet's


def test_the_matrix_has_every_cell_of_the_coverage() -> None:
    """Sign, number of screens and flag of each product and locale, and a link to a place on the page."""
    [table] = [one for one in TREE.of("table") if one.of("caption")]
    columns = [one.text for one in table.of("abbr")]
    rows = {row.of("th")[0].text: row.of("td") for row in table.of("tr")[1:]}
    ids = by_id(TREE)
    for one in FOUND.board.cells:
        name = "products the file does not name" if one.cell.product == "*" else one.cell.product
        cell = rows[name][columns.index(one.cell.locale)]
        assert cell.classes == {one.sign}
        assert ("⚑" in cell.text) == one.lacks_default
        assert re.findall(r"\d+", cell.text) == ([str(len(one.distinct))] if one.distinct else [])
        [link] = cell.of("a")
        assert str(link.attributes["href"]).removeprefix("#") in ids


def test_lists_lead_to_the_screens_of_their_answers() -> None:
    """Each answer with a screen links to it."""
    lists = TREE.of("section", "list")
    linked = {str(link.attributes["href"])[1:] for one in lists for link in one.of("a")}
    assert linked <= {one.identity for one in FOUND.board.screens}
    assert {name for one in FOUND.board.cells if len(one.screens) > 1 for name in one.screens if name} <= linked


def test_changes_are_pairs_with_their_words(tmp_path: Path) -> None:
    """Before and after next to each other, new and gone ones alone, other changes as a table."""
    file = edited(
        tmp_path, ("Keep your weekend walks", "Keep all your walks"), ("retention_annual_30", "annual_30"),
        ("  course-text:\n", "  spare:\n    it: {header: Resta, body: Con noi}\n  course-text:\n"),
    )  # fmt: skip
    tree = parsed(page_of(previewed(file, before=side_of_file(SAMPLE)), IMAGES))
    assert [len(one.of("article")) for one in tree.of("div", "pair")] == [2, 1]
    assert [one.text for one in tree.of("del")] == ["weekend "]
    assert [one.text for one in tree.of("ins")] == [" all"]
    assert {one.attributes["href"] for one in tree.of("ul", "counts")[0].of("a")} >= {"#changed"}
    assert "annual_30" in "".join(one.text for one in tree.of("table", "plain"))
    assert len([one for one in tree.of("article") if {"cg"} <= one.classes and "id" in one.attributes]) == 2 + 1


def test_texts_for_review_have_every_text_once() -> None:
    """With its id, and an empty column to sign."""
    [table] = TREE.of("div", "review")
    rows = table.of("tr", "text")
    assert sorted(row.of("code")[0].text for row in rows) == sorted({one.message for one in FOUND.board.screens})
    assert all(row.of("td")[-1].text == "" for row in rows)


def test_the_page_calls_itself_a_drawing() -> None:
    """In its head and its foot, and the style sheet prints it on every page."""
    notice = "A drawing, not Apple’s screen"  # noqa: RUF001  # the typographic apostrophe
    assert notice in TREE.of("header")[0].text
    assert notice in TREE.of("footer")[0].text
    css = STYLES.read_text(encoding="utf-8")
    assert f'@bottom-center{{content:"{notice}"' in css
    assert f'.cap::after{{content:"{notice}"' in css


def test_the_choice_of_a_locale_keeps_its_default_messages() -> None:
    """A text that Apple shows in Canada as a default stays on the page when Canadian French is chosen."""
    [french] = {one.message for one in FOUND.board.screens if (one.messages, one.locale) == ("keep-pro", "fr-FR")}
    defaults = {("trailhead.pro.annual", "fr-CA"): french}
    found = previewed(known=Standing({}, defaults, 1, paused=False, previous=PreviousTexts({}, {})))
    tree = parsed(page_of(found))
    [chosen] = [one for one in tree.of("label") if one.text.endswith("fr-CA")]
    number = str(chosen.attributes["for"]).removeprefix("c")
    cards = [one for one in tree.of("article") if f"l{number}" in one.classes]
    assert len(cards) == 1
    assert "default message of trailhead.pro.annual" in cards[0].text


def test_while_paused_no_holdout_gets_an_answer(tmp_path: Path) -> None:
    """The head names the holdout and its answer only while customers get real-time answers."""
    file = edited(tmp_path, ("rules:\n", "holdout: {key: h-2026h2, percent: 5, answer: keep-basic}\nrules:\n"))
    for paused in (False, True):
        known = Standing({}, {}, 1, paused=paused, previous=PreviousTexts({}, {}))
        head = parsed(page_of(previewed(file, known=known))).of("header")[0].text
        assert ("The holdout h-2026h2 has 5 % of the customers" in head, "Paused." in head) == (not paused, paused)


def test_states_are_chips() -> None:
    """Words and colour; a waiting text leads to the one that is shown meanwhile."""
    states = {one.message: MessageState(PENDING) for one in FOUND.board.screens}
    found = previewed(known=Standing(states, {}, 1, paused=True, previous=PreviousTexts({}, states)))
    tree = parsed(page_of(found))
    chips = Counter(one.text for one in tree.of("span", "chip"))
    assert chips["Waits for Apple"] == len(found.board.screens)
    assert "Paused." in tree.of("header")[0].text
    assert all("wt" in one.classes for one in tree.of("article"))


def test_images_are_in_the_page_once() -> None:
    """However often one is drawn; without their files they are hatched, with their names."""
    assert PAGE.count("data:image/") == len(IMAGES.distinct)
    bare = parsed(page_of(FOUND))
    assert {one.text for one in bare.of("div", "gone")} == {"ridge", "tick", "offline-map"}


def test_links_lead_to_places_on_the_page() -> None:
    """No link leads outside, and none leads nowhere."""
    ids = set(by_id(TREE))
    assert {str(one.attributes["href"])[1:] for one in TREE.of("a")} <= ids
    assert all(str(one.attributes["href"]).startswith("#") for one in TREE.of("a"))


@pytest.mark.parametrize("choice", [ScreenChoice(sets=("keep-basic",)), ScreenChoice(locales=("fr-CA",))])
def test_what_is_not_chosen_is_not_linked(choice: ScreenChoice) -> None:
    """A page of one set or locale has no link to a screen that it lacks."""
    tree = parsed(page_of(previewed(choice=choice), IMAGES))
    assert {str(one.attributes["href"])[1:] for one in tree.of("a")} <= set(by_id(tree))


# People -------------------------------------------------------------------------------------------------------------


def test_every_control_has_a_label_and_every_table_its_headers() -> None:
    """Radios are named by labels and groups, scroll areas can be reached with the keyboard."""
    ids = by_id(TREE)
    labelled = {one.attributes["for"] for one in TREE.of("label")}
    assert {one.attributes["id"] for one in TREE.of("input")} == labelled
    groups = [one for one in TREE.all() if one.attributes.get("role") == "radiogroup"]
    assert all(one.attributes.get("aria-label") or one.attributes.get("aria-labelledby") in ids for one in groups)
    assert all(one.attributes.get("scope") in {"col", "row"} for one in TREE.of("th"))
    assert all(one.attributes["tabindex"] == "0" and one.attributes["aria-label"] for one in TREE.of("div", "wrap"))
    hidden = [one for name in ("top", "band", "foot") for one in TREE.of("div", name)]
    assert all("inert" in one.attributes for one in hidden)


def test_one_radio_of_each_group_is_chosen() -> None:
    """The page is complete as it opens."""
    chosen = Counter(one.attributes["name"] for one in TREE.of("input") if "checked" in one.attributes)
    assert set(chosen.values()) == {1}
    assert set(chosen) == {one.attributes["name"] for one in TREE.of("input") if one.attributes["type"] == "radio"}


def test_every_radio_is_read_by_the_style_sheet() -> None:
    """No control is without effect: the first of each group is what holds without a rule."""
    [style] = TREE.of("style")
    read = set(re.findall(r":has\(#(\w+):checked\)", style.text))
    idle = {"v0", "w2", "t0", "p0", "o0", "c"}
    assert {str(one.attributes["id"]) for one in TREE.of("input")} - idle <= read


def colours(css: str, scheme: str) -> dict[str, str]:
    """Return the colours of a scheme, the light ones where it has none of its own."""
    light = re.findall(r"^(?::root|\.shot)\{(.*?)\}", css, re.MULTILINE | re.DOTALL)
    dark = re.findall(r"^@media screen[^{]*\{:root[^{]*\{(.*?)\}\}", css, re.MULTILINE | re.DOTALL)
    found: dict[str, str] = {}
    for block in [*light, *(dark if scheme == "dark" else [])]:
        found.update(dict(re.findall(r"--(\w+):(#[0-9a-f]+)", block)))
    return found


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2 of #rgb or #rrggbb."""
    digits = colour[1:] if len(colour) == 7 else "".join(one * 2 for one in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "pair",
    [
        *("ink page", "dim page", "accent page", "wait page", "bad page", "ink panel", "dim panel", "accent panel"),
        *("on accent", "ok okbg", "wait waitbg", "bad badbg", "ink chip"),
        *("text sheet", "text band", "tint btn", "tint pill", "ph sheet"),
    ],
)
def test_text_is_readable(scheme: str, pair: str) -> None:
    """Each pair of text and ground has a contrast of 4.5 to 1 at least (WCAG 1.4.3), in both schemes."""
    found = colours(STYLES.read_text(encoding="utf-8"), scheme)
    assert len(found) >= 24
    dark, light = sorted(luminance(found[name]) for name in pair.split())
    assert (light + 0.05) / (dark + 0.05) >= 4.5


# Safety -------------------------------------------------------------------------------------------------------------


def test_the_policy_allows_this_style_and_this_script_alone() -> None:
    """By their hashes; nothing is requested, and no other script or style can run."""
    [policy] = [str(one.attributes["content"]) for one in TREE.of("meta") if "http-equiv" in one.attributes]
    [style], [script] = TREE.of("style"), TREE.of("script")
    for name, content in (("style", style.text), ("script", script.text)):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith("; img-src data:; base-uri 'none'; form-action 'none'")
    assert not re.findall("https?:|@import|src=", style.text + script.text)
    assert {url.partition(";")[0] for url in re.findall(r"url\((.*?)\)", style.text)} == {"data:image/webp"}


def shape(tree: Element) -> Counter[tuple[Any, ...]]:
    """Return how often each element is there, with the names of its attributes."""
    return Counter((one.tag, *sorted(one.attributes)) for one in tree.all())


@functools.cache
def harmless() -> Element:
    """Return the page with a harmless word as every text and name."""
    return parsed(render(hostile("harmless"), PageImages({}, {}), PageFacts("1", "x", "0")))


@pytest.mark.parametrize("evil", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_in_a_file_becomes_an_element_or_an_attribute(evil: str) -> None:
    """Any string as every text and name leaves the same elements with the same attributes, and is readable text."""
    facts = PageFacts("1", f"retention preview {evil}", "0")
    page = render(hostile(evil), PageImages({}, {}), facts)
    page.encode()
    tree = parsed(page)
    plain = harmless()
    allowed = shape(plain)
    found = shape(tree)
    words = {("del",), ("ins",), ("li", "class"), ("ul",), ("span", "class"), ("small",)}  # differences, and remarks
    assert {key: found[key] for key in {*found, *allowed} - words} == {
        key: allowed[key] for key in {*found, *allowed} - words
    }
    assert all(key in allowed for key in found)
    names = [str(one.attributes[name]) for one in tree.all() for name in ("class", "id") if name in one.attributes]
    assert all(re.fullmatch(r"[A-Za-z0-9 -]*", name) for name in names)
    [style], [script] = tree.of("style"), tree.of("script")
    assert (style.text, script.text) == (plain.of("style")[0].text, plain.of("script")[0].text)
    if visible(evil) == evil and evil.strip() == evil and "\n" not in evil and "\t" not in evil:
        assert evil in tree.of("main")[0].text


def test_no_name_of_a_file_is_in_style_or_script() -> None:
    """Classes and ids are digests and numbers; the script is a constant."""
    [style], [script] = TREE.of("style"), TREE.of("script")
    rules = re.sub(r"url\(.*?\)", "", style.text).replace(".tick", "")
    assert not re.search(r"\b(ridge|tick|keep|trail)", rules)
    assert len(script.text) < 2000


# Size ---------------------------------------------------------------------------------------------------------------


def test_the_same_file_gives_the_same_bytes() -> None:
    """Nothing on the page depends on when or where it was made."""
    again = previewed()
    assert page_of(again, images_of(again.edition.document)) == PAGE


def test_the_sample_s_page_is_small() -> None:
    """At most 150 KB, and 30 KB as it is sent."""
    content = PAGE.encode()
    assert len(content) <= 150_000
    assert len(gzip.compress(content)) <= 30_000


def test_the_largest_page_is_bearable() -> None:
    """2 000 screens, 500 products and fifty locales: at most 4 MB, and 150 KB as it is sent."""
    found = largest()
    assert len(found.board.screens) == 2000
    assert len(found.board.cells) == 500 * len(APPLE_LOCALES)
    content = page_of(found).encode()
    assert len(content) <= 4_000_000
    assert len(gzip.compress(content)) <= 150_000
