"""Plans, made from a file and from what was seen, without Apple and without a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from retention.catalog import FORMAT
from retention.request import SANDBOX
from retention.review.snapshot import ImageState

from console.rollout.observed import Observed
from console.rollout.plan import Plan, UploadImage, make_plan, upload_order
from tests.support.planned_file import EMPTY, FILE, _with, everything, ids, written


def plan(folder: Path, seen: Observed = EMPTY, text: str = FILE) -> Plan:
    return make_plan(*written(folder, text, seen), seen)


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
