"""`retention export` and `retention import`: an app's rows in a file, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from console.cli.options import DEFAULT_FILE, PUBLISH, App, Endpoint, Env, File, Json, Region, Table, Yes
from console.deployment.target import Target, confirm, find
from console.deployment.where import Where
from console.terminal.failure import Failure
from console.terminal.json_form import form_of
from console.terminal.output import Output

_EXPORT: Final = (
    "Examples: `retention export --env production`; `retention export before.jsonl.gz --env production --profiles`."
)
_IMPORT: Final = (
    "Examples: `retention import before.jsonl.gz --env production`; `retention import before.jsonl.gz --env production"
    " --replace`."
)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("export", rich_help_panel=PUBLISH, epilog=_EXPORT)(export_app)
    app.command("import", rich_help_panel=PUBLISH, epilog=_IMPORT)(import_app)


def export_app(
    to: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A new file; named by app, environment and time, if left out.")
    ] = None,
    profiles: Annotated[  # noqa: FBT002  # Typer reads the default
        bool, typer.Option("--profiles", help="Facts about customers too: people's data, which expires.")
    ] = False,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write everything the app has in the table into FILE. Keep it secret: whoever has it can tell people apart."""
    from console.backup.export import export

    out = Output(as_json=as_json)
    now = datetime.now(UTC)
    target = find(Where(env, file, table, endpoint_url, region, app_id))
    path = to or _name(target, env, now)
    if path.exists():
        raise Failure(f"There is a file {path} already, which is not overwritten: name another.")
    with out.progress() as report:
        done = export(
            target.app_table,
            path,
            environment=target.environment,
            now=now,
            profiles=profiles,
            progress=report,
        )
    for number, why in done.left_out.items():
        out.warn(f"Release {number} is not in the file: {why}.")
    out.say(
        f"{done.rows} rows are in {path}: {len(done.releases)} releases ({done.release} is live)"
        + (f", {done.profiles} customers." if profiles else "; no customers, who come with --profiles."),
        "green",
    )
    out.warn(f"{path} holds customerKey, by which the log tells people apart: keep it as you keep a signing key.")
    out.document({"file": str(path), "table": target.table, "appAppleId": target.app_apple_id, **form_of(done)})


def import_app(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="What `retention export` wrote.")],
    replace: Annotated[  # noqa: FBT002  # Typer reads the default
        bool, typer.Option("--replace", help="Though the table has the app: what the file knows becomes what it says.")
    ] = False,
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
    app_id: App = None,
    yes: Yes = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write an exported app into a table: the same releases, the same customers in the same arms.

    FILE is read whole before anything is written; the app goes live last. Stopped half way, it can be typed again.
    """
    from console.backup import restore as importing
    from console.backup.archive import inspect

    out = Output(as_json=as_json)
    with out.progress() as report:
        contents = inspect(archive, lambda done: report("read", done, done))
    target = find(Where(env, file, table, endpoint_url, region, app_id))
    importing.check_place(contents, target.app_apple_id, target.environment)
    confirm(target, f"import {archive}", yes=yes)
    with out.progress() as report:
        done = importing.import_app(
            target.app_table,
            archive,
            contents,
            now=datetime.now(UTC),
            replace=replace,
            progress=report,
        )
    if done.already:
        out.say(f"{target.table} has all of {archive} already; nothing was written.", "green")
    else:
        out.say(
            f"{done.rows} rows are in {target.table}: {len(done.releases)} releases, of which {done.release} is live.",
            "green",
        )
    out.document({"file": str(archive), "table": target.table, "appAppleId": target.app_apple_id, **form_of(done)})


def _name(target: Target, env: str | None, now: datetime) -> Path:
    return Path(f"retention-{target.app_apple_id}-{env or target.table}-{now:%Y%m%dT%H%M%SZ}.jsonl.gz")
