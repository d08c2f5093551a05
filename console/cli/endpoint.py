"""`endpoint` and `performance-test`: the URL that Apple calls, and Apple's own test of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import Anyway, Apple, AtStack, Out, Yes, YesDelete, verb

if TYPE_CHECKING:
    from console.deployment.where import Access, Where
    from console.terminal.output import Output

verbs = typer.Typer()
endpoint = typer.Typer(help="The real-time URL that Apple calls.", no_args_is_help=True)
performance_test = typer.Typer(help="Apple's own test of the sandbox endpoint.", no_args_is_help=True)
verbs.add_typer(endpoint, name="endpoint")
verbs.add_typer(performance_test, name="performance-test")


@verb(endpoint, "set", "retention endpoint set --env sandbox")
def endpoint_set(
    url: Annotated[str | None, typer.Argument(metavar="URL", help="The URL; the stack's, if left out.")] = None,
    *,
    where: AtStack,
    access: Apple,
    yes: Yes = False,
    out: Out,
) -> None:
    """Set the URL that Apple calls. In production, a performance test must have passed in the sandbox first."""
    from console.appstore.realtime_url import shown
    from console.deployment.session import open_session
    from console.deployment.target import confirm
    from console.rollout.endpoint_url import choose

    with open_session(where, access, out) as session:
        chosen = choose(url, session.target, local=access.url is not None)
        confirm(session.target, f"have Apple call {shown(chosen)}", yes=yes)
        session.apple.set_realtime_url(chosen)
    out.print(f"Apple calls {shown(chosen)}.", "green")
    out.document({"url": shown(chosen)})


@verb(endpoint, "show", "retention endpoint show --env production")
def endpoint_show(
    where: AtStack,
    access: Apple,
    *,
    secret: Annotated[bool, typer.Option("--secret", help="Show the complete URL, its PathSecret too.")] = False,
    out: Out,
) -> None:
    """Show the URL that Apple calls."""
    from console.appstore.realtime_url import shown
    from console.deployment.session import open_session

    with open_session(where, access, out) as session:
        url = session.apple.realtime_url()
    if url is not None and not secret:
        url = shown(url)
    out.print("Apple has no real-time URL here." if url is None else url)
    out.document({"url": url})


@verb(endpoint, "delete", "retention endpoint delete --env sandbox --yes")
def endpoint_delete(where: AtStack, access: Apple, *, yes: YesDelete = False, out: Out) -> None:
    """Have Apple call no URL: customers then see the App Store Connect message or the default message."""
    from console.appstore.realtime_url import shown
    from console.deployment.session import open_session
    from console.deployment.target import confirm_deletion

    with open_session(where, access, out) as session:
        url = session.apple.realtime_url()
        if url is not None:
            url = shown(url)
            confirm_deletion(session.target, f"the real-time URL {url}", yes=yes)
            session.apple.delete_realtime_url()
    out.print("Apple had no real-time URL here." if url is None else f"Apple no longer calls {url}.", "green")
    out.document({"deleted": url})


Transaction = Annotated[
    str, typer.Option("--transaction", help="The originalTransactionId of an active sandbox subscription.")
]
TestedProduct = Annotated[
    str | None, typer.Option("--product", help="The product of that transaction; may be left out if only one.")
]
RequestId = Annotated[str, typer.Argument(metavar="REQUEST_ID", help="What `performance-test start` printed.")]


@verb(
    performance_test,
    "start",
    "retention performance-test start --transaction 2000000900000180 --product pro.monthly --env sandbox",
)
def performance_start(
    transaction: Transaction,
    product: TestedProduct = None,
    *,
    where: AtStack,
    access: Apple,
    anyway: Anyway = False,
    out: Out,
) -> None:
    """Start Apple's test, unless some answer would not be 200. `retention rehearse` runs the like beforehand."""
    from console.cli.decisions_loading import Subject, make_forecast
    from console.deployment.session import open_session
    from console.rollout import performance_check

    with open_session(where, access, out) as session:
        performance_check.check_ready(session)
        if not anyway:
            make_forecast(Subject(transaction, product), where, datetime.now(UTC)).check()
        started = session.apple.start_performance_test(transaction)
    performance_check.show_started(started, where.env, out)


@verb(performance_test, "wait", "retention performance-test wait REQUEST_ID --env sandbox")
def performance_wait(
    request_id: RequestId,
    patience: Annotated[int, typer.Option("--timeout", min=0, metavar="SECONDS", help="How long to wait.")] = 3600,
    *,
    where: AtStack,
    access: Apple,
    out: Out,
) -> None:
    """Wait for a test to end. Exit code 0 is PASS, 1 is FAIL, 3: it still runs."""
    _report(request_id, patience, where, access, out)


@verb(performance_test, "show", "retention performance-test show REQUEST_ID --env sandbox")
def performance_show(request_id: RequestId, where: AtStack, access: Apple, out: Out) -> None:
    """Show how far a test is, or how it ended. Exit codes as for `wait`."""
    _report(request_id, 0, where, access, out)


def _report(request_id: str, patience: int, where: Where, access: Access, out: Output) -> None:
    from console.deployment.session import open_session
    from console.rollout import performance_check

    with open_session(where, access, out) as session:
        performance_check.check_sandbox(session)
        with out.progress() as report:
            found = performance_check.wait(session.apple, request_id, patience, report)
    performance_check.show(found, out)
    code = performance_check.exit_code(found)
    if code:
        raise typer.Exit(code)
