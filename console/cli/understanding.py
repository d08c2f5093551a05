"""The commands that begin a file and show what one means: `init`, `coverage`, `diff`, `replay`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Final

import typer

from console.cli.options import (
    DEFAULT_FILE,
    UNDERSTAND,
    WRITE,
    App,
    At,
    Endpoint,
    Env,
    File,
    Json,
    Region,
    Table,
)
from console.deployment.target import Target, find
from console.deployment.where import Where
from console.terminal.failure import Failure
from console.terminal.output import Output, Report

if TYPE_CHECKING:
    from console.decisions.coverage import Coverage
    from console.decisions.log import Logged
    from console.file.edition import Side

# As in `diff`: scripts tell a difference from a failure.
DIFFERENT: Final = 3


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the `retention` command."""
    app.command(
        "init",
        rich_help_panel=WRITE,
        epilog="Examples: `retention init`; `retention init --app 6745974591 --bundle com.example.app --product"
        " pro.monthly:P1M --product pro.annual:P1Y`.",
    )(init)
    app.command(
        "coverage",
        rich_help_panel=UNDERSTAND,
        epilog="Examples: `retention coverage retention.yaml --all-locales`; `retention coverage --env production"
        " --product pro.monthly --locale fr-CA`.",
    )(coverage)
    app.command(
        "diff",
        rich_help_panel=UNDERSTAND,
        epilog="Examples: `retention diff live retention.yaml --env production`; `retention diff 12 13 --env sandbox`;"
        " `retention diff old.yaml new.yaml --json`.",
    )(diff)
    app.command(
        "replay",
        rich_help_panel=UNDERSTAND,
        epilog="Examples: `retention replay yesterday.log.gz --against retention.yaml --env production`; `aws logs"
        " filter-log-events --log-group-name GROUP --output json | retention replay - --against retention.yaml`.",
    )(replay)


def init(
    file: Annotated[Path, typer.Option("--file", "-f", help="Where to write it.")] = DEFAULT_FILE,
    app_id: Annotated[str | None, typer.Option("--app", help="The app's Apple id; asked for if left out.")] = None,
    bundle: Annotated[str | None, typer.Option("--bundle", help="The bundle id; asked for if left out.")] = None,
    issuer: Annotated[
        str | None,
        typer.Option("--issuer", help="The issuer id of the In-App Purchase key; for `plan`, `apply`, offers."),
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="The id of that key; likewise.")] = None,
    product: Annotated[
        list[str] | None,
        typer.Option(
            "--product", metavar="ID:PERIOD[:GROUP]", help="A subscription: P1W, P1M, P2M, P3M, P6M or P1Y; repeatable."
        ),
    ] = None,
    locale: Annotated[str, typer.Option("--locale", help="The locale of your first text, and the default.")] = "en-US",
    region: Annotated[str, typer.Option("--region", help="The AWS region of both stacks.")] = "us-east-1",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,  # noqa: FBT002  # Typer reads the default
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write a first retention.yaml for an app: valid as it stands, with comments on what may come next."""
    from console.file import starter

    out = Output(as_json=as_json)
    if file.exists() and not force:  # before anything is asked
        raise Failure(f"There is a {file} already: name another with --file, or overwrite it with --force.")
    given = starter.Given(app_id, bundle, issuer, key, product or (), locale, region)
    asks = sys.stdin.isatty()
    made = starter.complete(given, _ask if asks else None)
    starter.write(made, file, force=force)
    following = f"`retention coverage {quote(str(file))}`"
    out.say(f"{file} is written. Next: {following} shows what customers would be shown.", "green")
    out.document({"file": str(file), "products": [one.product_id for one in made.products]})


def _target(where: Where) -> Target | None:
    """Return the table that is named, None where a file alone is asked about."""
    return None if where.env is None and where.table is None else find(where)


def _ask(question: str) -> str:
    """Ask on standard error, as every question is asked: standard output holds the answer alone."""
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise Failure("The questions were not answered, and nothing is written.")
    return line.rstrip("\n")


def coverage(
    draft: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A file to cover; the live release, if left out.")
    ] = None,
    product: Annotated[
        list[str] | None, typer.Option("--product", help="Only this product, or `*` for all others; repeatable.")
    ] = None,
    locale: Annotated[list[str] | None, typer.Option("--locale", help="Only this locale; repeatable.")] = None,
    all_locales: Annotated[  # noqa: FBT002  # Typer reads the default
        bool, typer.Option("--all-locales", help="Apple's fifty locales besides the file's own.")
    ] = False,
    check: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--check", help="Exit with 3 if a rule is out of reach, a text waits or a default is missing."),
    ] = False,
    at: At = None,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show what every customer would be shown, by product, locale and arm, and what is missing there.

    With --env or --table texts count by their review states, and defaults by our record; else all texts as approved.
    """
    from console.decisions import coverage as covering
    from console.file.edition import from_file
    from console.releases.live import require_live
    from console.releases.overview import look_at_table

    out = Output(as_json=as_json)
    where = Where(env, draft or file, table, endpoint_url, region, app_id)
    choice = covering.Choice(tuple(product or ()), tuple(locale or ()), all_locales)
    now = at or datetime.now(UTC)
    target = _target(where)
    with out.progress() as report:
        known = None if target is None else look_at_table(target.app_table).standing
        if draft is not None:
            previous = None if known is None else known.previous
            edition = from_file(draft, now=now, environment=env, previous=previous, progress=report)
        elif target is not None:
            edition = require_live(target.app_table).edition()
        else:
            raise Failure("Name a file, or the environment with --env, or the table with --table.")
        found = covering.cover(edition, known, now, choice, report)
        if target is not None:
            found = _with_earlier_texts(found, target)
    covering.show(found, out)
    if check and found.gaps:
        raise typer.Exit(DIFFERENT)


