"""What `retention notifications status` prints."""

from __future__ import annotations

from typing import Final

from console.deployment.queues import QueueState
from console.rollout.notification_status import DEAD_LETTERS, PARKED, NotificationStatus
from console.terminal.output import Output
from console.terminal.words import duration, plural

# What each reading of Apple's history is for, by its name in the row.
_READINGS: Final = {"news": "every 5 min", "hourly": "hourly repair", "nightly": "nightly repair"}


def show(found: NotificationStatus, out: Output) -> None:
    """Print how far Apple's history is read, the queues, the last test and the alarms."""
    out.document(found.document())
    out.print(f"Notifications={found.mode}.")
    rows = [(_READINGS.get(name, name), *_age(found, name)) for name in found.until]
    out.table(("Apple's history", "read until (UTC)", "age"), rows)
    if found.mode == "push":
        out.print("What Apple sends arrives at once. The history is its repair, and read up to 15 min before now.")
    if found.queues:
        waiting = [(name, str(state.waiting), str(state.taken), _oldest(state)) for name, state in found.queues.items()]
        out.table(("queue", "waiting", "in progress", "oldest"), waiting)
    if found.last_test is None:
        out.print("No TEST notification has arrived: `retention notifications test` sends one.")
    else:
        ago = duration(max(0.0, found.at.timestamp() - found.last_test.at))
        out.print(f"The last TEST notification arrived {ago} ago.")
    _show_alarms(found, out)
    if found.count(PARKED):
        out.print(
            f"{plural(found.count(PARKED), 'notification')} parked: the log of notifications names the reason. Deploy"
            " a version that understands them; then `retention notifications replay` hands them on.",
            "red",
        )
    if found.count(DEAD_LETTERS):
        out.print(
            f"Your receiver has not taken {plural(found.count(DEAD_LETTERS), 'notification')} for 13 days: repair it,"
            " then `retention notifications replay --relay`.",
            "red",
        )


def _age(found: NotificationStatus, reading: str) -> tuple[str, str]:
    until = found.until[reading]
    if until is None:
        return "never", ""
    return f"{until:%Y-%m-%d %H:%M}", duration(max(0.0, (found.at - until).total_seconds()))


def _oldest(state: QueueState) -> str:
    if state.oldest is None:
        return "" if not state.messages else "not known"
    return duration(state.oldest)


def _show_alarms(found: NotificationStatus, out: Output) -> None:
    if found.alarms is None:
        out.print(f"Alarms could not be read. {found.unread}")
    elif found.alarms:
        out.print(f"Raised alarms: {', '.join(found.alarms)}. docs/operations.md has what to do.", "red")
    else:
        out.print("No alarm about notifications is raised.", "green")
