"""The `retention` command.

A command reads its options, lets another module do the work, and prints. Exit codes: 0 done or in agreement, 1 failed,
2 misused, 3 changes to apply or reviews to wait for.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer
from retention.errors import RetentionError

from console.cli import apple_commands, plan_commands, understanding
from console.cli import backup as archive_commands
from console.cli import endpoint as endpoint_commands
from console.cli.entry import sentence
from console.cli.options import (
    APPLE,
    DEFAULT_FILE,
    PUBLISH,
    UNDERSTAND,
    WRITE,
    App,
    At,
    Endpoint,
    Env,
    File,
    FileArgument,
    Json,
    Region,
    Table,
    Yes,
)
from console.cli.simulator import app as simulator
from console.deployment.target import confirm, find
from console.deployment.where import Where
from console.file.mistakes import Mistake, Mistakes
from console.terminal import shell
from console.terminal.failure import Failure, Misuse
from console.terminal.json_form import form_of
from console.terminal.output import Output, prepare_streams
from console.terminal.program import explanation, flush
from console.terminal.words import plural

if TYPE_CHECKING:
    from console.releases.listing import Listed  # for `--help` it would take too long to import

app = typer.Typer(
    name="retention",
    help="Write, publish and understand what customers are told when they are about to cancel a subscription.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_CA: Final = Path(__file__).resolve().parents[2] / "events" / "ca"


@app.command(
    rich_help_panel=WRITE,
    epilog="Examples: `retention validate retention.yaml`; `retention validate retention.yaml --env production"
    " --json`.",
)
def validate(file: FileArgument, env: Env = None, at: At = None, as_json: Json = False) -> None:  # noqa: FBT002  # Typer reads the default
    """Tell every mistake in FILE, with its line and what to write instead. Nothing is sent anywhere."""
    from console.file.compile import compile_document
    from console.file.document import read

    out = Output(as_json=as_json)
    with out.progress() as report:
        document = read(file, progress=report)
        compiled = compile_document(document, environment=env, now=at or datetime.now(UTC), progress=report)
    counts = {
        "rules": len(document.rules),
        "products": len(document.products),
        "messages": len(compiled.release.messages),
        "images": len(compiled.release.images),
    }
    _warn(out, str(file), compiled.warnings)
    out.say(
        f"{file} is good: "
        + ", ".join(plural(number, what.removesuffix("s")) for what, number in counts.items())
        + ".",
        "green",
    )
    out.document({"file": str(file), "ok": True, **counts, "warnings": _listed(str(file), compiled.warnings)})


@app.command(
    rich_help_panel=PUBLISH,
    epilog="Examples: `retention publish retention.yaml --env sandbox`; `retention publish retention.yaml --table T"
    " --endpoint-url http://127.0.0.1:8000`.",
)
def publish(
    file: FileArgument,
    env: Env = None,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    reshuffle: Annotated[  # noqa: FBT002  # Typer reads the default
        bool, typer.Option("--reshuffle", help="Let an experiment's arms change under its key.")
    ] = False,
    yes: Yes = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Compile FILE and make it live. With any mistake in it, nothing is written."""
    from dataclasses import replace

    from console.rollout import publish as publishing

    out = Output(as_json=as_json)
    where = Where(env=env, file=file, table=table, endpoint_url=endpoint_url, region=region)
    with out.progress() as report:
        draft = publishing.prepare(where, reshuffle=reshuffle, progress=report)
    _warn(out, str(file), draft.compiled.warnings)
    confirm(draft.target, f"publish {file}", yes=yes)
    # Whoever confirms takes their time, and a release begun over an hour ago counts as abandoned.
    draft = replace(draft, now=datetime.now(UTC))
    with out.progress() as report:
        published = publishing.publish(draft, report)
    before = "the first" if published.previous is None else f"after {published.previous}"
    out.say(
        f"Release {published.number} is live ({before}): {published.sheets} sheets, table {draft.target.table}.",
        "green",
    )
    out.document(
        {
            "release": published.number,
            "previous": published.previous,
            "digest": published.digest,
            "table": draft.target.table,
            "url": draft.target.url,
            "warnings": _listed(str(file), draft.compiled.warnings),
        }
    )


@app.command(rich_help_panel=PUBLISH, epilog="Example: `retention releases --env sandbox`.")
def releases(
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    as_json: Json = False,  # noqa: FBT002  # Typer reads the default
) -> None:
    """List the releases of an environment, the live one marked."""
    from console.releases.listing import list_releases

    out = Output(as_json=as_json)
    target = find(Where(env, file, table, endpoint_url, region, app_id))
    listed = list_releases(target.app_table)
    rows = [
        (
            "*" if one.live else "",
            str(one.number),
            "" if one.published_at is None else f"{one.published_at:%Y-%m-%d %H:%M}",
            one.published_by,
            one.commit[:10],
            _contents(one),
        )
        for one in listed
    ]
    if rows:
        out.table(("", "release", "published (UTC)", "by", "commit", "what"), rows)
    else:
        out.say("Nothing has been published for this app.")
    out.document([form_of(one) for one in listed])


