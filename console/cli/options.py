"""Options, each written once: their types, and the objects that functions make of several of them.

A verb names what it needs, for example `where: AtTarget`, and `takes_options` shows Typer the options that make it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args

import typer

from console.deployment.where import APPLE_URL, Access, Where
from console.terminal.output import Output

T = TypeVar("T")

# The exit code of a command that found changes to make, reviews to wait for, or a difference: as `diff` does, it lets
# scripts distinguish that from a failure.
PENDING: Final = 3

DEFAULT_FILE: Final = Path("retention.yaml")


def takes_options(function: Callable[..., T]) -> Callable[..., T]:
    """Return `function` as Typer reads it: each parameter that is made of options is replaced, in place, by those.

    The new function has its own signature and copies name and docstring by hand: with `functools.wraps`, Typer would
    read the annotations of `function` (Typer's issue 1898).
    """
    shown: list[inspect.Parameter] = []
    makers: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {}
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        make = _maker(parameter)
        options = [parameter] if make is None else list(inspect.signature(make).parameters.values())
        shown += [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options]
        makers[parameter.name] = (make or _itself, tuple(option.name for option in options))

    def run(**given: Any) -> T:  # noqa: ANN401  # what Typer read
        return function(**{name: make(**{one: given[one] for one in named}) for name, (make, named) in makers.items()})

    run.__name__, run.__doc__, run.__module__ = function.__name__, function.__doc__, function.__module__
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]  # what inspect.signature returns
    return run


@dataclass(frozen=True, slots=True)
class MadeBy:
    """Marks a parameter that `make` makes of the options in its own signature."""

    make: Callable[..., Any]


def _maker(parameter: inspect.Parameter) -> Callable[..., Any] | None:
    marks = [mark for mark in get_args(parameter.annotation)[1:] if isinstance(mark, MadeBy)]
    return takes_options(marks[0].make) if marks else None


def _itself(**given: Any) -> Any:  # noqa: ANN401  # as above
    (value,) = given.values()
    return value


def verb(app: typer.Typer, name: str, *examples: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function to `app` as the verb `name`. `examples` are commands that its `--help` shows last, each on a line.

    Typer joins the lines of a help text's first paragraph only, so here those of every other one are joined.
    """
    epilog = "\n".join(["Examples:" if len(examples) > 1 else "Example:", *examples]) if examples else None

    def add(function: Callable[..., None]) -> Callable[..., None]:
        paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
        text = "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)
        return app.command(name, help=text, epilog=epilog)(takes_options(function))

    return add


def read_instant(text: str) -> datetime:
    """Return the aware instant that `text` writes in ISO 8601."""
    try:
        instant = datetime.fromisoformat(text)
        instant.astimezone(UTC)  # at either end of the calendar, a zone can lead out of it
    except (ValueError, OverflowError):
        instant = None
    if instant is None or instant.tzinfo is None:
        raise typer.BadParameter("write an instant like 2026-12-01T09:00:00Z")
    return instant


def check_utf8(**options: str | None) -> None:
    """Refuse what cannot be in JSON: bytes of a terminal that are not UTF-8."""
    for name, value in options.items():
        try:
            (value or "").encode()
        except UnicodeEncodeError:
            raise typer.BadParameter("write it in UTF-8", param_hint=f"--{name}") from None


FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The owner's file, such as retention.yaml.")]
Draft = Annotated[Path | None, typer.Argument(metavar="FILE", help="The owner's file; retention.yaml, if left out.")]
Env = Annotated[str | None, typer.Option("--env", "-e", help="An environment of the file: sandbox, production …")]
File = Annotated[Path, typer.Option("--file", "-f", help="The file that names app and environments.")]
Table = Annotated[str | None, typer.Option("--table", help="The DynamoDB table, instead of the stack's.")]
Endpoint = Annotated[
    str | None,
    typer.Option("--endpoint-url", help="An address to call instead of AWS's, such as http://127.0.0.1:8000."),
]
Region = Annotated[str | None, typer.Option("--region", help="The AWS region, instead of the file's.")]
App = Annotated[int | None, typer.Option("--app", help="The app's Apple id, instead of the file's.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing to production.")]
YesDelete = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")]
Reshuffle = Annotated[
    bool, typer.Option("--reshuffle", help="Publish even if an experiment has other arms under the same key.")
]
Anyway = Annotated[bool, typer.Option("--anyway", help="Start even if requests in some locale would get no answer.")]
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
        help="An address to call instead of Apple's, such as the simulator's.",
    ),
]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        parser=read_instant,
        metavar="INSTANT",
        help="Judge as of such a time: 2026-12-01T09:00:00Z.",
    ),
]
# Of a request that is made up: the same for `explain`, `sign-request` and `rehearse`.
Transaction = Annotated[str, typer.Option("--transaction", help="The originalTransactionId.")]
DEFAULT_TRANSACTION: Final = "99371282"
Product = Annotated[str | None, typer.Option("--product", help="The product the customer holds.")]
Locale = Annotated[str, typer.Option("--locale", help="The locale of the customer's device.")]


def at_table(env: Env = None, table: Table = None, endpoint_url: Endpoint = None, region: Region = None) -> Where:
    """Name a table, for a command whose file is another option."""
    return Where(env, DEFAULT_FILE, table, endpoint_url, region)


def of_file(file: FileArgument, env: Env = None) -> Where:
    """Name a file, and an environment of it."""
    return Where(env, file)


def at_stack(
    env: Env = None,
    file: File = DEFAULT_FILE,
    table: Table = None,
    endpoint_url: Endpoint = None,
    region: Region = None,
) -> Where:
    """Name an environment of a file; its app is the file's."""
    return Where(env, file, table, endpoint_url, region)


AtTable = Annotated[Where, MadeBy(at_table)]
OfFile = Annotated[Where, MadeBy(of_file)]
AtStack = Annotated[Where, MadeBy(at_stack)]


def at_target(where: AtStack, app_id: App = None) -> Where:
    """Name an app's rows in a table."""
    return replace(where, app=app_id)


def at_draft(*, draft: Draft = None, where: AtStack) -> Where:
    """Name the file to carry out; it may also be an argument."""
    return replace(where, file=draft or where.file)


def publication(file: FileArgument, where: AtTable) -> Where:
    """Name the file to publish, and the table."""
    return replace(where, file=file)


def apple(key: Key = None, apple_url: AppleUrl = None) -> Access:
    """Name the way to Apple."""
    return Access(key, apple_url)


def output(*, as_json: Json = False) -> Output:
    """Make the command's two streams."""
    return Output(as_json=as_json)


AtTarget = Annotated[Where, MadeBy(at_target)]
AtDraft = Annotated[Where, MadeBy(at_draft)]
Publication = Annotated[Where, MadeBy(publication)]
Apple = Annotated[Access, MadeBy(apple)]
Out = Annotated[Output, MadeBy(output)]
