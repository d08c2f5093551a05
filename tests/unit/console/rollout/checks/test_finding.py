"""One finding of `doctor`: how it reads, and how an error becomes one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.rollout.checks.finding import BAD, GOOD, UNKNOWN, Finding, guarded, not_looked
from console.terminal.failure import Failure

FIRST = Finding("first", GOOD, "It is there.")


def step(error: Exception | None = None) -> Iterator[Finding]:
    yield FIRST
    if error is not None:
        raise error


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (FIRST, "✓ It is there."),
        (Finding("a", BAD, "It is not there.", "Deploy it."), "✗ It is not there. Deploy it."),
        (not_looked("a", "the stack", "an environment"), "- Not looked at: the stack. It needs an environment."),
    ],
)
def test_a_finding_is_a_line_with_its_mark_and_advice(finding: Finding, text: str) -> None:
    """Each verdict has a mark, so that a reader without colours finds what is bad."""
    assert str(finding) == text


def test_a_step_without_an_error_has_its_own_findings() -> None:
    """Nothing is added."""
    assert list(guarded("code", step)) == [FIRST]


@pytest.mark.parametrize("verdict", [BAD, UNKNOWN])
def test_an_error_is_one_more_finding(verdict: str) -> None:
    """What was found before the error stays."""
    found = guarded("code", lambda: step(Failure("There is no such table.")), verdict)
    assert list(found) == [FIRST, Finding("code", verdict, "There is no such table.")]


def test_a_bug_is_raised() -> None:
    """An error without a sentence for operators must not look like a finding about their stack."""
    with pytest.raises(ZeroDivisionError):
        list(guarded("code", lambda: step(ZeroDivisionError())))
