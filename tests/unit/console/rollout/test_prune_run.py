"""`retention prune`: what it lists, asks, deletes and reports."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from retention.review.snapshot import ImageState

from console.appstore.errors import IMAGE_IN_USE
from console.deployment.session import Session
from console.rollout.apply import ApplyRun, observe_and_plan
from console.rollout.prune import Prunable
from console.rollout.prune_run import examine, prune, show, show_end
from console.terminal.failure import Failure
from console.terminal.output import Output
from tests.support.apple_in_memory import AppleInMemory, refusal, session_in_memory
from tests.support.planned_file import NOW
from tests.support.printed import json_document, printed

OLD = Prunable({"old": "APPROVED", "stray": "PENDING"}, {"picture": "REJECTED"}, frozenset({"stray"}))
NOTHING = Prunable({}, {}, frozenset())


@pytest.fixture
def apple() -> AppleInMemory:
    return AppleInMemory(message_states={"stray": "APPROVED"}, image_states={"picture": ImageState("APPROVED")})


@pytest.fixture
def session(folder: Path, apple: AppleInMemory) -> Session:
    made = session_in_memory(folder, apple)
    ApplyRun(made, Output(as_json=True), now=lambda: NOW).run(observe_and_plan(made, now=NOW))
    apple.calls.clear()
    return made


def test_what_no_file_and_no_release_names_can_be_deleted(session: Session, apple: AppleInMemory) -> None:
    """Everything that the file uploaded stays."""
    found = examine(session)
    assert (dict(found.messages), dict(found.images)) == ({"stray": "APPROVED"}, {"picture": "APPROVED"})
    assert found.never_published == {"stray"}
    assert apple.calls == []


def test_each_message_and_image_is_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """A message that no release of this table named may belong to another tool, which its row states."""
    rows = [line.split(maxsplit=3) for line in printed(partial(show, OLD), capsys).splitlines()[1:]]
    assert [row[:3] for row in rows] == [
        ["message", "old", "APPROVED"], ["message", "stray", "PENDING"], ["image", "picture", "REJECTED"],
    ]  # fmt: skip
    assert rows[1][3].strip() == "never published from this table"
    assert printed(partial(show, NOTHING), capsys) == "There is nothing to prune.\n"


def test_messages_are_deleted_before_images(session: Session, apple: AppleInMemory) -> None:
    """Apple keeps an image as long as a message uses it."""
    assert prune(session, examine(session), Output(as_json=True), yes=True) == []
    assert apple.calls == ["delete message", "delete image"]
    assert examine(session).empty


def test_an_image_in_use_is_reported_and_no_failure(session: Session, apple: AppleInMemory) -> None:
    """Another app's message may use it."""
    apple.refusals["picture"] = refusal(status=403, error_code=IMAGE_IN_USE)
    assert prune(session, examine(session), Output(as_json=True), yes=True) == ["picture"]


def test_without_a_confirmation_nothing_is_deleted(session: Session, apple: AppleInMemory) -> None:
    """A program without a terminal must add --yes, in every environment."""
    with pytest.raises(Failure, match=r"would delete 1 message and 1 image at Apple .* Add --yes"):
        prune(session, examine(session), Output(as_json=True), yes=False)
    assert apple.calls == []


@pytest.mark.parametrize(
    ("kept", "text"),
    [
        (None, ""),
        ([], "Deleted 2 messages and 1 image.\n"),
        (["picture"], "Deleted 2 messages and 0 images.\nApple keeps 1 image that messages still use: picture.\n"),
    ],
)
def test_the_end_states_what_was_deleted(kept: list[str] | None, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With --show nothing was, and the document has `deleted: false`."""
    assert printed(partial(show_end, OLD, kept), capsys) == text
    document = json_document(partial(show_end, replace(OLD), kept), capsys)
    assert (document["deleted"], document["stillUsed"]) == (kept is not None, kept or [])
    assert (document["messages"], document["neverPublished"]) == (dict(OLD.messages), ["stray"])
