"""`endpoint` and `performance-test`: the URL that Apple calls, and Apple's own test of it."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.appstore.realtime_url import shown
from console.cli.options import (
    APPLE,
    DEFAULT_FILE,
    AppleUrl,
    Endpoint,
    Env,
    File,
    Json,
    Key,
    Region,
    Table,
    Yes,
    YesDelete,
)
from console.deployment.session import Session, open_session
from console.deployment.target import confirm, confirm_deletion
from console.deployment.where import Access, Where
from console.terminal.failure import Misuse
from console.terminal.output import Output

endpoint_app = typer.Typer(help="The real-time URL that Apple calls.", no_args_is_help=True)
performance_app = typer.Typer(help="Apple's own test of the sandbox endpoint.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the `retention` command."""
    app.add_typer(endpoint_app, name="endpoint", rich_help_panel=APPLE)
    app.add_typer(performance_app, name="performance-test", rich_help_panel=APPLE)


@endpoint_app.command("set", epilog="Example: `retention endpoint set --env sandbox`.")
def endpoint_set(
    url: Annotated[str | None, typer.Argument(metavar="URL", help="The URL; the stack's, if left out.")] = None,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Tell Apple which URL to call. In production, a performance test must have passed in the sandbox first."""
    from console.simulator.rehearsal import check_url

    out = Output(as_json=as_json)
    with _open(env, file, table, endpoint_url, region, key, apple_url, out) as session:
        chosen = url or session.target.url
        if not chosen:
            raise Misuse("Name the URL: no stack says which it is.")
        if "<" in chosen:
            raise Misuse(f"The stack's URL ends in a secret that it does not show: name the whole URL, {chosen}.")
        try:
            check_url(chosen)
        except ValueError as error:
            raise Misuse(f"Apple would not take {_refused(chosen)}: {error}.") from None
        if chosen.startswith("http:") and apple_url is None:
            raise Misuse(f"Apple cannot reach {shown(chosen)}, which is this machine: name a public https:// URL.")
        confirm(session.target, f"have Apple call {shown(chosen)}", yes=yes)
        session.apple.set_realtime_url(chosen)
    out.say(f"Apple calls {shown(chosen)}.", "green")
    out.document({"url": shown(chosen)})


def _refused(url: str) -> str:
    """Return a URL for an error, up to what does not belong into it: behind that, a secret is not known as one."""
    sound = re.split("[^!-~]", url.strip(), maxsplit=1)[0]
    return shown(sound) if sound else "this URL"


@endpoint_app.command("show", epilog="Example: `retention endpoint show --env production`.")
def endpoint_show(
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    secret: Annotated[bool, typer.Option("--secret", help="Show the URL whole, its PathSecret too.")] = False,
    as_json: Json = False,
) -> None:
    """Show the URL that Apple calls."""
    out = Output(as_json=as_json)
    with _open(env, file, table, endpoint_url, region, key, apple_url, out) as session:
        url = session.apple.realtime_url()
    if url is not None and not secret:
        url = shown(url)
    out.say("Apple has no real-time URL here." if url is None else url)
    out.document({"url": url})


@endpoint_app.command("delete", epilog="Example: `retention endpoint delete --env sandbox --yes`.")
def endpoint_delete(
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    yes: YesDelete = False,
    as_json: Json = False,
) -> None:
    """Have Apple call nobody: customers then see what App Store Connect or the default message says."""
    out = Output(as_json=as_json)
    with _open(env, file, table, endpoint_url, region, key, apple_url, out) as session:
        url = session.apple.realtime_url()
        if url is not None:
            url = shown(url)
            confirm_deletion(session.target, f"the real-time URL {url}", yes=yes)
            session.apple.delete_realtime_url()
    out.say("Apple had no real-time URL here." if url is None else f"Apple no longer calls {url}.", "green")
    out.document({"deleted": url})


@performance_app.command(
    "start",
    epilog="Example: `retention performance-test start --transaction 2000000900000180 --product pro.monthly --env"
    " sandbox`.",
)
def performance_start(
    transaction: Annotated[
        str, typer.Option("--transaction", help="The originalTransactionId of an active sandbox subscription.")
    ],
    product: Annotated[
        str | None, typer.Option("--product", help="The product of that transaction; may be left out if only one.")
    ] = None,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    anyway: Annotated[bool, typer.Option("--anyway", help="Even if some locale would not be answered.")] = False,
    as_json: Json = False,
) -> None:
    """Start Apple's test, unless some answer would not be 200. `retention rehearse` runs the like beforehand."""
    from console.cli.decisions_loading import Subject, foreseen
    from console.rollout import apple_test as performance_test

    out = Output(as_json=as_json)
    with _open(env, file, table, endpoint_url, region, key, apple_url, out) as session:
        performance_test.check_ready(session)
        if not anyway:
            foreseen(Subject(transaction, product), session.where, datetime.now(UTC)).check()
        started = session.apple.start_performance_test(transaction)
    performance_test.show_started(started, env, out)


RequestId = Annotated[str, typer.Argument(metavar="REQUEST_ID", help="What `performance-test start` printed.")]


@performance_app.command("wait", epilog="Example: `retention performance-test wait REQUEST_ID --env sandbox`.")
def performance_wait(
    request_id: RequestId,
    patience: Annotated[int, typer.Option("--timeout", min=0, metavar="SECONDS", help="How long to wait.")] = 3600,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    as_json: Json = False,
) -> None:
    """Wait for a test to end. Exit code 0 is PASS, 1 is FAIL, 3: it still runs."""
    _performance_report(
        request_id, patience, Where(env, file, table, endpoint_url, region), Access(key, apple_url), as_json=as_json
    )


@performance_app.command("show", epilog="Example: `retention performance-test show REQUEST_ID --env sandbox`.")
def performance_show(
    request_id: RequestId,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    as_json: Json = False,
) -> None:
    """Show how far a test is, or how it ended. Exit codes as for `wait`."""
    _performance_report(
        request_id, 0, Where(env, file, table, endpoint_url, region), Access(key, apple_url), as_json=as_json
    )


def _performance_report(request_id: str, patience: int, where: Where, access: Access, *, as_json: bool) -> None:
    from console.rollout import apple_test as performance_test

    out = Output(as_json=as_json)
    with open_session(where, access, out) as session:
        performance_test.check_sandbox(session)
        with out.progress() as report:
            found = performance_test.wait(session.apple, request_id, patience, report)
    performance_test.show(found, out)
    code = performance_test.exit_code(found)
    if code:
        raise typer.Exit(code)


def _open(
    env: str | None,
    file: Path,
    table: str | None,
    endpoint_url: str | None,
    region: str | None,
    key: str | None,
    apple_url: str | None,
    out: Output,
) -> AbstractContextManager[Session]:
    return open_session(Where(env, file, table, endpoint_url, region), Access(key, apple_url), out)
