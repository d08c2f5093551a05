"""A document → a release: every name resolved, every limit checked, and all mistakes reported at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from retention.catalog import MessageState, format_of
from retention.locales import LocaleTable

from console.file.checks import (
    check_answers,
    check_offers,
    check_products,
    check_schedules,
    check_signing_key,
    signs,
)
from console.file.content import Content, read_content
from console.file.entries import Document
from console.file.experiment_checks import RunningExperiments, check_experiments
from console.file.identifiers import nfc
from console.file.mistakes import Mistake, Mistakes, Notes, Place
from console.file.plans import plans_of
from console.file.release import CompiledRelease, ImageFacts
from console.file.sheets import SheetDraft, check_limits, reach, sheet_document, spread
from console.terminal.output import ReportProgress, no_progress


@dataclass(frozen=True, slots=True)
class PreviousTexts:
    """What the live release serves: its message ids by set and locale, newest first, their states, its experiments."""

    texts: Mapping[str, Mapping[str, Sequence[str]]]
    states: Mapping[str, MessageState]
    running: RunningExperiments = field(default_factory=RunningExperiments)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A release, what to upload for it, and what its owner may not have meant."""

    release: CompiledRelease
    content: Content
    warnings: tuple[Mistake, ...]


def compile_release(
    document: Document,
    *,
    environment: str | None = None,
    previous: PreviousTexts | None = None,
    now: datetime,
    reshuffle: bool = False,
    progress: ReportProgress = no_progress,
) -> CompiledRelease:
    """Return the release of a document. See `compile_document`."""
    compiled = compile_document(
        document, environment=environment, previous=previous, now=now, reshuffle=reshuffle, progress=progress
    )
    return compiled.release


def compile_document(
    document: Document,
    *,
    environment: str | None = None,
    previous: PreviousTexts | None = None,
    now: datetime,
    reshuffle: bool = False,
    progress: ReportProgress = no_progress,
) -> Compiled:
    """Compile a document, or raise `Mistakes` with everything that is wrong in it.

    `environment` must be one of the file's, unless None. A text that replaces an approved one of `previous` keeps it
    until it is approved itself. `reshuffle` allows an experiment's arms to change under its key. `now` is aware.
    """
    before = previous or PreviousTexts({}, {})
    notes, warnings = Notes(list(document.mistakes)), list(document.warnings)
    if environment is not None and environment not in document.environments:
        notes.unknown(Place(1, "environments"), "environment", environment, document.environments)
    content = read_content(document, notes)
    reaches = [reach(rule, document.products) for rule in document.rules]
    check_products(document, notes)
    check_signing_key(document, notes)
    check_offers(document, notes, warnings)
    check_answers(document, reaches, notes)
    check_schedules(document, now, notes)
    check_experiments(document, before.running, now, notes, warnings, reshuffle=reshuffle)
    drafts = spread(document, reaches, notes, warnings)
    if notes.mistakes:
        raise Mistakes(document.file, notes.mistakes)
    release = _release(document, content, before, drafts, progress)
    return Compiled(release, content, tuple(sorted(warnings)))


def _release(
    document: Document,
    content: Content,
    before: PreviousTexts,
    drafts: Mapping[str, SheetDraft],
    progress: ReportProgress,
) -> CompiledRelease:
    """Return the release of a document without mistakes. Raises `Mistakes` where a sheet is over its limits."""
    notes = Notes()
    settings, texts, pictured = _settings(document), _with_predecessors(content, before), _pictured(content, before)
    locales = LocaleTable(settings["locales"]["default"], settings["locales"]["fallbacks"])
    sheets = {}
    for done, (product, draft) in enumerate(drafts.items(), 1):
        sheets[product] = sheet_document(product, draft, document, texts, pictured)
        at = document.products[product].at if product in document.products else Place(1, "rules")
        check_limits(product, sheets[product], locales, at, notes)
        progress("compiling", done, len(drafts))
    if notes.mistakes:
        raise Mistakes(document.file, notes.mistakes)
    return CompiledRelease(
        app_apple_id=settings["appAppleId"],
        settings={"format": max(map(format_of, sheets.values())), **settings},
        sheets=sheets,
        texts=texts,
        messages={message.identifier: message.images for message in content.all_messages()},
        images={image.identifier: ImageFacts(image.size, nfc(image.path.name)) for image in content.images.values()},
        source=document.source,
        plans=plans_of(document),
    )


def _with_predecessors(content: Content, previous: PreviousTexts) -> dict[str, dict[str, tuple[str, ...]]]:
    served = {nfc(name): texts for name, texts in previous.texts.items()}
    return {
        name: {
            locale: _ids(message.identifier, served.get(name, {}).get(locale, ()), previous.states)
            for locale, message in texts.items()
        }
        for name, texts in content.messages.items()
    }


def _ids(new: str, served: Sequence[str], states: Mapping[str, MessageState]) -> tuple[str, ...]:
    """Return the new id and, until it is approved itself, the newest of those served before that is."""
    approved = [message for message in served if message in states and states[message].servable]
    if new in approved:
        return (new,)
    return (new, *approved[:1])


def _pictured(content: Content, previous: PreviousTexts) -> frozenset[str]:
    new = {message.identifier for message in content.all_messages() if message.images}
    return frozenset(new | {message for message, state in previous.states.items() if state.images})


def _settings(document: Document) -> dict[str, Any]:
    """Return the `settings` document. Only what every request needs: it is read completely at each cold start."""
    if document.app is None or document.locales is None:
        raise Mistakes(document.file, document.mistakes)
    return {
        "appAppleId": document.app.app_apple_id,
        "bundleId": document.app.bundle_id,
        "issuerId": document.app.issuer_id,
        "keyId": document.app.key_id,
        "signs": signs(document),
        "locales": {
            "default": document.locales.default,
            "fallbacks": {key: list(values) for key, values in document.locales.fallbacks.items()},
        },
    }
