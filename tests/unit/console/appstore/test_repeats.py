"""Which calls to Apple are made again, after which pauses, and which never."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from retention.notifications.history import HistoryFormatError
from retention.review.snapshot import SnapshotFormatError

from console.appstore.errors import ALREADY_EXISTS, MESSAGE_NOT_FOUND, AppleError, Kind, rate_limited, refused
from console.appstore.pace import Pace
from console.appstore.repeats import Repeats
from tests.support.simulated_app import NOW, Clock

UPLOAD, LIST, DELETE = "Upload Message", "Get Message List", "Delete Message"
UNCLEAR = AppleError(Kind.TIMED_OUT, "Apple did not answer.")
GONE = refused(DELETE, 404, MESSAGE_NOT_FOUND, "Not found.")
EXISTS = refused(UPLOAD, 409, min(ALREADY_EXISTS), "Exists.")


class Calls:
    """A call whose results are given in turn; an exception is raised. The last one is repeated."""

    def __init__(self, *results: Any) -> None:
        self.left, self.made = list(results), 0

    def __call__(self) -> Any:
        self.made += 1
        result = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def clock() -> Clock:
    return Clock()


def repeats(clock: Clock, patience: float = 7200, repeating: Callable[[AppleError], None] = lambda _: None) -> Repeats:
    wire: Any = SimpleNamespace(operation="")
    return Repeats(
        wire, "Sandbox", clock=clock, sleep=clock.sleep, patience=patience, waiting=None, repeating=repeating
    )


def test_a_safe_call_is_repeated_while_its_outcome_is_unclear(clock: Clock) -> None:
    """The pauses are one, two and four seconds, and each failure is reported before its pause."""
    reported: list[AppleError] = []
    call = Calls(UNCLEAR, UNCLEAR, UNCLEAR, "list")
    assert repeats(clock, repeating=reported.append).safely(LIST, call) == "list"
    assert (clock.slept, reported) == ([1, 2, 4], [UNCLEAR] * 3)


@pytest.mark.parametrize(
    ("failure", "patience", "made"), [(UNCLEAR, 7200, 4), (UNCLEAR, 0, 1), (GONE, 7200, 1), (EXISTS, 7200, 1)]
)
def test_a_call_that_keeps_failing_ends_with_its_error(
    clock: Clock, failure: AppleError, patience: float, made: int
) -> None:
    """A refusal is final, and with a patience of zero nothing is repeated."""
    call = Calls(failure)
    with pytest.raises(AppleError) as caught:
        repeats(clock, patience).safely(LIST, call)
    assert (caught.value, call.made) == (failure, made)


def test_a_call_that_may_do_harm_is_made_once(clock: Clock) -> None:
    """The start of a performance test is not repeated after an unclear outcome."""
    call = Calls(UNCLEAR, "started")
    with pytest.raises(AppleError):
        repeats(clock).once("Initiate Performance Test", call)
    assert (call.made, clock.slept) == (1, [])


@pytest.mark.parametrize(("retry_at", "waited"), [(NOW + 100, 101), (None, 61)])
def test_a_rate_limit_is_waited_out_for_any_call(clock: Clock, retry_at: float | None, waited: float) -> None:
    """A call that was refused for its rate was not done; without a time the wait is a minute."""
    assert repeats(clock).once(UPLOAD, Calls(rate_limited(UPLOAD, retry_at, None), "done")) == "done"
    assert clock.slept == [waited]


def test_the_fourth_rate_limit_is_final(clock: Clock) -> None:
    """A limit that never ends does not keep a command waiting for hours."""
    call = Calls(rate_limited(UPLOAD, None, None))
    with pytest.raises(AppleError):
        repeats(clock).once(UPLOAD, call)
    assert (call.made, len(clock.slept)) == (4, 3)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a"),
        KeyError("a"),
        TypeError("a"),
        ExceptionGroup("a", [ValueError()]),
        SnapshotFormatError("a", "b"),
        HistoryFormatError("a", "b"),
    ],
)
def test_an_answer_of_another_shape_is_not_apples(clock: Clock, error: Exception) -> None:
    """What Apple's library raises for an answer that it cannot read names the operation alone."""
    with pytest.raises(AppleError, match="“Get Message List” is not Apple's API") as caught:
        repeats(clock).safely(LIST, Calls(error))
    assert caught.value.kind is Kind.NOT_APPLE


