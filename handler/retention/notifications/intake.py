"""Takes in notifications, wherever they come from: judged, kept in the table, and each given one of the fates.

    read    verify and read each body; what is forged, for another app or of no subscription ends here
    group   by subscription: its row is read and written once for all notifications of a batch
    line    one log line for each notification that teaches something, before the write
    write   merge into the row, under a condition
    park    what Apple signed and this release does not understand goes to the parking queue; what the pull met stays
            in Apple's history, from which `retention facts backfill` reads it again

A batch that is killed at any point is taken in again from the start, and leaves the same rows: before the write nothing
has happened, and after it nothing is new. Only log lines and parked bodies may be there twice.

Nothing depends on a notification's type, except that a TEST is noted: what Apple signed of a subscription teaches the
same in any type. Where Apple gave a subscription another id (`previousOriginalTransactionId`), what is known under the
old id is merged into the new row, and the old row names the new one: what arrives under the old id afterwards is merged
into both. The old row stays until it expires, so that at no instant the facts are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline
from retention.aws.sdk import code_of, is_unreached
from retention.decision import hash_customer
from retention.errors import ForbiddenError, NoReleaseError, NotUnderstoodError, RetentionError, VerificationError
from retention.jws import SignedPayloadVerifier
from retention.log.record import place_of
from retention.log.telemetry import Telemetry
from retention.notifications.customers import Learned, SubscriptionUnreadableError, follow, hand_over, learn
from retention.notifications.fates import BatchTally, Fate, IntakeVerdict
from retention.notifications.judge import LATE_DELIVERY, LATE_LISTING, NotificationJudge
from retention.notifications.last_test import LastTest, note_test
from retention.notifications.learning import learned
from retention.notifications.live_apps import AppsRead, LiveApp, LiveApps
from retention.notifications.notification import Notification, read_notification
from retention.notifications.outcome_lines import new_leaf, outcome_line
from retention.notifications.queues import Parking
from retention.subscription import EMPTY, State, merge

# Where notifications come from, as log lines name it: only what is pushed has no other proof than its signature.
PUSH: Final = "push"
PULL: Final = "pull"
_MAX_LATE: Final[dict[str, timedelta]] = {PUSH: LATE_DELIVERY}

_TEST: Final = "TEST"

# The first class that an error belongs to.
_FATES: Final[tuple[tuple[type[Exception], Fate], ...]] = (
    (VerificationError, Fate.FORGED),
    (ForbiddenError, Fate.OTHER_APP),
    (NotUnderstoodError, Fate.PARKED),
    (NoReleaseError, Fate.DELAYED),
    (SubscriptionUnreadableError, Fate.PARKED),
    (RetentionError, Fate.DELAYED),
)
# Apple signed it ahead of our clock: one of the two is wrong, and the notification is good once they agree.
_TOO_NEW: Final = "too_new"

_LEVELS: Final = {Fate.IGNORED: "info", Fate.FORGED: "warning", Fate.OTHER_APP: "warning", Fate.DELAYED: "error"}


class DelayedError(RetentionError):
    """A notification cannot be taken in now."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A notification about a subscription, at its place in the batch."""

    place: int
    notification: Notification
    app: LiveApp
    state: State
    original_transaction_id: str = field(repr=False)


Group: TypeAlias = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in the notifications of one deployment. `clock` is the server's, aware."""

    verifier: SignedPayloadVerifier
    apps: LiveApps
    parking: Parking
    telemetry: Telemetry
    environment: str
    known_leaves: frozenset[str]
    clock: Callable[[], datetime]

    def take(self, text: str, source: str) -> Fate:
        """Take in one body or token. Raises DelayedError where that is impossible now."""
        [verdict] = self.take_all([text], source)
        if not verdict.settled:
            raise DelayedError(verdict.reason, "a notification cannot be taken in now", **verdict.evidence)
        return verdict.fate

    def take_all(self, texts: Sequence[str], source: str, deadline: Deadline | None = None) -> list[IntakeVerdict]:
        """Take in a batch: return a verdict for each text, in their order, and write their lines and metrics.

        Raises nothing for a text. What is not begun at the `deadline` is DELAYED.
        """
        apps, now = self.apps.read(), self.clock()
        bundles = {app: apps.live[app].settings.bundle_id if app in apps.live else None for app in self.apps.ids}
        judge = NotificationJudge(
            self.verifier, bundles, self.environment, now, max_late=_MAX_LATE.get(source, LATE_LISTING)
        )
        return _Batch(self, source, apps, judge, now, deadline).run(texts)


