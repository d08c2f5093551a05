"""The steps of `preview`: read what is drawn, make the page, write it."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from retention.locales import APPLE_LOCALES

from console.cli.editions import (
    ChosenEdition,
    FindTable,
    choose_edition,
    cover_edition,
    find_table,
    side_to_compare,
)
from console.decisions.coverage import CellChoice
from console.decisions.file_locales import own_locales
from console.deployment.where import Where
from console.file.content import read_content
from console.file.edition import Side
from console.file.entries import Document
from console.file.mistakes import Notes
from console.pages.frame import PageFacts, write_page
from console.pages.page import PageImages, render
from console.pages.preview import Preview, ScreenChoice, make_preview
from console.pages.thumbnails import KeptThumbnails, Thumbnail, make_thumbnails
from console.terminal.output import ReportProgress


@dataclass(frozen=True, slots=True)
class PreviewQuestion:
    """What is to be drawn; `page` None: no page is written."""

    draft: Path | None
    where: Where
    against: str | None
    sets: tuple[str, ...]
    locales: tuple[str, ...]
    at: datetime
    page: Path | None


@dataclass(frozen=True, slots=True)
class ReadPreview:
    """A page as data, with what its images and its foot are made from."""

    made: Preview
    document: Document
    before: Side | None


def run_preview(question: PreviewQuestion, report: ReportProgress) -> Preview:
    """Read, cover and compare what is asked for, and write the page. Raises Mistakes before anything is written."""
    read = read_preview(question, report)
    if question.page is not None:
        images = read_images(read, report)
        html = render(read.made, images, page_facts(question, read.document))
        write_page(question.page, html, "--output")
    return read.made


def read_preview(question: PreviewQuestion, report: ReportProgress, find: FindTable = find_table) -> ReadPreview:
    """Read, cover and compare what is asked for. Raises Mistakes, Failure, and AWS's errors."""
    where = replace(question.where, file=question.draft or question.where.file)
    chosen = choose_edition(question.draft, where, question.at, report, find)
    before = _before(question, where, chosen)
    document = chosen.edition.document
    locales = sorted({*own_locales(document), *APPLE_LOCALES, *question.locales})
    found = cover_edition(chosen, CellChoice(locales=tuple(locales)), question.at, report)
    choice = ScreenChoice(question.sets, question.locales)
    return ReadPreview(make_preview(chosen.edition, chosen.known, found, before, choice), document, before)


def _before(question: PreviewQuestion, where: Where, chosen: ChosenEdition) -> Side | None:
    """Return what the edition is compared with: what is named, or for a draft of an environment its live release."""
    if question.against not in {None, "live"}:
        return side_to_compare(str(question.against), where)
    if chosen.live is not None and (question.against or question.draft is not None):
        return chosen.live.edition().side()
    return None if question.against is None else side_to_compare(question.against, where)


def read_images(read: ReadPreview, report: ReportProgress, kept: KeptThumbnails | None = None) -> PageImages:
    """Return the images of both sides, scaled; `kept` has those of earlier calls."""
    return PageImages(
        _images(read.document, read.made, report, kept), _images_before(read.before, read.made, report, kept)
    )


def _images(
    document: Document, made: Preview, report: ReportProgress, kept: KeptThumbnails | None
) -> dict[str, Thumbnail]:
    texts = [screen.text for screen in made.board.screens]
    texts += [each.after.text for each in made.changes if each.after is not None]
    return _read_images(document, [text for text in texts if text is not None], report, kept)


def _images_before(
    before: Side | None, made: Preview, report: ReportProgress, kept: KeptThumbnails | None
) -> dict[str, Thumbnail]:
    if before is None:
        return {}
    texts = [each.before.text for each in made.changes if each.before is not None and each.before.text is not None]
    return _read_images(before.document, texts, report, kept)


def _read_images(
    document: Document, texts: Sequence[Mapping[str, Any]], report: ReportProgress, kept: KeptThumbnails | None
) -> dict[str, Thumbnail]:
    """Return the images of texts by name. A release has none: only its file had."""
    if document.base_dir is None:
        return {}
    used = (name for text in texts for name in _image_names(text))
    return dict(make_thumbnails(read_content(document, Notes()), used, report, kept))


def _image_names(text: Mapping[str, Any]) -> Iterator[str]:
    if "image" in text:
        yield text["image"]
    yield from (bullet["image"] for bullet in text.get("bullets", ()))


def page_facts(question: PreviewQuestion, document: Document, *, live: bool = False) -> PageFacts:
    """Return what the foot of the page names. Folders of this machine are left out: the page is passed on."""
    words = ["retention", "preview"]
    words += [question.draft.name] if question.draft else []
    words += ["--env", question.where.env] if question.where.env else []
    words += ["--against", Path(question.against).name] if question.against else []
    words += [word for name in question.sets for word in ("--set", name)]
    words += [word for name in question.locales for word in ("--locale", name)]
    words += ["--watch"] if live else []
    digest = hashlib.sha256(document.source).hexdigest()
    return PageFacts(version("retention"), shlex.join(words), digest, live=live)
