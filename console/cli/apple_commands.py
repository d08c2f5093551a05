"""`status`, `defaults`, `prune` and `doctor`: looking at Apple and the table, and putting small things right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from retention.locales import APPLE_LOCALES

from console.cli.options import (
    APPLE,
    DEFAULT_FILE,
    PENDING,
    UNDERSTAND,
    AppleUrl,
    Draft,
    Endpoint,
    Env,
    File,
    Json,
    Key,
    Region,
    Table,
    YesDelete,
)
from console.deployment.session import Session, open_checked
from console.deployment.target import confirm, confirm_deletion
from console.deployment.where import Access, Where
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import duration, plural

if TYPE_CHECKING:
    from console.rollout.defaults import DefaultCoverage


def register(app: typer.Typer) -> None:
    """Add these commands to the `retention` command."""
    commands: tuple[tuple[Callable[..., None], str, str], ...] = (
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
    from console.rollout.apply import prospect
    from console.rollout.status import make_status, show

    out = Output(as_json=as_json)
    with open_checked(Where(env, draft or file, table, endpoint_url, region), Access(key, apple_url), out) as session:
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
    from console.rollout.apply import prospect
    from console.rollout.defaults import DIFFERENT, OTHER, WAITING, configure_all, coverage, remove
    from console.rollout.observed import look

    if show_only and delete_others:
        raise typer.BadParameter("--show only shows: leave one of the two out", param_hint="--delete-others")
    out = Output(as_json=as_json)
    with open_checked(Where(env, draft or file, table, endpoint_url, region), Access(key, apple_url), out) as session:
        found = prospect(session, reshuffle=True)

        def cover() -> list[DefaultCoverage]:
            return coverage(session.document, found.compiled, look(session))

        covered = coverage(session.document, found.compiled, found.seen)
        wrong = _verify(session, covered, out, yes=yes) if verify else []
        if wrong:
            covered = cover()
        _show_defaults(covered, out)
        others_of_apples = len(APPLE_LOCALES - {one.locale for one in covered})
        if others_of_apples:
            out.say(
                f"Note: in Apple's other {others_of_apples} locales nothing has a default, and where none is, Apple may"
                " show nothing at all. A locale is added to a set by its text; the same words are the same message."
            )
        todo = [one for one in covered if one.standing == DIFFERENT]
        others = [one for one in covered if one.standing == OTHER] if delete_others else []
        if not show_only and todo:
            _tell_time(session, "Configure Default Message", len(todo), out)
            confirm(session.target, f"configure {plural(len(todo), 'default')}", yes=yes)
            with out.progress() as report:
                configure_all(session, {(one.product, one.locale): str(one.target) for one in todo}, report)
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
            "defaults": [{**form_of(one), "standing": one.standing} for one in covered],
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


def _verify(session: Session, covered: list[DefaultCoverage], out: Output, *, yes: bool) -> list[tuple[str, str]]:
    from console.rollout.defaults import verify

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
    out.note(f"{plural(calls, 'call')} to Apple, at the pace that it allows: about {duration(seconds)}.")


def _show_defaults(covered: list[DefaultCoverage], out: Output) -> None:
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
    from console.rollout.apply import prospect
    from console.rollout.prune import find_prunable, kept_messages, told
    from console.rollout.prune import prune as delete

    out = Output(as_json=as_json)
    with open_checked(Where(env, draft or file, table, endpoint_url, region), Access(key, apple_url), out) as session:
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
    from console.rollout.doctor import examine

    out = Output(as_json=as_json)
    if not examine(Where(env, draft or file, table, endpoint_url, region), Access(key, apple_url), out):
        raise typer.Exit(1)