def _contents(one: Listed) -> str:
    if not one.complete:
        return "incomplete"
    numbers = ((one.rules, "rule"), (one.products, "product"), (one.messages, "message"))
    counts = ", ".join(plural(number, noun) for number, noun in numbers)
    return counts if one.went_live else f"{counts}; never live"


@app.command(
    rich_help_panel=PUBLISH,
    epilog="Examples: `retention rollback --env sandbox`; `retention rollback 12 --env production --yes`.",
)
def rollback(
    number: Annotated[int | None, typer.Argument(metavar="N", help="The release; the one before, if left out.")] = None,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    yes: Yes = False,  # noqa: FBT002  # Typer reads the default
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Make an earlier release live again."""
    from console.releases import current

    out = Output(as_json=as_json)
    target = find(Where(env, file, table, endpoint_url, region, app_id))
    confirm(target, "roll back to " + ("the release before" if number is None else f"release {number}"), yes=yes)
    moved = current.rollback(target.app_table, number)
    out.say(f"Release {moved.number} is live again, instead of {moved.previous}.", "green")
    out.document({"release": moved.number, "previous": moved.previous})


@app.command(rich_help_panel=PUBLISH, epilog="Example: `retention pause --env production`.")
def pause(
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    yes: Yes = False,  # noqa: FBT002  # Typer reads the default
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Answer nobody until `resume`: the App Store falls back to what it has."""
    _set_paused(
        Where(env, file, table, endpoint_url, region, app_id), paused=True, yes=yes, out=Output(as_json=as_json)
    )


@app.command(rich_help_panel=PUBLISH, epilog="Example: `retention resume --env production`.")
def resume(
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    yes: Yes = False,  # noqa: FBT002  # Typer reads the default
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Answer again, after `pause`."""
    _set_paused(
        Where(env, file, table, endpoint_url, region, app_id), paused=False, yes=yes, out=Output(as_json=as_json)
    )


def _set_paused(where: Where, *, paused: bool, yes: bool, out: Output) -> None:
    from console.releases import current

    target = find(where)
    confirm(target, "pause all answers" if paused else "resume answering", yes=yes)
    change = current.pause if paused else current.resume
    change(target.app_table)
    out.say("Paused: the App Store falls back." if paused else "Answering again.", "green")
    out.document({"paused": paused})


@app.command(
    "import-states",
    rich_help_panel=APPLE,
    epilog="Example: `retention import-states messages.json images.json --env sandbox`.",
)
def import_states(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="The bodies of Apple's Get Message List and Get Image List.")
    ],
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    allow_silencing: Annotated[  # noqa: FBT002  # Typer reads the default
        bool, typer.Option("--allow-silencing", help="Import even if most live messages could no longer be served.")
    ] = False,
    yes: Yes = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Tell the table what App Review decided: every message and image, or it counts as deleted."""
    from retention.review.snapshot import SnapshotRefusedError, apply_snapshot  # `--help` need not wait

    from console.appstore.saved_lists import advised, read_lists

    out = Output(as_json=as_json)
    messages, images = read_lists(files)
    target = find(Where(env, file, table, endpoint_url, region, app_id))
    confirm(target, "import review states", yes=yes)
    try:
        report = apply_snapshot(target.app_table, messages, images, allow_silencing=allow_silencing)
    except SnapshotRefusedError as error:
        raise advised(error, "nothing was imported") from None
    told = f"{plural(len(messages), 'message')} and {plural(len(images), 'image')}"
    out.say(f"{told}: their states are in {target.table}.", "green")
    out.document(form_of(report))


@app.command(
    rich_help_panel=UNDERSTAND,
    epilog="Examples: `retention explain retention.yaml --product pro.monthly --locale fr-CA --customer"
    " tenureDays=200`; `retention explain --env production --event event.json`.",
)
def explain(
    draft: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A file to explain with; the live release, if left out.")
    ] = None,
    product: Annotated[str | None, typer.Option("--product", help="The product the customer holds.")] = None,
    locale: Annotated[str, typer.Option("--locale", help="The locale of the customer's device.")] = "en-US",
    transaction: Annotated[str, typer.Option("--transaction", help="The originalTransactionId.")] = "99371282",
    customer: Annotated[
        list[str] | None, typer.Option("--customer", metavar="KEY=VALUE", help="A fact about the customer; repeatable.")
    ] = None,
    unreadable: Annotated[  # noqa: FBT002  # Typer reads the default
        bool, typer.Option("--unreadable", help="As if the customer's profile could not be read.")
    ] = False,
    event: Annotated[
        Path | None, typer.Option("--event", help="A saved request: an API Gateway event, a body or a signedPayload.")
    ] = None,
    at: At = None,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show rule by rule why a request is answered as it is, and the exact body that would be sent."""
    from console.cli import decisions_loading as loading
    from console.decisions import explain as explaining

    if product is None and event is None:
        raise typer.BadParameter("say which request: --product, or --event FILE")
    question = loading.Question(
        product=product,
        locale=locale,
        transaction=transaction,
        customer=explaining.read_facts(customer or [], unreadable=unreadable),
        event=event,
        at=at or datetime.now(UTC),
        test_ca=_CA,
    )
    where = Where(env, draft or file, table, endpoint_url, region, app_id)
    explained = loading.explain_draft(draft, question, where) if draft else loading.explain_live(question, where)
    out = Output(as_json=as_json)
    explaining.show(explained, out)


@app.command(
    "sign-request",
    rich_help_panel=UNDERSTAND,
    epilog="Examples: `retention sign-request --product trailhead.pro.monthly --locale fr-FR`; `retention sign-request"
    " --curl http://127.0.0.1:8080/v1/retention-message | sh`.",
)
def sign_request(
    product: Annotated[
        str, typer.Option("--product", help="The product the customer holds.")
    ] = "trailhead.pro.monthly",
    locale: Annotated[str, typer.Option("--locale", help="The locale of the customer's device.")] = "en-US",
    transaction: Annotated[str, typer.Option("--transaction", help="The originalTransactionId.")] = "99371282",
    app_id: Annotated[int, typer.Option("--app", help="The app's Apple id.")] = 6745974591,
    environment: Annotated[str, typer.Option("--environment", help="Sandbox or Production.")] = "Sandbox",
    at: At = None,
    ca: Annotated[Path, typer.Option("--ca", help="The folder of the test CA.")] = _CA,
    curl: Annotated[
        str | None, typer.Option("--curl", metavar="URL", help="Print a curl line that posts it there.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002  # Typer reads the default
) -> None:
    """Print a fresh request as the App Store would send it, signed by the local test CA."""
    from console.simulator.authority import Authority, request_claims

    if environment not in {"Sandbox", "Production"}:
        raise typer.BadParameter("write Sandbox or Production", param_hint="--environment")
    _check_utf8({"--product": product, "--locale": locale, "--transaction": transaction})
    claims = request_claims(
        original_transaction_id=transaction,
        app_apple_id=app_id,
        product_id=product,
        user_locale=locale,
        environment=environment,
        signed_date=None if at is None else int(at.timestamp() * 1000),
    )
    try:
        authority = Authority.load(ca)
    except ValueError as error:
        raise Failure(f"There is no usable test CA in {ca}: {error}.") from None
    body = json.dumps({"signedPayload": authority.sign(claims)})
    if curl is None or as_json:
        print(body)  # noqa: T201  # the body is the output, byte for byte
    else:
        line = f"curl -sS -i -X POST {shlex.quote(curl)} -H 'content-type: application/json' --data {shlex.quote(body)}"
        print(line)  # noqa: T201


def _check_utf8(options: Mapping[str, str]) -> None:
    """Refuse what cannot be in JSON: bytes of a terminal that are no UTF-8."""
    for name, value in options.items():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise typer.BadParameter("write it in UTF-8", param_hint=name) from None


@app.command(
    rich_help_panel=UNDERSTAND,
    epilog="Examples: `retention rehearse https://api.example.com/v1/retention-message --product pro.monthly --env"
    " sandbox`; `retention rehearse --anchor`.",
)
def rehearse(
    url: Annotated[
        str | None, typer.Argument(metavar="URL", help="Your sandbox endpoint; http:// only on this machine.")
    ] = None,
    product: Annotated[
        str | None,
        typer.Option("--product", help="The product of the test's transaction; may be left out if only one."),
    ] = None,
    transaction: Annotated[str, typer.Option("--transaction", help="The originalTransactionId.")] = "99371282",
    locale: Annotated[str | None, typer.Option("--locale", help="The locale to ask in; the file's default.")] = None,
    requests: Annotated[int, typer.Option("--requests", min=1, max=2000, help="totalRequests.")] = 100,
    duration: Annotated[
        int, typer.Option("--duration", min=0, max=3_600_000, metavar="MS", help="totalDuration; 0 sends all at once.")
    ] = 60_000,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=200, help="maxConcurrentRequests: at most so many in flight.")
    ] = 10,
    threshold: Annotated[
        int, typer.Option("--threshold", min=1, max=30_000, metavar="MS", help="responseTimeThreshold.")
    ] = 700,
    success_rate: Annotated[
        int, typer.Option("--success-rate", min=0, max=100, metavar="PERCENT", help="successRateThreshold.")
    ] = 95,
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar="DIR", help="Where the authority that signs is kept, or made.")
    ] = None,
    anchor: Annotated[  # noqa: FBT002  # Typer reads the default
        bool, typer.Option("--anchor", help="Only print the authority's trust anchor, base64 of its DER.")
    ] = False,
    anyway: Annotated[  # noqa: FBT002
        bool, typer.Option("--anyway", help="Even if some locale would not be answered.")
    ] = False,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Run Apple's performance test against your own endpoint before Apple does. Exit code 0 is PASS, 1 is FAIL.

    The defaults are Apple's published fixture, with the 700 ms of production; what Apple really sends is not known.
    """
    from console.cli import rehearsal as rehearsing
    from console.cli.decisions_loading import Subject
    from console.simulator import rehearsal_authority
    from console.simulator.box import TestConfig
    from console.simulator.rehearsal import check_url

    _check_utf8({"--transaction": transaction, "--locale": locale or ""})
    out = Output(as_json=as_json)
    directory = ca or rehearsal_authority.default_directory()
    if anchor:
        rehearsing.give_anchor(directory, out)
        return
    if url is None:
        raise typer.BadParameter("name your endpoint", param_hint="URL")
    try:
        check_url(url, from_here=True)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None
    plan = rehearsing.Plan(
        url=url,
        config=TestConfig(concurrency, requests, duration, threshold, success_rate),
        subject=Subject(transaction, product),
        locale=locale,
        where=Where(env, file, table, endpoint_url, region, app_id),
        directory=directory,
        anyway=anyway,
    )
    if not rehearsing.carry_out(plan, out).passed:
        raise typer.Exit(1)


for commands in (plan_commands, archive_commands, apple_commands, endpoint_commands, understanding):
    commands.register(app)
app.add_typer(simulator, name="simulator", rich_help_panel=UNDERSTAND)


def _warn(out: Output, file: str, warnings: Sequence[Mistake]) -> None:
    for warning in warnings:
        out.warn(f"{file}:{warning.line}: warning: {warning}")


def _listed(file: str, mistakes: Sequence[Mistake]) -> list[dict[str, Any]]:
    return [
        {"file": file, "line": found.line, "where": found.where, "wrong": found.wrong, "instead": found.instead}
        for found in mistakes
    ]


def _fail(out: Output, error: Exception) -> None:
    """Say why a command ended."""
    if isinstance(error, Mistakes):
        number = len(error.mistakes)
        summary = f"{number} mistake{'s' if number > 1 else ''} in {error.file}."
        if not out.as_json:
            out.failure(str(error))
        out.failure(summary, {"ok": False, "file": error.file, "mistakes": _listed(error.file, error.mistakes)})
        return
    told = explanation(error, sentence)
    details: Mapping[str, Any] = getattr(error, "evidence", {})
    if isinstance(error, RetentionError):
        details = {"code": error.code, **details}
    out.failure(told, details)


# What shells call a command that was called wrongly.
_MISUSED: Final = 2


def _misused(out: Output, error: Exception) -> int | None:
    """Tell of options that are wrong, and return the exit code; None for every other error.

    Typer does so itself, except to those who asked for JSON. Its exceptions have no public base class.
    """
    told = getattr(error, "format_message", None)
    if told is None:
        return None
    out.failure(told())
    return int(getattr(error, "exit_code", _MISUSED))


def _ended(out: Output, error: Exception) -> int:
    """Say why a command ended, as far as anybody still listens, and return the exit code."""
    try:
        if isinstance(error, typer.Abort):
            interrupted = isinstance(error.__cause__, KeyboardInterrupt)
            out.failure("Interrupted." if interrupted else "Nobody answered; nothing was changed.")
            return 1
        misused = _misused(out, error)
        if misused is None:
            _fail(out, error)
    except OSError as unsaid:  # a pipe that was closed, a disk that is full
        out.warn(f"This could not be printed: {unsaid.strerror}.")
        return 1
    if misused is not None:
        return misused
    return _MISUSED if isinstance(error, Misuse) else 1


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit."""
    prepare_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None and given[:1] == ["simulator"]:
        shell.stay_local()
    as_json = "--json" in given
    try:
        code = app(args=given, prog_name="retention", standalone_mode=not as_json)
    except Exception as error:  # noqa: BLE001  # the entry point
        code = _ended(Output(as_json=as_json), error)
    finally:
        flush()
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
