"""The section locales: Apple's locales, and fallbacks for languages and regions."""

from __future__ import annotations

import pytest
from retention.locales import LocaleTable, candidates

from console.file.mistakes import Notes, Place
from console.file.sections.locales import check_apple_locale
from tests.support.owner_file import GOOD, document_of, mistakes_of


def test_regions_of_chinese_are_kept_as_fallback_keys() -> None:
    """A fallback can be for a region that Apple's list joins with another."""
    document = document_of(GOOD.replace("fr-CA: [fr-FR]", "zh_hk: [zh-Hant], zh: [ja]"))
    assert document.locales is not None
    assert set(document.locales.fallbacks) == {"zh-HK", "zh", "es"}


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("nb", "nb nn no nb-NO nn-NO no-NO nb_no"),
        ("nn", "nb nn no nb-NO nn-NO no-NO"),
        ("nb-NO", "nb no nb-NO"),
        ("iw", "iw he iw-IL he-IL"),
        ("in", "in id in-ID id-ID"),
        ("zh", "zh zh-HK zh-CN zh-Hant-TW"),
        ("FR", "fr fr-BE fr_ca"),
    ],
)
def test_fallbacks_of_a_language_cover_all_its_names_and_regions(written: str, asked: str) -> None:
    """A fallback for `iw` is one for Hebrew under both of its codes, with a region or without."""
    document = document_of(GOOD.replace("fr-CA: [fr-FR]", f"{written}: [da]"))
    assert document.mistakes == ()
    assert document.locales is not None
    table = LocaleTable("en-US", document.locales.fallbacks)
    assert {candidates(locale, ["da", "en-US"], table) for locale in asked.split()} == {("da", "en-US")}


def test_two_names_of_one_language_are_one_key() -> None:
    """Of fallbacks for `nb` and `no` one would be ignored, so the second is a mistake on its line."""
    text = GOOD.replace("{fr-CA: [fr-FR], es: es-MX}", "{nb: [da],\n  no: [sv]}")
    wrong = "The fallbacks of `no` stand here twice, as `nb` and as `no`."
    assert mistakes_of(text) == [(8, f"{wrong} Keep one of the two: the first is on line 7.")]


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("en_us", "Did you mean `en-US`?"),
        ("fr", "Write one of `fr-CA`, `fr-FR`."),
        ("xx-YY", "Write one of `ar-SA`"),
    ],
)
def test_a_locale_that_apple_does_not_have_is_a_mistake(name: str, instead: str) -> None:
    """The mistake suggests another spelling, else Apple's locales of the same language, else all of them."""
    notes = Notes()
    check_apple_locale(name, Place(1, "a"), notes)
    [mistake] = notes.mistakes
    assert mistake.wrong == f"Apple has no locale `{name}`."
    assert mistake.instead.startswith(instead)
    check_apple_locale("fr-FR", Place(2, "a"), notes)
    assert len(notes.mistakes) == 1
