"""What the tests of tests/reliability find, and the page that shows it: docs/reliability.md.

    size(100_000, 2_000)              how many to try: the first under `make prove`, the second under `make check`
    keep("faults", text, columns, rows)    one section's figures; kept under `make prove`, dropped otherwise

`make prove` runs those tests at full size and then this module, which writes the page from what they kept. A section
that no test kept is an error: the page never mixes the figures of two runs.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = ROOT / ".evidence"
PAGE: Final = ROOT / "docs" / "reliability.md"

PROVING: Final = os.environ.get("PROVE") == "1"

AUDIENCE: Final = (
    "This page is for auditors: it lists what was attacked, broken and measured, case by case. Owners find what they "
    "need in the [README](../README.md) and in [operations.md](operations.md). Words: [glossary](glossary.md)."
)

# The page's order, and each section's heading.
SECTIONS: Final = {
    "corpus": "Forged chains and tokens",
    "disagreements": "Where we differ from Apple's library",
    "edits": "Random edits",
    "notification_edits": "Random edits of notifications",
    "fuzzing": "Coverage-guided fuzzing",
    "trust": "Time and trust",
    "faults": "Faults behind the endpoint",
    "freezes": "Frozen between requests",
    "consistency": "Publishing, killed and in competition",
    "load": "Load",
    "notifications": "Apple's notifications",
    "relay": "The relay to the owner's receiver",
    "backfill": "A backfill, killed",
    "secrets": "Secrets and personal data",
    "outcomes": "What became of customers",
}


def size(proving: int, testing: int) -> int:
    """Return how much to try: `make prove` takes the figures, every other run only shows that the tests still pass."""
    return proving if PROVING else testing


def keep(section: str, text: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Keep one section's figures for the page: a paragraph of Markdown, and a table (no columns: none)."""
    if section not in SECTIONS:
        raise KeyError(f"{section} is not a section of {PAGE.name}; they are {', '.join(SECTIONS)}")
    if PROVING:
        KEPT.mkdir(exist_ok=True)
        kept = {"text": text, "columns": list(columns), "rows": [[str(cell) for cell in row] for row in rows]}
        (KEPT / f"{section}.json").write_text(json.dumps(kept), encoding="utf-8")


def page(kept: Path, now: datetime) -> str:
    """Return the page made of what is in `kept`. Raises FileNotFoundError for a section that no test kept."""
    origin = (
        f"Written by `make prove` on {now:%Y-%m-%d}, by Python {platform.python_version()} on {os.cpu_count()} shared "
        "cores. Every figure is of that one run of `tests/reliability`; times are those of that machine."
    )
    contents = " · ".join(f"[{title}](#{anchor(title)})" for title in SECTIONS.values())
    parts = ["# What was tried, and what happened", AUDIENCE, origin, contents]
    for section, title in SECTIONS.items():
        found = json.loads((kept / f"{section}.json").read_text(encoding="utf-8"))
        parts += [f"## {title}", found["text"]]
        if found["columns"]:
            parts.append("\n".join(map(row_of, (found["columns"], ["---"] * len(found["columns"]), *found["rows"]))))
    return "\n\n".join(parts) + "\n"


def anchor(title: str) -> str:
    """Return the link to a heading, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def row_of(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    """Write the page, or end with the name of the section that has no figures."""
    try:
        text = page(KEPT, datetime.now(UTC))
    except FileNotFoundError as missing:
        sys.exit(f"No test kept figures for {missing.filename}: run make prove.")
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written.")  # noqa: T201  # the last line of make prove


if __name__ == "__main__":
    main()