def _with_earlier_texts(found: Coverage, target: Target) -> Coverage:
    """Add the texts of messages that only earlier releases have: predecessors that still serve, and defaults."""
    from console.releases.editions import earlier_texts

    return replace(found, texts={**found.texts, **earlier_texts(target.app_table, found.unknown_texts)})


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A release's number, `live`, or a file.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Likewise.")],
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    as_json: Json = False,  # noqa: FBT002  # Typer reads the default
) -> None:
    """Show what two releases or files tell customers differently. Exit code 0: nothing; 3: something; 1: failed.

    Numbers are releases; a file whose name is a number is written ./12.
    """
    from console.decisions import differences

    out = Output(as_json=as_json)
    named = [name for name in (before, after) if not _is_release(name)]
    where = Where(env, Path(named[0]) if named and file == DEFAULT_FILE else file, table, endpoint_url, region, app_id)
    target = find(where) if len(named) < 2 else None  # noqa: PLR2004  # the two sides
    found = differences.differences(_side(before, target), _side(after, target))
    differences.show(found, out)
    if found.any:
        raise typer.Exit(DIFFERENT)


def _is_release(name: str) -> bool:
    return name == "live" or (name.isascii() and name.isdigit())


def _side(name: str, target: Target | None) -> Side:
    from console.file.edition import side_of_file
    from console.releases.live import require_live
    from console.releases.read import read

    if target is None or not _is_release(name):
        return side_of_file(Path(name))
    release = require_live(target.app_table) if name == "live" else read(target.app_table, int(name))
    return release.edition().side()


def replay(
    logs: Annotated[
        list[Path],
        typer.Argument(metavar="LOG", help="The function's log, in any export, gzipped or not; - for standard input."),
    ],
    against: Annotated[Path, typer.Option("--against", metavar="FILE", help="The draft to judge by.")],
    env: Env = None,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    as_json: Json = False,  # noqa: FBT002  # Typer reads the default
) -> None:
    """Judge yesterday's logged decisions by a draft: what changes, by rule and answer. Exit code 3: something does.

    With --env or --table texts count by their review states, and logged decisions tell more about customers, since the
    releases they were made by are there. Else every text counts as approved. Requests that hinge on facts about the
    customer which nothing proves are counted as undecidable.
    """
    from console.decisions import replay as replaying
    from console.decisions.log import read_log
    from console.file.edition import from_file
    from console.releases.editions import KeptEditions
    from console.releases.overview import look_at_table

    out = Output(as_json=as_json)
    target = _target(Where(env, against, table, endpoint_url, region, app_id))
    now = datetime.now(UTC)
    with out.progress() as report:
        known = None if target is None else look_at_table(target.app_table).standing
        previous = None if known is None else known.previous
        draft = from_file(against, now=now, environment=env, previous=previous, progress=report)
        lines = (logged for path in logs for logged in read_log(path))
        states = None if known is None else known.states
        found = replaying.replay(
            _counted(lines, report), draft, states, KeptEditions(None if target is None else target.app_table)
        )
    if not found.requests:
        names = ", ".join(map(str, logs))
        raise Failure(f"There is no logged decision in {names}: export the log group of the function.")
    replaying.show(found, str(against), out)
    if found.changed:
        raise typer.Exit(DIFFERENT)


_STEP: Final = 10_000


def _counted(lines: Iterable[Logged], report: Report) -> Iterator[Logged]:
    for number, logged in enumerate(lines, 1):
        if number % _STEP == 0:
            report("replaying", number, number)
        yield logged
