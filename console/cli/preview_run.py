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

from console.cli.editions import ChosenEdition, choose_edition, cover_edition, side_to_compare
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
from console.pages.thumbnails import Thumbnail, make_thumbnails
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


def run_preview(question: PreviewQuestion, report: ReportProgress) -> Preview:
    """Read, cover and compare what is asked for, and write the page. Raises Mistakes before anything is written."""
    where = replace(question.where, file=question.draft or question.where.file)
    chosen = choose_edition(question.draft, where, question.at, report)
    before = _before(question, where, chosen)
    document = chosen.edition.document
    locales = sorted({*own_locales(document), *APPLE_LOCALES, *question.locales})
    found = cover_edition(chosen, CellChoice(locales=tuple(locales)), question.at, report)
    choice = ScreenChoice(question.sets, question.locales)
    made = make_preview(chosen.edition, chosen.known, found, before, choice)
    if question.page is not None:
        images = PageImages(_images(document, made, report), _images_before(before, made, report))
        write_page(question.page, render(made, images, _facts(question, document)), "--output")
    return made


def _before(question: PreviewQuestion, where: Where, chosen: ChosenEdition) -> Side | None:
    """Return what the edition is compared with: what is named, or for a draft of an environment its live release."""
    if question.against is not None:
        return side_to_compare(question.against, where)
    has_live = chosen.known is not None and chosen.known.release is not None
    return side_to_compare("live", where) if question.draft is not None and has_live else None


def _images(document: Document, made: Preview, report: ReportProgress) -> dict[str, Thumbnail]:
    texts = [screen.text for screen in made.board.screens]
    texts += [each.after.text for each in made.changes if each.after is not None]
    return _read_images(document, [text for text in texts if text is not None], report)


def _images_before(before: Side | None, made: Preview, report: ReportProgress) -> dict[str, Thumbnail]:
    if before is None:
        return {}
    texts = [each.before.text for each in made.changes if each.before is not None and each.before.text is not None]
    return _read_images(before.document, texts, report)


def _read_images(
    document: Document, texts: Sequence[Mapping[str, Any]], report: ReportProgress
) -> dict[str, Thumbnail]:
    """Return the images of texts by name. A release has none: only its file had."""
    if document.base_dir is None:
        return {}
    used = (name for text in texts for name in _image_names(text))
    return dict(make_thumbnails(read_content(document, Notes()), used, report))


def _image_names(text: Mapping[str, Any]) -> Iterator[str]:
    if "image" in text:
        yield text["image"]
    yield from (bullet["image"] for bullet in text.get("bullets", ()))


def _facts(question: PreviewQuestion, document: Document) -> PageFacts:
    """Return what the foot of the page names. Folders of this machine are left out: the page is passed on."""
    words = ["retention", "preview"]
    words += [question.draft.name] if question.draft else []
    words += ["--env", question.where.env] if question.where.env else []
    words += ["--against", Path(question.against).name] if question.against else []
    words += [word for name in question.sets for word in ("--set", name)]
    words += [word for name in question.locales for word in ("--locale", name)]
    return PageFacts(version("retention"), shlex.join(words), hashlib.sha256(document.source).hexdigest())
