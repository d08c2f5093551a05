"""The remarks on texts: each fires where it should, and stays away where a text is good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from console.local.samples import SAMPLE
from console.pages.remarks import remark_all, remarks_on_screen, remarks_on_text
from console.pages.screens import DrawnScreen, draw_text
from tests.support.drawn_pages import previewed

ENGLISH = {"header": "Your trails stay", "body": "Keep 120 000 trails and weather for every ridge."}
RIDGE = {"image": "ridge", "altText": "Three ridges at dusk"}
TICK = {"text": "Maps", "image": "tick", "altText": "A tick"}


def found(locale: str, text: dict[str, Any], default_text: dict[str, Any] | None = None) -> list[str]:
    return [code for code, _ in remarks_on_text(locale, text, "en-US", default_text)]


def body(text: str) -> dict[str, Any]:
    return {"header": "H", "body": text}


@pytest.mark.parametrize(
    ("locale", "text", "codes"),
    [
        ("de-DE", ENGLISH, ["W1"]),
        ("de-DE", {**ENGLISH, "body": "Keep 120 000 trails  and weather for every RIDGE."}, ["W1"]),
        ("ko", ENGLISH, ["W1"]),  # and not W3, too
        ("en-GB", ENGLISH, []),
        ("de-DE", {**ENGLISH, "body": "Alles bleibt."}, []),  # a header may be a name
    ],
)
def test_w1_the_same_text_in_another_language(locale: str, text: dict[str, Any], codes: list[str]) -> None:
    """A body that is the default locale's, blanks and capitals aside, was not translated."""
    assert found(locale, text, ENGLISH) == codes


@pytest.mark.parametrize(
    "left",
    [
        *("{name}", "{{ name }}", "${price}", "%s", "%@", "%1$@", "%d", "%.2f", "%(name)s", "TODO", "TBD", "FIXME"),
        *("[NAME]", "<name>", "lorem ipsum", "Lorem ipsum"),
    ],
)
def test_w2_a_placeholder_is_left(left: str) -> None:
    """The placeholders of templates and of format strings, and what writers leave for later."""
    assert found("en-US", body(f"Dear {left}, stay")) == ["W2"]


@pytest.mark.parametrize(
    ("locale", "good"),
    [
        ("en-US", "Save 50 % on everything, 100% sure"), ("fr-FR", "50 % de remise"), ("es-MX", "TODO el año"),
        ("pt-BR", "TODO mundo"), ("en-US", "Todo lists stay"), ("en-US", "5 < 6 > 4"), ("en-US", "Loremville"),
        ("de-DE", "100 %ig dabei"), ("sv", "50 %-rabatt"),
    ],
)  # fmt: skip
def test_w2_words_that_look_like_placeholders_are_none(locale: str, good: str) -> None:
    """Per cents, and `TODO` where it is a word, are left alone."""
    assert found(locale, body(good)) == []


@pytest.mark.parametrize(
    ("locale", "text", "codes"),
    [
        ("ja", "Stay with us", ["W3"]), ("ja", "このまま", []), ("ja", "山道", []), ("ar-SA", "Stay", ["W3"]),
        ("ar-SA", "ابق معنا في Trailhead", []), ("ru", "Stay", ["W3"]), ("ru", "Останьтесь", []),
        ("el", "Μείνετε", []), ("he", "Stay", ["W3"]), ("hi", "रुकें", []), ("ko", "머물러", []), ("th", "อยู่", []),
        ("zh-Hans", "Stay", ["W3"]), ("zh-Hant", "留下", []), ("ur-PK", "ٹھہریں", []), ("pa-IN", "ਰੁਕੋ", []),
        ("de-DE", "Stay", []), ("ja", "50 %", []), ("or-IN", "ରୁହନ୍ତୁ", []),
    ],
)  # fmt: skip
def test_w3_no_letter_of_the_locale_s_script(locale: str, text: str, codes: list[str]) -> None:
    """A text with letters, none of which is of its language's script; digits alone are no text."""
    assert found(locale, {"header": "1", "body": text}) == codes


