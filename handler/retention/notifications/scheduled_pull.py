"""One run of the schedule: the pull of every app of the stack, its log lines and its metrics.

Each app has its share of the time, so that a long history of one keeps no other waiting. `PullSucceeded` counts the
runs in which all news of every app was merged: counted by app, it would hide one that fails.

Where notifications are pushed too, `SeenByPullOnly` counts what the pull still had to bring 15 minutes after push could
have. There is no count of what push alone brings: it would take a record of every notification.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from retention.appstore.transport import Transport
from retention.aws.deadline import Deadline
from retention.log.app_result import UNPUBLISHED, AppResult, report_run
from retention.log.outcome import instant
from retention.log.telemetry import Telemetry
from retention.notifications.fates import METRICS, Fate, IntakeVerdict
from retention.notifications.history import HistoryQuery, Page, ask_notifications
from retention.notifications.intake import PULL, Intake
from retention.notifications.live_apps import LiveApp
from retention.notifications.progress import ProgressRow
from retention.notifications.pulling import Pull, Pulled
from retention.signing.keys import KeyRing
from retention.signing.signer import Signer

# The time limit of reading the key, and of the calls of one page, with a repetition.
KEY_SECONDS: Final = 12.0
PAGE_CALL_SECONDS: Final = 15.0
# What is left of an app's share when the last of a page is begun.
RESERVE_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class ScheduledPull:
    """One deployment's pull, wired. `keys` makes a key ring for each run: keys may have changed since the last one.

    `pushed`: notifications are pushed too, and the pull is their repair.
    """

    intake: Intake
    transport: Transport
    keys: Callable[[], KeyRing[Signer]] = field(repr=False)
    telemetry: Telemetry
    clock: Callable[[], datetime]
    pushed: bool

    def run(self, deadline: Deadline) -> dict[str, Any]:
        """Pull every app, also after one has failed. Returns the fields of the log lines, by app."""
        live, results = self.intake.apps.read(), list[AppResult]()
        ids = self.intake.apps.ids
        try:
            for place, app in enumerate(ids):
                share = deadline.at_most(deadline.left() / (len(ids) - place))
                results.append(self._result(app, live.live.get(app), live.unread.get(app), share))
        finally:
            self.transport.close()
        return report_run(self.telemetry, results, "pull succeeded", "PullSucceeded")

    def _result(self, app_apple_id: int, app: LiveApp | None, unread: str | None, share: Deadline) -> AppResult:
        result = AppResult(app_apple_id, "pull failed")
        if app is None:
            if unread is None:
                result.succeed(UNPUBLISHED)
            else:
                result.fields, result.counts = {"reason": unread}, {"PullFailed": 1}
        else:
            self._pull(app, share, result)
        result.report(self.telemetry)
        return result

    def _pull(self, app: LiveApp, share: Deadline, result: AppResult) -> None:
        done = Pulled()
        try:
            self._made(app, share, done).run()
        except Exception as error:  # noqa: BLE001  # the apps that follow are pulled all the same
            result.fail(error, "PullFailed")
        else:
            if done.caught_up:
                result.succeed("pulled")
            else:  # Out of time, the next run goes on: no failure, and no success either.
                result.word, result.level = "pull stopped", "warning"
        result.fields |= _fields(done)
        result.counts |= self._counts(done)
        self._report_instants(app.app_apple_id, done)

    def _made(self, app: LiveApp, share: Deadline, done: Pulled) -> Pull:
        settings = app.settings
        signer = self.keys().get(settings.key_id, share.at_most(KEY_SECONDS))

        def token() -> str:
            return signer.api_token(issuer_id=settings.issuer_id, bundle_id=settings.bundle_id, now=self.clock())

        def ask(query: HistoryQuery, after: str | None) -> Page:
            return ask_notifications(self.transport, query, after, token, share.at_most(PAGE_CALL_SECONDS))

        def take_in(signed: Sequence[str]) -> Sequence[IntakeVerdict]:
            return self.intake.take_all(signed, PULL, share.before(RESERVE_SECONDS))

        now = int(self.clock().timestamp() * 1000)
        return Pull(ask, take_in, ProgressRow(app.table), now, share.left, self.pushed, done)

    def _counts(self, done: Pulled) -> dict[str, int]:
        """Return the metrics that the intake did not count."""
        counts = {METRICS[Fate.PARKED]: done.unsigned} if done.unsigned else {}
        if self.pushed:
            counts["SeenByPullOnly"] = done.fates[Fate.MERGED]
        return counts

    def _report_instants(self, app_apple_id: int, done: Pulled) -> None:
        if done.gap is not None:
            fields: dict[str, object] = {"appAppleId": app_apple_id, "pulledSince": instant(done.gap)}
            self.telemetry.report("history has a gap", "warning", fields, {})
        if done.complete is not None:
            since, until = map(instant, done.complete)
            fields = {
                "appAppleId": app_apple_id,
                "completeSince": since,
                "completeUntil": until,
                "parked": done.fates[Fate.PARKED] + done.unsigned,
            }
            self.telemetry.report("complete until", "info", fields, {})


def _fields(done: Pulled) -> dict[str, Any]:
    fates = {fate.value: number for fate, number in done.fates.items() if number}
    return {
        "pages": done.pages,
        "fates": fates or None,
        "unsigned": done.unsigned or None,
        "ended": [reading.value for reading in done.ended] or None,
    }
