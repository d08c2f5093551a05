"""One run of `apply`: uploads, then the release, then defaults; what stops it, and what is then left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from console.appstore.errors import AppleError, Kind
from console.deployment.session import Session
from console.releases.live import live_number
from console.rollout.apply import ApplyResult, ApplyRun, PlanWithInputs, estimate, observe_and_plan
from console.terminal.failure import Failure
from console.terminal.output import Output
from tests.support.apple_in_memory import AppleInMemory, refusal, session_in_memory
from tests.support.planned_file import NOW
from tests.support.simulated_app import png


@pytest.fixture
def apple() -> AppleInMemory:
    return AppleInMemory()


@pytest.fixture
def session(folder: Path, apple: AppleInMemory) -> Session:
    return session_in_memory(folder, apple)


def planned(session: Session) -> PlanWithInputs:
    return observe_and_plan(session, now=NOW)


def applied(session: Session) -> ApplyResult:
    return ApplyRun(session, Output(as_json=True), now=lambda: NOW).run(planned(session))


def test_planning_changes_nothing(session: Session, apple: AppleInMemory) -> None:
    """A plan of an empty environment has uploads and a release, and neither Apple nor the table is written to."""
    plan = planned(session).plan
    assert (bool(plan.images), bool(plan.messages), plan.publish is not None) == (True, True, True)
    assert (apple.calls, live_number(session.target.app_table)) == ([], None)


def test_images_go_before_messages_and_defaults_come_last(session: Session, apple: AppleInMemory) -> None:
    """One run uploads, publishes and configures everything, and then nothing is left."""
    plan = planned(session).plan
    done = applied(session)
    assert (done.images, done.messages, done.defaults) == (len(plan.images), len(plan.messages), 2)
    assert done.published is not None
    assert (done.published.number, live_number(session.target.app_table)) == (1, 1)
    assert apple.calls[0] == "upload image"
    assert apple.calls[-2:] == ["configure default"] * 2
    assert done.left is not None
    assert done.left.agrees


def test_a_second_run_has_nothing_to_do(session: Session, apple: AppleInMemory) -> None:
    """Ids are computed from content, so what was done is found again in Apple's lists and in the table."""
    applied(session)
    apple.calls.clear()
    done = applied(session)
    assert (done.images, done.messages, done.published, done.defaults, apple.calls) == (0, 0, None, 0, [])


def test_what_app_review_has_not_approved_is_left(session: Session, apple: AppleInMemory) -> None:
    """The release is published all the same; a default must be approved, so it waits."""
    apple.state = "PENDING"
    done = applied(session)
    assert done.published is not None
    assert done.defaults == 0
    assert done.left is not None
    assert (done.left.has_changes, len(done.left.waiting_defaults)) == (False, 2)


def test_an_upload_that_apple_refuses_for_good_holds_up_no_other(session: Session, apple: AppleInMemory) -> None:
    """All other uploads are made, every reason is reported at once, and nothing is published."""
    plan = planned(session).plan
    first = plan.messages[0]
    apple.refusals[first.upload.identifier] = refusal()
    with pytest.raises(Failure, match=rf"^{', '.join(first.names)}: Apple: refused\.\nNothing was published"):
        applied(session)
    assert apple.calls.count("upload message") == len(plan.messages) - 1
    assert live_number(session.target.app_table) is None


def test_a_message_whose_image_is_refused_is_not_uploaded(session: Session, apple: AppleInMemory) -> None:
    """Apple would refuse it for its image, whose reason is reported already."""
    plan = planned(session).plan
    hero = next(step for step in plan.images if "hero" in step.names)
    apple.refusals[hero.upload.identifier] = refusal(Kind.TAKEN, 409)
    with pytest.raises(Failure) as failed:
        applied(session)
    assert str(failed.value).startswith("hero, again: Apple: taken.\nNothing was published")
    pictured = [step for step in plan.messages if hero.upload.identifier in step.upload.images]
    assert pictured
    assert not {step.upload.identifier for step in pictured} & apple.message_states.keys()


@pytest.mark.parametrize("kind", [Kind.UNREACHABLE, Kind.RATE_LIMITED, Kind.NO_ACCESS])
def test_any_other_failure_stops_the_run_and_names_what_is_left(
    session: Session, apple: AppleInMemory, kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator reads how many uploads are to go, and that the next run goes on from there."""
    plan = planned(session).plan
    apple.refusals[plan.messages[-1].upload.identifier] = refusal(kind, None)
    with pytest.raises(AppleError, match=kind.value):
        applied(session)
    left = len(plan.images) + len(plan.messages) - len(apple.calls)
    warned = capsys.readouterr().err
    assert f"Stopped with {left} upload" in warned
    assert "nothing was published. `retention apply` goes on from there." in warned


def test_uploads_that_apples_lists_do_not_have_yet_are_not_published(
    session: Session, apple: AppleInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release never names a message that Apple may not have."""
    monkeypatch.setattr(apple, "messages", dict)
    with pytest.raises(Failure, match=r"Apple took \d uploads that its lists do not have yet. Nothing was published"):
        applied(session)
    assert live_number(session.target.app_table) is None


def test_an_image_that_changed_since_the_plan_is_not_uploaded(
    session: Session, apple: AppleInMemory, folder: Path
) -> None:
    """The id in the plan is of the earlier content."""
    before = planned(session)
    (folder / "hero.png").write_bytes(png(3840, 160, extra=b"tEXtn\0another"))
    with pytest.raises(Failure, match=r"hero\.png changed while this ran"):
        ApplyRun(session, Output(as_json=True), now=lambda: NOW).run(before)
    assert apple.calls == []


def test_an_estimate_counts_every_call_of_the_plan(session: Session) -> None:
    """Each upload and default is a call, and both lists are read before and after the uploads."""
    plan = planned(session).plan
    assert estimate(session, plan) == len(plan.images) + len(plan.messages) + len(plan.defaults) + 4


@dataclass
class _Left:
    """Stands for a plan in the document of a run."""

    def document(self) -> dict[str, bool]:
        return {"agrees": True}


def test_the_document_of_a_run_has_its_counts() -> None:
    """Without a publish the release is null; what is left has the form of a plan."""
    assert ApplyResult(1, 2, None, 3, 4, _Left()).document() == {  # type: ignore[arg-type]  # a plan's document
        "uploadedImages": 1, "uploadedMessages": 2, "release": None, "configuredDefaults": 3, "importedStates": 4,
        "left": {"agrees": True},
    }  # fmt: skip
