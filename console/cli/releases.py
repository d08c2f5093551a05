"""`publish`, `releases`, `rollback`, `pause` and `resume`: which release is live, and whether it answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import AtTarget, Out, Publication, Reshuffle, Yes, verb

if TYPE_CHECKING:
    from console.deployment.where import Where
    from console.terminal.output import Output

verbs = typer.Typer()


@verb(
    verbs,
    "publish",
    "retention publish retention.yaml --env sandbox",
    "retention publish retention.yaml --table T --endpoint-url http://127.0.0.1:8000",
)
def publish(where: Publication, *, reshuffle: Reshuffle = False, yes: Yes = False, out: Out) -> None:
    """Compile FILE and make it live. With any mistake in it, nothing is written."""
    from console.deployment.target import confirm
    from console.file.mistakes_report import warn
    from console.rollout.publish import prepare, publish_draft, show

    with out.progress() as report:
        draft = prepare(where, reshuffle=reshuffle, progress=report)
    warn(str(where.file), draft.compiled.warnings, out)
    confirm(draft.target, f"publish {where.file}", yes=yes)
    # The question may have waited for hours, and a release begun over an hour ago counts as abandoned.
    draft = replace(draft, now=datetime.now(UTC))
    with out.progress() as report:
        published = publish_draft(draft, report)
    show(published, draft, where.file, out)


@verb(verbs, "releases", "retention releases --env sandbox")
def releases(where: AtTarget, out: Out) -> None:
    """List the releases of an environment, the live one marked."""
    from console.deployment.target import find_target
    from console.releases.list_report import show
    from console.releases.listing import list_releases

    target = find_target(where)
    show(list_releases(target.app_table), out)


Number = Annotated[int | None, typer.Argument(metavar="N", help="The release; the one before, if left out.")]


@verb(verbs, "rollback", "retention rollback --env sandbox", "retention rollback 12 --env production --yes")
def rollback(number: Number = None, *, where: AtTarget, yes: Yes = False, out: Out) -> None:
    """Make an earlier release live again."""
    from console.deployment.target import confirm, find_target
    from console.releases import head

    target = find_target(where)
    confirm(target, "roll back to " + ("the release before" if number is None else f"release {number}"), yes=yes)
    moved = head.rollback(target.app_table, number)
    out.print(f"Release {moved.number} is live again, instead of {moved.previous}.", "green")
    out.document({"release": moved.number, "previous": moved.previous})


@verb(verbs, "pause", "retention pause --env production")
def pause(where: AtTarget, *, yes: Yes = False, out: Out) -> None:
    """Answer no request until `resume`: the App Store falls back to your other messages."""
    _set_paused(where, paused=True, yes=yes, out=out)


@verb(verbs, "resume", "retention resume --env production")
def resume(where: AtTarget, *, yes: Yes = False, out: Out) -> None:
    """Answer again, after `pause`."""
    _set_paused(where, paused=False, yes=yes, out=out)


def _set_paused(where: Where, *, paused: bool, yes: bool, out: Output) -> None:
    from console.deployment.target import confirm, find_target
    from console.releases import head

    target = find_target(where)
    confirm(target, "pause all answers" if paused else "resume answering", yes=yes)
    change = head.pause if paused else head.resume
    change(target.app_table)
    out.print("Paused: the App Store falls back." if paused else "Answering again.", "green")
    out.document({"paused": paused})
