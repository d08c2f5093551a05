"""Deliver notifications for as long as the simulator serves: a thread that looks for due ones several times a second.

Other processes put them in: every verb of `retention simulator` that changes a subscription.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

from console.simulator.delivery_report import line
from console.simulator.notification_delivery import Couriers

_PAUSE_SECONDS: Final = 0.2


class DeliveryLoop:
    """Delivers by `couriers` from `start` to `stop`; `log` gets a line for each attempt."""

    def __init__(self, couriers: Couriers, log: Callable[[str], None]) -> None:
        self._couriers, self._log = couriers, log
        self._stopping = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the attempt that is being made end, and make no other."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def once(self) -> None:
        """Make every attempt that is due. A bug is printed, and ends no other attempt but its own."""
        try:
            for attempt in self._couriers.deliver():
                self._log(line(attempt))
                if self._stopping.is_set():
                    return
        except Exception:  # noqa: BLE001  # the server goes on, as it does after a bug in an answer
            traceback.print_exc(file=sys.stderr)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.once()
            self._stopping.wait(_PAUSE_SECONDS)
