"""The agenda of all customers, and the clock that follows it."""

from __future__ import annotations

from datetime import UTC, datetime

from console.simulator.scripted.agenda import Agenda, SimulatedClock


def test_acts_happen_in_the_order_of_their_instants() -> None:
    """The clock stands at each act's instant; acts of one instant happen in the order in which they were added."""
    clock, seen = SimulatedClock(100), list[tuple[str, int]]()
    agenda = Agenda(clock)

    def act(name: str) -> None:
        seen.append((name, clock.milliseconds))
        if name == "b":
            agenda.add(50, lambda: act("over"))  # that instant is over

    for at, name in ((300, "c"), (200, "b"), (300, "d"), (100, "a")):
        agenda.add(at, lambda name=name: act(name))  # type: ignore[misc]  # mypy knows no default of a lambda
    agenda.run()
    assert seen == [("a", 100), ("b", 200), ("over", 200), ("c", 300), ("d", 300)]


def test_an_agenda_that_ends_early() -> None:
    """What is planned after the end does not happen, and the clock does not go there."""
    clock, seen = SimulatedClock(0), list[int]()
    agenda = Agenda(clock)
    for at in (1, 2, 3):
        agenda.add(at, lambda: seen.append(clock.milliseconds))
    agenda.run(lambda: len(seen) < 2)
    assert (seen, clock.milliseconds) == ([1, 2], 2)


def test_the_clock_as_others_read_it() -> None:
    """As an aware instant, and in seconds that no rounding moves into another millisecond."""
    clock = SimulatedClock(1_800_000_000_123)
    assert clock.now() == datetime(2027, 1, 15, 8, 0, 0, 123_000, UTC)
    for milliseconds in range(1_800_000_000_000, 1_800_000_001_000):
        assert int(SimulatedClock(milliseconds).seconds() * 1000) == milliseconds
        assert int(SimulatedClock(milliseconds).seconds() % 1 * 1000) == milliseconds % 1000
