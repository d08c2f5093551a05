"""The facts of one subscription as `retention facts show` prints them."""

from __future__ import annotations

from typing import Final

from retention.rules import SUBSCRIPTION_PREFIX, Fact

from console.releases.facts import ReportedFacts
from console.terminal.output import Output
from console.terminal.words import duration

_NONE: Final = {"found": False, "facts": {}, "sources": {}, "signedAt": None, "ageSeconds": None}


def show(found: ReportedFacts | None, out: Output) -> None:
    """Print a row for each fact that is known, and what limits them."""
    if found is None:
        out.print(
            "Nothing is known of this transaction. It must be the original transaction id; `retention facts backfill"
            " --transactions FILE` asks Apple about it."
        )
        out.document({**_NONE, "historyComplete": False, "expiresAt": None})
        return
    out.document(found.document())
    rows = [
        (f"{SUBSCRIPTION_PREFIX}{name}", _written(known.value), known.source, _age(found.age_of(known.signed_at)))
        for name, known in found.facts.items()
    ]
    out.table(("fact", "value", "from", "signed"), rows)
    if not found.history_complete:
        out.print(
            "Apple's history of this customer was not read: numbers of renewals, offers, refunds and purchases are the"
            " least that can be."
        )
    if found.expires_at is not None:
        out.print(f"The row is deleted after {found.expires_at:%Y-%m-%d} unless Apple reports something new.")


def _written(value: Fact) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _age(seconds: int | None) -> str:
    return "" if seconds is None else f"{duration(seconds)} ago"
