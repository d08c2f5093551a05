"""docs/evidence.md has every section, and its writer never writes a page that lacks one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.support import evidence_page

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def kept(directory: Path, text: str) -> Path:
    for section in evidence_page.SECTIONS:
        figures = {"text": f"{text}: {section}.", "columns": ["a", "b"], "rows": [["1", "x | y"]]}
        (directory / f"{section}.json").write_text(json.dumps(figures))
    return directory


def headings(page: str) -> list[str]:
    return [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]


def test_the_page_has_every_section_in_its_order() -> None:
    """A part that adds a section proves it and writes the page, or names it in WAITING until `make prove` does."""
    found = headings(evidence_page.PAGE.read_text(encoding="utf-8"))
    waiting = {evidence_page.SECTIONS[section] for section in evidence_page.WAITING}
    assert [title for title in evidence_page.SECTIONS.values() if title in found or title not in waiting] == found


def test_every_section_has_its_text_its_day_and_its_table(tmp_path: Path) -> None:
    """A bar in a cell does not end it."""
    text = evidence_page.page(kept(tmp_path, "Tried"), NOW)
    assert headings(text) == [*evidence_page.SECTIONS.values()]
    first = next(iter(evidence_page.SECTIONS))
    assert f"Tried: {first}.\n\n2026-11-30, Python" in text
    assert "| a | b |\n| --- | --- |\n| 1 | x \\| y |\n" in text


def test_one_section_is_written_anew_and_the_others_stay(tmp_path: Path) -> None:
    """Each section has the day of its own figures."""
    before = evidence_page.page(kept(tmp_path, "Before"), NOW)
    after = evidence_page.page(kept(tmp_path, "After"), NOW.replace(day=1), before, ["coverage"])
    assert headings(after) == headings(before)
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert changed[0] == "After: coverage."
    assert changed[1].startswith("2026-11-01")
    assert len(changed) == 2


def test_a_section_without_figures_stops_the_page(tmp_path: Path) -> None:
    """If no test kept it, the page is not written; sections written alone do not need the others."""
    (kept(tmp_path, "Tried") / "coverage.json").unlink()
    with pytest.raises(FileNotFoundError, match="coverage"):
        evidence_page.page(tmp_path, NOW)
    assert headings(evidence_page.page(tmp_path, NOW, "", ["power"])) == [evidence_page.SECTIONS["power"]]


def test_a_section_that_the_page_lacks_is_refused() -> None:
    """Figures for a section that the page does not have are refused."""
    with pytest.raises(KeyError, match="coverage"):
        evidence_page.keep("covarage", "", (), ())
