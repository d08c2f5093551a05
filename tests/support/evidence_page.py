"""What the proofs of an experiment's report find, and the page that shows it: docs/evidence.md.

    keep("coverage", text, columns, rows)    one section's figures; kept under `make prove`, dropped otherwise
    size(10_000, 400)                        how many to try, as in reliability_page.py

`make prove` runs the tests at full size and then this module, which writes the page from what they kept: a section that
no test kept is an error. Between two runs, `python -m tests.support.evidence_page SECTION …` writes these sections anew
and leaves the others: each section has the day of its figures.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tests.support.reliability_page import KEPT as EVIDENCE
from tests.support.reliability_page import PROVING, ROOT, anchor, row_of, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["PROVING", "keep", "size"]

KEPT: Final = EVIDENCE / "effect"
PAGE: Final = ROOT / "docs" / "evidence.md"

TITLE: Final = "# Whether a report can be believed"
AUDIENCE: Final = (
    "This page is for auditors: it lists what was tried with the statistics, the SQL and the report of an experiment, "
    "and what came out. `make prove` writes it; every figure is of the tests of this repository."
)

# The page's order, and each section's heading. A part that proves something adds its section here.
SECTIONS: Final = {
    "no_effect": "No effect, looked at daily",
    "changed_shares": "Shares changed midway",
    "coverage": "Effects, and whether the intervals cover them",
    "power": "What looking costs",
    "sample_ratio": "Wrong splits",
    "several_arms": "Several arms",
    "guardrails": "Guardrails",
    "money": "Means of money",
    "controls": "The simulation finds wrong methods",
    "libraries": "The formulas of other libraries",
    "sql": "The SQL, and a reading line by line",
    "repeated_lines": "Lines that arrive twice, in any order",
    "engines": "The same rows from DuckDB and Athena",
    "judge": "What became of a customer, by both readers",
    "analysis_secrets": "Secrets and personal data in an analysis",
    "scale": "Millions of exposures",
    "speed": "A report of 1 000 experiments",
    "spoiled": "Spoiled logs",
    "document": "The same document everywhere",
    "page": "The page of a report",
    "simulator": "A simulated experiment, from requests to logs",
    "simulator_report": "What the report finds of a simulated experiment",
}


# Sections whose figures the next `make prove` takes: until then they may be absent from the page.
WAITING: Final[frozenset[str]] = frozenset()


def keep(section: str, text: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Keep one section's figures for the page: a paragraph of Markdown, and a table (no columns: none)."""
    if section not in SECTIONS:
        raise KeyError(f"{section} is not a section of {PAGE.name}; they are {', '.join(SECTIONS)}")
    if PROVING:
        KEPT.mkdir(parents=True, exist_ok=True)
        kept = {"text": text, "columns": list(columns), "rows": [[str(cell) for cell in row] for row in rows]}
        (KEPT / f"{section}.json").write_text(json.dumps(kept), encoding="utf-8")


def page(kept: Path, now: datetime, before: str = "", only: Sequence[str] = tuple(SECTIONS)) -> str:
    """Return the page: the sections of `only` from `kept`, the others from the page `before` if it has them.

    Raises FileNotFoundError for a section of `only` that no test kept.
    """
    old = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in before.split("\n## ")[1:]}
    texts = {
        title: _written(kept / f"{section}.json", now) if section in only else old[title]
        for section, title in SECTIONS.items()
        if section in only or title in old
    }
    contents = " · ".join(f"[{title}](#{anchor(title)})" for title in texts)
    parts = [TITLE, AUDIENCE, contents]
    for title, text in texts.items():
        parts += [f"## {title}", text]
    return "\n\n".join(parts) + "\n"


def _written(path: Path, now: datetime) -> str:
    found = json.loads(path.read_text(encoding="utf-8"))
    origin = f"{now:%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} shared cores."
    parts = [found["text"], origin]
    if found["columns"]:
        parts.append("\n".join(map(row_of, (found["columns"], ["---"] * len(found["columns"]), *found["rows"]))))
    return "\n\n".join(parts)


def main() -> None:
    """Write the page, or the sections of the command line; end with the name of one that has no figures."""
    only = sys.argv[1:] or [*SECTIONS]
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    try:
        text = page(KEPT, datetime.now(UTC), before, only)
    except FileNotFoundError as missing:
        sys.exit(f"No test kept figures for {missing.filename}: run make prove.")
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written.")  # noqa: T201  # the last line of make prove


if __name__ == "__main__":
    main()
