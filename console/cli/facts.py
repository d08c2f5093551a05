"""`facts`: what Apple has reported of one subscription, as rules read it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from console.cli.options import AtTarget, Out, YesDelete, verb

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

    What the owner's systems wrote about the customer, the row `profile`, stays. A backfill learns the subscription
    again, from Apple's last 180 days.
    """
    from console.deployment.target import confirm_deletion, find_target
    from console.releases.facts import forget_facts, has_facts

    target = find_target(where)
    found = has_facts(target.app_table, transaction)
    if found:
        confirm_deletion(target, "what Apple has reported of this subscription", yes=yes)
        forget_facts(target.app_table, transaction)
        out.print("Forgotten. Apple's next notification about it, or a backfill, writes a new row.", "green")
    else:
        out.print("Nothing is known of this transaction.")
    out.document({"forgotten": found})
