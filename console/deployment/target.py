"""Which table, of which app, a command is about, and the question before it writes to production."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from retention.aws.app_table import AppTable
from retention.request import PRODUCTION, SANDBOX

from console.deployment.aws import client
from console.deployment.stack import Stack, find_stack
from console.deployment.where import Where
from console.file.document import read_named
from console.file.entries import Document
from console.file.mistakes import suggestion
from console.terminal.failure import Failure, Misuse
from console.terminal.output import ask_operator


@dataclass(frozen=True, slots=True)
class Target:
    """A table and an app in it. `app_name` is what a person types to confirm: the bundle id, or the app's number.

    `stack` has no name and no outputs where the table was named. `production` is True also where that is not known.
    """

    dynamodb: Any
    stack: Stack
    app_apple_id: int
    app_name: str
    production: bool

    @property
    def table(self) -> str:
        """The table's name."""
        return self.stack.table

    @property
    def environment(self) -> str:
        """The App Store environment, Sandbox or Production; empty where it is not known."""
        return self.stack.environment

    @property
    def app_table(self) -> AppTable:
        """The app's rows in the table."""
        return AppTable(self.dynamodb, self.table, self.app_apple_id)


def find_target(where: Where, document: Document | None = None) -> Target:
    """Resolve `where`, with the file's help where that is needed. Raises Failure with what is missing."""
    if where.table is None and where.env is None:
        raise Misuse("Name the environment with --env, or the table with --table.")
    if document is None and (where.app is None or where.env is not None):
        document = read_named(where.file, ", or the app and the table with --app and --table")
    app_apple_id, app_name = _app(where, document)
    region, stack_name = where.region, ""
    if where.env is not None and document is not None:
        if where.env not in document.environments:
            hint = suggestion(where.env, document.environments)
            raise Failure(f"{document.file} has no environment `{where.env}`. {hint}")
        environment = document.environments[where.env]
        if not environment.stack and where.table is None:
            raise Failure(f"{document.file} names no stack for `{where.env}`: write `stack: …` under it.")
        region, stack_name = where.region or environment.region, environment.stack
    stack, production = _place(where, stack_name, region)
    dynamodb = client("dynamodb", region=region, endpoint_url=where.endpoint_url)
    return Target(dynamodb, stack, app_apple_id, app_name, production)


def _app(where: Where, document: Document | None) -> tuple[int, str]:
    app = None if document is None else document.app
    if where.app is not None:
        return where.app, app.bundle_id if app and app.app_apple_id == where.app else str(where.app)
    if app is None:
        raise Failure(f"{where.file} names no app: write `app: {{appAppleId: …, bundleId: …}}`, or use --app.")
    return app.app_apple_id, app.bundle_id


def _place(where: Where, stack_name: str, region: str | None) -> tuple[Stack, bool]:
    """Return where it is, and whether it may be production: unknown counts as production unless it is local."""
    if where.table is not None:
        named = (where.env or "").casefold().startswith("prod")
        local = where.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        harmless = local or (where.env or "").casefold().startswith("sand")
        environment = PRODUCTION if named else SANDBOX if harmless else ""
        return Stack("", where.table, "", environment), named or not harmless
    stack = find_stack(stack_name, region=region, endpoint_url=where.endpoint_url)
    return stack, stack.environment in {PRODUCTION, ""}


def confirm(target: Target, doing: str, *, yes: bool, ask: Callable[[str], str] = ask_operator) -> None:
    """Ask for the app's name before something is written to production. Raises Failure unless it is given."""
    if yes or not target.production:
        return
    if not sys.stdin.isatty():
        raise Failure(
            f"This would {doing} in production (table {target.table}). Add --yes to do it without being asked."
        )
    if ask(f"This will {doing} in production. Type {target.app_name} to go on: ").strip() != target.app_name:
        raise Failure("That is not the app's name. Nothing was changed.")


def confirm_deletion(target: Target, what: str, *, yes: bool, ask: Callable[[str], str] = ask_operator) -> None:
    """Ask before anything is deleted, in every environment. Raises Failure unless the app's name is given."""
    if yes:
        return
    where = target.environment or f"the table {target.table}"
    if not sys.stdin.isatty():
        raise Failure(f"This would delete {what} ({where}). Add --yes to do it without being asked.")
    if (
        ask(f"This will delete {what} ({where}), for good. Type {target.app_name} to go on: ").strip()
        != target.app_name
    ):
        raise Failure("That is not the app's name. Nothing was deleted.")
