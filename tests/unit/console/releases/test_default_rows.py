"""Our record of default messages: which one is configured for a product in a locale, and since when."""

from __future__ import annotations

from typing import Any

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable

from console.releases.default_rows import RecordedDefault, forget_default, read_defaults, record_default
from console.releases.live import load_live
from tests.support.fake_table import APP, KEEP_EN
from tests.support.release_table import TABLE
from tests.support.small_release import NOW, put
from tests.support.writable_table import WritableTable


@pytest.fixture
def app_table() -> AppTable:
    return AppTable(WritableTable().client(), TABLE, APP)


def recorded(app_table: AppTable) -> dict[tuple[str, str], RecordedDefault]:
    return read_defaults({rows.string(item, "sk"): item for item in app_table.of_app()})


def test_a_recorded_default_is_found_by_the_function(client: Any) -> None:
    """The function finds a default record by product and locale."""
    put(client, TABLE)
    record_default(AppTable(client, TABLE, APP), "pro.monthly", "en-US", KEEP_EN.upper(), NOW)
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").has_default is True
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "fr-FR").has_default is False


@pytest.mark.parametrize("product", ["pro.monthly", "a#b", "#"])
def test_a_default_is_read_back_with_its_place_and_time(app_table: AppTable, product: str) -> None:
    """A product id may have a `#`, which also separates it from the locale; ids are in lower case."""
    record_default(app_table, product, "zh-Hans", KEEP_EN.upper(), NOW)
    assert recorded(app_table) == {(product, "zh-Hans"): RecordedDefault(KEEP_EN, "2026-11-24T12:00:00+00:00")}


def test_the_last_default_of_a_place_counts(app_table: AppTable) -> None:
    """Apple has one default for a product in a locale, and so has the record."""
    record_default(app_table, "pro", "en-US", "first", NOW)
    record_default(app_table, "pro", "en-US", "second", NOW)
    record_default(app_table, "pro", "fr-FR", "third", NOW)
    assert {place: one.message for place, one in recorded(app_table).items()} == {
        ("pro", "en-US"): "second", ("pro", "fr-FR"): "third",
    }  # fmt: skip


def test_a_forgotten_default_is_not_recorded_any_more(app_table: AppTable) -> None:
    """Forgetting one that was never recorded changes nothing."""
    record_default(app_table, "pro", "en-US", "first", NOW)
    forget_default(app_table, "pro", "ja")
    forget_default(app_table, "pro", "en-US")
    assert recorded(app_table) == {}


def test_a_damaged_record_has_no_message() -> None:
    """A row without its attributes is read as a default of which nothing is known, not as an error."""
    assert read_defaults({"default#pro#ja": {}, "message#1": {}}) == {("pro", "ja"): RecordedDefault("", "")}
