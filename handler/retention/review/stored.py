"""What the rows of a stored release hold: read and checked here for the sync of review states and for the console.

A row may be intact, as its digest shows, and still not be of the shape we write. Both are one error here,
UnreadableRowError; its message names what is wrong and quotes no content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeGuard

from retention import table as rows
from retention.catalog import Settings, Sheet
from retention.errors import DocumentError, UnreadableRowError
from retention.table import Item

# set → locale → message ids, newest first
Texts: TypeAlias = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class ReleaseTexts:
    """The row `texts`. `served` names the sets that rules can answer with."""

    texts: Texts
    served: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """Ids of all messages of the release, in all locales."""
        return frozenset(id_ for locales in self.texts.values() for ids in locales.values() for id_ in ids)

    @property
    def serves(self) -> frozenset[str]:
        """Ids of the messages that rules can serve."""
        return frozenset(id_ for name in self.served for ids in self.texts[name].values() for id_ in ids)


NO_TEXTS: Final = ReleaseTexts({}, frozenset())


def read_texts(item: Item) -> ReleaseTexts:
    """Read the row `texts` of a release. Raises UnreadableRowError."""
    document = rows.document_of(item)
    texts = document.get("texts") if isinstance(document, dict) else None
    served = document.get("served") if isinstance(document, dict) else None
    if not isinstance(texts, dict) or not all(map(_is_set, texts.values())) or not _is_text_list(served):
        raise _of_another_shape(rows.TEXTS)
    found = {name: {locale: tuple(ids) for locale, ids in locales.items()} for name, locales in texts.items()}
    if not found.keys() >= set(served):
        raise _of_another_shape(rows.TEXTS)
    return ReleaseTexts(found, frozenset(served))


def read_settings(item: Item) -> tuple[Mapping[str, Any], Settings]:
    """Return the document in the row `settings` of a release, and what it holds. Raises UnreadableRowError."""
    document = rows.read_settings(item).document
    try:
        return document, Settings.from_document(document)
    except DocumentError as error:
        raise _of_another_shape(rows.SETTINGS) from error


def read_sheet(item: Item, settings: Settings) -> Mapping[str, Any]:
    """Return the document of a product's row, which the real-time function can read. Raises UnreadableRowError."""
    document: Mapping[str, Any] = rows.document_of(item)
    try:
        Sheet.from_document(document, settings.locales)
    except DocumentError as error:
        raise _of_another_shape(rows.string(item, "sk")) from error
    return document


def _of_another_shape(row: str) -> UnreadableRowError:
    return UnreadableRowError(f"{row} is not of the shape that this version reads")


def _is_set(value: object) -> bool:
    """Return whether this is what a set has: message ids by locale."""
    return isinstance(value, dict) and all(map(_is_text_list, value.values()))


def _is_text_list(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