@pytest.mark.parametrize(
    ("locale", "text", "codes"),
    [
        ("en-US", "Stay\u200bhere", ["W4"]), ("en-US", "Stay \u202ehere\u202c", ["W4", "W4"]),
        ("en-US", "a\u200fb", ["W4"]), ("ar-SA", "معنا\u200f", []), ("th", "อยู่\u200bกับ", []),
        ("fr-FR", "Prêt\u202f?\u00a0Oui", []), ("de-DE", "Wetter\u00adkarte", []), ("fa-IR", "می\u200cخوریم", []),
        ("en-US", "A family \U0001f468\u200d\U0001f469\u200d\U0001f467", []), ("en-US", "x\u2066y\u2069", ["W4", "W4"]),
        ("ja", "山\u3000道", []), ("en-US", "two\nlines", []), ("en-US", "\u2800", ["W4"]),
    ],
)  # fmt: skip
def test_w4_invisible_and_direction_changing_characters(locale: str, text: str, codes: list[str]) -> None:
    """Each is named once; blanks of every width, and marks that belong in a script, are left alone."""
    assert found(locale, {"header": "山 Й", "body": text} if locale == "ja" else body(text)) == codes


def test_w4_names_the_character() -> None:
    """The sentence has its code point and name."""
    [(_, sentence)] = remarks_on_text("en-US", body("a\u202eb"), "en-US", None)
    assert sentence == "body: ␣ is U+202E RIGHT-TO-LEFT OVERRIDE"


@pytest.mark.parametrize(
    ("locale", "text", "alternative", "codes"),
    [
        ("ja", "山道はこれから", "Three ridges at dusk", ["W5"]), ("ja", "山道はこれから", "夕暮れの稜線", []),
        ("ja", "山道はこれから", "Trailhead", []), ("en-US", "Stay", "夕暮れの稜線", ["W5"]),
        ("he", "השבילים", "Three ridges", ["W5"]), ("ko", "머물러", "三山", []), ("de-DE", "Bleib", "Three ridges", []),
    ],
)  # fmt: skip
def test_w5_the_alternative_text_is_of_another_script(
    locale: str, text: str, alternative: str, codes: list[str]
) -> None:
    """By script alone; one Latin word may be a name."""
    assert found(locale, {"header": text, "body": text, "image": "ridge", "altText": alternative}) == codes


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ({**ENGLISH, **RIDGE, "headerPosition": "ABOVE_IMAGE", "bullets": [TICK, TICK]}, []),
        ({**ENGLISH, **RIDGE, "headerPosition": "ABOVE_IMAGE"}, ["no bullets, 2 in en-US"]),
        ({**ENGLISH, **RIDGE, "bullets": [TICK, TICK]}, ["header below the image, above it in en-US"]),
        ({**ENGLISH, "bullets": [TICK, TICK]}, ["no image, one in en-US"]),
        (
            {**ENGLISH, **RIDGE, "image": "other", "bullets": [TICK]},
            ["1 bullet, 2 in en-US", "image other, ridge in en-US"],
        ),
    ],
)
def test_l1_other_parts_than_the_default_locale(text: dict[str, Any], sentences: list[str]) -> None:
    """Another number of bullets, another image, or the header at another place."""
    default = {**ENGLISH, **RIDGE, "headerPosition": "ABOVE_IMAGE", "bullets": [TICK, TICK]}
    assert [text for code, text in remarks_on_text("en-GB", text, "en-US", default) if code == "L1"] == sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ({"header": "x" * 60, "body": "y" * 129}, ["header has 60 of 66 characters"]),
        ({"header": "x", "body": "y" * 130}, ["body has 130 of 144 characters"]),
        ({"header": "x", "body": "\U0001f468" * 65}, ["body has 130 of 144 characters"]),
        ({**ENGLISH, "image": "r", "altText": "z" * 135}, ["alt text has 135 of 150 characters"]),
        ({**ENGLISH, "bullets": [{**TICK, "text": "z" * 60}]}, ["bullet 1 has 60 of 66 characters"]),
    ],
)
def test_l2_nearly_as_long_as_apple_allows(text: dict[str, Any], sentences: list[str]) -> None:
    """From 90 % of a limit on, counted as the compiler counts."""
    assert [text for code, text in remarks_on_text("en-US", text, "en-US", None) if code == "L2"] == sentences


