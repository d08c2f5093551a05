"""Ages go on while a process is frozen, by whichever clock saw the time pass."""

from __future__ import annotations

from retention.aws.clock import PassedTime

from tests.support.fake_table import Clock


class Clocks:
    """A monotonic clock and a wall clock, set apart."""

    def __init__(self) -> None:
        self.monotonic, self.wall = Clock(1000.0), Clock(1_700_000_000.0)
        self.passed = PassedTime(self.monotonic, self.wall)
        self.begun = self.passed()

    def age(self) -> float:
        return round(self.passed() - self.begun, 3)


def test_time_that_the_monotonic_clock_did_not_see_has_passed_all_the_same() -> None:
    """Frozen for a week, whichever of the clocks stood still, one is a week older."""
    clocks = Clocks()
    clocks.wall.now += 604_800
    assert clocks.age() == 604_800
    clocks.monotonic.now += 10
    clocks.wall.now += 10
    assert clocks.age() == 604_810
    clocks.monotonic.now += 604_800
    assert clocks.age() == 1_209_610


def test_a_wall_clock_set_back_takes_no_time_back() -> None:
    """What is due stays due, and time goes on by the monotonic clock."""
    clocks = Clocks()
    clocks.wall.now -= 3600
    assert clocks.age() == 0
    clocks.monotonic.now += 30
    assert clocks.age() == 30
    clocks.wall.now += 7200  # an hour more than it had lost
    assert clocks.age() == 3600
