"""The commands that make Apple and the table agree with the file, or look at both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from console.failure import Failure
from console.options import (
    APPLE,
    DEFAULT_FILE,
    PUBLISH,
    UNDERSTAND,
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
from console.output import Output
from console.session import Access, Session, duration, open_session, plural, read_file
from console.target import Where, confirm, confirm_deletion

if TYPE_CHECKING:
    from console.apply import Done, Prospect
    from console.defaults import Coverage

# What ends a command that found changes to make, or reviews to wait for.
PENDING: Final = 3

Draft = Annotated[Path | None, typer.Argument(metavar="FILE", help="The owner's file; retention.yaml, if left out.")]
Reshuffle = Annotated[bool, typer.Option("--reshuffle", help="Let an experiment's arms change under its key.")]
AllowSilencing = Annotated[
    bool, typer.Option("--allow-silencing", help="Import states even if most live messages could no longer be served.")
]

endpoint_app = typer.Typer(help="The real-time URL that Apple calls.", no_args_is_help=True)
performance_app = typer.Typer(help="Apple's own test of the sandbox endpoint.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the `retention` command."""
    commands: tuple[tuple[Callable[..., None], str, str], ...] = (
        (plan, PUBLISH, "Examples: `retention plan --env sandbox`; `retention plan retention.yaml --env production`."),
        (apply, PUBLISH, "Examples: `retention apply --env sandbox`; `retention apply --env production --yes`."),
        (promote, PUBLISH, "Example: `retention promote --from sandbox --to production`."),
        (status, APPLE, "Examples: `retention status --env production`; `retention status --env production --json`."),
        (
            defaults,
            APPLE,
            "Examples: `retention defaults --env production --show`; `retention defaults --env production --verify`.",
        ),
        (prune, APPLE, "Examples: `retention prune --env sandbox --show`; `retention prune --env sandbox --yes`."),
        (doctor, UNDERSTAND, "Examples: `retention doctor --env production`; `retention doctor --env sandbox --json`."),
    )
    for command, panel, epilog in commands:
        app.command(rich_help_panel=panel, epilog=epilog)(command)
    app.add_typer(endpoint_app, name="endpoint", rich_help_panel=APPLE)
    app.add_typer(performance_app, name="performance-test", rich_help_panel=APPLE)


# Publish ------------------------------------------------------------------------------------------------------------


def plan(
    draft: Draft = None,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    reshuffle: Reshuffle = False,
    as_json: Json = False,
) -> None:
    """Show what `apply` would upload, publish and configure, and what only Apple can settle. Nothing is changed.

    Exit code 0: the file, Apple and the table agree. 3: there are changes to apply, or reviews to wait for.
    """
    from console.apply import estimate, show_estimate, show_plan, summary  # noqa: PLC0415  # `--help` need not wait

    out = Output(as_json=as_json)
    where = Where(env, draft or file, table, endpoint_url, region)
    with _session(where, Access(key, apple_url), out) as session:
        found = _prospect(session, out, reshuffle=reshuffle).plan
        seconds = estimate(session, found) if found.has_changes else 0.0
    show_plan(found, str(where.file), out)
    if found.has_changes:
        show_estimate(seconds, out)
    if found.waits:
        out.say(summary(found))
    out.document({**found.document(), "estimatedSeconds": round(seconds)})
    if not found.agrees:
        raise typer.Exit(PENDING)


