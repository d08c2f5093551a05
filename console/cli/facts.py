"""`facts`: what Apple has reported of one subscription, as rules read it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.cli.options import Apple, AtStack, AtTarget, Out, Yes, YesDelete, verb

verbs = typer.Typer()
facts = typer.Typer(help="What Apple has reported of subscriptions, as rules read it.", no_args_is_help=True)
verbs.add_typer(facts, name="facts")

Original = Annotated[
    str, typer.Argument(metavar="TRANSACTION", help="The original transaction id; no output repeats it.")
]


@verb(facts, "show", "retention facts show 2000000900000180 --env sandbox")
def facts_show(transaction: Original, where: AtTarget, out: Out) -> None:
    """Show every fact that is known of a subscription, from which of Apple's reports, and how old that is."""
    from console.deployment.target import find_target
    from console.releases.facts import read_facts
    from console.releases.facts_report import show

    show(read_facts(find_target(where).app_table, transaction, datetime.now(UTC)), out)


@verb(facts, "forget", "retention facts forget 2000000900000180 --env production")
def facts_forget(transaction: Original, where: AtTarget, *, yes: YesDelete = False, out: Out) -> None:
    """Delete what is known of a subscription. Apple's next notification about it begins a new row.

    A notification from before can write one too: the stack reads three days of Apple's history again, and Apple repeats
    what did not arrive for a week. To be rid of a customer, forget once more after that week, and run no backfill. What
    the owner's systems wrote about the customer, the row `profile`, stays.
    """
    from console.deployment.target import confirm_deletion, find_target
    from console.releases.facts import forget_facts, has_facts

    target = find_target(where)
    found = has_facts(target.app_table, transaction)
    if found:
        confirm_deletion(target, "what Apple has reported of this subscription", yes=yes)
        forget_facts(target.app_table, transaction)
        out.print("Forgotten. Apple's next notification about it, or a backfill, writes a new row.", "green")
        out.print("One from before can do so too, for a week: then forget once more.")
    else:
        out.print("Nothing is known of this transaction.")
    out.document({"forgotten": found})


@verb(
    facts,
    "backfill",
    "retention facts backfill --env production",
    "retention facts backfill --env sandbox --days 7",
    "retention facts backfill --env production --transactions ids.txt",
)
def facts_backfill(
    where: AtStack,
    access: Apple,
    *,
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Read the last so many days only; today is the first.")
    ] = None,
    transactions: Annotated[
        Path | None,
        typer.Option(
            "--transactions",
            metavar="FILE",
            allow_dash=True,
            help="Ask about the customers with these transaction ids instead, one on each line; - reads them from"
            " standard input.",
        ),
    ] = None,
    yes: Yes = False,
    out: Out,
) -> None:
    """Learn from Apple what happened before the stack took in notifications: 180 days, in the sandbox 30.

    It uses half of the calls that Apple allows, and may run next to live traffic. If it is stopped, run it again: it
    continues where it was. Only facts are written, no outcome lines. With --transactions, everything that Apple has of
    these customers is read, however old, and their history is complete.
    """
    from console.rollout.backfill_customers import read_ids
    from console.rollout.backfill_run import BackfillChoice, backfill, show

    if days is not None and transactions is not None:
        raise typer.BadParameter("--transactions reads all days: leave one of the two out", param_hint="--days")
    ids = None if transactions is None else read_ids(transactions)
    show(backfill(where, access, BackfillChoice(days, ids, yes), out), out)
