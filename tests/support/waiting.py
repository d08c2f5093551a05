"""How long a test waits for what must happen: far longer than a slow machine takes, so that no test measures speed.

    assert arrived.wait(PATIENCE)             an event
    assert eventually(lambda: pool.idle)      a condition, looked at again and again
    for _ in attempts(): …                    something that a busy machine may spoil, tried again until it succeeds

Each ends as soon as it has happened; only a test that fails waits the full time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

PATIENCE: Final = 300.0  # seconds


def eventually(happened: Callable[[], bool], pause: float = 0.01) -> bool:
    """Return True once `happened` does, False after PATIENCE seconds. Waits `pause` seconds between two looks."""
    return any(happened() for _ in attempts(pause))


def attempts(pause: float = 0.1) -> Iterator[int]:
    """Count attempts, `pause` seconds apart, for PATIENCE seconds; at least three."""
    give_up, number = time.monotonic() + PATIENCE, 0
    while number < 3 or time.monotonic() < give_up:
        yield number
        number += 1
        time.sleep(pause)