def apply(
    draft: Draft = None,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    reshuffle: Reshuffle = False,
    allow_silencing: AllowSilencing = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make Apple and the table agree with the file: images, messages, the release, and the defaults that can be.

    Whatever stops it, run it again: it goes on from what Apple and the table have. Exit code 0: all agree. 3: all is
    done but what Apple still has to review.
    """
    out = Output(as_json=as_json)
    where = Where(env, draft or file, table, endpoint_url, region)
    with _session(where, Access(key, apple_url), out) as session:
        done = _apply(session, out, reshuffle=reshuffle, allow_silencing=allow_silencing, yes=yes)
    _end(done, out)


def promote(
    from_: Annotated[str, typer.Option("--from", metavar="ENV", help="Where the file was tried.")] = "sandbox",
    to: Annotated[str, typer.Option("--to", metavar="ENV", help="Where it goes.")] = "production",
    draft: Draft = None,
    file: File = DEFAULT_FILE,
    from_table: Annotated[
        str | None, typer.Option("--from-table", help="The DynamoDB table of --from, instead of its stack's.")
    ] = None,
    to_table: Annotated[str | None, typer.Option("--to-table", help="The DynamoDB table of --to likewise.")] = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    reshuffle: Reshuffle = False,
    allow_silencing: AllowSilencing = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Apply the file that one environment agrees with to another one: nothing is typed twice.

    Refuses while the file differs from what --from has: apply it there, and try it, first.
    """
    from console.apply import show_plan  # noqa: PLC0415  # `--help` need not wait for it

    if from_ == to:
        raise typer.BadParameter("name two environments", param_hint="--to")
    out = Output(as_json=as_json)
    source = Where(from_, draft or file, from_table, endpoint_url, region)
    access = Access(key, apple_url)
    with _session(source, access, out) as session:
        tried = _prospect(session, out, reshuffle=False).plan
    if not tried.agrees:
        if not as_json:
            show_plan(tried, str(source.file), out)
        raise Failure(
            f"{source.file} is not what {from_} has, so it was not tried there: `retention apply --env {from_}` first."
            f" Nothing was changed in {to}."
        )
    out.say(f"{from_} agrees with {source.file}. Now {to}:")
    target = Where(to, draft or file, to_table, endpoint_url, region)
    with _session(target, access, out) as session:
        done = _apply(session, out, reshuffle=reshuffle, allow_silencing=allow_silencing, yes=yes)
    _end(done, out)


def _session(where: Where, access: Access, out: Output) -> Any:  # noqa: ANN401  # a context manager of a Session
    """Read and check the file before anybody is asked anything."""
    from console.apply import check  # noqa: PLC0415  # `--help` need not wait for it

    document = read_file(where.file)
    with out.progress() as report:
        check(document, where.env, now=datetime.now(UTC), progress=report)
    return open_session(where, access, out, document)


def _prospect(session: Session, out: Output, *, reshuffle: bool) -> Prospect:
    from console.apply import prospect  # noqa: PLC0415  # as above

    found = prospect(session, reshuffle=reshuffle)
    for warning in found.compiled.warnings:
        out.warn(f"{session.where.file}:{warning.line}: warning: {warning}")
    return found


def _apply(session: Session, out: Output, *, reshuffle: bool, allow_silencing: bool, yes: bool) -> Done:
    from console.apply import Applying, estimate, show_estimate, show_plan  # noqa: PLC0415  # as above

    found = _prospect(session, out, reshuffle=reshuffle)
    show_plan(found.plan, str(session.where.file), out)
    if found.plan.has_changes:
        show_estimate(estimate(session, found.plan), out)
        confirm(session.target, f"apply {session.where.file}", yes=yes)
    return Applying(session, out, reshuffle=reshuffle, allow_silencing=allow_silencing).run(found)


def _end(done: Done, out: Output) -> None:
    from console.apply import show_done, show_left, summary  # noqa: PLC0415  # as above

    show_done(done, out)
    left = done.left
    if left is None or left.agrees:
        if done.images or done.messages or done.published or done.defaults:
            out.say("The file, Apple and the table agree.", "green")
        out.document({**done.document(), "agrees": True})
        return
    if done.images or done.messages or done.published or done.defaults:
        show_left(left, out)
    out.document({**done.document(), "agrees": False, "summary": summary(left)})
    out.say(summary(left), "yellow")
    raise typer.Exit(PENDING)


# Apple --------------------------------------------------------------------------------------------------------------


def status(
    draft: Draft = None,
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
    """Tell the state of every text and image, since when, what serves meanwhile, and which rules wait.

    Exit code 0: every text is approved. 3: some are not.
    """
    from console.apply import prospect  # noqa: PLC0415  # `--help` need not wait for it
    from console.status import make_status, show  # noqa: PLC0415  # likewise

    out = Output(as_json=as_json)
    with _session(Where(env, draft or file, table, endpoint_url, region), Access(key, apple_url), out) as session:
        # Reshuffled or not, the texts are the same.
        found = prospect(session, reshuffle=True)
        standing = make_status(session.document, found.compiled, found.seen)
    show(standing, out)
    out.document(standing.document())
    if not standing.settled:
        raise typer.Exit(PENDING)


def defaults(
    draft: Draft = None,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    show_only: Annotated[bool, typer.Option("--show", help="Only show; configure nothing.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Ask Apple for each one first, and correct our record: one call each.")
    ] = False,
    delete_others: Annotated[
        bool, typer.Option("--delete-others", help="Delete the recorded ones that the file does not want.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing or deleting.")] = False,
    as_json: Json = False,
) -> None:
    """Show the default message of every product and locale, gaps first, and configure what differs from the file.

    Apple has no list of them: this is our own record, which --verify compares with Apple. Exit code 0: each is as the
    file says. 3: some wait for a review, or for --show to be left out.
    """
    from console.apply import prospect  # noqa: PLC0415  # `--help` need not wait for it
    from console.defaults import DIFFERENT, OTHER, WAITING, configure, coverage, remove  # noqa: PLC0415  # likewise
    from console.seen import look  # noqa: PLC0415  # likewise

    out = Output(as_json=as_json)
    with _session(Where(env, draft or file, table, endpoint_url, region), Access(key, apple_url), out) as session:
        found = prospect(session, reshuffle=True)

        def cover() -> list[Coverage]:
            return coverage(session.document, found.compiled, look(session))

        covered = coverage(session.document, found.compiled, found.seen)
        wrong = _verify(session, covered, out, yes=yes) if verify else []
        if wrong:
            covered = cover()
        _show_defaults(covered, out)
        todo = [one for one in covered if one.standing == DIFFERENT]
        others = [one for one in covered if one.standing == OTHER] if delete_others else []
        if not show_only and todo:
            _tell_time(session, "Configure Default Message", len(todo), out)
            confirm(session.target, f"configure {plural(len(todo), 'default')}", yes=yes)
            with out.progress() as report:
                for number, one in enumerate(todo, 1):
                    configure(session, one.product, one.locale, str(one.target))
                    report("defaults", number, len(todo))
            out.say(f"Configured {plural(len(todo), 'default')}.", "green")
        if not show_only and others:
            confirm_deletion(session.target, plural(len(others), "default message"), yes=yes)
            for one in others:
                remove(session, one.product, one.locale)
            out.say(f"Deleted {plural(len(others), 'default')}.", "green")
        if not show_only and (todo or others):
            covered = cover()
    out.document(
        {
            "verified": verify,
            "corrected": [f"{product} {locale}" for product, locale in wrong],
            "configured": 0 if show_only else len(todo),
            "deleted": 0 if show_only else len(others),
            "defaults": [{**asdict(one), "standing": one.standing} for one in covered],
        }
    )
    left = [one for one in covered if one.standing in {WAITING, DIFFERENT}]
    if left:
        waiting = sum(one.standing == WAITING for one in left)
        out.say(
            f"waiting for Apple: {plural(waiting, 'default')}"
            + (f"; to configure: {plural(len(left) - waiting, 'default')}" if len(left) > waiting else ""),
            "yellow",
        )
        raise typer.Exit(PENDING)


def _verify(session: Session, covered: list[Coverage], out: Output, *, yes: bool) -> list[tuple[str, str]]:
    from console.defaults import verify  # noqa: PLC0415  # `--help` need not wait for it

    places = [(one.product, one.locale) for one in covered]
    _tell_time(session, "Get Default Message", len(places), out)
    confirm(session.target, "correct our record of default messages", yes=yes)
    recorded = {(one.product, one.locale): one.recorded for one in covered if one.recorded is not None}
    with out.progress() as report:
        wrong = verify(session, places, recorded, report)
    out.say(
        f"Apple was asked for {plural(len(places), 'default')}: "
        + (f"our record was wrong for {len(wrong)}, and is corrected." if wrong else "our record is right.")
    )
    return wrong


def _tell_time(session: Session, operation: str, calls: int, out: Output) -> None:
    seconds = session.apple.estimate([(operation, calls)])
    out.say(f"{plural(calls, 'call')} to Apple, at the pace that it allows: about {duration(seconds)}.")


def _show_defaults(covered: list[Coverage], out: Output) -> None:
    advice = {
        "gap": "no text of the file is wanted here",
        "waiting": "its message is not approved yet",
        "different": "to be configured",
    }
    out.table(
        ("product", "locale", "", "default", "since (UTC)", ""),
        [
            (
                one.product,
                one.locale,
                one.standing,
                one.recorded or "none",
                one.configured_at[:16].replace("T", " "),
                advice.get(one.standing, ""),
            )
            for one in covered
        ],
    )


def prune(
    draft: Draft = None,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    key: Key = None,
    apple_url: AppleUrl = None,
    *,
    show_only: Annotated[bool, typer.Option("--show", help="Only show; delete nothing.")] = False,
    yes: YesDelete = False,
    as_json: Json = False,
) -> None:
    """Delete messages and images at Apple that neither the file, a kept release, nor a default names.

    An id that was deleted cannot be used again: the same text then needs another `revision`.
    """
    from console.apply import prospect  # noqa: PLC0415  # `--help` need not wait for it
    from console.prune import find_prunable, kept_messages, told  # noqa: PLC0415  # likewise
    from console.prune import prune as delete  # noqa: PLC0415  # likewise

    out = Output(as_json=as_json)
    with _session(Where(env, draft or file, table, endpoint_url, region), Access(key, apple_url), out) as session:
        found = prospect(session, reshuffle=True)
        prunable = find_prunable(found.seen, kept_messages(session), found.compiled)
        rows = [("message", name, state, name) for name, state in prunable.messages.items()]
        rows += [("image", name, state, "") for name, state in prunable.images.items()]
        if not rows:
            out.say("There is nothing to prune.", "green")
            out.document({**prunable.document(), "deleted": False, "stillUsed": []})
            return
        strangers = prunable.strangers
        out.table(
            ("", "id", "state", ""),
            [
                (kind, name, state, "never published from here" if of in strangers else "")
                for kind, name, state, of in rows
            ],
        )
        if show_only:
            out.document({**prunable.document(), "deleted": False, "stillUsed": []})
            return
        calls = [("Delete Message", len(prunable.messages)), ("Delete Image", len(prunable.images))]
        out.say(f"At the pace that Apple allows, this takes about {duration(session.apple.estimate(calls))}.")
        confirm_deletion(session.target, told(prunable), yes=yes)
        with out.progress() as report:
            kept = delete(session, prunable, report)
    images = len(prunable.images) - len(kept)
    out.say(f"Deleted {plural(len(prunable.messages), 'message')} and {plural(images, 'image')}.", "green")
    if kept:
        out.say(f"Apple keeps {plural(len(kept), 'image')} that messages still use: {', '.join(kept)}.")
    out.document({**prunable.document(), "deleted": True, "stillUsed": kept})


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
    from console.rehearse import check_url  # noqa: PLC0415  # `--help` need not wait for it

    out = Output(as_json=as_json)
    with _open(env, file, table, endpoint_url, region, key, apple_url, out) as session:
        chosen = url or session.target.url
        if not chosen:
            raise Failure("Name the URL: no stack says which it is.")
        if "<" in chosen:
            raise Failure(f"The stack's URL ends in a secret that it does not show: name the whole URL, {chosen}.")
        try:
            check_url(chosen)
        except ValueError as error:
            raise Failure(f"Apple would not take {chosen}: {error}.") from None
        confirm(session.target, f"have Apple call {chosen}", yes=yes)
        session.apple.set_realtime_url(chosen)
    out.say(f"Apple calls {chosen}.", "green")
    out.document({"url": chosen})


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
    as_json: Json = False,
) -> None:
    """Show the URL that Apple calls."""
    out = Output(as_json=as_json)
    with _open(env, file, table, endpoint_url, region, key, apple_url, out) as session:
        url = session.apple.realtime_url()
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
    from console import performance_test  # noqa: PLC0415  # `--help` need not wait for it
    from console.forecast import Subject  # noqa: PLC0415  # likewise

    out = Output(as_json=as_json)
    with _open(env, file, table, endpoint_url, region, key, apple_url, out) as session:
        subject = Subject(transaction, product)
        started = performance_test.start(session, subject, datetime.now(UTC), anyway=anyway)
    performance_test.show_started(started, out)


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
    from console import performance_test  # noqa: PLC0415  # `--help` need not wait for it

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
    key: Path | None,
    apple_url: str | None,
    out: Output,
) -> Any:  # noqa: ANN401  # a context manager of a Session
    return open_session(Where(env, file, table, endpoint_url, region), Access(key, apple_url), out)


# Understand ---------------------------------------------------------------------------------------------------------


def doctor(
    draft: Draft = None,
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
    """Look at everything that must fit, file, table, keys, Apple, defaults, sync, and say what to do about the rest.

    Exit code 0: nothing is wrong. Nothing is changed.
    """
    from console.doctor import examine  # noqa: PLC0415  # `--help` need not wait for it

    out = Output(as_json=as_json)
    if not examine(Where(env, draft or file, table, endpoint_url, region), Access(key, apple_url), out):
        raise typer.Exit(1)
