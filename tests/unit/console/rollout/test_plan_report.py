"""What `plan` and `apply` print: the steps as a diff, what waits for Apple, and how a run ended."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from console.releases.publish import Published
from console.rollout.apply import ApplyResult
from console.rollout.plan import Plan, make_plan
from console.rollout.plan_report import show, show_end, summary
from tests.support.planned_file import EMPTY, everything, written
from tests.support.printed import json_document, printed


@pytest.fixture
def plans(folder: Path) -> dict[str, Plan]:
    """Plans for an empty environment, and for one that has everything in each review state."""
    document, compiled = written(folder)
    states = {state: everything(compiled, state=state) for state in ("APPROVED", "PENDING", "REJECTED")}
    seen = {"empty": EMPTY, **states}
    return {name: make_plan(document, compiled, one) for name, one in seen.items()}


def text(plan: Plan, capsys: pytest.CaptureFixture[str]) -> list[str]:
    return printed(partial(show, plan, "retention.yaml", 90.0), capsys).splitlines()


def test_every_step_is_a_line(plans: dict[str, Plan], capsys: pytest.CaptureFixture[str]) -> None:
    """Images by their names in the file, messages by their headers, the release with its changes; then the estimate."""
    lines = text(plans["empty"], capsys)
    assert "+ image hero, again: hero.png (FULL_SIZE)" in lines
    assert "+ message keep fr-FR: “Restez”" in lines
    assert "+ release:" in lines
    assert lines[-2].startswith("At the rate that Apple allows, this takes about ")
    assert lines[-1].startswith("waiting for Apple: ")


def test_a_plan_without_steps_is_one_sentence(plans: dict[str, Plan], capsys: pytest.CaptureFixture[str]) -> None:
    """Where file, Apple and table agree, no estimate is printed."""
    lines = text(replace(plans["APPROVED"], notes=(), behind=0), capsys)
    assert lines == ["Nothing to do: retention.yaml, Apple and the table agree."]


def test_states_that_the_table_lacks_are_a_note(plans: dict[str, Plan], capsys: pytest.CaptureFixture[str]) -> None:
    """The note names who imports them, and is left out where an `apply` is due anyway."""
    note = "Note: the table lacks 2 review states of Apple's lists: the sync imports them within minutes"
    assert any(line.startswith(note) for line in text(replace(plans["APPROVED"], behind=2), capsys))
    assert not any(line.startswith(note) for line in text(replace(plans["empty"], behind=2), capsys))


def test_what_waits_names_what_is_answered_meanwhile(
    plans: dict[str, Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    """Locales of one message stand together, and the last line counts what waits."""
    lines = text(plans["PENDING"], capsys)
    assert "… message keep en-US, fr-FR: PENDING; the next locale or rule answers meanwhile" in lines
    assert lines[-1] == summary(plans["PENDING"])


def test_a_rejected_message_is_printed_with_the_way_out(
    plans: dict[str, Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a new file helps, so nothing waits for Apple there."""
    lines = text(plans["REJECTED"], capsys)
    [keep] = [line for line in lines if line.startswith("✗ message keep fr-FR")]
    assert "REJECTED by App Review" in keep
    assert "another `revision`" in keep
    assert summary(plans["REJECTED"]).endswith(f"; rejected: {len(plans['REJECTED'].rejected)} messages")


def test_the_document_is_the_plans_with_the_estimate(
    plans: dict[str, Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    """Seconds are whole."""
    document = json_document(partial(show, plans["empty"], "retention.yaml", 90.4), capsys)
    assert (document["estimatedSeconds"], document["agrees"]) == (90, False)


DONE = ApplyResult(1, 2, Published(7, 6, "d", 3, 0), 4, 5)


def test_a_run_that_left_nothing_agrees(plans: dict[str, Plan], capsys: pytest.CaptureFixture[str]) -> None:
    """Its counts are one sentence; a run that changed nothing prints none."""
    ended: list[bool] = []
    done = replace(DONE, left=plans["APPROVED"])
    assert printed(lambda out: ended.append(show_end(done, out)), capsys) == (
        "Uploaded 1 image and 2 messages; release 7 is live; configured 4 defaults; imported 5 states.\n"
        "The file, Apple and the table agree.\n"
    )
    assert printed(lambda out: ended.append(show_end(ApplyResult(left=plans["APPROVED"]), out)), capsys) == ""
    assert ended == [True, True]


def test_a_run_after_which_something_waits_ends_with_the_summary(
    plans: dict[str, Plan], capsys: pytest.CaptureFixture[str]
) -> None:
    """The document has the same line under `summary`."""
    ended: list[bool] = []
    done = replace(DONE, left=plans["PENDING"])
    lines = printed(lambda out: ended.append(show_end(done, out)), capsys).splitlines()
    assert lines[-1] == summary(plans["PENDING"])
    document = json_document(lambda out: ended.append(show_end(done, out)), capsys)
    assert (document["release"], document["agrees"], document["summary"]) == (7, False, lines[-1])
    assert ended == [False, False]
