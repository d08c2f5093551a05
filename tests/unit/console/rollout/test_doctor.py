"""`retention doctor` runs every check with what the checks before it found, and prints all findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.deployment.where import Access, Where
from console.rollout import doctor
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN, Finding
from console.rollout.checks.known import Check, Known, Step
from console.terminal.failure import Failure
from console.terminal.output import Output
from tests.support.doctor_checks import known
from tests.support.printed import json_document, printed

Checks = Callable[..., None]


def finds(verdict: str, code: str = "a") -> Check:
    def check(given: Known) -> Step:
        yield Finding(code, verdict, f"It is {verdict}.")
        return given

    return check


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Checks:
    """Replaces the doctor's checks, each under its place as its code."""
    return lambda *made: monkeypatch.setattr(doctor, "CHECKS", tuple((str(at), one) for at, one in enumerate(made)))


def test_what_a_check_finds_out_is_known_to_the_next(checks: Checks) -> None:
    """A check that fails is a finding with the code of its place, and the rest still run."""

    def first(given: Known) -> Step:
        yield from ()
        return replace(given, head={"current": {"N": "1"}})

    def second(_: Known) -> Step:
        yield from ()
        raise Failure("AWS refused.")

    def third(given: Known) -> Step:
        yield Finding("third", GOOD, f"head is {given.head}")
        return given

    checks(first, second, third)
    assert list(doctor.findings(known())) == [
        Finding("1", BAD, "AWS refused."), Finding("third", GOOD, "head is {'current': {'N': '1'}}"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "well", "last"),
    [
        ((GOOD, UNKNOWN), True, "Nothing is wrong."),
        ((GOOD, BAD), False, "1 thing to fix."),
        ((BAD, BAD), False, "2 things to fix."),
    ],
)
def test_what_is_unknown_is_not_wrong(
    checks: Checks,
    found: tuple[str, ...],
    well: bool,  # noqa: FBT001  # a parameter
    last: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every finding is a line, and the last line counts what is to fix."""
    checks(*map(finds, found))
    ended: list[bool] = []

    def examine(out: Output) -> None:
        ended.append(doctor.examine(Where(), Access(), out))

    lines = printed(examine, capsys).splitlines()
    assert ([line[2:] for line in lines[:-1]], lines[-1]) == ([f"It is {one}." for one in found], last)
    document = json_document(examine, capsys)
    assert (document["ok"], [one["verdict"] for one in document["findings"]]) == (well, list(found))
    assert ended == [well, well]


def test_in_an_empty_folder_each_check_names_what_it_needs(tmp_path: Path) -> None:
    """Without a file nothing can be found, so nothing is asked of AWS or Apple."""
    found = list(doctor.findings(replace(known(tmp_path / "retention.yaml"), where=Where("sandbox", tmp_path / "x"))))
    assert [finding.code for finding in found if finding.verdict == BAD] == ["file", "table"]
    assert {finding.code for finding in found if finding.verdict == UNKNOWN} == {
        "release", "signing-key", "api-key", "apple", "live-messages", "defaults", "sync", "certificate", "stack",
            "notifications",
    }  # fmt: skip
