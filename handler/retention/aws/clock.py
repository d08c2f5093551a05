"""A clock for ages. A deadline is over in a moment; an age may span the weeks for which a snapshot was stored."""

from __future__ import annotations

import time
from collections.abc import Callable


class PassedTime:
    """A clock for ages, in seconds: monotonic, and pushed on by the wall clock where that has seen more time pass.

    A process restored from a snapshot, or thawed, may find its monotonic clock where it stood. The wall clock only ever
    pushes: set back, it changes nothing, and set wrongly ahead, it makes what is kept due once too early.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._ahead = float("-inf")

    def __call__(self) -> float:
        """Return seconds of arbitrary origin, never fewer than before, which also advance across a restore."""
        wall = self._wall()  # first: a pause between the two must not count as lost
        now = self._monotonic()
        self._ahead = max(self._ahead, wall - now)
        return now + self._ahead