class _Batch:
    """One batch on its way: the verdicts so far, by place."""

    def __init__(
        self,
        intake: Intake,
        source: str,
        apps: AppsRead,
        judge: NotificationJudge,
        now: datetime,
        deadline: Deadline | None,
    ) -> None:
        self._intake = intake
        self._source = source
        self._apps = apps
        self._judge = judge
        self._now = now
        self._deadline = deadline
        self._verdicts: dict[int, IntakeVerdict] = {}
        self._new_leaves: set[str] = set()
        # Set once the table cannot be reached: for the rest of the batch.
        self._unreached: IntakeVerdict | None = None

    def run(self, texts: Sequence[str]) -> list[IntakeVerdict]:
        groups: dict[Group, list[Arrived]] = {}
        for place, text in enumerate(texts):
            found = self._read(place, text)
            if isinstance(found, IntakeVerdict):
                self._verdicts[place] = found
            else:
                groups.setdefault((found.app.app_apple_id, found.original_transaction_id), []).append(found)
        for members in groups.values():
            self._keep(members)
        for place, text in enumerate(texts):
            if self._verdicts[place].fate is Fate.PARKED:
                self._park(place, text)
        verdicts = [self._verdicts[place] for place in range(len(texts))]
        self._report(verdicts)
        return verdicts

    # Reading

    def _read(self, place: int, text: str) -> Arrived | IntakeVerdict:
        """Judge and read one body. Returns what it reports of a subscription, or the verdict where it reports none."""
        try:
            notification = read_notification(text, self._judge)
            return self._about(place, notification, learned(notification))
        except RetentionError as error:
            return _verdict(error)
        except Exception as error:  # noqa: BLE001  # a bug of ours: what arrived waits for the release without it
            return IntakeVerdict(Fate.PARKED, type(error).__name__, {"at": place_of(error)})

    def _about(self, place: int, notification: Notification, state: State) -> Arrived | IntakeVerdict:
        leaf = new_leaf(notification, self._intake.known_leaves)
        if leaf is not None:
            self._new_leaves.add(leaf)
        app = self._apps.live.get(notification.app_apple_id)
        if app is None:
            return IntakeVerdict(Fate.DELAYED, self._apps.unread.get(notification.app_apple_id, "no_release"))
        person = notification.original_transaction_id
        if notification.notification_type == _TEST and person is None:
            return self._note_test(app, notification)
        if state == EMPTY:
            return IntakeVerdict(Fate.IGNORED, notification.notification_type or "no type")
        if person is None:
            return IntakeVerdict(Fate.PARKED, "transaction_id_form")
        return Arrived(place, notification, app, state, person)

    def _note_test(self, app: LiveApp, notification: Notification) -> IntakeVerdict:
        """Write the row `test`, and the line by which `retention notifications test` finds the notification."""
        now = int(self._now.timestamp() * 1000)
        signed_date = now if notification.signed_date is None else notification.signed_date
        # The pull may meet a test days later: not when it does so is noted, but when Apple signed it.
        at = signed_date if self._source == PULL else now
        found = LastTest(notification.notification_uuid or "", at // 1000)
        try:
            if not note_test(app.table, found, signed_date):
                return IntakeVerdict(Fate.NOTHING_NEW)
        except Exception as error:  # noqa: BLE001  # the SDK raises almost anything
            return IntakeVerdict(Fate.DELAYED, code_of(error))
        fields = {"appAppleId": app.app_apple_id, "notificationUuid": found.notification_uuid, "source": self._source}
        self._intake.telemetry.report(Fate.TEST.value, "info", fields, {})
        return IntakeVerdict(Fate.TEST)

    # Keeping

    def _keep(self, members: Sequence[Arrived]) -> None:
        """Merge all that a batch has of one subscription into its row."""
        taught: set[int] = set()
        failure = self._unreached
        if failure is None and self._deadline is not None and not self._deadline.left():
            failure = IntakeVerdict(Fate.DELAYED, "out_of_time")
        failure = failure or self._learn(members, taught)
        for each in members:
            fate = Fate.MERGED if each.place in taught else Fate.NOTHING_NEW
            self._verdicts[each.place] = failure or IntakeVerdict(fate)

    def _learn(self, members: Sequence[Arrived], taught: set[int]) -> IntakeVerdict | None:
        """Read and write the row; add to `taught` the places of what was new. Returns why that failed, if it did."""
        first = members[0]
        try:
            states = [self._state(each) for each in members]

            def announce(learning: Learned) -> None:
                known = learning.before
                for each, state in zip(members, states, strict=True):
                    before, known = known, merge(known, state)
                    if known != before and each.place not in taught:
                        taught.add(each.place)
                        self._print(each)

            done = learn(first.app.table, first.original_transaction_id, merge(*states), announce)
            follow(first.app.table, done)
        except RetentionError as error:
            found = _verdict(error)
            hashed = hash_customer(first.app.customer_key, first.original_transaction_id)
            return IntakeVerdict(found.fate, found.reason, {**found.evidence, "customerHash": hashed})
        except Exception as error:  # noqa: BLE001  # the SDK raises almost anything
            found = IntakeVerdict(Fate.DELAYED, code_of(error), {"at": place_of(error)})
            # Each further row of the batch would wait as long, and Lambda end the function before it answers.
            self._unreached = found if is_unreached(error) else None
            return found
        return None

    def _state(self, arrived: Arrived) -> State:
        """Return what a notification reports, with what is known under the id that its subscription had before."""
        transaction = arrived.notification.transaction
        previous = None if transaction is None else transaction.previous_original_transaction_id
        if not previous or previous == arrived.original_transaction_id:
            return arrived.state
        return merge(arrived.state, hand_over(arrived.app.table, previous, arrived.original_transaction_id))

    def _print(self, arrived: Arrived) -> None:
        line = outcome_line(
            arrived.notification,
            arrived.original_transaction_id,
            arrived.app,
            source=self._source,
            now=self._now,
            known_leaves=self._intake.known_leaves,
        )
        self._intake.telemetry.report(Fate.MERGED.value, "info", line.fields(), {})

    # Ending

    def _park(self, place: int, text: str) -> None:
        verdict = self._verdicts[place]
        fields = {"reason": verdict.reason, "evidence": dict(verdict.evidence), "source": self._source}
        self._intake.telemetry.report(Fate.PARKED.value, "error", fields, {})
        if self._source == PULL:  # which meets it again: Apple lists it for 180 days
            return
        try:
            self._intake.parking.park(text, verdict.reason)
        except CallFailedError as error:
            self._verdicts[place] = IntakeVerdict(Fate.DELAYED, error.code)

    def _report(self, verdicts: Sequence[IntakeVerdict]) -> None:
        """Write a line for each fate that has no line of its own, with its reasons, and the metrics of the batch."""
        telemetry, tally = self._intake.telemetry, BatchTally.of(verdicts)
        for fate, level in _LEVELS.items():
            reasons = tally.reasons.get(fate)
            if reasons:
                telemetry.report(fate.value, level, {"reasons": dict(reasons), "source": self._source}, {})
        leaves = {"NewLeaf": len(self._new_leaves)} if self._new_leaves else {}
        telemetry.count({**tally.counts, **leaves})


def _verdict(error: RetentionError) -> IntakeVerdict:
    """Return what a failure of reading or keeping means for a notification."""
    if error.code == _TOO_NEW:
        return IntakeVerdict(Fate.DELAYED, error.code)
    fate = next(fate for kind, fate in _FATES if isinstance(error, kind))
    return IntakeVerdict(fate, error.code, error.evidence)
