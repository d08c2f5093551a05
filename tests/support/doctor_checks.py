"""One check of `retention doctor`, run to its end on what earlier checks are supposed to have found."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console.deployment.where import Access, Where
from console.rollout.checks.finding import Finding
from console.rollout.checks.known import Check, Known

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def known(file: Path = Path("retention.yaml"), **found: Any) -> Known:
    return Known(Where(file=file), found.pop("access", Access()), NOW, **found)


def checked(check: Check, given: Known) -> tuple[list[Finding], Known]:
    """Return the findings of a check, and what is known after it."""
    found: list[Finding] = []
    step = check(given)
    while True:
        try:
            found.append(next(step))
        except StopIteration as stop:
            after: Known = stop.value
            return found, after


def verdicts(check: Check, given: Known) -> dict[str, str]:
    return {finding.code: finding.verdict for finding in checked(check, given)[0]}
