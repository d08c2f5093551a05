"""`retention export` and `retention import`: an app's rows in a file, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.cli.options import AtTarget, Out, Yes, verb

verbs = typer.Typer()

NewFile = Annotated[
    Path | None, typer.Argument(metavar="FILE", help="A new file; named by app, environment and time, if left out.")
]


@verb(
    verbs,
    "export",
    "retention export --env production",
    "retention export before.jsonl.gz --env production --profiles",
)
def export_app(
    to: NewFile = None,
    *,
    profiles: Annotated[
        bool, typer.Option("--profiles", help="Facts about customers too: personal data, which expires.")
    ] = False,
    where: AtTarget,
    out: Out,
) -> None:
    """Write everything the app has in the table into FILE. Keep it secret: it has the app's customerKey."""
    from console.backup.export import export
    from console.backup.report import new_file, show_exported
    from console.deployment.target import find_target

    now = datetime.now(UTC)
    target = find_target(where)
    path = new_file(to, target.app_apple_id, where.env or target.table, now)
    with out.progress() as report:
        done = export(
            target.app_table,
            path,
            environment=target.environment,
            now=now,
            profiles=profiles,
            progress=report,
        )
    show_exported(done, path, target.table, target.app_apple_id, out, profiles=profiles)


@verb(
    verbs,
    "import",
    "retention import before.jsonl.gz --env production",
    "retention import before.jsonl.gz --env production --replace",
)
def import_app(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="What `retention export` wrote.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Even if the table has the app: what is in the file replaces its rows.")
    ] = False,
    where: AtTarget,
    yes: Yes = False,
    out: Out,
) -> None:
    """Write an exported app into a table: the same releases, the same customers in the same arms.

    FILE is read completely before anything is written; the app goes live last. If it is stopped, run it again.
    """
    from console.backup.archive import inspect
    from console.backup.report import show_imported
    from console.backup.restore import check_place, import_app
    from console.deployment.target import confirm, find_target

    with out.progress() as report:
        contents = inspect(archive, lambda done: report("read", done, done))
    target = find_target(where)
    check_place(contents, target.app_apple_id, target.environment)
    confirm(target, f"import {archive}", yes=yes)
    with out.progress() as report:
        done = import_app(
            target.app_table,
            archive,
            contents,
            now=datetime.now(UTC),
            replace=replace,
            progress=report,
        )
    show_imported(done, archive, target.table, target.app_apple_id, out)
