"""When a call to Apple is made, and whether it is made again: paced, and repeated only where that is safe.

Uploads are PUTs that Apple counts once: after an unclear outcome the list is read, and only what is not in it is sent
again. Reading, deleting, and configuring a default or the real-time URL may be repeated as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final, TypeVar

from retention.notifications.history import HistoryFormatError
from retention.review.snapshot import SnapshotFormatError

from console.appstore.errors import ALREADY_EXISTS, AppleError, Kind, taken
from console.appstore.pace import Pace, ReportWait
from console.appstore.wire import Wire

_PAUSES: Final = (1.0, 2.0, 4.0)
_MAX_RATE_WAITS: Final = 3
_RATE_WAIT_SECONDS: Final = 60.0  # where a 429 names no time
_FORMATS: Final = (SnapshotFormatError, HistoryFormatError)

T = TypeVar("T")


class Repeats:
    """Makes the calls of one client. Every failure is an AppleError.

    No wait is longer than `patience` seconds, and with 0 no call is repeated. `repeating(error)` is called before a
    call is made again whose outcome is unclear. `pace` is one that several clients keep together.
    """

    def __init__(
        self,
        wire: Wire,
        environment: str,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        patience: float,
        waiting: ReportWait | None,
        repeating: Callable[[AppleError], None],
        pace: Pace | None = None,
    ) -> None:
        self._wire = wire
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._repeating = repeating
        self._pace = Pace(environment, clock, sleep, patience) if pace is None else pace
        if waiting is not None:
            self._pace.waiting = waiting

    def estimate(self, calls: Iterable[tuple[str, int]]) -> float:
        """Return how many seconds so many calls of these operations will take in this order, waits included."""
        return self._pace.estimate(calls)

    def once(self, operation: str, call: Callable[[], T]) -> T:
        """Make one call, when the rate allows it. A 429 was not done, so it may be waited out for any operation."""
        for _ in range(_MAX_RATE_WAITS):
            self._pace.take(operation)
            try:
                return self._made(operation, call)
            except AppleError as error:
                if error.kind is not Kind.RATE_LIMITED or not self._patience:
                    raise
                self._pace.block(operation, error.retry_at or self._clock() + _RATE_WAIT_SECONDS)
        self._pace.take(operation)
        return self._made(operation, call)

    def _made(self, operation: str, call: Callable[[], T]) -> T:
        self._wire.operation = operation
        try:
            return call()
        except (ExceptionGroup, ValueError, TypeError, LookupError, AttributeError, *_FORMATS) as error:
            # The library could not read the answer into its classes, or we did not find in it what was asked for.
            raise AppleError(
                Kind.NOT_APPLE, f"What answers “{operation}” is not Apple's API: its JSON has another shape."
            ) from error

    def safely(self, operation: str, call: Callable[[], T]) -> T:
        """Make a call that does no harm a second time, and make it again while its outcome is unclear."""
        for pause in _PAUSES:
            try:
                return self.once(operation, call)
            except AppleError as error:
                self._pause_after(error, pause)
        return self.once(operation, call)

    def delete(self, operation: str, call: Callable[[], object], gone: int) -> None:
        """Delete; `gone` is Apple's code for finding nothing, which after an unclear deletion means that it is done."""
        try:
            self.once(operation, call)
        except AppleError as error:
            self._pause_after(error, _PAUSES[0])
            self.found(gone, operation, call)

    def upload(
        self,
        operation: str,
        call: Callable[[], object],
        what: str,
        identifier: str,
        listed: Callable[[], Collection[str]],
    ) -> bool:
        """Upload once: after a failure the list decides whether an unclear upload arrived."""
        went = False
        for pause in (*_PAUSES, 0.0):
            try:
                self.once(operation, call)
            except AppleError as error:
                failure = error
            else:
                return True
            if failure.error_code in ALREADY_EXISTS:
                if identifier not in listed():
                    raise taken(what, identifier)
                return went
            self._pause_after(failure, pause)
            if identifier in listed():
                return True
            went = True
        raise failure

    def _pause_after(self, error: AppleError, seconds: float) -> None:
        """Wait before a call is made again; raise the error where that makes no sense."""
        if not error.unclear or not self._patience:
            raise error
        self._repeating(error)
        self._sleep(seconds)

    def found(self, missing: int, operation: str, call: Callable[[], T]) -> T | None:
        """Make a call as `safely`; return None where Apple answers with the code `missing`."""
        try:
            return self.safely(operation, call)
        except AppleError as error:
            if error.error_code == missing:
                return None
            raise
