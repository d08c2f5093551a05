"""`explain`, `sign-request`, `coverage`, `diff` and `replay`: what customers are shown, why, and what would change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from retention.request import ENVIRONMENTS, SANDBOX

from console.cli.options import (
    DEFAULT_TRANSACTION,
    PENDING,
    App,
    At,
    AtTable,
    AtTarget,
    Json,
    Locale,
    MadeBy,
    Out,
    Product,
    Transaction,
    check_utf8,
    verb,
)

verbs = typer.Typer()

TEST_CA: Final = Path(__file__).resolve().parents[2] / "events" / "ca"
LOCALE: Final = "en-US"

Customer = Annotated[
    list[str] | None, typer.Option("--customer", metavar="KEY=VALUE", help="A fact about the customer; repeatable.")
]
Subscription = Annotated[
    list[str] | None,
    typer.Option(
        "--subscription", metavar="KEY=VALUE", help="A fact that Apple has reported of the subscription; repeatable."
    ),
]
Redeemed = Annotated[
    list[str] | None,
    typer.Option("--redeemed", metavar="OFFER=DAYS", help="An offer redeemed so many days ago; repeatable."),
]
Event = Annotated[
    Path | None, typer.Option("--event", help="A saved request: an API Gateway event, a body or a signedPayload.")
]


def _given(
    customer: Customer = None,
    subscription: Subscription = None,
    redeemed: Redeemed = None,
    *,
    unreadable: Annotated[
        bool, typer.Option("--unreadable", help="Explain as if nothing about the customer could be read.")
    ] = False,
    at: At = None,
) -> tuple[Any, Any, datetime]:
    """Return what is given of the customer (of each row None: nothing), and the instant of the request."""
    from console.decisions.made_request import read_facts, read_subscription

    when = at or datetime.now(UTC)
    reported = read_subscription(subscription or [], redeemed or [], when, unreadable=unreadable)
    return read_facts(customer or [], unreadable=unreadable), reported, when


@verb(
    verbs,
    "explain",
    "retention explain retention.yaml --product pro.monthly --locale fr-CA --customer tenureDays=200",
    "retention explain retention.yaml --product pro.monthly --subscription renewals=3 --redeemed retention_half_3m=30",
    "retention explain --env production --event event.json",
)
def explain(
    draft: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A file to explain with; the live release, if left out.")
    ] = None,
    product: Product = None,
    locale: Locale = LOCALE,
    transaction: Transaction = DEFAULT_TRANSACTION,
    event: Event = None,
    *,
    given: Annotated[tuple[Any, Any, datetime], MadeBy(_given)],
    where: AtTarget,
    out: Out,
) -> None:
    """Show rule by rule why a request is answered as it is, and the exact body that would be sent.

    With --env or --table, and no facts given, those of the table count: of --transaction, or of the saved request.
    """
    from console.cli.decisions_loading import Question, explain_draft, explain_live
    from console.decisions.reasons_report import show

    if product is None and event is None:
        raise typer.BadParameter("name the request: --product, or --event FILE")
    facts, reported, at = given
    question = Question(product, locale, transaction, facts, event, at, TEST_CA, reported)
    if draft is None:
        explained = explain_live(question, where)
    else:
        explained = explain_draft(draft, question, replace(where, file=draft))
    show(explained, out)


@verb(
    verbs,
    "sign-request",
    "retention sign-request --product trailhead.pro.monthly --locale fr-FR",
    "retention sign-request --curl http://127.0.0.1:8080/v1/retention-message | sh",
)
def sign_request(
    product: Annotated[
        str, typer.Option("--product", help="The product the customer holds.")
    ] = "trailhead.pro.monthly",
    locale: Locale = LOCALE,
    transaction: Transaction = DEFAULT_TRANSACTION,
    app_id: Annotated[int, typer.Option("--app", help="The app's Apple id.")] = 6745974591,
    environment: Annotated[str, typer.Option("--environment", help="Sandbox or Production.")] = SANDBOX,
    at: At = None,
    ca: Annotated[Path, typer.Option("--ca", help="The folder of the test CA.")] = TEST_CA,
    curl: Annotated[
        str | None, typer.Option("--curl", metavar="URL", help="Print a curl line that posts it there.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Print a fresh request as the App Store would send it, signed by the local test CA."""
    from console.simulator.authority import request_claims
    from console.simulator.signed_request import curl_line, signed_body

    if environment not in ENVIRONMENTS:
        raise typer.BadParameter("write Sandbox or Production", param_hint="--environment")
    check_utf8(product=product, locale=locale, transaction=transaction)
    claims = request_claims(
        original_transaction_id=transaction,
        app_apple_id=app_id,
        product_id=product,
        user_locale=locale,
        environment=environment,
        signed_date=None if at is None else int(at.timestamp() * 1000),
    )
    body = signed_body(claims, ca)
    print(body if curl is None or as_json else curl_line(curl, body))  # noqa: T201  # the output, byte for byte


