"""Measure things that are compared in turns, so that other load on the machine affects all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from statistics import median, quantiles
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")


def taken(work: Callable[[], object], calls: int = 1) -> float:
    """Return the seconds per call, averaged over `calls` calls in a row."""
    begun = perf_counter()
    for _ in range(calls):
        work()
    return (perf_counter() - begun) / calls


def turn(number: int, things: Iterable[T]) -> list[T]:
    """Return the things in the order of round `number`: each round begins with another one."""
    listed = list(things)
    first = number % len(listed)
    return listed[first:] + listed[:first]


def in_turns(
    works: Mapping[str, Callable[[], object]], rounds: int, calls: Mapping[str, int] | None = None
) -> dict[str, list[float]]:
    """Return name → seconds per call in each round. `calls` is name → calls in a row per round, by default one.

    A first round is not counted.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in turn(number, works.items()):
            seconds = taken(work, (calls or {}).get(name, 1))
            if number:
                times[name].append(seconds)
    return times


def medians(times: Mapping[str, list[float]]) -> dict[str, float]:
    return {name: median(seconds) for name, seconds in times.items()}


def spread(seconds: list[float]) -> tuple[float, float, float]:
    """Return median, first and third quartile."""
    first, middle, third = quantiles(seconds, n=4)
    return middle, first, third
