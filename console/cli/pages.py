"""`preview`: every screen that a customer can be shown, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from console.cli.options import PENDING, At, AtTarget, MadeBy, Out, verb
from console.terminal.addresses import LAST_PORT
from console.terminal.failure import Misuse
from console.terminal.output import Output

if TYPE_CHECKING:
    from console.cli.preview_run import PreviewQuestion

verbs = typer.Typer()

DEFAULT_PAGE: Final = Path("preview.html")


def _choice(
    sets: Annotated[list[str] | None, typer.Option("--set", help="Only this message set; repeatable.")] = None,
    locale: Annotated[
        list[str] | None, typer.Option("--locale", help="Only texts, and devices, in this locale; repeatable.")
    ] = None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the sets and the locales that are chosen; empty means all."""
    return tuple(sets or ()), tuple(locale or ())


def _watch(
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Serve the page on this computer instead, and repaint it on each save.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(help="The port of --watch; a free one, if left out.", min=0, max=LAST_PORT, show_default=False),
    ] = None,
) -> int | None:
    """Return the port to serve the page on, 0 for a free one; None: the page is written to a file."""
    if port is not None and not watch:
        raise Misuse("--port is the port of --watch: add --watch, or leave it out.")
    return (port or 0) if watch else None


Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="A",
        help="Show what changes against a release's number, `live`, or a file; with --env the live release.",
    ),
]
Page = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Where to write the page; preview.html, if left out.", show_default=False),
]
Open = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]
Check = Annotated[
    bool, typer.Option("--check", help="Exit with 3 if a text has a mistake or waits, or a default is missing.")
]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print counts and remarks as Markdown, for a pull request.")]


def _refuse_with_watch(given: Mapping[str, object]) -> None:
    """Raise Misuse where an option is given that asks for a result: watching has none."""
    named = [option for option, value in given.items() if value]
    if named:
        raise Misuse(f"--watch goes on until Ctrl-C and has no result: leave out {' and '.join(named)}, or --watch.")


_EXAMPLES: Final = (
    "retention preview retention.yaml --open",
    "retention preview retention.yaml --env production",
    "retention preview retention.yaml --against main.yaml --output preview.html --markdown",
    "retention preview retention.yaml --env sandbox --watch --open",
)


@verb(verbs, "preview", *_EXAMPLES)
def preview(
    draft: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A file to draw; the live release, if left out.")
    ] = None,
    against: Against = None,
    choice: Annotated[tuple[tuple[str, ...], tuple[str, ...]], MadeBy(_choice)] = ((), ()),
    page: Page = None,
    port: Annotated[int | None, MadeBy(_watch)] = None,
    *,
    opened: Open = False,
    check: Check = False,
    as_markdown: Markdown = False,
    at: At = None,
    where: AtTarget,
    out: Out,
) -> None:
    """Draw every screen that a customer can be shown, on one page that any browser opens.

    The page is one file that asks for nothing. It shows texts that may not be published yet. With --json or --markdown
    it is written only where --output names it. With --watch it is shown at an address of this computer until Ctrl-C,
    and follows what is saved and what the table has.
    """
    from console.cli.preview_run import PreviewQuestion

    question = PreviewQuestion(draft, where, against, *choice, at or datetime.now(UTC), page)
    if port is not None:
        _refuse_with_watch({"--output": page, "--check": check, "--json": out.as_json, "--markdown": as_markdown})
        _serve(question, port, out, opened=opened, fixed=at is not None)
        return
    if page is None and (opened or not (out.as_json or as_markdown)):
        question = replace(question, page=DEFAULT_PAGE)
    needs_work = _write(question, out, opened=opened, as_markdown=as_markdown)
    if check and needs_work:
        raise typer.Exit(PENDING)


def _write(question: PreviewQuestion, out: Output, *, opened: bool, as_markdown: bool) -> bool:
    """Write the page, if one is asked for, and print what is on it. Returns whether `--check` fails."""
    from console.cli.preview_run import run_preview
    from console.pages.preview_report import show

    with out.progress() as report:
        found = run_preview(question, report)
    show(found, question.page, out, as_markdown=as_markdown)
    if opened and question.page is not None:
        typer.launch(question.page.resolve().as_uri())
    return found.needs_work


def _serve(question: PreviewQuestion, port: int, out: Output, *, opened: bool, fixed: bool) -> None:
    """Serve the page until Ctrl-C."""
    from console.cli.preview_watch import WatchOptions, watch_preview

    watch_preview(question, WatchOptions(port, opened, fixed), out)
