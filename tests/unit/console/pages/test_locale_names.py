"""Names of Apple's locales."""

from __future__ import annotations

from retention.locales import APPLE_LOCALES

from console.pages.locale_names import english_name, own_name


def test_every_locale_of_apple_has_its_own_english_name() -> None:
    """Each of the fifty has a name, and no two the same."""
    names = {locale: english_name(locale) for locale in APPLE_LOCALES}
    assert all(name != locale for locale, name in names.items())
    assert len(set(names.values())) == len(APPLE_LOCALES)


def test_every_language_but_english_has_its_name_in_itself() -> None:
    """English is not repeated."""
    assert {locale for locale in APPLE_LOCALES if not own_name(locale)} == {"en-AU", "en-CA", "en-GB", "en-US"}


def test_a_locale_is_found_however_it_is_spelled() -> None:
    """Also with a region of its own; an unknown one is its own name."""
    assert (english_name("ja-JP"), own_name("iw-IL"), english_name("xx-YY"), own_name("xx-YY")) == (
        "Japanese", "עברית", "xx-YY", "",
    )  # fmt: skip
