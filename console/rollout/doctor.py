"""`retention doctor`: check everything that must fit together, and report each finding with what to do about it.

If a check fails, the checks that depend on it report that they could not be made, and all others still run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from console.deployment.where import Access, Where
from console.rollout.checks import analysis, apple, customers, facts, notifications, running, table
from console.rollout.checks.finding import BAD, MARKS, Finding
from console.rollout.checks.known import Check, Known, run
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import plural

# In this order, since a check can use what the checks before it found. The code is that of the finding for a check that
# raises.
CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("file", table.file),
    ("table", table.target),
    ("table", table.table),
    ("release", table.release),
    ("signing-key", apple.signing_key),
    ("api-key", apple.api_key),
    ("apple", apple.apple),
    ("live-messages", customers.live_messages),
    ("defaults", customers.defaults),
    ("facts", facts.facts),
    ("sync", running.sync),
    ("notifications", notifications.notifications),
    ("analysis", analysis.analysis),
    ("certificate", running.certificate),
    ("stack", running.stack),
)


def findings(known: Known) -> Iterator[Finding]:
    """Run every check with what the checks before it found out, and yield all findings."""
    for code, check in CHECKS:
        known = yield from run(code, check, known)


def examine(where: Where, access: Access, out: Output) -> bool:
    """Run every check and print its findings. Return whether no finding is BAD."""
    found = []
    for finding in findings(Known(where, access, datetime.now(UTC))):
        found.append(finding)
        out.print(str(finding), MARKS[finding.verdict][1])
    bad = [finding for finding in found if finding.verdict == BAD]
    out.print("Nothing is wrong." if not bad else f"{plural(len(bad), 'thing')} to fix.", None if bad else "green")
    out.document({"ok": not bad, "findings": [form_of(finding) for finding in found]})
    return not bad
