"""One edition of an app's answers: a file, compiled as if it went live now, or a release of the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from retention.catalog import APPROVED, Catalog, MessageState, Settings, Sheet
from retention.conditions import Condition, FactTest, condition_of, document_of, with_tests
from retention.rules import CUSTOMER_PREFIX
from retention.table import ANY_PRODUCT

from console.file.compile import PreviousTexts, compile_document
from console.file.content import read_content
from console.file.document import read_document
from console.file.entries import Document, RuleEntry, Text
from console.file.mistakes import Mistakes, Notes
from console.file.release import CompiledRelease
from console.terminal.output import ReportProgress, no_progress

# Of a product that has no name here, its id is as unknown as any fact about the customer.
UNKNOWN_PRODUCT: Final = f"{CUSTOMER_PREFIX}productId"

States = Mapping[str, MessageState]

_NO_CUSTOMER_KEY: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Edition:
    """`sheets` by product id or ANY_PRODUCT; `texts` is set → locale → message ids, newest first."""

    name: str
    document: Document
    settings: Settings
    sheets: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]

    @property
    def rules(self) -> Mapping[str, RuleEntry]:
        return {rule.name: rule for rule in self.document.rules}

    def wording(self) -> dict[str, Text]:
        """Return the text of each message of this edition by its id. Predecessors are not among them."""
        return {
            self.texts[name][locale][0].lower(): text
            for name, texts in self.document.messages.items()
            for locale, text in texts.items()
            if self.texts.get(name, {}).get(locale)
        }

    def sheet(self, product_id: str) -> Mapping[str, Any]:
        """Return the sheet of a product: the one of ANY_PRODUCT where the file does not name it."""
        return self.sheets.get(product_id, self.sheets[ANY_PRODUCT])

    def with_unknown_products(self) -> Edition:
        """Return this edition with ANY_PRODUCT for every product that the file does not name.

        What a rule asks of `productId` is then as unknown as what it asks of the customer: it asks UNKNOWN_PRODUCT.
        """
        sheet = self.sheets[ANY_PRODUCT]
        rules = [{**rule, "when": rule["when"] and _asking_unknown(rule["when"])} for rule in sheet["rules"]]
        return replace(self, sheets={**self.sheets, ANY_PRODUCT: {**sheet, "rules": rules}})

    def conditions(self, product_id: str) -> dict[str, Condition]:
        """Return what the rules of a product's sheet ask, by rule; rules for everyone ask nothing."""
        rules = self.sheet(product_id)["rules"]
        return {rule["name"]: condition_of(rule["when"]) for rule in rules if rule["when"] is not None}

    def catalog(self, product_id: str, states: States | None = None, customer_key: bytes = _NO_CUSTOMER_KEY) -> Catalog:
        """Return what a product is decided by; without `states` every text is approved.

        `customer_key` assigns customers to arms.
        """
        sheet = Sheet.from_document(self.sheet(product_id), self.settings.locales)
        if states is None:
            named = {message for texts in sheet.sets.values() for ids in texts.values() for message in ids}
            states = dict.fromkeys(named, MessageState(APPROVED))
        return Catalog(sheet, self.settings, states, release=0, customer_key=customer_key)

    def side(self) -> Side:
        """Return this edition as one to compare. Raises Mistakes where its file has any."""
        ids = {name: {locale: ids[0].lower() for locale, ids in by.items()} for name, by in self.texts.items()}
        return Side(self.name, _sound(self.document), ids)


def _asking_unknown(when: list[Any]) -> list[Any]:
    def unknown(test: FactTest) -> FactTest:
        return replace(test, fact=UNKNOWN_PRODUCT) if test.fact == "productId" else test

    return document_of(with_tests(condition_of(when), unknown))


@dataclass(frozen=True, slots=True)
class Side:
    """An edition to compare with another: a file or a release.

    `ids` is set → locale → message id, as far as the images that an id depends on can be read.
    """

    name: str
    document: Document
    ids: Mapping[str, Mapping[str, str]] = field(repr=False)


def side_of_file(file: Path) -> Side:
    """Read a file; rules whose time is over are no mistake here. Raises Mistakes where its form is wrong."""
    document = _sound(read_document(file))
    content = read_content(document, Notes())  # an older file's images may be gone: then ids are not compared
    ids = {
        name: {locale: upload.identifier for locale, upload in texts.items() if all(upload.images)}
        for name, texts in content.messages.items()
    }
    return Side(document.file, document, ids)


def _sound(document: Document) -> Document:
    if document.mistakes:
        raise Mistakes(document.file, document.mistakes)
    return document


@dataclass(frozen=True, slots=True)
class Standing:
    """What a table has next to its releases. `defaults`: (product, locale) → message id; `release` is the live one."""

    states: States
    defaults: Mapping[tuple[str, str], str]
    release: int | None
    paused: bool
    previous: PreviousTexts = field(repr=False)


def edition_from_file(
    file: Path,
    *,
    now: datetime,
    environment: str | None = None,
    previous: PreviousTexts | None = None,
    progress: ReportProgress = no_progress,
) -> Edition:
    """Compile a file as `publish` would. Raises Mistakes with everything that is wrong in it."""
    document = read_document(file, progress=progress)
    compiled = compile_document(
        document, environment=environment, previous=previous, now=now, reshuffle=True, progress=progress
    )
    return edition_of(document, compiled.release)


def edition_of(document: Document, release: CompiledRelease) -> Edition:
    """Return the edition of a document and the release compiled from it."""
    return Edition(document.file, document, Settings.from_document(release.settings), release.sheets, release.texts)
