"""What `retention doctor` finds: a sentence for people, a code and a verdict for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from console.deployment.failures import sentence

GOOD, BAD, UNKNOWN = "good", "bad", "unknown"
MARKS: Final = {GOOD: ("✓", "green"), BAD: ("✗", "red"), UNKNOWN: ("-", "dim")}


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check: `code` for programs, what was found, what to do, and a verdict: GOOD, BAD or UNKNOWN."""

    code: str
    verdict: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{MARKS[self.verdict][0]} {self.found}" + (f" {self.advice}" if self.advice else "")


def guarded(code: str, step: Callable[[], Iterator[Finding]], verdict: str = BAD) -> Iterator[Finding]:
    """Turn an error that a step raises into a finding with this verdict; a bug is raised."""
    try:
        yield from step()
    except Exception as error:
        text = sentence(error)
        if text is None:
            raise
        yield Finding(code, verdict, text)


def not_looked(code: str, what: str, needs: str) -> Finding:
    return Finding(code, UNKNOWN, f"Not looked at: {what}. It needs {needs}.")
