"""One edition of an app's answers: a file, compiled as if it went live now, or a release of the table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from retention import table as rows
from retention.catalog import APPROVED, Catalog, MessageState, Settings, Sheet
from retention.conditions import Condition, FactTest, condition_of, document_of, with_tests
from retention.errors import RetentionError
from retention.rules import CUSTOMER_PREFIX
from retention.table import ANY_PRODUCT

from console.deployment.target import Target
from console.file.compile import PreviousTexts, Progress, compile_document
from console.file.content import read_content
from console.file.document import read
from console.file.entries import Document, Rule, Text
from console.file.mistakes import Mistakes, Notes
from console.file.release import Release
from console.file.wording import text_fields
from console.terminal.failure import Failure

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
    def rules(self) -> Mapping[str, Rule]:
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
        """Return the sheet of a product; of ANY_PRODUCT, one that asks for UNKNOWN_PRODUCT instead of `productId`."""
        document = self.sheets.get(product_id, self.sheets[ANY_PRODUCT])
        if product_id != ANY_PRODUCT:
            return document
        rules = [{**rule, "when": rule["when"] and _open(rule["when"])} for rule in document["rules"]]
        return {**document, "rules": rules}

    def conditions(self, product_id: str) -> dict[str, Condition]:
        """Return what the rules of a product's sheet ask, by rule; rules for everyone ask nothing."""
        rules = self.sheet(product_id)["rules"]
        return {rule["name"]: condition_of(rule["when"]) for rule in rules if rule["when"] is not None}

    def catalog(self, product_id: str, states: States | None = None, customer_key: bytes = _NO_CUSTOMER_KEY) -> Catalog:
        """Return what a product is decided by; without `states` every text is approved.

        `customer_key` assigns customers to arms. For ANY_PRODUCT, what rules ask of `productId` is as unknown as what
        they ask of the customer.
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


def _open(when: list[Any]) -> list[Any]:
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
    document = _sound(read(file))
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
    """What a table knows besides releases. `defaults` is (product, locale) → message id; `release` is the live one."""

    states: States
    defaults: Mapping[tuple[str, str], str]
    release: int | None
    paused: bool
    previous: PreviousTexts = field(repr=False)


def standing(target: Target) -> Standing:
    """Read where the texts of an app stand, and its defaults. Raises ReleaseError, or AWS's own errors."""
    from console.rollout.observed import look_at_table  # noqa: PLC0415  # a file alone needs no AWS

    seen = look_at_table(target.app_table)
    head = rows.read_head(target.app_table.head())
    states = {message: row.state for message, row in seen.message_rows.items()}
    live = seen.live
    return Standing(
        states=states,
        defaults={place: recorded.message for place, recorded in seen.defaults.items()},
        release=None if live is None else live.number,
        paused=head.paused,
        previous=PreviousTexts({}, states) if live is None else PreviousTexts(live.texts, states, live.experiments),
    )


def from_file(
    file: Path,
    *,
    now: datetime,
    environment: str | None = None,
    previous: PreviousTexts | None = None,
    progress: Progress | None = None,
) -> Edition:
    """Compile a file as `publish` would. Raises Mistakes with everything that is wrong in it."""
    document = read(file, progress=progress)
    compiled = compile_document(
        document, environment=environment, previous=previous, now=now, reshuffle=True, progress=progress
    )
    return edition_of(document, compiled.release)


def edition_of(document: Document, release: Release) -> Edition:
    """Return the edition of a document and the release compiled from it."""
    return Edition(document.file, document, Settings.from_document(release.settings), release.sheets, release.texts)


def live_number(target: Target) -> int:
    """Return the number of the live release. Raises Failure where there is none."""
    number = rows.read_head(target.app_table.head()).current
    if number is None:
        raise Failure("Nothing has been published for this app.")
    return number


def from_release(target: Target, number: int) -> Edition:
    """Read a release whole. Raises ReleaseError where there is none, Failure where it is not to be understood."""
    from console.releases import source_of, verify  # noqa: PLC0415  # a file alone needs no AWS

    found = verify(target.app_table, number)
    name = f"release {number}"
    texts = rows.document_of(found[rows.TEXTS])["texts"]
    try:
        return Edition(
            name,
            read(source_of(found), file=name),
            Settings.from_document(rows.document_of(found[rows.SETTINGS])),
            {
                sk.removeprefix(rows.PRODUCT): rows.document_of(item)
                for sk, item in found.items()
                if sk.startswith(rows.PRODUCT)
            },
            {name: {locale: tuple(ids) for locale, ids in by.items()} for name, by in texts.items()},
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise Failure(f"Release {number} is damaged ({error}).") from None


class Releases:
    """The releases of a table, by number, as far as they are still kept; of no table, none."""

    def __init__(self, target: Target | None) -> None:
        self._target = target

    def __call__(self, number: int) -> Edition | None:
        if self._target is None:
            return None
        try:
            return from_release(self._target, number)
        except (Failure, RetentionError):  # collected, or made by another console
            return None


def earlier_texts(target: Target, wanted: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the texts of messages, by id, from the newest kept release that has each; some may be in none."""
    from console.releases import list_releases  # noqa: PLC0415  # as above

    found: dict[str, dict[str, Any]] = {}
    if not wanted:
        return found
    releases = Releases(target)
    for listed in list_releases(target.app_table):
        edition = releases(listed.number) if listed.complete else None
        known = {} if edition is None else edition.wording()
        found = {**{name: text_fields(known[name]) for name in wanted if name in known}, **found}
        if len(found) == len(wanted):
            break
    return found