@verb(
    verbs,
    "coverage",
    "retention coverage retention.yaml --all-locales",
    "retention coverage --env production --product pro.monthly --locale fr-CA",
)
def coverage(
    draft: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A file to cover; the live release, if left out.")
    ] = None,
    product: Annotated[
        list[str] | None, typer.Option("--product", help="Only this product, or `*` for all others; repeatable.")
    ] = None,
    locale: Annotated[list[str] | None, typer.Option("--locale", help="Only this locale; repeatable.")] = None,
    *,
    all_locales: Annotated[
        bool, typer.Option("--all-locales", help="Apple's fifty locales, in addition to the file's own.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Exit with 3 if a rule is out of reach, a text waits or a default is missing."),
    ] = False,
    at: At = None,
    where: AtTarget,
    out: Out,
) -> None:
    """Show what every customer would be shown, by product, locale and arm, and what is missing there.

    With --env or --table texts count by their review states, and defaults by our record; else all texts as approved.
    """
    from console.cli.editions import cover_chosen
    from console.decisions.coverage import CellChoice
    from console.decisions.coverage_report import show

    choice = CellChoice(tuple(product or ()), tuple(locale or ()), all_locales)
    with out.progress() as report:
        found = cover_chosen(draft, where, choice, at or datetime.now(UTC), report)
    show(found, out)
    if check and found.gaps:
        raise typer.Exit(PENDING)


@verb(
    verbs,
    "diff",
    "retention diff live retention.yaml --env production",
    "retention diff 12 13 --env sandbox",
    "retention diff old.yaml new.yaml --json",
)
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A release's number, `live`, or a file.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Likewise.")],
    where: AtTarget,
    out: Out,
) -> None:
    """Show what two releases or files answer differently. Exit code 0: nothing; 3: something; 1: failed.

    Numbers are releases; a file whose name is a number is written ./12.
    """
    from console.cli.editions import sides
    from console.decisions.differences import differences
    from console.decisions.differences_report import show

    found = differences(*sides(before, after, where))
    show(found, out)
    if found.any:
        raise typer.Exit(PENDING)


@verb(
    verbs,
    "outcomes",
    "retention outcomes decisions.log.gz notifications.log.gz",
    "retention outcomes *.log --days 30 --json",
)
def outcomes(
    logs: Annotated[
        list[Path],
        typer.Argument(
            metavar="LOG", help="Logs of the endpoint and of notifications, in any export; - for standard input."
        ),
    ],
    days: Annotated[
        float, typer.Option("--days", min=0.001, max=3650, help="How many days after a customer's first answer count.")
    ] = 7,
    *,
    out: Out,
) -> None:
    """Count what became of the customers whom each rule answered: kept, turned off, switched, redeemed, renewed, lost.

    A customer counts once, from the first logged answer. Whether a customer was kept is known once notifications are
    complete until the end of those days.
    """
    from console.decisions.outcomes_evidence import read_evidence
    from console.decisions.outcomes_report import count_outcomes, show

    with out.progress() as report:
        evidence = read_evidence(logs, report)
    show(count_outcomes(evidence, days), out)


@verb(
    verbs,
    "replay",
    "retention replay yesterday.log.gz --against retention.yaml --env production",
    "aws logs filter-log-events --log-group-name GROUP --output json | retention replay - --against retention.yaml",
)
def replay(
    logs: Annotated[
        list[Path],
        typer.Argument(metavar="LOG", help="The function's log, in any export, gzipped or not; - for standard input."),
    ],
    against: Annotated[Path, typer.Option("--against", metavar="FILE", help="The draft to judge by.")],
    where: AtTable,
    app_id: App = None,
    *,
    out: Out,
) -> None:
    """Show which logged decisions a draft would change, by rule and answer. Exit code 3: it changes some.

    With --env or --table texts count by their review states, and logged decisions show more about customers, since the
    releases they were made by are there. Else every text counts as approved. Requests that hinge on facts about the
    customer which nothing proves are counted as undecidable.
    """
    from console.cli.editions import replay_logs
    from console.decisions.replay_report import show

    with out.progress() as report:
        found = replay_logs(logs, replace(where, file=against, app=app_id), datetime.now(UTC), report)
    show(found, str(against), out)
    if found.changed:
        raise typer.Exit(PENDING)
