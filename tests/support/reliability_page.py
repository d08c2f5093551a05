"""What the tests of tests/reliability find, and the page that shows it: docs/reliability.md.

    size(100_000, 2_000)              how many to try: the first under `make prove`, the second under `make test`
    keep("faults", said, columns, rows)    one section's figures; kept under `make prove`, dropped otherwise

`make prove` runs those tests at full size and then this module, which writes the page from what they kept. A section
that no test kept is an error: the page never shows yesterday's figures beside today's.
"""

from __future__ import annotations

import json
import os
import platform
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

# The page's order, and each section's heading.
SECTIONS: Final = {
    "corpus": "Forged chains and tokens",
    "disagreements": "Where we differ from Apple's library",
    "edits": "Random edits",
    "fuzzing": "Coverage-guided fuzzing",
    "trust": "Time and trust",
    "faults": "Faults behind the endpoint",
    "freezes": "Frozen between requests",
    "consistency": "Publishing, killed and raced",
    "load": "Load",
    "secrets": "Secrets and people",
}


def size(proving: int, testing: int) -> int:
    """Return how much to try: `make prove` is for figures, `make test` for whether they still come about."""
    return proving if PROVING else testing


def keep(section: str, said: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Keep one section's figures for the page: a paragraph of Markdown, and a table (no columns: none)."""
    if section not in SECTIONS:
        raise KeyError(f"{section} is not a section of {PAGE.name}; they are {', '.join(SECTIONS)}")
    if PROVING:
        KEPT.mkdir(exist_ok=True)
        kept = {"said": said, "columns": list(columns), "rows": [[str(cell) for cell in row] for row in rows]}
        (KEPT / f"{section}.json").write_text(json.dumps(kept), encoding="utf-8")


def page(kept: Path, now: datetime) -> str:
    """Return the page made of what is in `kept`. Raises FileNotFoundError for a section that no test kept."""
    told = (
        f"Written by `make prove` on {now:%Y-%m-%d}, by Python {platform.python_version()} on {os.cpu_count()} shared "
        "cores. Every figure is of that one run of `tests/reliability`; times are that machine's."
    )
    parts = ["# What was tried, and what came of it", told]
    for section, title in SECTIONS.items():
        found = json.loads((kept / f"{section}.json").read_text(encoding="utf-8"))
        parts += [f"## {title}", found["said"]]
        if found["columns"]:
            parts.append("\n".join(map(_row, (found["columns"], ["---"] * len(found["columns"]), *found["rows"]))))
    return "\n\n".join(parts) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    """Write the page, or say which section has no figures."""
    try:
        text = page(KEPT, datetime.now(UTC))
    except FileNotFoundError as missing:
        sys.exit(f"No test kept figures for {missing.filename}: run make prove.")
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written.")  # noqa: T201  # the last line of make prove


if __name__ == "__main__":
    main()
