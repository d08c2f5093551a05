"""`retention facts backfill`, from its options to what it prints. No output has a customer's id."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any

from retention.jws import SignedPayloadVerifier, apple_root
from retention.notifications.judge import LATE_LISTING, NotificationJudge
from retention.notifications.progress import ProgressRow
from retention.request import PRODUCTION

from console.deployment.session import HistorySession, open_history
from console.deployment.target import confirm
from console.deployment.where import Access, Where
from console.rollout.backfill import AT_A_TIME, Crew, DaysBackfill
from console.rollout.backfill_customers import CustomersBackfill
from console.rollout.backfill_days import BackfillRows, days_back, last_instant
from console.rollout.backfill_learning import Found, Learner, Learnt
from console.terminal.failure import Failure
from console.terminal.output import Output
from console.terminal.words import plural


@dataclass(frozen=True, slots=True)
class BackfillChoice:
    """What to read: so many days, None for all that Apple keeps, or everything of the customers of `ids`."""

    days: int | None = None
    ids: list[str] | None = field(default=None, repr=False)
    yes: bool = False


@dataclass(frozen=True, slots=True)
class BackfillReport:
    """What a complete backfill has read and written; `later` is about what it left out."""

    what: dict[str, Any]
    sentence: str
    learnt: Learnt
    later: str = ""

    def document(self) -> dict[str, Any]:
        """Return the JSON document of `--json`."""
        rows = self.learnt.rows
        return {
            **self.what,
            "tokens": {found.value: self.learnt.tokens[found] for found in Found},
            "rowsWritten": rows["changed"],
            "rowsUnchanged": rows["unchanged"],
            "rowsUnreadable": rows["unreadable"],
        }


def backfill(where: Where, access: Access, choice: BackfillChoice, out: Output) -> BackfillReport:
    """Carry out a backfill to its end. Raises Failure; a warning before it states how much is left."""
    crew = Crew()
    with open_history(where, access, out, AT_A_TIME, _waiter(crew.stop)) as session:
        target = session.target
        confirm(target, "write what Apple reported of subscriptions", yes=choice.yes)
        if target.stack.learns is False:
            out.warn("The stack takes in no notifications, so these facts will not change with what Apple sends.")
        with Learner(target.app_table, _judge(session)) as learner:
            if choice.ids is not None:
                return _customers(session, CustomersBackfill(choice.ids, learner, crew), out)
            return _days(session, choice.days, learner, crew, out)


def show(report: BackfillReport, out: Output) -> None:
    """Print what was read, what became of it, and what the operator should know."""
    tokens, rows = report.learnt.tokens, report.learnt.rows
    out.print(f"{report.sentence} {plural(rows['changed'], 'write')} to customers' rows.", "green")
    if report.later:
        out.print(report.later)
    if tokens[Found.NOT_UNDERSTOOD]:
        out.warn(
            f"{plural(tokens[Found.NOT_UNDERSTOOD], 'notification')} of Apple's cannot be read by this version of the"
            " console: update it, and run the command again."
        )
    for found, reason in ((Found.FORGED, "not signed by the App Store"), (Found.FOREIGN, "of another app")):
        if tokens[found]:
            out.warn(f"{plural(tokens[found], 'signed token')} of Apple's answers {_was(tokens[found])} {reason}.")
    if rows["unreadable"]:
        out.warn(
            f"{plural(rows['unreadable'], 'row')} could not be read, and nothing was written there: after `retention"
            " facts forget` for those customers, run the command again."
        )
    out.document(report.document())


def _days(session: HistorySession, number: int | None, learner: Learner, crew: Crew, out: Output) -> BackfillReport:
    target = session.target
    now = datetime.now(UTC)
    until = last_instant(ProgressRow(target.app_table).read(), now)
    days = days_back(now, number, target.environment, until)
    if not days:
        raise Failure(
            f"The pull has read up to {until:%Y-%m-%d %H:%M} UTC, which is further back than Apple keeps notifications."
            " Let it run again: `retention notifications status`."
        )
    work = DaysBackfill(BackfillRows(target.app_table), days, learner, crew)
    try:
        with out.progress() as report:
            work.run([client.notifications for client in session.clients], report)
    except (Exception, KeyboardInterrupt):
        out.warn(f"Stopped with {plural(work.left, 'day')} to go: the same command goes on from there.")
        raise
    work.forget()
    learnt = learner.learnt
    read = learnt.tokens.total()
    if work.too_old:
        out.warn(f"Apple no longer lists {plural(len(work.too_old), 'day')}, up to {max(work.too_old)}.")
    ended = f"{until:%Y-%m-%dT%H:%M:%SZ}"
    what = {
        "days": len(days),
        "from": days[-1].name,
        "until": ended,
        "pages": work.pages.total(),
        "notifications": read,
    }
    sentence = f"Read {plural(len(days), 'day')} back to {days[-1].name}: {plural(read, 'notification')},"
    later = f"What came after {until:%Y-%m-%d %H:%M} UTC is left to the stack's own functions."
    return BackfillReport(what, sentence, learnt, later)


def _customers(session: HistorySession, work: CustomersBackfill, out: Output) -> BackfillReport:
    try:
        with out.progress() as report:
            work.run(session.clients, report)
    except (Exception, KeyboardInterrupt):
        out.warn(
            f"Stopped with {plural(work.left, 'customer')} to go: the same command begins again; nothing is counted"
            " twice."
        )
        raise
    if work.unknown:
        out.warn(f"Apple does not know {work.unknown} of the ids.")
    what = {"customers": len(work.ids), "unknown": work.unknown, "subscriptions": work.subscriptions}
    asked, found = plural(len(work.ids), "customer"), plural(work.subscriptions, "subscription")
    return BackfillReport(what, f"Asked about {asked}: {found},", work.learner.learnt)


def _waiter(stop: Event) -> Callable[[float], None]:
    """Return a sleep that ends when the command does."""

    def wait(seconds: float) -> None:
        stop.wait(seconds)

    return wait


def _judge(session: HistorySession) -> Callable[[], NotificationJudge]:
    """Return a maker of judges for the present, as the stack's functions have them."""
    target = session.target
    verifier = SignedPayloadVerifier([apple_root(), *_anchor(target.stack.trust_anchor, target.environment)])
    apps = {target.app_apple_id: session.app.bundle_id}
    return lambda: NotificationJudge(verifier, apps, target.environment, datetime.now(UTC), LATE_LISTING)


def _anchor(encoded: str, environment: str) -> list[bytes]:
    if not encoded or environment == PRODUCTION:  # which trusts Apple alone
        return []
    try:
        return [base64.b64decode(encoded, validate=True)]
    except binascii.Error:
        raise Failure(
            "The stack's RehearsalTrustAnchor is not base64: deploy it with what `retention rehearse"
            " --anchor` prints, or without."
        ) from None


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
