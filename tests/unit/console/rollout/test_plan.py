"""Plans, made from a file and from what Apple and the table have, without either of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from retention.request import SANDBOX
from retention.review.snapshot import ImageState

from console.rollout.observed import Observed
from console.rollout.plan import Plan, UploadImage, make_plan, upload_order
from tests.support.planned_file import EMPTY, FILE, _with, everything, ids, written


def plan(folder: Path, seen: Observed = EMPTY, text: str = FILE) -> Plan:
    return make_plan(*written(folder, text, seen), seen)


def test_content_shared_by_two_names_is_uploaded_once(folder: Path) -> None:
    """An image with two names, and a text in two places, is one upload each, which lists all names."""
    found = plan(folder)
    assert [image.names for image in found.images] == [("hero", "again"), ("tick",)]
    assert [message.names for message in found.messages] == [("keep en-US", "same en-GB"), ("keep fr-FR",)]


def test_a_message_is_uploaded_after_its_images(folder: Path) -> None:
    """Messages without an image do not wait for other messages' images."""
    kinds = [(type(step) is UploadImage, step.names[0]) for step in upload_order(plan(folder))]
    assert kinds == [(True, "hero"), (False, "keep fr-FR"), (True, "tick"), (False, "keep en-US")]


def test_a_file_that_agrees_has_nothing_to_do(folder: Path) -> None:
    """If everything is approved, published and configured, the plan agrees."""
    _, compiled = written(folder)
    found = plan(folder, everything(compiled))
    assert found.agrees
    assert found.document()["agrees"] is True
    assert [note[:10] for note in found.notes] == ["pro.annual"]


@pytest.mark.parametrize(("learns", "warned"), [(True, False), (False, True), (None, False)])
def test_rules_that_lack_facts_are_noted(
    folder: Path,
    learns: bool | None,  # noqa: FBT001  # a parameter
    warned: bool,  # noqa: FBT001  # a parameter
) -> None:
    """A note names the rules that ask for facts from Apple, where the stack is known to take in no notifications."""
    asking = FILE.replace("when: {productId: pro.annual}", "when: {subscription.renewals: {atLeast: 3}}")
    notes = plan(folder, replace(EMPTY, learns=learns), asking).notes
    assert any("The rule `annual` asks" in note and "Notifications=pull" in note for note in notes) is warned


def test_in_the_sandbox_defaults_are_in_the_same_plan(folder: Path) -> None:
    """Apple's sandbox approves at once; in production the defaults wait for the review."""
    assert [one.locale for one in plan(folder, replace(EMPTY, environment=SANDBOX)).defaults] == ["en-US", "fr-FR"]
    found = plan(folder)
    assert (found.defaults, [one.locale for one in found.waiting_defaults]) == ((), ["en-US", "fr-FR"])


def test_predecessors_of_the_live_release_are_no_difference(folder: Path) -> None:
    """A release that was made while a text was in review still agrees with the file after its approval."""
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
def test_each_change_of_a_release_is_named(folder: Path, old: str, new: str, change: str) -> None:
    """Changed rules, texts and settings are listed, each with its sign."""
    _, compiled = written(folder)
    found = plan(folder, everything(compiled), FILE.replace(old, new)).publish
    assert found is not None
    assert change in found.changes


TRIED = FILE.replace(
    "{name: everyone, answer: {message: keep}}",
    "{name: everyone, experiment: {key: k, arms: {a: {weight: 50, answer: {message: keep}},"
    " b: {weight: 50, answer: fallback}}, plan: {metric: kept, customers: 100}}}",
)
HELD = "holdout: {key: h, percent: 5, answer: fallback}\n"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (TRIED, TRIED.replace("customers: 100", "customers: 200"), "~ plan of the experiment k"),
        (TRIED, TRIED.replace("plan:", "control: b, plan:"), "~ plan of the experiment k"),
        (TRIED, TRIED.replace(", plan: {metric: kept, customers: 100}", ""), "~ plan of the experiment k"),
        (FILE, HELD + FILE, "+ holdout h"),
        (HELD + FILE, FILE, "- holdout h"),
        (HELD + FILE, HELD.replace("5", "6") + FILE, "~ holdout h"),
        (HELD + FILE, HELD.replace("fallback", "same") + FILE, "~ holdout h"),
    ],
)
def test_a_plan_and_a_holdout_are_published(folder: Path, before: str, after: str, expected: str) -> None:
    """A changed plan changes no answer, but the report reads the plan of a release: so it makes one."""
    _, compiled = written(folder, before)
    found = plan(folder, everything(compiled), after).publish
    assert found is not None
    assert found.changes[0] == expected
    assert plan(folder, everything(compiled), before).publish is None


def test_an_older_format_is_published_anew(folder: Path) -> None:
    """A release that an older console wrote is compiled and published again."""
    _, compiled = written(folder)
    seen = everything(compiled)
    assert seen.table.live is not None
    found = plan(folder, _with(seen, live=replace(seen.table.live, format=0))).publish
    assert found is not None
    assert found.changes == ("the release's format: 0 → 1",)


def test_an_image_in_review_holds_its_message(folder: Path) -> None:
    """A message is in review or rejected like the worst of its images."""
    _, compiled = written(folder)
    seen = everything(compiled)
    hero = compiled.content.images["hero"].identifier
    for state, where in (("PENDING", "in_review"), ("REJECTED", "rejected")):
        images = {**seen.images, hero: ImageState(state)}
        (review,) = getattr(plan(folder, replace(seen, images=images)), where)
        assert (review.names, review.state) == (("keep en-US", "same en-GB"), state)


def test_a_deleted_message_is_uploaded_again(folder: Path) -> None:
    """Apple's list decides, even if the table still has the message."""
    _, compiled = written(folder)
    seen = everything(compiled)
    gone = ids(compiled)["fr-FR"]
    messages = {name: state for name, state in seen.messages.items() if name != gone}
    assert [one.upload.identifier for one in plan(folder, replace(seen, messages=messages)).messages] == [gone]


def test_gaps_and_other_defaults_are_noted(folder: Path) -> None:
    """A note names what to write for a product without a default; defaults outside the file stay."""
    text = FILE.replace(", default: keep", "")
    _, compiled = written(folder, text)
    found = plan(folder, everything(compiled), text)
    assert found.agrees
    assert "pro.annual answers in en-GB, en-US, fr-FR without a default message" in found.notes[0]
    assert "`retention defaults --delete-others`" in found.notes[-1]
