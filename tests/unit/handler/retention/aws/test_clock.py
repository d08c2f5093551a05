"""Ages include the time for which a process was frozen, if either the monotonic or the wall clock saw it pass."""

from __future__ import annotations

from retention.aws.clock import PassedTime

from tests.support.fake_table import Clock


class Clocks:
    """A monotonic clock and a wall clock that are set independently."""

    def __init__(self) -> None:
        self.monotonic, self.wall = Clock(1000.0), Clock(1_700_000_000.0)
        self.passed = PassedTime(self.monotonic, self.wall)
        self.begun = self.passed()

    def age(self) -> float:
        return round(self.passed() - self.begun, 3)


def test_time_that_only_one_clock_saw_counts() -> None:
    """A process that was frozen for a week is a week older, whichever of its two clocks stood still."""
    clocks = Clocks()
    clocks.wall.now += 604_800
    assert clocks.age() == 604_800
    clocks.monotonic.now += 10
    clocks.wall.now += 10
    assert clocks.age() == 604_810
    clocks.monotonic.now += 604_800
    assert clocks.age() == 1_209_610


def test_a_wall_clock_set_back_makes_nothing_younger() -> None:
    """If the wall clock is set back, an age does not fall; it grows by the monotonic clock."""
    clocks = Clocks()
    clocks.wall.now -= 3600
    assert clocks.age() == 0
    clocks.monotonic.now += 30
    assert clocks.age() == 30
    clocks.wall.now += 7200  # an hour more than it had lost
    assert clocks.age() == 3600
