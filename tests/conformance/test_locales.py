"""Locale candidates as data: locales.json has the requested locale, the available ones, and the order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from retention.locales import LocaleTable, candidates

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases" / "locales.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_candidates_stand_in_the_documented_order(case: dict[str, Any]) -> None:
    """The locales that may serve a request come in the documented order, each once."""
    table = LocaleTable(case["default"], {key: tuple(values) for key, values in case["fallbacks"].items()})
    assert list(candidates(case["asked"], case["available"], table)) == case["expect"]
