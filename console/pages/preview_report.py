"""How `retention preview` prints: one line for people, the page's data with `--json`, a comment with `--markdown`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from console.file.wording import instant_text
from console.pages.preview import Counts, Preview
from console.pages.screens import BoardCell, DrawnScreen
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import plural

# GitHub takes comments of at most 65 536 characters.
_MOST_REMARKS: Final = 100
_NO_LETTER: Final = re.compile(r"[^\w ]|_")


def show(found: Preview, page: Path | None, out: Output, *, as_markdown: bool = False) -> None:
    """Print where the page is and what is on it, or Markdown alone, or the one JSON document."""
    if as_markdown and not out.as_json:
        sys.stdout.write(markdown(found))
    elif page is not None:
        out.print(f"{page}: {summary(found.counts)}. It shows texts that may not be published yet.", "green")
    out.document(document(found, page))


def summary(counts: Counts) -> str:
    """Return how many screens and remarks there are, and how many of each thing else that makes `--check` fail."""
    parts = [
        plural(counts.screens, "screen"),
        f"{plural(counts.wrong, 'mistake')} in texts",
        f"{plural(counts.worth_a_look, 'remark')} worth a look",
    ]
    if counts.waiting:
        parts.append(f"{plural(counts.waiting, 'text')} waiting for Apple")
    if counts.rejected:
        parts.append(plural(counts.rejected, "rejected text"))
    if counts.without_default:
        parts.append(f"{plural(counts.without_default, 'place')} without a default message")
    return ", ".join(parts)


def document(found: Preview, page: Path | None) -> dict[str, Any]:
    """Return what the page shows, for programs: screens, cells and changes with the identities of screens."""
    return {
        "source": found.found.source,
        "at": found.found.at.isoformat(),
        "judged": found.found.judged,
        "paused": found.found.paused,
        "holdout": None if found.found.holdout is None else form_of(found.found.holdout),
        "against": found.against,
        "page": None if page is None else str(page),
        "counts": form_of(found.counts),
        "screens": [_screen(screen) for screen in found.board.screens],
        "cells": [_cell(one) for one in found.board.cells],
        "changes": [
            {"what": each.what, "messages": each.messages, "locale": each.locale, "note": each.note}
            for each in found.changes
        ],
        "remarks": [
            {**form_of(remark), "screen": remark.screen or None, "wrong": remark.wrong} for remark in found.remarks
        ],
    }


def _cell(one: BoardCell) -> dict[str, Any]:
    return {
        "product": one.cell.product,
        "locale": one.cell.locale,
        "sign": one.sign,
        "screens": list(one.screens),
        "default": one.default,
        "lacksDefault": one.lacks_default,
        "heldOut": one.held_out,
    }


def _screen(screen: DrawnScreen) -> dict[str, Any]:
    return {
        "id": screen.identity,
        "messages": screen.messages,
        "locale": screen.locale,
        "message": screen.message,
        "answer": screen.kind,
        "terms": screen.terms,
        "mirrored": screen.mirrored,
        "text": screen.text,
        "state": screen.state or None,
        "images": list(screen.images),
        "shownTo": list(screen.shown_to),
        "rules": [
            {"rule": each.rule, "arm": each.arm, "share": each.share, "takingPart": each.taking_part}
            for each in screen.by
        ],
        "defaultOf": [{"product": product, "locale": locale} for product, locale in screen.default_of],
        "whyNot": screen.why_not or None,
        "meanwhile": screen.meanwhile,
    }


def markdown(found: Preview) -> str:
    """Return counts and remarks as Markdown, for a comment on a pull request."""
    return "\n".join([*_head(found), *_changes(found), *_remarks(found)]) + "\n"


def _head(found: Preview) -> Iterator[str]:
    counts = found.counts
    rows = (
        ("screens", counts.screens),
        ("changed texts", counts.changed),
        ("texts that wait for Apple", counts.waiting),
        ("rejected texts", counts.rejected),
        ("places without a default message", counts.without_default),
        ("mistakes in texts", counts.wrong),
        ("remarks worth a look", counts.worth_a_look),
    )
    yield f"### {_code(found.found.source)}: what customers see before they cancel"
    yield ""
    against = "" if found.against is None else f", compared with {_code(found.against)}"
    yield f"As of {instant_text(found.found.at.timestamp())}, {found.found.judged}{against}."
    yield ""
    yield "| | |"
    yield "| --- | ---: |"
    yield from (f"| {name} | {'not asked' if number is None else number} |" for name, number in rows)


def _changes(found: Preview) -> Iterator[str]:
    if found.changes:
        yield from ("", "| text | change |", "| --- | --- |")
        places = found.changes[:_MOST_REMARKS]
        yield from (f"| {_code(f'{each.messages} in {each.locale}')} | {each.what} |" for each in places)
        yield from _rest(len(found.changes), 2)


def _remarks(found: Preview) -> Iterator[str]:
    if found.remarks:
        yield from ("", "| text | | remark |", "| --- | --- | --- |")
        ordered = sorted(found.remarks, key=lambda remark: not remark.wrong)
        for each in ordered[:_MOST_REMARKS]:
            weight = "**wrong**" if each.wrong else "look"
            yield f"| {_code(f'{each.messages} in {each.locale}')} | {each.code} {weight} | {_code(each.sentence)} |"
        yield from _rest(len(ordered), 3)


def _rest(number: int, columns: int) -> Iterator[str]:
    if number > _MOST_REMARKS:
        yield f"| and {number - _MOST_REMARKS} more " + "| " * (columns - 1) + "|"


def _code(text: str) -> str:
    """Return a text that may hold anything as code: nothing in it is markup, a link or a mention.

    Letters of every script stay as they are: as numbers they would fill a comment eight times as fast.
    """
    line = " ".join(text.split())
    return f"<code>{re.sub(_NO_LETTER, lambda found: f'&#{ord(found[0])};', line)}</code>"
