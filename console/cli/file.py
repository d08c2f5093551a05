"""`validate` and `init`: whether a file is good, and a first one."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.cli.options import DEFAULT_FILE, At, OfFile, Out, verb
from console.terminal.failure import Failure
from console.terminal.output import ask_operator

verbs = typer.Typer()


@verb(
    verbs, "validate", "retention validate retention.yaml", "retention validate retention.yaml --env production --json"
)
def validate(where: OfFile, *, at: At = None, out: Out) -> None:
    """Report every mistake in FILE, with its line and what to write instead. Nothing is sent anywhere."""
    from console.file.validate import show, validate

    with out.progress() as report:
        found = validate(where.file, where.env, at or datetime.now(UTC), report)
    show(found, out)


Product = Annotated[
    list[str] | None,
    typer.Option(
        "--product",
        metavar="ID:PERIOD[:GROUP]",
        help="A subscription. PERIOD is P1W, P1M, P2M, P3M, P6M or P1Y; repeatable.",
    ),
]
Issuer = Annotated[
    str | None,
    typer.Option("--issuer", help="The issuer id of the In-App Purchase key, which `plan`, `apply` and offers need."),
]


@verb(
    verbs,
    "init",
    "retention init",
    "retention init --app 6745974591 --bundle com.example.app --product pro.monthly:P1M --product pro.annual:P1Y",
)
def init(
    file: Annotated[Path, typer.Option("--file", "-f", help="Where to write it.")] = DEFAULT_FILE,
    app_id: Annotated[str | None, typer.Option("--app", help="The app's Apple id; asked for if left out.")] = None,
    bundle: Annotated[str | None, typer.Option("--bundle", help="The bundle id; asked for if left out.")] = None,
    issuer: Issuer = None,
    key: Annotated[str | None, typer.Option("--key", help="The key id of that key.")] = None,
    product: Product = None,
    locale: Annotated[str, typer.Option("--locale", help="The locale of your first text, and the default.")] = "en-US",
    region: Annotated[str, typer.Option("--region", help="The AWS region of both stacks.")] = "us-east-1",
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    out: Out,
) -> None:
    """Write a first retention.yaml for an app: valid as it stands, with comments on what may come next."""
    from console.file import starter

    if file.exists() and not force:  # before anything is asked
        raise Failure(f"There is a {file} already: name another with --file, or overwrite it with --force.")
    given = starter.Given(app_id, bundle, issuer, key, product or (), locale, region)
    made = starter.complete(given, ask_operator if sys.stdin.isatty() else None)
    starter.write(made, file, force=force)
    starter.show(made, file, out)
