"""What one check of `doctor` hands to the next, also where a check fails."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from console.deployment.where import Access, Where
from console.rollout.checks.finding import BAD, GOOD, Finding
from console.rollout.checks.known import Known, Step, run, some
from console.terminal.failure import Failure
from tests.support.apple_in_memory import target_in_memory

KNOWN = Known(Where(endpoint_url="http://127.0.0.1:1"), Access(), datetime(2026, 11, 24, tzinfo=UTC))
FOUND = Finding("table", GOOD, "The table is there.")


def ended(step: Step) -> tuple[list[Finding], Known]:
    """Return what a step yields and what it returns."""
    found: list[Finding] = []

    def collect() -> Generator[Finding, None, Known]:
        return (yield from step)

    collecting = collect()
    while True:
        try:
            found.append(next(collecting))
        except StopIteration as stop:
            return found, stop.value


def test_a_check_hands_on_what_it_found_out() -> None:
    """The next check is given the copy that this one returned."""

    def check(known: Known) -> Step:
        yield FOUND
        return replace(known, head={"pk": {"S": "app#1"}})

    assert ended(run("table", check, KNOWN)) == ([FOUND], replace(KNOWN, head={"pk": {"S": "app#1"}}))


def test_a_check_that_fails_hands_on_what_was_known_before() -> None:
    """Its error is a finding with its code, and the checks after it still run."""

    def check(_: Known) -> Step:
        yield FOUND
        raise Failure("There is no such table.")

    assert ended(run("table", check, KNOWN)) == ([FOUND, Finding("table", BAD, "There is no such table.")], KNOWN)


def test_a_bug_in_a_check_is_raised() -> None:
    """It is a fault of the program, not of what is examined."""

    def check(_: Known) -> Step:
        yield FOUND
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ended(run("table", check, KNOWN))


@pytest.mark.parametrize(("region", "expected"), [(None, None), ("eu-west-1", "eu-west-1")])
def test_aws_is_asked_in_the_region_of_the_table(
    region: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the table is found, the shell's region counts; the address is the one that was named."""
    asked: list[object] = []
    monkeypatch.setattr(
        "console.rollout.checks.known.client",
        lambda service, *, region, endpoint_url: asked.append((service, region, endpoint_url)),
    )
    dynamodb = SimpleNamespace(meta=SimpleNamespace(region_name=region))
    target = None if region is None else replace(target_in_memory(), dynamodb=dynamodb)
    replace(KNOWN, target=target).aws("ssm")
    assert asked == [("ssm", expected, "http://127.0.0.1:1")]


@pytest.mark.parametrize(
    ("number", "text"), [(0, ""), (2, "p0, p1"), (5, "p0, p1, p2, p3, p4"), (7, "p0, p1, p2, p3, p4 and 2 more")]
)
def test_at_most_five_names_are_listed(number: int, text: str) -> None:
    """The rest is counted."""
    assert some([f"p{one}" for one in range(number)]) == text
