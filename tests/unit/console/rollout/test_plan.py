"""Plans, made from a file and from what was seen, without Apple and without a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from retention.catalog import FORMAT, MessageState
from retention.request import PRODUCTION, SANDBOX
from retention.review.snapshot import ImageState

from console.deployment.session import base_url
from console.file.compile import Compiled, compile_document
from console.file.document import read
from console.file.entries import Document
from console.file.release import Release
from console.releases.overview import RecordedDefault, StateRow, TableOverview
from console.releases.read import StoredRelease
from console.rollout.defaults import coverage
from console.rollout.observed import Observed
from console.rollout.plan import Plan, UploadImage, make_plan, upload_order
from console.rollout.prune import find_prunable
from console.rollout.status import make_status
from console.terminal.words import duration, plural
from tests.support.simulated_app import BULLET, FULL

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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hero.png").write_bytes(FULL)
    (tmp_path / "tick.png").write_bytes(BULLET)
    return tmp_path


def written(folder: Path, text: str = FILE, seen: Observed = EMPTY) -> tuple[Document, Compiled]:
    document = read(text.encode(), folder)
    return document, compile_document(document, previous=seen.previous, now=NOW)


def plan(folder: Path, seen: Observed = EMPTY, text: str = FILE) -> Plan:
    return make_plan(*written(folder, text, seen), seen)


def live(release: Release, number: int = 1) -> StoredRelease:
    return StoredRelease(number, FORMAT, release.settings, release.sheets, release.texts)


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


def test_what_is_alike_is_uploaded_once(folder: Path) -> None:
    """Two names of one image, two places of one text: one upload each, with all its names."""
    found = plan(folder)
    assert [image.names for image in found.images] == [("hero", "again"), ("tick",)]
    assert [message.names for message in found.messages] == [("keep en-US", "same en-GB"), ("keep fr-FR",)]


def test_messages_follow_their_images_and_take_turns(folder: Path) -> None:
    """An image goes before what uses it; messages that need none do not wait."""
    kinds = [(type(step) is UploadImage, step.names[0]) for step in upload_order(plan(folder))]
    assert kinds == [(True, "hero"), (False, "keep fr-FR"), (True, "tick"), (False, "keep en-US")]


def test_agreement(folder: Path) -> None:
    """Everything approved, published and configured: nothing to do."""
    _, compiled = written(folder)
    found = plan(folder, everything(compiled))
    assert found.agrees
    assert found.document()["agrees"] is True
    assert [note[:10] for note in found.notes] == ["pro.annual"]


def test_the_sandbox_is_foreseen_to_approve(folder: Path) -> None:
    """There, defaults are part of the same plan; in production they wait."""
    assert [one.locale for one in plan(folder, replace(EMPTY, environment=SANDBOX)).defaults] == ["en-US", "fr-FR"]
    found = plan(folder)
    assert (found.defaults, [one.locale for one in found.waiting_defaults]) == ((), ["en-US", "fr-FR"])


def test_predecessors_of_the_live_release_are_no_difference(folder: Path) -> None:
    """A release made while a text was in review agrees with the file once it is approved."""
    _, compiled = written(folder)
    seen = everything(compiled)
    old = "00000000-0000-5000-8000-000000000001"
    new = ids(compiled)["fr-FR"]
    assert seen.table.live is not None
    sheets = {
        name: {
            **sheet,
            "sets": {
                key: {locale: [*found, old] if found[0] == new else list(found) for locale, found in texts.items()}
                for key, texts in sheet["sets"].items()
            },
            "pictured": [*sheet["pictured"], old],
        }
        for name, sheet in compiled.release.sheets.items()
    }
    texts = {
        key: {locale: (*found, old) if found[0] == new else found for locale, found in by.items()}
        for key, by in compiled.release.texts.items()
    }
    assert plan(folder, _with(seen, live=replace(seen.table.live, sheets=sheets, texts=texts))).agrees


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("name: everyone", "name: all", "+ rule all"),
        ("{name: everyone, answer", "{name: everyone, when: {userLocale: fr}, answer", "~ rule everyone"),
        ("default: en-US}", "default: fr-FR}", "settings: locales"),
        ("    fr-FR: {header: Restez, body: Cartes.}\n", "", "- text keep fr-FR"),
        ("  same:", "  more:\n    de-DE: {header: H, body: B}\n  same:", "+ text more de-DE"),
    ],
)
def test_what_a_release_changes_is_named(folder: Path, old: str, new: str, change: str) -> None:
    """Rules, texts and settings, each with its sign."""
    _, compiled = written(folder)
    found = plan(folder, everything(compiled), FILE.replace(old, new)).publish
    assert found is not None
    assert change in found.changes


def test_an_older_format_is_published_anew(folder: Path) -> None:
    """What an older console wrote is compiled again."""
    _, compiled = written(folder)
    seen = everything(compiled)
    assert seen.table.live is not None
    found = plan(folder, _with(seen, live=replace(seen.table.live, format=FORMAT - 1))).publish
    assert found is not None
    assert found.changes == (f"the format of releases: {FORMAT - 1} → {FORMAT}",)


def test_an_image_in_review_holds_its_message(folder: Path) -> None:
    """A message waits for the worst of what it is made of."""
    _, compiled = written(folder)
    seen = everything(compiled)
    hero = compiled.content.images["hero"].identifier
    for state, where in (("PENDING", "in_review"), ("REJECTED", "rejected")):
        images = {**seen.images, hero: ImageState(state)}
        (review,) = getattr(plan(folder, replace(seen, images=images)), where)
        assert (review.names, review.state) == (("keep en-US", "same en-GB"), state)


def test_a_deleted_message_is_uploaded_again(folder: Path) -> None:
    """Apple's list decides, whatever our table remembers."""
    _, compiled = written(folder)
    seen = everything(compiled)
    gone = ids(compiled)["fr-FR"]
    messages = {name: state for name, state in seen.messages.items() if name != gone}
    assert [one.upload.identifier for one in plan(folder, replace(seen, messages=messages)).messages] == [gone]


