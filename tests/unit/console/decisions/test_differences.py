"""`retention diff` compares two editions by what customers get, and shows nothing else."""

from __future__ import annotations

import itertools
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from console.decisions.differences import Change, Differences, differences
from console.file.edition import Side, side_of_file
from console.file.mistakes import Mistakes
from console.local.samples import SAMPLE
from tests.support.edited_sample import edited

KEEP_BASIC = """  - name: keep-basic
    when: {productId: trailhead.basic.monthly}
    answer: {message: keep-basic}
"""


BASE = side_of_file(SAMPLE)


def compared(directory: Path, *changes: tuple[str, str]) -> Differences:
    return differences(BASE, side_of_file(edited(directory, *changes)))


def changed(found: Differences) -> dict[str, tuple[Change, ...]]:
    return {name: changes for name, changes in found.sections.items() if changes}


def test_the_same_file_has_no_differences() -> None:
    """A file compared with itself has no differences and the same bytes."""
    found = differences(BASE, BASE)
    assert (found.any, found.same_bytes) == (False, True)


def test_comments_and_layout_make_no_difference(tmp_path: Path) -> None:
    """Two files that compile to the same have no differences; that their bytes differ is reported."""
    found = compared(
        tmp_path,
        ("# Top to bottom", "# From the top"),
        ("{productId: trailhead.basic.monthly}", "\n      productId: [trailhead.basic.monthly]"),
        ("weight: 50,", "weight: 50.00,"),
    )
    assert (found.any, found.same_bytes) == (False, False)


