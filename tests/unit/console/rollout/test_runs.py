"""`apply` and `promote` from the plan to the last step: what is printed, and when nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from console.deployment.session import Session
from console.deployment.where import Access, Where
from console.releases.live import live_number
from console.rollout.runs import Allowed, apply, plan_with_warnings, promote
from console.terminal.failure import Failure
from console.terminal.output import Output
from tests.support.apple_in_memory import AppleInMemory, session_in_memory


@pytest.fixture
def session(folder: Path) -> Session:
    return session_in_memory(folder, AppleInMemory())


def is_production(session: Session) -> Session:
    return replace(session, target=replace(session.target, production=True))


def calls(session: Session) -> list[str]:
    assert isinstance(session.apple, AppleInMemory)
    return session.apple.calls


def test_a_plan_is_made_with_the_files_warnings(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings go to standard error, each with its file and line."""
    found = plan_with_warnings(session, Output(), reshuffle=False)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count(f"{session.where.file}:") == len(found.compiled.warnings)


def test_apply_prints_the_plan_before_it_carries_it_out(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    """The diff and the estimate come first; the result has what was done."""
    done = apply(session, Output(), Allowed())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("+ image")
    assert lines[-1].startswith("At the rate that Apple allows")
    assert done.published is not None


def test_production_is_asked_about_and_then_left_as_it_is(session: Session) -> None:
    """Without a terminal and without --yes the run ends before any upload."""
    with pytest.raises(Failure, match=r"would apply .*retention.yaml in production .* Add --yes"):
        apply(is_production(session), Output(as_json=True), Allowed())
    assert (calls(session), live_number(session.target.app_table)) == ([], None)


def test_a_plan_without_changes_asks_nothing(session: Session) -> None:
    """With --yes the first run writes to production; the second has nothing to confirm."""
    apply(is_production(session), Output(as_json=True), Allowed(yes=True))
    calls(session).clear()
    done = apply(is_production(session), Output(as_json=True), Allowed())
    assert (done.published, calls(session)) == (None, [])


@pytest.fixture
def places(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Session]:
    """Two environments of one file, opened by their names."""
    made = {env: session_in_memory(folder, AppleInMemory()) for env in ("sandbox", "production")}

    @contextmanager
    def opened(where: Where, _: Access, __: Output) -> Iterator[Session]:
        yield made[where.env or ""]

    monkeypatch.setattr("console.rollout.runs.open_checked", opened)
    return made


def promoted(places: dict[str, Session], out: Output) -> None:
    file = places["sandbox"].where.file
    promote(Where("sandbox", file), Where("production", file), Access(), out, Allowed())


def test_a_file_that_was_not_tried_is_not_promoted(
    places: dict[str, Session], capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan of the first environment is printed, and the second one is not even read."""
    with pytest.raises(Failure, match=r"sandbox differs .* `retention apply --env sandbox` first. Nothing was changed"):
        promoted(places, Output())
    assert capsys.readouterr().out.startswith("+ image")
    assert calls(places["production"]) == []


def test_a_file_that_was_tried_is_applied(places: dict[str, Session], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is changed in the first environment."""
    apply(places["sandbox"], Output(as_json=True), Allowed())
    calls(places["sandbox"]).clear()
    promoted(places, Output())
    assert "sandbox agrees with" in capsys.readouterr().out.splitlines()[0]
    assert calls(places["sandbox"]) == []
    assert live_number(places["production"].target.app_table) == 1
