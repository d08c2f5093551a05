"""The scheduled entry point: review states come from Apple, and go into the table whole.

Read which key signs, ask Apple for both lists, apply them. A run starts from nothing and shares nothing with the one
before, so a run that fails, dies or meets another leaves nothing that the next one, five minutes later, does not mend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from retention import table as rows
from retention.aws import sdk
from retention.aws.app_table import AppTable
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline
from retention.catalog import Settings
from retention.errors import ConfigurationError, RetentionError, UnreadableRowError
from retention.log.record import camel_case, place_of
from retention.log.telemetry import Telemetry
from retention.probe import Probed, probe
from retention.review.lists import AppStore, RateLimitedError
from retention.review.snapshot import Lists, SnapshotRefusedError, SnapshotReport, follow
from retention.review.stored import read_settings
from retention.settings import SyncDeployment
from retention.signing.keys import KeyRing
from retention.signing.signer import Signer

# For both lists of one app, a repetition included; the key beforehand.
APPLE_SECONDS: Final = 30.0
KEY_SECONDS: Final = 12.0

# The log names the messages that fell silent, up to a line's reasonable length.
_MAX_NAMED: Final = 20


class ReleaseUnreadableError(RetentionError):
    """The live release does not say with which key to ask Apple."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What one run works with."""

    dynamodb: sdk.Client
    keys: KeyRing[Signer]


def parts_from_aws(deployment: SyncDeployment) -> Parts:
    """Make the clients of one run: connections of the run before are five minutes old, and keys may have changed."""
    ssm = partial(sdk.client, "ssm")
    return Parts(
        sdk.client("dynamodb"), KeyRing(lambda: sdk.SdkConnection(ssm()), deployment.key_prefix, Signer.from_pem)
    )


@dataclass(slots=True)
class Outcome:
    """What became of one app: a word, its log line's fields, and what it counts."""

    app_apple_id: int
    word: str = "failed"
    level: str = "error"
    told: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        return self.word in {"synced", "unpublished"}


@dataclass(frozen=True, slots=True)
class Sync:
    """One deployment's sync, wired."""

    deployment: SyncDeployment
    apple: AppStore
    telemetry: Telemetry
    parts: Callable[[SyncDeployment], Parts] = parts_from_aws
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ask_url: Callable[[str, str], Probed] = probe

    def run(self) -> dict[str, Any]:
        """Sync every app of the stack, whatever becomes of the others. Returns what the log says, for who asks by hand.

        `SyncSucceeded` counts runs in which all apps succeeded: were it counted by app, one could fail unheard.
        """
        self._probe()  # first: what hangs later takes nothing from it
        try:
            outcomes = [self._outcome(app) for app in self.deployment.app_apple_ids]
        finally:
            self.apple.close()
        if all(outcome.succeeded for outcome in outcomes):
            self.telemetry.report("sync succeeded", "info", {"apps": len(outcomes)}, {"SyncSucceeded": 1})
        return {"apps": [{"outcome": outcome.word, **outcome.told} for outcome in outcomes]}

    def _probe(self) -> None:
        """Ask the stack's own URL. `ProbeFailed` is counted each time, zero included; a run never fails by it."""
        if not self.deployment.probe_url:
            return
        probed = self.ask_url(self.deployment.probe_url, self.deployment.region)
        fields: dict[str, Any] = {"status": probed.status or None, "reason": probed.error}
        if probed.good:
            self.telemetry.report("probe answered", "info", fields, {"ProbeFailed": 0})
        else:
            self.telemetry.report("probe failed", "error", fields, {"ProbeFailed": 1})

    def _outcome(self, app: int) -> Outcome:
        outcome = Outcome(app)
        try:
            self._sync(outcome)
        except Exception as error:  # noqa: BLE001  # an app must not take the next one down with it
            _note_failure(error, outcome)
        outcome.told = {"appAppleId": app, **outcome.told}
        self.telemetry.report(outcome.word, outcome.level, outcome.told, outcome.counts)
        return outcome

    def _sync(self, outcome: Outcome) -> None:
        parts = self.parts(self.deployment)
        app_table = AppTable(parts.dynamodb, self.deployment.table, outcome.app_apple_id)
        release = live_release(app_table)
        if release is None:
            outcome.word, outcome.level = "unpublished", "info"  # no rule that could serve a message, and no key named
            return
        signer = parts.keys.get(release.key_id, Deadline.after(KEY_SECONDS))

        def token() -> str:
            return signer.api_token(issuer_id=release.issuer_id, bundle_id=release.bundle_id, now=self.clock())

        deadline = Deadline.after(APPLE_SECONDS)

        def lists() -> Lists:
            # In this order an image is never missing for having come later than the message that uses it.
            return self.apple.messages(token, deadline), self.apple.images(token, deadline)

        lost = _Lost(outcome.app_apple_id, self.telemetry)
        report = follow(app_table, lists, before_silencing=lost, scheduled=True)
        _note_success(report, outcome)


@dataclass(slots=True)
class _Lost:
    """Says which live messages are about to fall silent, each once in a run.

    It is said before it is done: a run that dies afterwards has said it, and the next cannot see it any more.
    """

    app_apple_id: int
    telemetry: Telemetry
    known: frozenset[str] = frozenset()

    def __call__(self, messages: frozenset[str]) -> None:
        new, self.known = messages - self.known, self.known | messages
        if new:
            told = {"appAppleId": self.app_apple_id, "number": len(new), "messageIdentifiers": sorted(new)[:_MAX_NAMED]}
            self.telemetry.report("live messages lost approval", "error", told, {"LiveApprovalLost": len(new)})


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


def _note_success(report: SnapshotReport, outcome: Outcome) -> None:
    outcome.word, outcome.level = "synced", "info"
    if report.rejected_messages or report.rejected_images:
        outcome.level = "warning"
    outcome.told = {camel_case(name): value for name, value in asdict(report).items()}
    # Both always, zero included: an alarm that adds them up needs both.
    outcome.counts = {"MessagesRejected": report.rejected_messages, "ImagesRejected": report.rejected_images}


def _note_failure(error: Exception, outcome: Outcome) -> None:
    outcome.counts = {"SyncFailed": 1}
    match error:
        case SnapshotRefusedError():
            outcome.word, outcome.counts = "refused", {"SyncRefused": 1}
            outcome.told = {"reason": error.code, "explanation": str(error), "evidence": error.evidence}
        case RateLimitedError():
            outcome.word, outcome.level = "rate limited", "warning"
            outcome.told = {"reason": error.code, "evidence": error.evidence}
        case RetentionError():
            outcome.told = {"reason": error.code, "explanation": str(error), "evidence": error.evidence}
        case CallFailedError():
            outcome.told = {"reason": error.code}
        case _:
            # Where, not what: nobody knows what the message of a foreign exception quotes.
            outcome.told = {"reason": sdk.code_of(error), "evidence": {"at": place_of(error)}}


def start() -> Sync:
    """Wire from the environment, touching no network; or say why not, and stop."""
    telemetry = Telemetry()
    try:
        deployment = SyncDeployment.from_env()
    except ConfigurationError as error:
        telemetry.refused_to_start(error.code, str(error))
        raise
    return Sync(deployment, AppStore(deployment.apple_url), telemetry)


SYNC: Final = start()


def sync_states(_event: object, _context: object) -> dict[str, Any]:
    """Answer one tick of the schedule; see `Sync.run`."""
    return SYNC.run()
