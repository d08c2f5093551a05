"""`rehearse`: Apple's performance test of the sandbox endpoint, run from here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.options import DEFAULT_TRANSACTION, Anyway, AtTarget, Out, Transaction, check_utf8, verb

verbs = typer.Typer()

Url = Annotated[str | None, typer.Argument(metavar="URL", help="Your sandbox endpoint; http:// only on this machine.")]
Product = Annotated[
    str | None, typer.Option("--product", help="The product of the test's transaction; may be left out if only one.")
]
Locale = Annotated[str | None, typer.Option("--locale", help="The locale to ask in; the file's default.")]
Requests = Annotated[int, typer.Option("--requests", min=1, max=2000, help="totalRequests.")]
Duration = Annotated[
    int, typer.Option("--duration", min=0, max=3_600_000, metavar="MS", help="totalDuration; 0 sends all at once.")
]
Concurrency = Annotated[
    int, typer.Option("--concurrency", min=1, max=200, help="maxConcurrentRequests: at most so many in flight.")
]
Threshold = Annotated[int, typer.Option("--threshold", min=1, max=30_000, metavar="MS", help="responseTimeThreshold.")]
SuccessRate = Annotated[
    int, typer.Option("--success-rate", min=0, max=100, metavar="PERCENT", help="successRateThreshold.")
]
Directory = Annotated[
    Path | None, typer.Option("--ca", metavar="DIR", help="Where the authority that signs is kept, or made.")
]
Anchor = Annotated[bool, typer.Option("--anchor", help="Only print the authority's trust anchor, base64 of its DER.")]


@verb(
    verbs,
    "rehearse",
    "retention rehearse https://api.example.com/v1/retention-message --product pro.monthly --env sandbox",
    "retention rehearse --anchor",
)
def rehearse(
    url: Url = None,
    product: Product = None,
    transaction: Transaction = DEFAULT_TRANSACTION,
    locale: Locale = None,
    requests: Requests = 100,
    duration: Duration = 60_000,
    concurrency: Concurrency = 10,
    threshold: Threshold = 700,
    success_rate: SuccessRate = 95,
    ca: Directory = None,
    *,
    anchor: Anchor = False,
    anyway: Anyway = False,
    where: AtTarget,
    out: Out,
) -> None:
    """Run Apple's performance test against your own endpoint before Apple does. Exit code 0 is PASS, 1 is FAIL.

    The defaults are Apple's published fixture, with the 700 ms of production; what Apple really sends is not known.
    """
    from console.cli.decisions_loading import Subject
    from console.cli.rehearsal_run import RehearsalPlan, carry_out, show_anchor
    from console.simulator.simulator import TestConfig

    check_utf8(transaction=transaction, locale=locale)
    if anchor:
        show_anchor(ca, out)
        return
    config = TestConfig(concurrency, requests, duration, threshold, success_rate)
    plan = RehearsalPlan(_checked(url), config, Subject(transaction, product), locale, where, ca, anyway)
    if not carry_out(plan, out).passed:
        raise typer.Exit(1)


def _checked(url: str | None) -> str:
    """Return the URL, if this machine may call it."""
    from console.appstore.realtime_url import check_url

    if url is None:
        raise typer.BadParameter("name your endpoint", param_hint="URL")
    try:
        check_url(url, from_here=True)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None
    return url