def test_gaps_and_strange_defaults_are_noted(folder: Path) -> None:
    """A product that answers without a default is told what to write; others' defaults stay."""
    text = FILE.replace(", default: keep", "")
    _, compiled = written(folder, text)
    found = plan(folder, everything(compiled), text)
    assert found.agrees
    assert "pro.annual answers in en-GB, en-US, fr-FR without a default message" in found.notes[0]
    assert "`retention defaults --delete-others`" in found.notes[-1]


def test_coverage_puts_gaps_first(folder: Path) -> None:
    """Gap, different, waiting, and then what agrees."""
    document, compiled = written(folder)
    seen = everything(compiled, state="PENDING")
    fr = ids(compiled)["fr-FR"]
    messages = {**seen.messages, fr: "APPROVED"}
    seen = _with(replace(seen, messages=messages), defaults={("pro.monthly", "en-US"): RecordedDefault("x")})
    found = [(one.product, one.locale, one.standing) for one in coverage(document, compiled, seen)]
    assert found == [
        ("pro.annual", "en-GB", "gap"),
        ("pro.annual", "en-US", "gap"),
        ("pro.annual", "fr-FR", "gap"),
        ("pro.monthly", "fr-FR", "different"),
        ("pro.monthly", "en-US", "waiting"),
    ]


def test_status_names_rules_and_predecessors(folder: Path) -> None:
    """Both rules that share a text wait for it."""
    document, compiled = written(folder)
    found = make_status(document, compiled, everything(compiled, state="PENDING"))
    assert {text.set: text.waiting_rules for text in found.texts} == {"keep": ("everyone",), "same": ("annual",)}
    assert {image.name: len(image.used_by) for image in found.images} == {"hero": 2, "again": 2, "tick": 0}
    assert not found.settled
    assert make_status(document, compiled, everything(compiled)).settled


def test_prune_spares_what_is_named(folder: Path) -> None:
    """The file, kept releases and their images, and defaults; the rest may go."""
    _, compiled = written(folder)
    seen = everything(compiled)
    rows = {
        **seen.table.message_rows,
        "kept": StateRow(MessageState("APPROVED", {"kept-image": "APPROVED"}), published=True),
        "old": StateRow(MessageState("APPROVED"), published=True),
    }
    seen = replace(
        seen,
        messages={**seen.messages, **dict.fromkeys(("kept", "old", "default", "stranger"), "APPROVED")},
        images={**seen.images, "kept-image": ImageState("APPROVED"), "old-image": ImageState("PENDING")},
    )
    seen = _with(seen, message_rows=rows, defaults={**seen.table.defaults, ("p", "ja"): RecordedDefault("default")})
    found = find_prunable(seen, frozenset({"kept"}), compiled)
    assert (set(found.messages), dict(found.images)) == ({"old", "stranger"}, {"old-image": "PENDING"})
    assert found.strangers == {"stranger"}


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "1 s"), (40, "40 s"), (720, "12 min"), (3600, "1 h"), (19_800, "5 h 30 min")]
)
def test_times_for_people(seconds: float, told: str) -> None:
    """No more exact than anybody wants to know."""
    assert duration(seconds) == told


def test_the_boxs_address_stands_for_both() -> None:
    """Its root gets the environment's path; any other address is taken as it is."""
    assert base_url("http://127.0.0.1:8700/", SANDBOX) == "http://127.0.0.1:8700/sandbox"
    assert base_url("http://127.0.0.1:8700/production", PRODUCTION) == "http://127.0.0.1:8700/production"
    assert base_url("https://proxy.example.com/apple/", PRODUCTION) == "https://proxy.example.com/apple"
    assert base_url(None, SANDBOX) is None
    assert (plural(1, "message"), plural(2, "message")) == ("1 message", "2 messages")
