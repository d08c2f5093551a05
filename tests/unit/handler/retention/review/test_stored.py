"""The rows of a stored release are read as what they hold; a row of another shape is one error that quotes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from retention import table as rows
from retention.catalog import FORMAT, Settings
from retention.errors import UnreadableRowError
from retention.review.stored import NO_TEXTS, ReleaseTexts, read_settings, read_sheet, read_texts

from tests.support.fake_table import APP, SETTINGS, SHEETS

TEXTS = {"keep": {"en-US": ["new", "old"], "fr-FR": ["french"]}, "unused": {"en-US": ["other"]}}


def row(document: Any, key: rows.Key | None = None) -> rows.Item:
    return {**(key or {}), **rows.document_attributes(document)}


def settings_row(document: Any) -> rows.Item:
    return {**rows.settings_key(APP, 1), **rows.settings_attributes(document, FORMAT, [], None)}


def test_texts_are_those_of_the_release_and_those_that_rules_serve() -> None:
    """A set that no rule answers with is stored, and not served."""
    found = read_texts(row({"texts": TEXTS, "served": ["keep"]}))
    assert found.texts["keep"] == {"en-US": ("new", "old"), "fr-FR": ("french",)}
    assert found.names == {"new", "old", "french", "other"}
    assert found.serves == {"new", "old", "french"}


def test_an_app_without_a_release_has_no_texts() -> None:
    """`NO_TEXTS` stands for a table before the first publishing."""
    assert (NO_TEXTS.names, NO_TEXTS.serves) == (frozenset(), frozenset())
    assert read_texts(row({"texts": {}, "served": []})) == ReleaseTexts({}, frozenset())


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"texts": TEXTS},
        {"texts": [], "served": []},
        {"texts": {"keep": []}, "served": []},
        {"texts": {"keep": {"en-US": "new"}}, "served": []},
        {"texts": {"keep": {"en-US": [7]}}, "served": []},
        {"texts": TEXTS, "served": "keep"},
        {"texts": TEXTS, "served": ["nope"]},
    ],
)
def test_texts_of_another_shape_are_unreadable(document: object) -> None:
    """A row can be intact, by its digest, and still be written by another version."""
    with pytest.raises(UnreadableRowError, match=r"^texts is not of the shape that this version reads$"):
        read_texts(row(document))


def test_settings_are_the_document_and_what_it_holds() -> None:
    """The console copies the document, and both read its values."""
    document, settings = read_settings(settings_row(SETTINGS))
    assert document == SETTINGS
    assert settings == Settings.from_document(SETTINGS)


def test_settings_of_another_shape_are_unreadable() -> None:
    """The error names the row."""
    with pytest.raises(UnreadableRowError, match=r"^settings is not of the shape"):
        read_settings(settings_row({**SETTINGS, "bundleId": 7}))


def test_a_sheet_is_the_document_that_the_function_can_read() -> None:
    """One that the function could not read is refused here, with its row's key."""
    settings = Settings.from_document(SETTINGS)
    key = rows.sheet_key(APP, 1, "pro.monthly")
    assert read_sheet(row(SHEETS["pro.monthly"], key), settings) == SHEETS["pro.monthly"]
    with pytest.raises(UnreadableRowError, match="is not of the shape") as refused:
        read_sheet(row({**SHEETS["pro.monthly"], "rules": 7}, key), settings)
    assert "pro.monthly" in str(refused.value)


def test_a_damaged_row_is_unreadable() -> None:
    """What is not intact is the same error, for one reaction to both."""
    damaged = {**row({"texts": TEXTS, "served": ["keep"]}), "document": row({"texts": {}, "served": []})["document"]}
    with pytest.raises(UnreadableRowError):
        read_texts(damaged)
