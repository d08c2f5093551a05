"""Deliver notifications as the App Store does: its attempts and retries, by the simulator's clock.

Apple retries in Production only. A retry is the same notification: the same notificationUUID, the same signedDate. The
order is not kept, and a notification can arrive twice; `Mishaps` asks for that and for losses, the same ones each time
for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from retention.request import PRODUCTION

from console.simulator.app_data import ENVIRONMENTS
from console.simulator.endpoint_call import NOTIFICATION_LIMIT_MS, SUCCESS, TIMED_OUT, Attempt, notify
from console.simulator.outbox import Outbox, OutgoingNotification, SendAttempt, StoredNotification
from console.simulator.simulator import Simulator

# Hours from one attempt to the next (Apple's documentation, "Responding to App Store Server Notifications").
RETRY_HOURS: Final = {PRODUCTION: (1, 12, 24, 48, 72)}
_HOUR: Final = 3600
# For how long, by the simulator's clock, other processes leave a notification alone that this one attempts.
_CLAIM_SECONDS: Final = 60.0

LOST, TWICE, LATE = "lost", "twice", "late"
_REASONS: Final = {LOST: "lost on the way, as --drop asks", LATE: "held back, as --late asks"}

# Posts a signedPayload to a URL, within so many ms.
Post = Callable[[str, str, int], Attempt]


@dataclass(frozen=True, slots=True)
class Mishaps:
    """What goes wrong between Apple and the endpoint, chosen by `seed`.

    `shuffle`: the order is random. `duplicate`: so many notifications arrive twice. `drop`: so many attempts time out
    and never arrive, though Apple retries them in Production. `late`: half of the notifications wait: in Production
    their attempt times out, and the next one follows by Apple's rules; the sandbox makes one attempt only, so there it
    is made at the next delivery.
    """

    shuffle: bool = False
    duplicate: int = 0
    drop: int = 0
    late: bool = False
    seed: int = 0


NO_MISHAPS: Final = Mishaps()


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One attempt that was made, or put off. `result` is Apple's sendAttemptResult, "" if it was put off.

    `number` counts the attempts of this notification from 1. `mishap` is LOST, TWICE, LATE or "". `next_attempt` is in
    UNIX seconds by the simulator's clock, None if no attempt follows.
    """

    environment: str
    sent: OutgoingNotification
    number: int
    result: str
    status: int | None
    reason: str
    next_attempt: float | None
    mishap: str = ""

    @property
    def arrived(self) -> bool:
        return self.result == SUCCESS

    def document(self) -> dict[str, Any]:
        """Return the entry of the --json document."""
        return {
            "environment": self.environment,
            "notificationUuid": self.sent.uuid,
            "type": self.sent.notification_type,
            "subtype": self.sent.subtype or None,
            "attempt": self.number,
            "result": self.result or None,
            "status": self.status,
            "reason": self.reason or None,
            "nextAttemptAt": self.next_attempt,
            "mishap": self.mishap or None,
        }


def next_attempt(environment: str, made: int, at: float) -> float | None:
    """Return when Apple attempts again after `made` attempts, the last one at `at`, which failed; None for never."""
    hours = RETRY_HOURS.get(environment, ())
    return at + hours[made - 1] * _HOUR if made <= len(hours) else None


@dataclass(frozen=True, slots=True)
class Courier:
    """Delivers the notifications of one app in one environment. `post` calls the endpoint."""

    simulator: Simulator
    app_apple_id: int
    environment: str
    mishaps: Mishaps = NO_MISHAPS
    post: Post = notify
    limit_ms: int = NOTIFICATION_LIMIT_MS

    @property
    def outbox(self) -> Outbox:
        return self.simulator.outbox(self.app_apple_id, self.environment)

    def deliver(self) -> Iterator[DeliveryAttempt]:
        """Make every attempt that is due, one after another, and yield each as it ends.

        While the app has no notification URL, nothing is attempted, and what is due stays due.
        """
        url = self.outbox.url
        if url is None:
            return
        for stored, mishap in self._planned(self.outbox.due(self.simulator.now())):
            now = self.simulator.now()
            if self.outbox.claim(stored.number, now, now + _CLAIM_SECONDS):
                yield self._attempt(stored, url, mishap)

    def _planned(self, due: list[StoredNotification]) -> list[tuple[StoredNotification, str]]:
        """Return what is due in the order of the attempts, each with its mishap."""
        random = Random(f"{self.mishaps.seed} {[stored.number for stored in due]}")  # noqa: S311  # repeatable, not secret
        left = random.sample(due, len(due))
        mishaps: dict[int, str] = {}
        for mishap, count in (
            (LOST, self.mishaps.drop),
            (TWICE, self.mishaps.duplicate),
            (LATE, len(due) // 2 if self.mishaps.late else 0),
        ):
            mishaps.update((stored.number, mishap) for stored in left[:count])
            left = left[count:]
        if self.mishaps.shuffle:
            random.shuffle(due)
        return [(stored, mishaps.get(stored.number, "")) for stored in due]

    def _attempt(self, stored: StoredNotification, url: str, mishap: str) -> DeliveryAttempt:
        number = len(stored.attempts) + 1
        if mishap == LATE and self.environment not in RETRY_HOURS:
            now = self.simulator.now()
            self.outbox.postpone(stored.number, now)
            return DeliveryAttempt(self.environment, stored.sent, number, "", None, _REASONS[LATE], now, LATE)
        attempt = self._send(stored.sent.signed_payload, url, mishap)
        now = self.simulator.now()
        again = None if attempt.result == SUCCESS else next_attempt(self.environment, number, now)
        self.outbox.record(stored.number, SendAttempt(now, attempt.result), again)
        return DeliveryAttempt(
            self.environment, stored.sent, number, attempt.result, attempt.status, attempt.reason, again, mishap
        )

    def _send(self, signed_payload: str, url: str, mishap: str) -> Attempt:
        if mishap in _REASONS:
            return Attempt(TIMED_OUT, _REASONS[mishap], 0)
        if mishap == TWICE:
            self.post(url, signed_payload, self.limit_ms)
        return self.post(url, signed_payload, self.limit_ms)


class Couriers:
    """Delivers for every app in both environments. `duplicate` and `drop` of `mishaps` are used up over all calls."""

    def __init__(self, simulator: Simulator, mishaps: Mishaps = NO_MISHAPS, post: Post | None = None) -> None:
        self._simulator, self._left, self._post = simulator, mishaps, post or notify

    def due(self) -> int:
        """Return how many attempts are due now, of apps with a notification URL."""
        outboxes = [
            self._simulator.outbox(app.app_apple_id, environment)
            for app in self._simulator.accounts.apps()
            for environment in ENVIRONMENTS
        ]
        now = self._simulator.now()
        return sum(len(outbox.due(now)) for outbox in outboxes if outbox.url is not None)

    def deliver(self) -> Iterator[DeliveryAttempt]:
        """Make every attempt that is due, and yield each as it ends."""
        for app in self._simulator.accounts.apps():
            for environment in ENVIRONMENTS:
                courier = Courier(self._simulator, app.app_apple_id, environment, self._left, self._post)
                for delivery in courier.deliver():
                    self._use_up(delivery.mishap)
                    yield delivery

    def _use_up(self, mishap: str) -> None:
        if mishap == LOST:
            self._left = replace(self._left, drop=self._left.drop - 1)
        elif mishap == TWICE:
            self._left = replace(self._left, duplicate=self._left.duplicate - 1)
