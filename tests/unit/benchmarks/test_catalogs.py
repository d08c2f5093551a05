"""The catalogs that the benchmark generates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from retention.catalog import APPROVED, Catalog, MessageState, Settings, Sheet
from retention.decision import decide
from retention.locales import APPLE_LOCALES
from retention.request import RetentionRequest

from benchmarks import catalogs
from benchmarks.catalogs import Shape
from console.file.compile import compile_release
from console.file.document import read_document
from console.file.release import CompiledRelease

APP = 6745974591


NOW = datetime(2026, 11, 24, tzinfo=UTC)


SHAPES = (catalogs.SMALL, Shape(products=6, rules=20, sets=98, sets_each=5, shared=7))


def released(shape: Shape) -> CompiledRelease:
    return compile_release(read_document(catalogs.write(shape, APP).encode()), environment="sandbox", now=NOW)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_generated_catalog_is_valid_and_as_large_as_it_says(shape: Shape) -> None:
    """It compiles without a mistake into as many sheets, rules and messages as its shape names."""
    release = released(shape)
    assert len(release.sheets) == shape.products + 1
    assert len(release.messages) == shape.messages
    named = {rule["name"] for sheet in release.sheets.values() for rule in sheet["rules"]}
    assert len(named) == shape.all_rules


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_last_rule_of_a_sheet_answers(shape: Shape) -> None:
    """Every rule before it is judged and passed over, since the benchmark times that work."""
    release = released(shape)
    product = catalogs.product_id(shape.products - 1)
    settings = Settings.from_document(release.settings)
    sheet = Sheet.from_document(release.sheets[product], settings.locales)
    states = {message: MessageState(APPROVED) for message in release.messages}
    request = RetentionRequest("1", APP, product, catalogs.ASKED_LOCALE, "id", "Sandbox", 0)
    decision = decide(request, Catalog(sheet, settings, states, 1, bytes(32)), NOW)
    assert decision.rule == f"{product}-019"
    assert len(decision.passed) == shape.rules + shape.shared - 1


def test_sheets_are_the_same_however_large_the_catalog() -> None:
    """Growth is measured between equal sheets of a small and a large catalog."""
    small = released(catalogs.SMALL).sheets[catalogs.product_id(0)]
    other = released(Shape(products=6, rules=20, sets=98, sets_each=5)).sheets[catalogs.product_id(3)]
    assert [len(texts) for texts in small["sets"].values()] == [len(texts) for texts in other["sets"].values()]
    assert [rule["when"] for rule in small["rules"]] == [rule["when"] for rule in other["rules"]]


def test_the_large_catalog_is_as_large_as_promised() -> None:
    """It has 10 000 rules, 500 products and 2 000 messages, in every locale that Apple has."""
    large = catalogs.LARGE
    assert (large.all_rules, large.products, large.messages) == (10_000, 500, 2_000)
    written = catalogs.write(large, APP)
    assert all(f"\n    {locale}: {{header:" in written for locale in APPLE_LOCALES)
    assert catalogs.EVERYWHERE.shared == 100


def test_the_same_shape_gives_the_same_file() -> None:
    """A benchmark can be repeated on exactly the same file."""
    assert catalogs.write(catalogs.EVERYWHERE, APP) == catalogs.write(catalogs.EVERYWHERE, APP)
