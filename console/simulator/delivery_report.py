"""What `retention simulator deliver` prints: one line for each attempt, or one JSON document."""

from __future__ import annotations

from collections.abc import Sequence

from console.simulator.notification_delivery import DeliveryAttempt
from console.terminal.output import Output
from console.terminal.words import duration, plural


def show(made: Sequence[DeliveryAttempt], now: float, out: Output) -> None:
    """Print the attempts; `now` is the simulator's time in UNIX seconds."""
    out.document([attempt.document() for attempt in made])
    if not made:
        out.print("No notification is due.")
        return
    rows = [
        [
            attempt.environment,
            " ".join(filter(None, (attempt.sent.notification_type, attempt.sent.subtype))),
            str(attempt.number),
            attempt.result or attempt.reason,
            _next(attempt, now),
        ]
        for attempt in made
    ]
    out.table(["environment", "notification", "attempt", "result", "next attempt"], rows)
    arrived = sum(attempt.arrived for attempt in made)
    out.print(f"{plural(arrived, 'notification')} received, {len(made) - arrived} not.")
    for reason in dict.fromkeys(attempt.reason for attempt in made if attempt.result and attempt.reason):
        out.print(f"  {reason}")


def line(attempt: DeliveryAttempt) -> str:
    """Return one line for the log of `simulator serve`."""
    name = " ".join(filter(None, (attempt.sent.notification_type, attempt.sent.subtype)))
    return f"{attempt.environment} notification {name}, attempt {attempt.number}: {attempt.result or attempt.reason}"


def _next(attempt: DeliveryAttempt, now: float) -> str:
    if attempt.next_attempt is None:
        return "" if attempt.arrived else "none"
    return f"in {duration(max(attempt.next_attempt - now, 0))}" if attempt.result else "with the next delivery"
