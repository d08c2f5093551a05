"""The screens of an edition: what makes one, which texts they are of, and why no customer is shown some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from retention.catalog import APPROVED, PENDING, REJECTED, MessageState

from console.file.compile import PreviousTexts
from console.file.edition import Standing, edition_from_file
from console.local.samples import SAMPLE, SAMPLE_CLOCK
from console.pages.screens import (
    BACK,
    NEW,
    NOT_ASKED,
    OTHER,
    OWN,
    UNANSWERED,
    Board,
    BoardCell,
    DrawnScreen,
    is_mirrored,
    shares_of,
)  # fmt: skip
from tests.support.drawn_pages import previewed
from tests.support.edited_sample import edited

BOARD = previewed().board


def cell(board: Board, product: str, locale: str) -> BoardCell:
    [one] = [one for one in board.cells if (one.cell.product, one.cell.locale) == (product, locale)]
    return one


def screens(board: Board, messages: str, locale: str = "en-US") -> list[DrawnScreen]:
    return [one for one in board.screens if (one.messages, one.locale) == (messages, locale)]


def standing(states: dict[str, MessageState], texts: dict[str, dict[str, tuple[str, ...]]] | None = None) -> Standing:
    return Standing(states, {}, 1, paused=False, previous=PreviousTexts(texts or {}, states))


def test_devices_of_three_of_apple_s_locales_are_mirrored() -> None:
    """Arabic, Hebrew and Urdu are read from right to left, however a device spells them."""
    assert [locale for locale in ("ar-SA", "he", "iw-IL", "ur-PK", "en-US", "ja") if is_mirrored(locale)] == [
        "ar-SA", "he", "iw-IL", "ur-PK",
    ]  # fmt: skip


def test_a_text_is_one_screen_for_each_direction_of_the_device() -> None:
    """English is shown on devices of both directions: two screens, with the locales of each."""
    plain, mirrored = screens(BOARD, "keep-pro")
    assert (plain.mirrored, mirrored.mirrored) == (False, True)
    assert mirrored.shown_to == ("ar-SA", "he", "ur-PK")
    assert {"en-US", "en-AU", "it"} <= set(plain.shown_to)
    assert plain.identity != mirrored.identity


def test_a_text_is_one_screen_for_each_offer_or_product_next_to_it() -> None:
    """The Japanese offer text stands next to another offer than the German one."""
    assert [one.terms for one in screens(BOARD, "offer-text", "ja")] == [
        "promotionalOffer retention_annual_30 of trailhead.pro.annual (v1)"
    ]
    assert [one.fields["offerIdentifier"] for one in screens(BOARD, "offer-text", "de-DE")] == ["retention_half_3m"]


def test_a_screen_names_its_rules_and_the_share_of_an_arm() -> None:
    """Rules are named once, with arm and share of an experiment."""
    [german] = screens(BOARD, "keep-pro", "de-DE")
    assert set(shares_of(german)) == {"half-of-monthly-tries-the-switch (control, 50 %)", "keep-pro"}


def test_a_share_is_one_of_the_customers_who_take_part(tmp_path: Path) -> None:
    """An arm of half the slots is not shown to half the customers while its traffic lets in 5 %."""
    some = ("key: switch-2026q4", "traffic: {timeZone: UTC, 2020-01-01: 5}\n      key: switch-2026q4")
    board = previewed(edited(tmp_path, some)).board
    [german] = screens(board, "keep-pro", "de-DE")
    assert "half-of-monthly-tries-the-switch (control, 50 % of the 5 % who take part)" in shares_of(german)


def test_a_default_message_is_the_same_screen_as_a_rule_s_message() -> None:
    """A text that is also a default message is drawn once, and names the places."""
    [german] = screens(BOARD, "keep-pro", "de-DE")
    assert ("trailhead.pro.annual", "de-DE") in german.default_of
    assert cell(BOARD, "trailhead.pro.annual", "de-DE").default == german.identity


def test_a_default_message_is_on_the_devices_of_its_place() -> None:
    """Apple shows a default in the locale it was registered for, also with a text in another language."""
    [french] = screens(BOARD, "keep-pro", "fr-FR")
    defaults = {("trailhead.pro.annual", "fr-CA"): french.message}
    found = previewed(known=Standing({}, defaults, 1, paused=False, previous=PreviousTexts({}, {})))
    [default] = [one for one in screens(found.board, "keep-pro", "fr-FR") if one.default_of]
    assert (default.shown_to, default.locales) == ((), ("fr-FR", "fr-CA"))


@pytest.mark.parametrize(
    ("product", "locale", "sign", "lacks"),
    [
        ("trailhead.pro.annual", "de-DE", OWN, False),
        ("trailhead.pro.annual", "it", OTHER, True),
        ("trailhead.family.monthly", "en-US", BACK, False),
        ("trailhead.student.annual", "en-US", UNANSWERED, False),
        ("*", "it", OTHER, False),
    ],
)
def test_the_sign_of_a_cell(product: str, locale: str, sign: str, lacks: bool) -> None:  # noqa: FBT001
    """Own language, another one, Apple falls back, or no rule answers; `*` never lacks a default message."""
    one = cell(BOARD, product, locale)
    assert (one.sign, one.lacks_default) == (sign, lacks)


def test_identities_are_digests() -> None:
    """Each screen has an identity of its own, made of hexadecimal digits alone, and the same in every run."""
    names = [one.identity for one in BOARD.screens]
    assert len(set(names)) == len(names)
    assert all(set(name[1:]) <= set("0123456789abcdef") and name[0] == "s" for name in names)
    assert names == [one.identity for one in previewed().board.screens]


def test_screens_stand_in_the_order_of_the_file_its_default_locale_first() -> None:
    """Sets are in the order of the file; within one, the default locale is first."""
    order = list(dict.fromkeys(one.messages for one in BOARD.screens))
    assert order == list(edition_from_file(SAMPLE, now=SAMPLE_CLOCK).document.messages)
    assert BOARD.screens[0].locale == "en-US"


def test_a_text_that_no_rule_shows_is_a_screen_with_the_reason(tmp_path: Path) -> None:
    """It is drawn as a message; a text whose rule is over has the reason that the coverage has."""
    unused = ("  course-text:\n", "  spare:\n    en-US: {header: Spare, body: Not in use}\n  course-text:\n")
    later = ("from: 2026-11-20", "from: 2035-11-20")
    board = previewed(edited(tmp_path, unused, later)).board
    [spare] = screens(board, "spare")
    assert (spare.kind, spare.why_not) == ("message", "no rule shows it, and it is no default message")
    [german] = screens(board, "offer-text", "de-DE")
    assert "its schedule begins 2035-11-19" in german.why_not
    assert german.kind == "promotionalOffer"


def test_without_a_table_no_state_is_claimed() -> None:
    """A file alone has no states, so nothing waits."""
    assert {(one.state, one.waits) for one in BOARD.screens} == {(NOT_ASKED, False)}


def test_the_states_of_a_table_are_those_of_the_screens(tmp_path: Path) -> None:
    """A pending text is drawn next to its approved predecessor; a rejected one, and one without a row, wait."""
    old = edition_from_file(SAMPLE, now=SAMPLE_CLOCK)
    file = edited(tmp_path, ("Gardez vos balades", "Gardez toutes vos balades"))
    ids = {message for texts in old.texts.values() for names in texts.values() for message in names}
    states = {message: MessageState(APPROVED) for message in ids}
    before = old.texts["keep-basic"]["fr-FR"][0]
    new = edition_from_file(file, now=SAMPLE_CLOCK).texts["keep-basic"]["fr-FR"][0].lower()
    states[new] = MessageState(PENDING)
    states[old.texts["switch-text"]["ja"][0]] = MessageState(REJECTED)
    del states[old.texts["switch-text"]["es-MX"][0]]
    board = previewed(file, standing(states, dict(old.texts))).board  # type: ignore[arg-type]  # as the table has it
    found = {one.message: one for one in screens(board, "keep-basic", "fr-FR")}
    assert (found[new].state, found[new].waits, found[new].meanwhile) == (PENDING, True, found[before].identity)
    assert found[new].why_not == "it waits for Apple's approval"
    assert (found[before].state, found[before].text) == (APPROVED, None)  # only the release before has its text
    assert {one.state for one in screens(board, "switch-text", "ja")} == {REJECTED}
    assert {one.state for one in screens(board, "switch-text", "es-MX")} == {NEW}


def test_sets_with_the_same_text_have_predecessors_of_their_own(tmp_path: Path) -> None:
    """The text has one id; the text before it is another one in each set, or there is none."""
    file = edited(
        tmp_path, ("Half the price for three months", "A year for less"),
        ("Stay on the trail this winter: three months of Pro at half the price.",
         "The annual plan has everything you use today, for less than ten months of it."),
    )  # fmt: skip
    texts = edition_from_file(file, now=SAMPLE_CLOCK).texts
    [waiting], [again] = texts["switch-text"]["en-US"], texts["offer-text"]["en-US"]
    before = "00000000-0000-4000-8000-000000000001"
    states = {each[0]: MessageState(APPROVED) for locales in texts.values() for each in locales.values()}
    states |= {waiting: MessageState(PENDING), before: MessageState(APPROVED)}
    board = previewed(file, standing(states, {"switch-text": {"en-US": (before,)}})).board
    assert again == waiting
    found = [one for one in screens(board, "switch-text") if one.message == waiting]
    served = [one.identity for one in screens(board, "switch-text") if one.message == before]
    assert [one.meanwhile in served for one in found] == [True]
    assert {one.meanwhile for one in screens(board, "offer-text")} == {None}


def test_an_image_that_is_not_approved_makes_its_text_wait() -> None:
    """Its state is on the screen."""
    edition = edition_from_file(SAMPLE, now=SAMPLE_CLOCK)
    [identifier] = edition.texts["keep-pro"]["de-DE"]
    states = {identifier: MessageState(APPROVED, {"x": PENDING, "y": APPROVED})}
    board = previewed(known=standing(states)).board
    [german] = screens(board, "keep-pro", "de-DE")
    assert (german.state, german.images, german.waits) == (APPROVED, (PENDING,), True)


def test_a_paused_app_shows_no_screen() -> None:
    """Every text is drawn all the same, with the reason."""
    edition = edition_from_file(SAMPLE, now=SAMPLE_CLOCK)
    ids = {message for texts in edition.texts.values() for names in texts.values() for message in names}
    known = replace(standing({message: MessageState(APPROVED) for message in ids}), paused=True)
    board = previewed(known=known).board
    assert {one.why_not for one in board.screens} == {"the app is paused"}
    assert {one.sign for one in board.cells} == {UNANSWERED}
