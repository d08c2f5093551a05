"""The console keeps Apple's rate limits by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retention.limits import SECONDS_PER_HOUR

from console.appstore.errors import AppleError, Kind
from console.appstore.pace import Pace
from tests.support.simulated_app import NOW, Clock

UPLOAD, DEFAULT = "Upload Message", "Configure Default Message"


def paced(clock: Clock, patience: float = 2 * SECONDS_PER_HOUR) -> Pace:
    return Pace("Sandbox", clock, clock.sleep, patience)


def test_an_hours_calls_go_at_once_and_the_next_one_waits() -> None:
    """The 361st call waits until the first one is an hour old."""
    clock = Clock()
    pace = paced(clock)
    for _ in range(360):
        pace.take(UPLOAD)
    assert clock.slept == []
    pace.take(UPLOAD)
    assert clock.slept == [SECONDS_PER_HOUR]


def test_operations_do_not_wait_for_each_other() -> None:
    """The calls of each operation are counted separately."""
    clock = Clock()
    pace = paced(clock)
    for operation in (UPLOAD, "Upload Image"):
        for _ in range(360):
            pace.take(operation)
    assert clock.slept == []


@settings(max_examples=25)
@given(st.lists(st.floats(0, 600), max_size=60))
def test_no_hour_has_too_many(breaks: list[float]) -> None:
    """However calls are spread, no span of an hour has more of them than Apple allows."""
    clock, made = Clock(NOW), []
    pace = paced(clock)
    for pause in [*breaks, *[1.0] * 400]:
        clock.time += pause
        pace.take(UPLOAD)
        made.append(clock.time)
    assert all(later - earlier >= SECONDS_PER_HOUR for earlier, later in zip(made, made[360:], strict=False))


def test_a_wait_that_apple_asks_for_is_kept() -> None:
    """It holds up that operation only, until a second after Apple's time."""
    clock = Clock()
    pace = paced(clock)
    pace.block(UPLOAD, NOW + 10)
    pace.take("Upload Image")
    assert clock.slept == []
    pace.take(UPLOAD)
    assert clock.slept == [11]


def test_a_wait_longer_than_the_patience_is_an_error() -> None:
    """The error is RATE_LIMITED and has the time from which calls are accepted again."""
    clock = Clock()
    pace = paced(clock, patience=60)
    pace.block(UPLOAD, NOW + 100)
    with pytest.raises(AppleError) as caught:
        pace.take(UPLOAD)
    assert (caught.value.kind, caught.value.retry_at, clock.slept) == (Kind.RATE_LIMITED, NOW + 101, [])


@pytest.mark.parametrize(
    ("calls", "hours"),
    [
        ([(UPLOAD, 360)], 0),
        ([(UPLOAD, 361)], 1),
        ([(UPLOAD, 2000), ("Upload Image", 2000)], 10),
        ([(DEFAULT, 3600)], 0),
    ],
)
def test_waits_are_estimated(calls: list[tuple[str, int]], hours: int) -> None:
    """The estimate has the seconds of all waits; making it neither waits nor counts a call."""
    clock = Clock()
    pace = paced(clock)
    assert pace.estimate(calls, call_seconds=0) == hours * SECONDS_PER_HOUR
    assert (clock.slept, pace.due(UPLOAD)) == ([], NOW)


def test_an_estimate_counts_the_calls_already_made() -> None:
    """Calls that were made in this hour leave fewer for the estimate."""
    clock = Clock()
    pace = paced(clock)
    for _ in range(200):
        pace.take(UPLOAD)
    assert pace.estimate([(UPLOAD, 161)], call_seconds=0) == SECONDS_PER_HOUR
    assert pace.estimate([(UPLOAD, 100)], call_seconds=0.5) == 50


def test_a_share_leaves_the_rest_to_the_owners_other_programs() -> None:
    """With a share of a half, the 181st call of an hour waits where the 361st would."""
    clock = Clock()
    pace = Pace("Sandbox", clock, clock.sleep, share=0.5)
    assert pace.estimate([(UPLOAD, 181)], 0.0) == SECONDS_PER_HOUR
    for _ in range(181):
        pace.take(UPLOAD)
    assert clock.slept == [SECONDS_PER_HOUR]


def test_threads_keep_one_pace_together() -> None:
    """Four threads make no more calls in an hour than one may."""
    clock = Clock()
    pace = Pace("Sandbox", clock, clock.sleep)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(pace.take, [UPLOAD] * 720))
    assert clock.slept == [SECONDS_PER_HOUR]
