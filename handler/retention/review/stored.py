"""What the rows of a stored release hold: read and checked here for the sync of review states and for the console.

A row may be intact, as its digest shows, and still not be of the shape we write. Both are one error here,
UnreadableRowError; its message names what is wrong and quotes no content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from retention import table as rows
from retention.catalog import Settings, Sheet
from retention.table import Item, UnreadableRowError

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
    with _shaped(rows.TEXTS):
        texts = {
            name: {locale: tuple(map(_text, _list(ids))) for locale, ids in locales.items()}
            for name, locales in document["texts"].items()
        }
        served = frozenset(_list(document["served"]))
        if not served <= texts.keys():
            raise KeyError("served")
    return ReleaseTexts(texts, served)


def read_settings(item: Item) -> tuple[Mapping[str, Any], Settings]:
    """Return the document in the row `settings` of a release, and what it says. Raises UnreadableRowError."""
    document = rows.read_settings(item).document
    with _shaped(rows.SETTINGS):
        return document, Settings.from_document(document)


def read_sheet(item: Item, settings: Settings) -> Mapping[str, Any]:
    """Return the document of a product's row, which the real-time function can read. Raises UnreadableRowError."""
    document: Mapping[str, Any] = rows.document_of(item)
    with _shaped(rows.string(item, "sk")):
        Sheet.from_document(document, settings.locales)
    return document


@contextmanager
def _shaped(row: str) -> Iterator[None]:
    """Raise UnreadableRowError for the exceptions that reading a document of another shape raises."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableRowError(f"{row} is not of the shape that this version reads") from error


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
