"""The result of a scheduled function for one app: its log line, its metrics, and how a failure is written there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from retention.appstore.transport import RateLimitedError
from retention.aws.connection import CallFailedError
from retention.aws.sdk import code_of
from retention.errors import RetentionError
from retention.log.record import place_of
from retention.log.telemetry import Telemetry

# An app without a release has no rules, and no key for Apple's API: there is nothing to do.
UNPUBLISHED: Final = "unpublished"


@dataclass(slots=True)
class AppResult:
    """The text, level and fields of an app's log line, and the metrics it counts."""

    app_apple_id: int
    word: str
    level: str = "error"
    fields: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    succeeded: bool = False

    def succeed(self, word: str) -> None:
        """Note that the function did for this app what it is for."""
        self.word, self.level, self.succeeded = word, "info", True

    def fail(self, error: Exception, metric: str) -> None:
        """Note why the function failed for this app. `metric` counts such failures."""
        self.counts = {metric: 1}
        match error:
            case RateLimitedError():
                self.word, self.level = "rate limited", "warning"
                self.fields = {"reason": error.code, "evidence": error.evidence}
            case RetentionError():
                self.fields = {"reason": error.code, "explanation": str(error), "evidence": error.evidence}
            case CallFailedError():
                self.fields = {"reason": error.code}
            case _:
                # Where it was raised, not its message: that of another library's exception may quote secrets.
                self.fields = {"reason": code_of(error), "evidence": {"at": place_of(error)}}

    def report(self, telemetry: Telemetry) -> None:
        """Write the line and the metrics."""
        self.fields = {"appAppleId": self.app_apple_id, **self.fields}
        telemetry.report(self.word, self.level, self.fields, self.counts)


def report_run(telemetry: Telemetry, results: Sequence[AppResult], text: str, metric: str) -> dict[str, Any]:
    """Count a run in which the function succeeded for every app. Returns the fields of the log lines, by app.

    Counted by app, `metric` would hide one that fails. `text` is that of the run's log line.
    """
    if all(result.succeeded for result in results):
        telemetry.report(text, "info", {"apps": len(results)}, {metric: 1})
    return {"apps": [{"outcome": result.word, **result.fields} for result in results]}
