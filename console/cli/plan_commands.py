"""`plan`, `apply` and `promote`: one file that Apple and the table are made to agree with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import (
    DEFAULT_FILE,
    PENDING,
    PUBLISH,
    AppleUrl,
    Draft,
    Endpoint,
    Env,
    File,
    Json,
    Key,
    Region,
    Table,
    Yes,
)
from console.deployment.session import Session, open_checked
from console.deployment.target import confirm
from console.deployment.where import Access, Where
from console.terminal.failure import Failure
from console.terminal.output import Output

if TYPE_CHECKING:
    from console.rollout.apply import Done, Prospect

Reshuffle = Annotated[bool, typer.Option("--reshuffle", help="Let an experiment's arms change under its key.")]
AllowSilencing = Annotated[
    bool, typer.Option("--allow-silencing", help="Import states even if most live messages could no longer be served.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the `retention` command."""
    commands: tuple[tuple[Callable[..., None], str], ...] = (
        (plan, "Examples: `retention plan --env sandbox`; `retention plan retention.yaml --env production`."),
        (apply, "Examples: `retention apply --env sandbox`; `retention apply --env production --yes`."),
        (promote, "Example: `retention promote --from sandbox --to production`."),
    )
    for command, epilog in commands:
        app.command(rich_help_panel=PUBLISH, epilog=epilog)(command)


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
    from console.rollout.apply import estimate
    from console.rollout.plan_report import show_estimate, show_plan, summary

    out = Output(as_json=as_json)
    where = Where(env, draft or file, table, endpoint_url, region)
    with open_checked(where, Access(key, apple_url), out) as session:
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
    with open_checked(where, Access(key, apple_url), out) as session:
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
    from console.rollout.plan_report import show_plan

    if from_ == to:
        raise typer.BadParameter("name two environments", param_hint="--to")
    out = Output(as_json=as_json)
    source = Where(from_, draft or file, from_table, endpoint_url, region)
    access = Access(key, apple_url)
    with open_checked(source, access, out) as session:
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
    with open_checked(target, access, out) as session:
        done = _apply(session, out, reshuffle=reshuffle, allow_silencing=allow_silencing, yes=yes)
    _end(done, out)


def _prospect(session: Session, out: Output, *, reshuffle: bool) -> Prospect:
    from console.rollout.apply import prospect

    found = prospect(session, reshuffle=reshuffle)
    for warning in found.compiled.warnings:
        out.warn(f"{session.where.file}:{warning.line}: warning: {warning}")
    return found


def _apply(session: Session, out: Output, *, reshuffle: bool, allow_silencing: bool, yes: bool) -> Done:
    from console.rollout.apply import Applying, estimate
    from console.rollout.plan_report import show_estimate, show_plan

    found = _prospect(session, out, reshuffle=reshuffle)
    show_plan(found.plan, str(session.where.file), out)
    if found.plan.has_changes:
        show_estimate(estimate(session, found.plan), out)
        confirm(session.target, f"apply {session.where.file}", yes=yes)
    return Applying(session, out, reshuffle=reshuffle, allow_silencing=allow_silencing).run(found)


def _end(done: Done, out: Output) -> None:
    from console.rollout.plan_report import show_done, show_left, summary

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