CASES: dict[str, tuple[tuple[str, str], str, Change]] = {
    "a period": (
        ("trailhead, period: P1M, default: keep-basic}", "trailhead, period: P1W, default: keep-basic}"),
        "products",
        Change("changed", "trailhead.basic.monthly", {"period": "P1M"}, {"period": "P1W"}),
    ),
    "a default": (
        ("student, period: P1Y}", "student, period: P1Y, default: keep-pro}"),
        "products",
        Change("changed", "trailhead.student.annual", {}, {"default": "keep-pro"}),
    ),
    "a limit of an offer": (
        ("retention_half_3m\n", "retention_half_3m\n    limit: {times: 1, days: 365}\n"),
        "offers",
        Change("changed", "half-for-three-months", {}, {"limit": {"times": 1, "days": 365, "of": "this"}}),
    ),
    "a fact from Apple": (
        ("customer.inTrial: true", "subscription.inTrial: true"),
        "rules",
        Change(
            "changed",
            "leave-trials-alone",
            {"when": "customer.inTrial is true"},
            {"when": "subscription.inTrial is true"},
        ),
    ),
    "a condition": (
        ("customer.inTrial: true", "customer.inTrial: false"),
        "rules",
        Change(
            "changed",
            "leave-trials-alone",
            {"when": "customer.inTrial is true"},
            {"when": "customer.inTrial is false"},
        ),
    ),
    "an answer": (
        ("answer: {message: keep-basic}", "answer: fallback"),
        "rules",
        Change("changed", "keep-basic", {"says": "message keep-basic"}, {"says": "fallback"}),
    ),
    "a schedule": (
        ("until: 2036-01-07", "until: 2036-01-08"),
        "schedules",
        Change(
            "changed",
            "winter-half-price",
            {"during": "from 2026-11-19 23:00 UTC until 2036-01-06 23:00 UTC"},
            {"during": "from 2026-11-19 23:00 UTC until 2036-01-07 23:00 UTC"},
        ),
    ),
    "a text": (
        ("header: Keep your weekend walks", "header: Keep walking"),
        "messages",
        Change("changed", "keep-basic in en-US", {"header": "Keep your weekend walks"}, {"header": "Keep walking"}),
    ),
    "an alternative text": (
        ("altText: Three ridges of mountains at dusk", "altText: Three ridges"),
        "messages",
        Change(
            "changed",
            "keep-pro in en-US",
            {"altText": "Three ridges of mountains at dusk"},
            {"altText": "Three ridges"},
        ),
    ),
    "a revision": (
        ("commitment-text:\n    en-US: {", "commitment-text:\n    en-US: {revision: 2, "),
        "messages",
        Change("changed", "commitment-text in en-US", {}, {"revision": 2}),
    ),
    "an offer's signature": (
        ("signature: v1", "signature: v2"),
        "offers",
        Change("changed", "annual-discount", {"signature": "v1"}, {"signature": "v2"}),
    ),
    "a fallback locale": (
        ("fr-CA: [fr-FR]", "fr-CA: [en-US]"),
        "settings",
        Change("changed", "locales", {"fallbacks.fr-CA": ["fr-FR"]}, {"fallbacks.fr-CA": ["en-US"]}),
    ),
    "a stack": (
        ("stack: retention-sandbox", "stack: other"),
        "settings",
        Change("changed", "environment sandbox", {"stack": "retention-sandbox"}, {"stack": "other"}),
    ),
    "an image's size": (
        ("tick: {file: images/tick.png, size: BULLET_POINT}", "tick: {file: images/tick.png}"),
        "images",
        Change("changed", "tick", {"size": "BULLET_POINT"}, {"size": "FULL_SIZE"}),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_edit_is_one_change(case: tuple[tuple[str, str], str, Change], tmp_path: Path) -> None:
    """For each kind of entry, the change has the fields that differ, before and after, and no others."""
    edit, section, expected = case
    found = changed(compared(tmp_path, edit))
    assert expected in found[section]
    assert [change.name for change in found[section]] == [expected.name]


def test_an_edit_changes_every_entry_that_depends_on_it(tmp_path: Path) -> None:
    """An offer's new identifier also changes the answers of the rules that name the offer."""
    found = changed(compared(tmp_path, ("offerIdentifier: retention_half_3m", "offerIdentifier: half")))
    assert [change.name for change in found["offers"]] == ["half-for-three-months"]
    assert [change.name for change in found["rules"]] == ["winter-half-price"]


def test_as_few_rules_as_possible_are_reported_as_moved() -> None:
    """For every new order of five rules, no larger set of rules has kept its order."""
    five = BASE.document.rules[:5]
    for order in itertools.permutations(five):
        before, after = (replace(BASE, document=replace(BASE.document, rules=tuple(rules))) for rules in (five, order))
        moved = {change.name for change in differences(before, after).sections["rules"]}
        still = [five.index(rule) for rule in order if rule.name not in moved]
        assert still == sorted(still)
        longer = itertools.combinations([five.index(rule) for rule in order], len(still) + 1)
        assert not any(list(places) == sorted(places) for places in longer)


def test_a_rule_that_moved_is_not_added_or_removed(tmp_path: Path) -> None:
    """If one rule moves to the top, it alone is reported, as moved."""
    found = changed(compared(tmp_path, (KEEP_BASIC, ""), ("rules:\n", f"rules:\n{KEEP_BASIC}")))
    assert found == {"rules": (Change("moved", "keep-basic", {"place": 7}, {"place": 1}),)}


def test_a_renamed_rule_is_removed_and_added(tmp_path: Path) -> None:
    """A rule with a new name is a new rule, shown with all its content."""
    found = compared(tmp_path, (KEEP_BASIC, KEEP_BASIC.replace("name: keep-basic", "name: basics")))
    assert [(change.what, change.name) for change in found.sections["rules"]] == [
        ("removed", "keep-basic"), ("added", "basics"),
    ]  # fmt: skip
    assert found.sections["rules"][1].after == {
        "when": "productId is trailhead.basic.monthly",
        "says": "message keep-basic",
    }


def test_an_experiment_names_the_share_of_customers_who_change_arm(tmp_path: Path) -> None:
    """From 50:50 to 60:40 10 % change arm, a renamed arm moves its 50 %, and another key is another experiment."""
    control, switch = "control: {weight: 50,", "switch: {weight: 50,"
    [shifted] = compared(tmp_path, (control, "control: {weight: 60,"), (switch, "switch: {weight: 40,")).sections[
        "experiments"
    ]
    assert shifted.note == "10 % of the customers change arm"
    [renamed] = compared(tmp_path, (control, "kept: {weight: 50,")).sections["experiments"]
    assert renamed.note.startswith("50 % of the customers change arm; a plan")
    fresh = compared(tmp_path, ("key: switch-2026q4", "key: switch-2027q1")).sections["experiments"]
    assert [(change.what, change.name) for change in fresh] == [
        ("removed", "switch-2026q4"), ("added", "switch-2027q1"),
    ]  # fmt: skip


def test_plan_layer_and_traffic_of_an_experiment_differ(tmp_path: Path) -> None:
    """Each is one line, and a plan has a note, since its reading is void once customers have come."""
    key = "      key: switch-2026q4                  # the salt: another key assigns customers anew\n"
    more = (
        "      layer: {name: plans, slots: [0, 4999]}\n"
        "      traffic: {2026-12-01: 5, 2026-12-08: 50, timeZone: UTC}\n"
        "      control: switch\n"
        "      plan: {metric: kept, customers: 62000, guardrails: [refunded]}\n"
    )
    [change] = compared(tmp_path, (key, key + more)).sections["experiments"]
    assert change.after == {
        "compared with": "switch",
        "in layer": "slots 0 to 4999 of plans",
        "traffic by time": "5 % from 2026-12-01 00:00 UTC, 50 % from 2026-12-08 00:00 UTC",
        "reading planned": "kept at day 30, 62000 customers, guardrails refunded",
    }
    assert (change.before, change.note) == (
        {"compared with": "control"}, "a plan that changes after the first exposure has no appointed reading",
    )  # fmt: skip


def test_a_holdout_differs_by_its_key(tmp_path: Path) -> None:
    """Under another key other customers are held out, so it is another holdout; else its fields are compared."""
    none, one = "\nrules:\n", "\nholdout: {key: h-2026h2, percent: 5, answer: fallback}\n\nrules:\n"
    [added] = compared(tmp_path, (none, one)).sections["holdout"]
    assert (added.what, added.name, added.after) == ("added", "h-2026h2", {"percent": "5 %", "answer": "fallback"})


def test_an_image_with_another_content_changes_its_messages(tmp_path: Path) -> None:
    """An image file with other bytes changes the ids of the messages that use it, although the file is the same."""
    ridge = tmp_path / "images" / "ridge.png"
    file = edited(tmp_path)
    before = side_of_file(file)
    content = ridge.read_bytes()
    comment = b"tEXtComment\0another"
    chunk = struct.pack(">I", len(comment) - 4) + comment + struct.pack(">I", zlib.crc32(comment))
    ridge.write_bytes(content[:33] + chunk + content[33:])  # after IHDR
    changes = differences(before, side_of_file(file)).sections["messages"]
    assert {change.name for change in changes} == {
        f"keep-pro in {locale}" for locale in ("en-US", "fr-FR", "de-DE", "ja", "es-MX")
    }
    assert {change.note for change in changes} == {
        "the same text under another id: an image of it has another content, size or revision"
    }


def test_an_older_file_without_its_images_can_still_be_compared(tmp_path: Path) -> None:
    """A file from the git history has no images next to it, and may have rules whose schedules are over."""
    lone = tmp_path / "lone" / "old.yaml"
    lone.parent.mkdir()
    text = SAMPLE.read_text(encoding="utf-8").replace("from: 2026-11-20, until: 2036", "from: 2024-11-20, until: 2025")
    lone.write_text(text, encoding="utf-8")
    assert changed(differences(side_of_file(lone), BASE)).keys() == {"schedules"}


def test_an_invalid_file_is_refused(tmp_path: Path) -> None:
    """A mistake of form raises Mistakes, as in `retention validate`."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("rules: 1\n")
    with pytest.raises(Mistakes):
        side_of_file(bad)


def test_a_release_of_the_same_file_has_no_differences() -> None:
    """Two editions are compared by content, not by name."""
    named = Side("release 1", BASE.document, BASE.ids)
    assert not differences(named, BASE).any
