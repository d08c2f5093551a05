"""The locales that a file mentions, for the commands that go over all of them."""

from __future__ import annotations

from collections.abc import Iterator

from retention.conditions import fact_tests
from retention.locales import APPLE_LOCALES

from console.file.entries import Document


def own_locales(document: Document) -> frozenset[str]:
    """Return every locale of the file's texts, fallbacks, default and conditions. No bare languages."""
    named = {locale for texts in document.messages.values() for locale in texts}
    if document.locales is not None:
        named |= {document.locales.default, *document.locales.fallbacks}
    for rule in document.rules:
        for test in fact_tests(rule.condition) if rule.condition is not None else ():
            if test.operator == "is" and test.fact == "userLocale" and isinstance(test.operand, tuple):
                named.update(map(str, test.operand))
    return frozenset(locale for locale in named if locale in APPLE_LOCALES or "-" in locale)


def served_locales(document: Document) -> Iterator[str]:
    """Yield the locales of the file's texts and fallbacks, its default first."""
    default = document.locales.default if document.locales else None
    mentioned = {locale for texts in document.messages.values() for locale in texts}
    if document.locales is not None:
        mentioned |= {locale for locale in document.locales.fallbacks if locale in APPLE_LOCALES}
    if default is not None:
        yield default
    yield from sorted(mentioned - {default})
