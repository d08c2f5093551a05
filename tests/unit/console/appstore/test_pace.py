"""Apple's rate limits, kept by ourselves."""

from __future__ import annotations

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


def test_a_burst_then_an_hour() -> None:
    """An hour's calls go at once; the next waits until the first is an hour old."""
    clock = Clock()
    pace = paced(clock)
    for _ in range(360):
        pace.take(UPLOAD)
    assert clock.slept == []
    pace.take(UPLOAD)
    assert clock.slept == [SECONDS_PER_HOUR]


def test_operations_do_not_wait_for_each_other() -> None:
    """Each operation has its own hour."""
    clock = Clock()
    pace = paced(clock)
    for operation in (UPLOAD, "Upload Image"):
        for _ in range(360):
            pace.take(operation)
    assert clock.slept == []


@settings(max_examples=25)
@given(st.lists(st.floats(0, 600), max_size=60))
def test_no_hour_has_too_many(breaks: list[float]) -> None:
    """However calls are spread, no hour, wherever it begins, has more than Apple allows."""
    clock, made = Clock(NOW), []
    pace = paced(clock)
    for pause in [*breaks, *[1.0] * 400]:
        clock.time += pause
        pace.take(UPLOAD)
        made.append(clock.time)
    assert all(later - earlier >= SECONDS_PER_HOUR for earlier, later in zip(made, made[360:], strict=False))


def test_apples_own_word_counts() -> None:
    """A block until a moment holds up that operation only, and a second longer."""
    clock = Clock()
    pace = paced(clock)
    pace.block(UPLOAD, NOW + 10)
    pace.take("Upload Image")
    assert clock.slept == []
    pace.take(UPLOAD)
    assert clock.slept == [11]


def test_patience() -> None:
    """A wait longer than the patience ends as rate-limited, with the moment in it."""
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
def test_estimates(calls: list[tuple[str, int]], hours: int) -> None:
    """The waits are known beforehand, and rehearsing them changes nothing."""
    clock = Clock()
    pace = paced(clock)
    assert pace.estimate(calls, call_seconds=0) == hours * SECONDS_PER_HOUR
    assert (clock.slept, pace.due(UPLOAD)) == ([], NOW)


def test_an_estimate_counts_what_was_made() -> None:
    """An hour half used up is half an hour's calls."""
    clock = Clock()
    pace = paced(clock)
    for _ in range(200):
        pace.take(UPLOAD)
    assert pace.estimate([(UPLOAD, 161)], call_seconds=0) == SECONDS_PER_HOUR
    assert pace.estimate([(UPLOAD, 100)], call_seconds=0.5) == 50
