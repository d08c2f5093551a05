"""The page of figures is complete, or it is not written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.support import reliability_page

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def kept(directory: Path, **changed: object) -> Path:
    for section in reliability_page.SECTIONS:
        figures = {"text": f"Tried: {section}.", "columns": ["a", "b"], "rows": [["1", "x | y"]], **changed}
        (directory / f"{section}.json").write_text(json.dumps(figures))
    return directory


def test_every_section_has_its_heading_paragraph_and_table(tmp_path: Path) -> None:
    """The page has the sections in their order, and a bar in a cell does not end it."""
    text = reliability_page.page(kept(tmp_path), NOW)
    places = [text.index(f"\n## {title}\n") for title in reliability_page.SECTIONS.values()]
    assert places == sorted(places)
    assert "Tried: faults.\n\n| a | b |\n| --- | --- |\n| 1 | x \\| y |\n" in text


def test_a_section_without_figures_stops_the_page(tmp_path: Path) -> None:
    """If a section has no new figures, the page is not written, so that old and new figures are never mixed."""
    (kept(tmp_path) / "faults.json").unlink()
    with pytest.raises(FileNotFoundError, match="faults"):
        reliability_page.page(tmp_path, NOW)


def test_a_section_that_the_page_lacks_is_refused() -> None:
    """Figures for a section that the page does not have are refused."""
    with pytest.raises(KeyError, match="faults"):
        reliability_page.keep("fualts", "", (), ())
