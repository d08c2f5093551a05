"""What `retention export` and `retention import` print, and the file that an export is written to."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from console.backup.export import Exported
from console.backup.restore import Imported
from console.terminal.failure import Failure
from console.terminal.json_form import form_of
from console.terminal.output import Output


def new_file(named: Path | None, app_apple_id: int, place: str, now: datetime) -> Path:
    """Return the file to write: `named`, or one whose name has app, place and time. Raises Failure if it exists."""
    path = named or Path(f"retention-{app_apple_id}-{place}-{now:%Y%m%dT%H%M%SZ}.jsonl.gz")
    if path.exists():
        raise Failure(f"The file {path} exists, and is not overwritten: name another.")
    return path


def show_exported(done: Exported, path: Path, table: str, app_apple_id: int, out: Output, *, profiles: bool) -> None:
    """Print what the file has, which releases it does not have, and that it is a secret."""
    for number, why in done.left_out.items():
        out.warn(f"Release {number} is not in the file: {why}.")
    out.print(
        f"{done.rows} rows are in {path}: {len(done.releases)} releases ({done.release} is live)"
        + (f", {done.profiles} profiles." if profiles else "; profiles of customers are only in it with --profiles."),
        "green",
    )
    out.warn(
        f"{path} has the customer key, with which the log's customers can be identified: keep it as you keep a signing"
        " key."
    )
    out.document({"file": str(path), "table": table, "appAppleId": app_apple_id, **form_of(done)})


def show_imported(done: Imported, archive: Path, table: str, app_apple_id: int, out: Output) -> None:
    """Print what the table has now."""
    if done.already:
        out.print(f"{table} has all of {archive} already; nothing was written.", "green")
    else:
        live = f"{len(done.releases)} releases, of which {done.release} is live"
        out.print(f"{done.rows} rows are in {table}: {live}.", "green")
    out.document({"file": str(archive), "table": table, "appAppleId": app_apple_id, **form_of(done)})
