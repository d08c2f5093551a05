"""What commands ask for alike, and the four groups of `--help`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from console.deployment.where import APPLE_URL

WRITE: Final = "Write"
PUBLISH: Final = "Publish"
APPLE: Final = "Apple"
UNDERSTAND: Final = "Understand"

# The exit code of a command that found changes to make, or reviews to wait for.
PENDING: Final = 3

DEFAULT_FILE: Final = Path("retention.yaml")


def read_instant(text: str) -> datetime:
    """Return the aware instant that `text` writes in ISO 8601."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise typer.BadParameter("write an instant like 2026-12-01T09:00:00Z")
    return instant


FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The owner's file, such as retention.yaml.")]
Draft = Annotated[Path | None, typer.Argument(metavar="FILE", help="The owner's file; retention.yaml, if left out.")]
Env = Annotated[str | None, typer.Option("--env", "-e", help="An environment of the file: sandbox, production …")]
File = Annotated[Path, typer.Option("--file", "-f", help="The file that names app and environments.")]
Table = Annotated[str | None, typer.Option("--table", help="The DynamoDB table, instead of the stack's.")]
Endpoint = Annotated[str | None, typer.Option("--endpoint-url", help="Another address of AWS, such as a local one.")]
Region = Annotated[str | None, typer.Option("--region", help="The AWS region, instead of the file's.")]
App = Annotated[int | None, typer.Option("--app", help="The app's Apple id, instead of the file's.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing to production.")]
YesDelete = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")]
# A text, not a Path: one that is the key itself must stay as it was given.
Key = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="FILE", help="The API key, a .p8 file; else RETENTION_API_KEY, else SSM at <prefix>/<keyId>."
    ),
]
AppleUrl = Annotated[
    str | None,
    typer.Option(
        "--apple-url",
        metavar="URL",
        envvar=APPLE_URL,
        help="Another address of Apple's API, such as the simulator's.",
    ),
]
At = Annotated[
    datetime | None,
    typer.Option("--at", parser=read_instant, metavar="INSTANT", help="Judge as of 2026-12-01T09:00:00Z, not now."),
]
