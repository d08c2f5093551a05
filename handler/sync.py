"""The scheduled entry point: it brings the review states from Apple's lists into the table.

Each run reads which key signs, asks Apple for both lists, and applies them. It shares nothing with the run before: what
a run leaves undone that fails, is killed or overlaps another, the next one repairs five minutes later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from retention import table as rows
from retention.aws import sdk
from retention.aws.app_table import AppTable
from retention.aws.deadline import Deadline
from retention.background_settings import SyncDeployment
from retention.catalog import Settings
from retention.errors import ConfigurationError, RetentionError, UnreadableRowError
from retention.log.app_result import UNPUBLISHED, AppResult, report_run
from retention.log.record import camel_case
from retention.log.telemetry import Telemetry
from retention.probe import Probed, probe
from retention.review.lists import AppStore
from retention.review.snapshot import Lists, SnapshotRefusedError, SnapshotReport, follow
from retention.review.stored import read_settings
from retention.signing.keys import KeyRing
from retention.signing.signer import Signer

# The time limit of both lists of one app, with a repetition of each; and that of reading the key before.
APPLE_SECONDS: Final = 30.0
KEY_SECONDS: Final = 12.0

# A log line names at most so many messages.
_MAX_NAMED: Final = 20


class ReleaseUnreadableError(RetentionError):
    """The settings of the live release cannot be read, so the key for Apple's API is not known."""


@dataclass(frozen=True, slots=True)
class SyncClients:
    """The clients of one run."""

    dynamodb: sdk.Client
    keys: KeyRing[Signer]


def clients_from_aws(deployment: SyncDeployment) -> SyncClients:
    """Make new clients for each run: connections of the last one are five minutes old, and keys may have changed."""
    ssm = partial(sdk.client, "ssm")
    return SyncClients(
        sdk.client("dynamodb"), KeyRing(lambda: sdk.SdkConnection(ssm()), deployment.key_prefix, Signer.from_pem)
    )


@dataclass(frozen=True, slots=True)
class Sync:
    """One deployment's sync, wired."""

    deployment: SyncDeployment
    apple: AppStore
    telemetry: Telemetry
    clients: Callable[[SyncDeployment], SyncClients] = clients_from_aws
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ask_url: Callable[[str, str], Probed] = probe

    def run(self) -> dict[str, Any]:
        """Sync every app of the stack, also after one has failed. Returns the fields of the log lines, by app."""
        self._probe()  # first, so that a call that hangs later does not prevent it
        try:
            results = [self._result(app) for app in self.deployment.app_apple_ids]
        finally:
            self.apple.close()
        return report_run(self.telemetry, results, "sync succeeded", "SyncSucceeded")

    def _probe(self) -> None:
        """Call the stack's own URL. `ProbeFailed` is counted each time, also as zero; a failed probe fails no run."""
        if not self.deployment.probe_url:
            return
        probed = self.ask_url(self.deployment.probe_url, self.deployment.region)
        fields: dict[str, Any] = {"status": probed.status or None, "reason": probed.error}
        if probed.good:
            self.telemetry.report("probe answered", "info", fields, {"ProbeFailed": 0})
        else:
            self.telemetry.report("probe failed", "error", fields, {"ProbeFailed": 1})

    def _result(self, app: int) -> AppResult:
        result = AppResult(app, "failed")
        try:
            self._sync(result)
        except Exception as error:  # noqa: BLE001  # the apps that follow are synced all the same
            _note_failure(error, result)
        result.report(self.telemetry)
        return result

    def _sync(self, result: AppResult) -> None:
        clients = self.clients(self.deployment)
        app_table = AppTable(clients.dynamodb, self.deployment.table, result.app_apple_id)
        release = live_release(app_table)
        if release is None:
            result.succeed(UNPUBLISHED)
            return
        signer = clients.keys.get(release.key_id, Deadline.after(KEY_SECONDS))

        def token() -> str:
            return signer.api_token(issuer_id=release.issuer_id, bundle_id=release.bundle_id, now=self.clock())

        deadline = Deadline.after(APPLE_SECONDS)

        def lists() -> Lists:
            # Images last: one that was uploaded between the calls is then in the list, and so is every image in use.
            return self.apple.messages(token, deadline), self.apple.images(token, deadline)

        lost = _LostApprovals(result.app_apple_id, self.telemetry)
        report = follow(app_table, lists, before_silencing=lost, scheduled=True)
        _note_success(report, result)


@dataclass(slots=True)
class _LostApprovals:
    """Logs which live messages can be served no longer, each once in a run.

    It is called before the table is written: once it is, a later run finds no difference, and could not log them.
    """

    app_apple_id: int
    telemetry: Telemetry
    known: frozenset[str] = frozenset()

    def __call__(self, messages: frozenset[str]) -> None:
        new, self.known = messages - self.known, self.known | messages
        if new:
            named = sorted(new)[:_MAX_NAMED]
            fields = {"appAppleId": self.app_apple_id, "number": len(new), "messageIdentifiers": named}
            self.telemetry.report("live messages lost approval", "error", fields, {"LiveApprovalLost": len(new)})


def live_release(app_table: AppTable) -> Settings | None:
    """Return the live release's settings, None before the first publishing. Raises ReleaseUnreadableError."""
    connection = sdk.SdkConnection(app_table.client)

    def row(key: rows.Key) -> rows.Item:
        found: rows.Item = connection.call("get_item", rows.get(app_table.name, key)).get("Item", {})
        return found

    try:
        current = rows.read_head(row(rows.head_key(app_table.app_apple_id))).current
        if current is None:
            return None
        _, settings = read_settings(row(rows.settings_key(app_table.app_apple_id, current)))
    except UnreadableRowError as error:
        raise ReleaseUnreadableError("release_unreadable", "the live release cannot be read") from error
    return settings


def _note_success(report: SnapshotReport, result: AppResult) -> None:
    result.succeed("synced")
    if report.rejected_messages or report.rejected_images:
        result.level = "warning"
    result.fields = {camel_case(name): value for name, value in asdict(report).items()}
    # Both each time, also as zero: the alarm adds them up.
    result.counts = {"MessagesRejected": report.rejected_messages, "ImagesRejected": report.rejected_images}


def _note_failure(error: Exception, result: AppResult) -> None:
    result.fail(error, "SyncFailed")
    if isinstance(error, SnapshotRefusedError):
        result.word, result.counts = "refused", {"SyncRefused": 1}


def start() -> Sync:
    """Build the sync from the environment's variables, without a call. Logs and raises ConfigurationError."""
    telemetry = Telemetry()
    try:
        deployment = SyncDeployment.from_env()
    except ConfigurationError as error:
        telemetry.refused_to_start(error.code, str(error))
        raise
    return Sync(deployment, AppStore(deployment.apple_url), telemetry)


SYNC: Final = start()


def sync_states(_event: object, _context: object) -> dict[str, Any]:
    """Run once, as the schedule asks; see `Sync.run`."""
    return SYNC.run()
