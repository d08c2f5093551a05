"""What failed a moment ago: while a failure is remembered, memory answers and DynamoDB is not asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from retention.aws.connection import CallFailedError
from retention.aws.deadline import OutOfTimeError
from retention.catalog import FORMAT
from retention.errors import CatalogUnavailableError, FormatTooNewError, UnreadableRowError
from retention.lookup.memory import ViewKey

# After a failure, what is in memory serves this long before DynamoDB is asked again.
QUIET_SECONDS: Final = 5.0

# Every way in which reading the table fails. Anything else is a bug, and is raised as it is.
READ_ERRORS: Final = (OutOfTimeError, CallFailedError, UnreadableRowError, FormatTooNewError)

_MAX_VIEWS: Final = 1000
_NONE: Final = (float("-inf"), "")
_REASONS: Final = frozenset({"format", "malformed"})


class Failures:
    """Until when DynamoDB is left alone, for all apps together and for each view. `monotonic` is in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._views: dict[ViewKey, tuple[float, str]] = {}
        self.quiet_until = float("-inf")

    def note(self, error: Exception) -> None:
        """Leave DynamoDB alone after a failed call; a damaged row does not stop the reading of others."""
        if isinstance(error, (OutOfTimeError, CallFailedError)):
            self.quiet_until = self._monotonic() + QUIET_SECONDS

    def note_view(self, name: ViewKey, error: CatalogUnavailableError) -> None:
        """Remember that a view could not be read anew."""
        if len(self._views) >= _MAX_VIEWS:
            self._views.clear()
        self._views[name] = (self._monotonic() + QUIET_SECONDS, error.code if error.code in _REASONS else "")

    def forget_view(self, name: ViewKey) -> None:
        """Forget it: the view was read."""
        self._views.pop(name, None)

    def forget(self) -> None:
        """Forget all."""
        self.quiet_until = float("-inf")
        self._views.clear()

    def permit(self, name: ViewKey) -> bool:
        """Return whether DynamoDB may be asked for this view now."""
        until, _ = self._views.get(name, _NONE)
        return self._monotonic() >= max(until, self.quiet_until)

    def reason(self, name: ViewKey) -> str:
        """Return why the release of this view could not be read: `format` or `malformed`, empty for another reason."""
        return self._views.get(name, _NONE)[1]


def unavailable(error: Exception) -> CatalogUnavailableError:
    """Return the error for a request that needs what one of READ_ERRORS kept from being read."""
    if isinstance(error, OutOfTimeError):
        return CatalogUnavailableError("deadline", "DynamoDB did not answer in time")
    if isinstance(error, CallFailedError):
        return CatalogUnavailableError("dynamodb", "DynamoDB refused or failed", cause=error.code)
    if isinstance(error, FormatTooNewError):
        return CatalogUnavailableError("format", f"the live release is of a newer format than {FORMAT}")
    return CatalogUnavailableError("malformed", str(error))
