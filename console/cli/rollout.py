"""`plan`, `apply`, `promote`, `import-states`, `status`, `defaults`, `prune`, `doctor`: the file, Apple, the table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import (
    DEFAULT_FILE,
    PENDING,
    Apple,
    AtDraft,
    AtTarget,
    Draft,
    Endpoint,
    File,
    MadeBy,
    Out,
    Region,
    Reshuffle,
    Yes,
    YesDelete,
    verb,
)
from console.deployment.where import Where

if TYPE_CHECKING:
    from console.rollout.apply import ApplyResult
    from console.terminal.output import Output

verbs = typer.Typer()

AllowSilencing = Annotated[
    bool, typer.Option("--allow-silencing", help="Import states even if most live messages could no longer be served.")
]


@verb(verbs, "plan", "retention plan --env sandbox", "retention plan retention.yaml --env production")
def plan(where: AtDraft, access: Apple, *, reshuffle: Reshuffle = False, out: Out) -> None:
    """Show what `apply` would upload, publish and configure, and what only Apple can settle. Nothing is changed.

    Exit code 0: the file, Apple and the table agree. 3: there are changes to apply, or reviews to wait for.
    """
    from console.deployment.session import open_checked
    from console.rollout.apply import estimate
    from console.rollout.plan_report import show
    from console.rollout.runs import plan_with_warnings

    with open_checked(where, access, out) as session:
        found = plan_with_warnings(session, out, reshuffle=reshuffle).plan
        seconds = estimate(session, found) if found.has_changes else 0.0
    show(found, str(where.file), seconds, out)
    if not found.agrees:
        raise typer.Exit(PENDING)


@verb(verbs, "apply", "retention apply --env sandbox", "retention apply --env production --yes")
def apply(
    where: AtDraft,
    access: Apple,
    *,
    reshuffle: Reshuffle = False,
    allow_silencing: AllowSilencing = False,
    yes: Yes = False,
    out: Out,
) -> None:
    """Make Apple and the table agree with the file: upload images and messages, publish, configure defaults.

    If it is stopped, run it again: it continues from what Apple and the table have. Exit code 0: all agree. 3: all is
    done but what Apple still has to review.
    """
    from console.deployment.session import open_checked
    from console.rollout.runs import Allowed, apply

    with open_checked(where, access, out) as session:
        done = apply(session, out, Allowed(reshuffle=reshuffle, silencing=allow_silencing, yes=yes))
    _end(done, out)


def _promotion(
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
) -> tuple[Where, Where]:
    """Name one file in two environments."""
    if from_ == to:
        raise typer.BadParameter("name two environments", param_hint="--to")
    source = Where(from_, draft or file, from_table, endpoint_url, region)
    return source, Where(to, draft or file, to_table, endpoint_url, region)


@verb(verbs, "promote", "retention promote --from sandbox --to production")
def promote(
    places: Annotated[tuple[Where, Where], MadeBy(_promotion)],
    access: Apple,
    *,
    reshuffle: Reshuffle = False,
    allow_silencing: AllowSilencing = False,
    yes: Yes = False,
    out: Out,
) -> None:
    """Apply a file to a second environment, once the first one agrees with it.

    Refuses while the file differs from what --from has: apply it there, and try it, first.
    """
    from console.rollout.runs import Allowed, promote

    done = promote(*places, access, out, Allowed(reshuffle=reshuffle, silencing=allow_silencing, yes=yes))
    _end(done, out)


def _end(done: ApplyResult, out: Output) -> None:
    from console.rollout.plan_report import show_end

    if not show_end(done, out):
        raise typer.Exit(PENDING)


@verb(verbs, "import-states", "retention import-states messages.json images.json --env sandbox")
def import_states(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="The bodies of Apple's Get Message List and Get Image List.")
    ],
    where: AtTarget,
    *,
    allow_silencing: AllowSilencing = False,
    yes: Yes = False,
    out: Out,
) -> None:
    """Import what App Review decided: a message or image that no list names counts as deleted."""
    from console.appstore.saved_lists import read_lists
    from console.deployment.target import confirm, find_target
    from console.rollout.states import import_states, show

    lists = read_lists(files)
    target = find_target(where)
    confirm(target, "import review states", yes=yes)
    show(import_states(target, lists, allow_silencing=allow_silencing), lists, target, out)


@verb(verbs, "status", "retention status --env production", "retention status --env production --json")
def status(where: AtDraft, access: Apple, out: Out) -> None:
    """Show the state of every text and image, since when, what serves meanwhile, and which rules wait.

    Exit code 0: every text is approved. 3: some are not.
    """
    from console.deployment.session import open_checked
    from console.rollout.apply import observe_and_plan
    from console.rollout.status import make_status, show

    with open_checked(where, access, out) as session:
        # Reshuffled or not, the texts are the same.
        found = observe_and_plan(session, reshuffle=True)
        standing = make_status(session.document, found.compiled, found.seen)
    show(standing, out)
    if not standing.settled:
        raise typer.Exit(PENDING)


@verb(verbs, "defaults", "retention defaults --env production --show", "retention defaults --env production --verify")
def defaults(
    where: AtDraft,
    access: Apple,
    *,
    show_only: Annotated[bool, typer.Option("--show", help="Only show; configure nothing.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Ask Apple for each one first, and correct our record: one call each.")
    ] = False,
    delete_others: Annotated[
        bool, typer.Option("--delete-others", help="Delete the recorded ones that the file does not want.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing or deleting.")] = False,
    out: Out,
) -> None:
    """Show the default message of every product and locale, gaps first, and configure what differs from the file.

    Apple has no list of them: this is our own record, which --verify compares with Apple. Exit code 0: each is as in
    the file. 3: some wait for a review, or for --show to be left out.
    """
    from console.deployment.session import open_checked
    from console.rollout.defaults_run import Choice, settle, show_end

    if show_only and delete_others:
        raise typer.BadParameter("--show only shows: leave one of the two out", param_hint="--delete-others")
    choice = Choice(show_only=show_only, verify=verify, delete_others=delete_others, yes=yes)
    with open_checked(where, access, out) as session:
        settled = settle(session, choice, out)
    if not show_end(settled, out):
        raise typer.Exit(PENDING)


@verb(verbs, "prune", "retention prune --env sandbox --show", "retention prune --env sandbox --yes")
def prune(
    where: AtDraft,
    access: Apple,
    *,
    show_only: Annotated[bool, typer.Option("--show", help="Only show; delete nothing.")] = False,
    yes: YesDelete = False,
    out: Out,
) -> None:
    """Delete messages and images at Apple that neither the file, a kept release, nor a default names.

    An id that was deleted cannot be used again: the same text then needs another `revision`.
    """
    from console.deployment.session import open_checked
    from console.rollout.prune_run import examine, prune, show, show_end

    with open_checked(where, access, out) as session:
        prunable = examine(session)
        show(prunable, out)
        kept = None if show_only or prunable.empty else prune(session, prunable, out, yes=yes)
    show_end(prunable, kept, out)


@verb(verbs, "doctor", "retention doctor --env production", "retention doctor --env sandbox --json")
def doctor(where: AtDraft, access: Apple, out: Out) -> None:
    """Check file, table, keys, Apple, defaults and sync, and print what to do about each problem.

    Exit code 0: nothing is wrong. Nothing is changed.
    """
    from console.rollout.doctor import examine

    if not examine(where, access, out):
        raise typer.Exit(1)
