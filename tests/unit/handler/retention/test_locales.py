"""Spelling and naming of locales; the order of candidates is tests/conformance/cases/locales.json."""

from __future__ import annotations

import pytest
from retention import locales
from retention.locales import APPLE_LOCALES, LocaleTable, candidates, language_of, listed, names_of, normalise, spelled


def test_apple_has_fifty_locales() -> None:
    """App Store Connect's list has 50 locales."""
    assert len(APPLE_LOCALES) == 50


@pytest.mark.parametrize("locale", sorted(APPLE_LOCALES))
def test_apples_own_spelling_is_normal(locale: str) -> None:
    """Each of Apple's codes stays as it is, and is found by any spelling of it."""
    assert normalise(locale) == locale
    assert normalise(locale.lower().replace("-", "_")) == locale
    assert candidates(locale, APPLE_LOCALES, LocaleTable("en-US", {}))[0] == locale


@pytest.mark.parametrize(
    ("asked", "normal"),
    [
        ("NB_no", "no"),
        ("nn", "no"),
        ("iw_IL", "he-IL"),
        ("in", "id"),
        ("zh-HK", "zh-Hant"),
        ("zh", "zh-Hans"),
        ("", ""),
    ],
)
def test_older_and_narrower_names_become_apples(asked: str, normal: str) -> None:
    """Old codes, and regions that Apple joins into one locale, become Apple's code."""
    assert normalise(asked) == normal


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("fr-CA", "fr-CA"),
        ("en_gb_oxendict", "en-GB"),
        ("ja-JP", "ja"),
        ("nb-NO", "no"),
        ("zh-HK", "zh-Hant"),
        ("fr-Latn-CA", "fr-CA"),
        ("en-IN", "en-IN"),
        ("tlh", "tlh"),
    ],
)
def test_a_default_is_recorded_under_apples_locale(asked: str, place: str) -> None:
    """A device's spelling becomes Apple's code for the same locale, and never another region's."""
    assert listed(asked) == place


def test_spelling_keeps_the_region() -> None:
    """`spelled` corrects case and separators and keeps the region."""
    assert [spelled(asked) for asked in ("ZH_hk", "en__us", "sr_latn_rs")] == ["zh-HK", "en-US", "sr-Latn-RS"]


def test_a_locale_is_known_by_all_its_names() -> None:
    """A rule can name a locale as the device sent it, normalised, shortened, or by language and region."""
    assert names_of("zh_hant_hk") == {"zh_hant_hk", "zh-Hant-HK", "zh-Hant", "zh-HK", "zh"}
    assert names_of("nb-NO") == {"nb-NO", "nb", "no"}
    assert language_of("fr-CA") == "fr"


def test_a_long_locale_costs_no_more_than_a_short_one() -> None:
    """A text too long for a locale is cut before it is split into its parts."""
    assert len(names_of("a-" * 100_000)) < 70


def test_a_text_too_long_for_a_locale_is_not_remembered() -> None:
    """A signed request can hold a long text as its locale; a hundred of them would stay in memory."""
    before = locales._remembered_names.cache_info().currsize
    assert "xx" in names_of("xx-" + "a" * 64)
    assert locales._remembered_names.cache_info().currsize == before
