"""A file, compiled and planned for a given state of Apple and the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retention.catalog import MessageState
from retention.request import PRODUCTION
from retention.review.snapshot import ImageState

from console.file.compile import Compiled, compile_document
from console.file.document import read_document
from console.file.entries import Document
from console.file.release import CompiledRelease
from console.releases.default_rows import RecordedDefault
from console.releases.overview import StateRow, TableOverview
from console.releases.read import StoredRelease
from console.rollout.observed import Observed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


FILE = """
app: {appAppleId: 6745974591, bundleId: com.example.app}
products:
  pro.monthly: {group: pro, period: P1M, default: keep}
  pro.annual: {group: pro, period: P1Y}
locales: {default: en-US}
images:
  hero: {file: hero.png}
  again: {file: hero.png}
  tick: {file: tick.png, size: BULLET_POINT}
messages:
  keep:
    en-US: {header: Stay, body: Maps., image: hero, altText: A ridge}
    fr-FR: {header: Restez, body: Cartes.}
  same:
    en-GB: {header: Stay, body: Maps., image: again, altText: A ridge}
rules:
  - {name: annual, when: {productId: pro.annual}, answer: {message: same}}
  - {name: everyone, answer: {message: keep}}
"""


EMPTY = Observed(PRODUCTION, {}, {})


def written(folder: Path, text: str = FILE, seen: Observed = EMPTY) -> tuple[Document, Compiled]:
    document = read_document(text.encode(), folder)
    return document, compile_document(document, previous=seen.previous, now=NOW)


def live(release: CompiledRelease, number: int = 1) -> StoredRelease:
    document = read_document(release.source)
    return StoredRelease(
        number, release.format, release.settings, release.sheets, release.texts, release.source, document
    )


def _with(seen: Observed, **rows: Any) -> Observed:
    """Return what is seen where the table holds these rows instead."""
    return replace(seen, table=replace(seen.table, **rows))


def everything(compiled: Compiled, environment: str = PRODUCTION, state: str = "APPROVED", **more: Any) -> Observed:
    """Return what is seen where a file has been applied and every message and image is in `state`."""
    images = {image.identifier: ImageState(state, image.size) for image in compiled.content.images.values()}
    messages = {message.identifier: state for message in compiled.content.all_messages()}
    found = {message.identifier: message.images for message in compiled.content.all_messages()}
    known = {
        name: StateRow(MessageState(state, dict.fromkeys(used, state)), "2026-11-24T12:00:00+00:00", published=True)
        for name, used in found.items()
    }
    texts = compiled.release.texts["keep"]
    return Observed(
        environment,
        messages,
        images,
        TableOverview(
            live(compiled.release),
            known,
            {name: StateRow(MessageState(state)) for name in images},
            {("pro.monthly", locale): RecordedDefault(ids[0]) for locale, ids in texts.items()},
        ),
        **more,
    )


def ids(compiled: Compiled, name: str = "keep") -> Mapping[str, str]:
    return {locale: message.identifier for locale, message in compiled.content.messages[name].items()}