@pytest.mark.parametrize(
    ("locale", "text", "default", "codes"),
    [
        ("de-DE", "30 Tage", "50 days", ["L4"]), ("de-DE", "50 Tage", "50 days", []),
        ("de-DE", "120.000 Wege", "120 000 trails", []), ("de-DE", "9,99 im Monat", "9.99 a month", []),
        ("ar-SA", "\u0665\u0660 يوما", "50 days", []), ("de-DE", "zehn Tage", "10 days", []),
        ("de-DE", "1.234,50 Euro", "1,234.50 euros", []), ("fr-FR", "1\u202f234 pas", "1,234 steps", []),
        ("de-DE", "50 Tage, zwei Wege", "50 days, 2 ways", []), ("de-DE", "50 Tage, 3 Wege", "50 days, 2 ways", ["L4"]),
    ],
)  # fmt: skip
def test_l4_other_numbers_than_the_default_locale(locale: str, text: str, default: str, codes: list[str]) -> None:
    """Numbers are compared by value; one that the other text may have as a word is left alone."""
    assert found(locale, body(text), body(default)) == codes


def test_l4_has_both_numbers() -> None:
    """The sentence has them as they are written."""
    [(_, sentence)] = remarks_on_text("de-DE", body("30 Tage"), "en-US", body("50 days"))
    assert sentence == "30 against 50 in en-US"


def screen(locale: str, *shown_to: str, mirrored: bool = False) -> DrawnScreen:
    return replace(draw_text("keep", locale, "m", ENGLISH), shown_to=shown_to, mirrored=mirrored)


@pytest.mark.parametrize(
    ("one", "sentences"),
    [
        (screen("en-US", "en-US", "en-GB"), []),
        (screen("en-US", "en-US", "it"), ["read in another language on devices in it"]),
        (screen("en-US", "he", mirrored=True), ["shown on mirrored devices: he"]),
        (screen("ar-SA", "it"), ["shown on devices that are not mirrored: it"]),
        (screen("en-US", mirrored=True), []),
        (
            screen("en-US", "it", "pl", "ro", "sk", "sv", "tr"),
            ["read in another language on devices in it, pl, ro, sk and 2 more"],
        ),
    ],
)
def test_l3_devices_that_are_not_like_the_text(one: DrawnScreen, sentences: list[str]) -> None:
    """A text on devices of the other direction, or of another language."""
    assert list(remarks_on_screen(one)) == [("L3", sentence) for sentence in sentences]


def test_the_remarks_on_the_sample_are_what_its_reader_would_miss() -> None:
    """German, Japanese and Spanish lack the bullets, four locales have the header elsewhere; nothing is wrong."""
    remarks = previewed(SAMPLE).remarks
    assert {one.locale for one in remarks if "bullets" in one.sentence} == {"de-DE", "ja", "es-MX"}
    assert {one.locale for one in remarks if "header below" in one.sentence} == {"fr-FR", "de-DE", "ja", "es-MX"}
    assert not any(one.wrong for one in remarks)


def test_a_remark_on_a_text_is_made_once_however_often_it_is_drawn() -> None:
    """Two screens of one text share its remarks; those of a device's direction are of one screen."""
    found = previewed(SAMPLE)
    assert len(set(found.remarks)) == len(found.remarks)
    assert remark_all(found.edition.document, found.board.screens * 2) == found.remarks
    assert {bool(one.screen) for one in found.remarks if one.code == "L3"} == {True}
