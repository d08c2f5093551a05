"""The locales that a file mentions in its texts, its fallbacks and its conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.decisions.file_locales import own_locales, served_locales
from console.file.document import read_document
from console.file.edition import Edition
from console.file.entries import Document

HEAD = "app: {appAppleId: 1, bundleId: com.example.app}\nproducts: {pro: {group: pro, period: P1M}}\n"
TEXT = "messages: {keep: {de-DE: {header: Bleib, body: Karten.}, en-GB: {header: Stay, body: Maps.}}}\n"


def document(folder: Path, locales: str = "", when: str = "{}") -> Document:
    rule = "rules: [{name: all, " + (f"when: {when}, " if when != "{}" else "") + "answer: {message: keep}}]\n"
    return read_document(f"{HEAD}{locales}{TEXT}{rule}".encode(), folder)


@pytest.mark.parametrize(
    ("locales", "when", "more"),
    [
        ("", "{}", set()),
        ("locales: {default: en-US}\n", "{}", {"en-US"}),
        ("locales: {default: en-GB, fallbacks: {fr-CA: [en-GB], es: [en-GB]}}\n", "{}", {"fr-CA"}),
        ("", "{userLocale: [pt-BR, fr]}", {"pt-BR"}),
        ("", "{not: {userLocale: ja}}", {"ja"}),
        ("", "{userLocale: {startsWith: zh-}}", set()),
    ],
)
def test_own_locales_are_all_that_the_file_names(locales: str, when: str, more: set[str], tmp_path: Path) -> None:
    """Texts, the default, fallbacks and tests of userLocale count; bare languages and prefixes are no locale."""
    assert own_locales(document(tmp_path, locales, when)) == {"de-DE", "en-GB"} | more


def test_served_locales_begin_with_the_default(sample: Edition) -> None:
    """The default comes first, then the others by name; a bare language among the fallbacks is not served."""
    assert list(served_locales(sample.document)) == ["en-US", "de-DE", "es-MX", "fr-CA", "fr-FR", "ja"]


def test_without_a_default_served_locales_are_those_of_the_texts(tmp_path: Path) -> None:
    """A file without `locales` serves the locales that it has texts in."""
    assert list(served_locales(document(tmp_path))) == ["de-DE", "en-GB"]