@pytest.mark.parametrize(
    ("results", "listed", "went", "made"),
    [
        (["done"], [[]], True, 1),
        ([UNCLEAR, "done"], [[]], True, 2),
        ([UNCLEAR, "done"], [["id"]], True, 1),
        ([EXISTS], [["id"]], False, 1),
        ([UNCLEAR, EXISTS], [[], ["id"]], True, 2),
    ],
)
def test_an_upload_is_made_again_only_where_the_list_does_not_have_it(
    clock: Clock, results: list[Any], listed: list[list[str]], *, went: bool, made: int
) -> None:
    """The result is whether the upload arrived now: not where Apple had it before."""
    call = Calls(*results)
    assert repeats(clock).upload(UPLOAD, call, "message", "id", Calls(*listed)) is went
    assert call.made == made


def test_an_identifier_that_exists_and_is_not_listed_is_taken(clock: Clock) -> None:
    """Another app has it, or had it."""
    with pytest.raises(AppleError) as caught:
        repeats(clock).upload(UPLOAD, Calls(EXISTS), "message", "id", Calls([]))
    assert caught.value.kind is Kind.TAKEN


def test_an_upload_that_never_arrives_ends_with_its_error(clock: Clock) -> None:
    """It is tried four times, each after a look at the list."""
    call = Calls(UNCLEAR)
    with pytest.raises(AppleError) as caught:
        repeats(clock).upload(UPLOAD, call, "message", "id", Calls([]))
    assert (caught.value, call.made) == (UNCLEAR, 4)


def test_a_deletion_whose_answer_was_lost_is_done_once_it_is_gone(clock: Clock) -> None:
    """After an unclear deletion, Apple's `not found` is success; without one before, it is an error."""
    call = Calls(UNCLEAR, GONE)
    repeats(clock).delete(DELETE, call, MESSAGE_NOT_FOUND)
    assert (call.made, clock.slept) == (2, [1])
    with pytest.raises(AppleError):
        repeats(clock).delete(DELETE, Calls(GONE), MESSAGE_NOT_FOUND)


def test_what_is_not_found_is_none(clock: Clock) -> None:
    """Only the code for this operation counts: any other refusal is an error."""
    assert repeats(clock).found(MESSAGE_NOT_FOUND, LIST, Calls(GONE)) is None
    assert repeats(clock).found(MESSAGE_NOT_FOUND, LIST, Calls("found")) == "found"
    with pytest.raises(AppleError):
        repeats(clock).found(MESSAGE_NOT_FOUND, LIST, Calls(EXISTS))


def test_waits_for_the_rate_are_estimated_beforehand(clock: Clock) -> None:
    """More calls than Apple takes in an hour take longer than an hour."""
    made = repeats(clock)
    assert made.estimate([(UPLOAD, 10)]) < 60
    assert made.estimate([(UPLOAD, 361)]) > 3600


def test_clients_may_keep_one_pace_together(clock: Clock) -> None:
    """What one of them has called counts for the other."""
    wire: Any = SimpleNamespace(operation="")
    pace = Pace("Sandbox", clock, clock.sleep)
    options: Any = {"clock": clock, "sleep": clock.sleep, "patience": 7200, "waiting": None, "pace": pace}
    for _ in range(2):
        client = Repeats(wire, "Sandbox", repeating=lambda _: None, **options)
        for _ in range(181):
            client.once(LIST, Calls(None))
    assert clock.slept == [3600]
