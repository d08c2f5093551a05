"""`preview`: every screen that a customer can be shown, on one page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from console.cli.options import PENDING, At, AtTarget, MadeBy, Out, verb

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


@verb(
    verbs,
    "preview",
    "retention preview retention.yaml --open",
    "retention preview retention.yaml --env production",
    "retention preview retention.yaml --against main.yaml --output preview.html --markdown",
)
def preview(
    draft: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A file to draw; the live release, if left out.")
    ] = None,
    against: Against = None,
    choice: Annotated[tuple[tuple[str, ...], tuple[str, ...]], MadeBy(_choice)] = ((), ()),
    page: Page = None,
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
    it is written only where --output names it.
    """
    from console.cli.preview_run import PreviewQuestion, run_preview
    from console.pages.preview_report import show

    if page is None and (opened or not (out.as_json or as_markdown)):
        page = DEFAULT_PAGE
    with out.progress() as report:
        found = run_preview(PreviewQuestion(draft, where, against, *choice, at or datetime.now(UTC), page), report)
    show(found, page, out, as_markdown=as_markdown)
    if opened and page is not None:
        typer.launch(page.resolve().as_uri())
    if check and found.needs_work:
        raise typer.Exit(PENDING)
