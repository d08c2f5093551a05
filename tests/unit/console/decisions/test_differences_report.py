"""`retention diff` prints each change with a mark and its fields before and after."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from console.decisions.differences import Change, Differences
from console.decisions.differences_report import show
from tests.support.printed import json_document, printed

SECTIONS = ("settings", "products", "rules", "schedules", "experiments", "holdout", "offers", "messages", "images")
TEXT = {"header": "Stay", "body": "Keep your maps."}


def found(*, same_bytes: Any = False, **sections: Any) -> Differences:
    return Differences("release 1", "file.yaml", {name: sections.get(name, ()) for name in SECTIONS}, same_bytes)


@pytest.mark.parametrize(
    ("section", "change", "expected"),
    [
        ("products", Change("changed", "pro", {"period": "P1M"}, {"period": "P1Y"}),
         "Products:\n  ~ pro\n      - period: P1M\n      + period: P1Y\n"),
        ("rules", Change("added", "late", {}, {"when": "customer.inTrial is true"}),
         "Rules:\n  + late\n      + when: customer.inTrial is true\n"),
        ("offers", Change("removed", "half", {"signature": "v1"}, {}), "Offers:\n  - half\n      - signature: v1\n"),
        ("offers", Change("changed", "half", {}, {"limit": {"times": 1, "days": 365, "of": "any"}}),
         "Offers:\n  ~ half\n      + limit: at most 1 redemption of any offer in 365 days\n"),
        ("rules", Change("moved", "late", {"place": 7}, {"place": 1}),
         "Rules:\n  ↕ late from place 7 to place 1\n"),
        ("experiments", Change("changed", "key", {}, {}, "10 % of the customers change arm"),
         "Experiments:\n  ~ key (10 % of the customers change arm)\n"),
        ("messages", Change("added", "keep in ja", {}, TEXT),
         "Messages:\n  + keep in ja\n      “Stay” Keep your maps.\n"),
        ("messages", Change("removed", "keep in ja", TEXT, {}),
         "Messages:\n  - keep in ja\n      “Stay” Keep your maps.\n"),
        ("settings", Change("changed", "locales", {"fallbacks.es": ["es-MX", "en-US"]}, {}),
         "App, environments, locales:\n  ~ locales\n      - fallbacks.es: es-MX, en-US\n"),
        ("messages", Change("changed", "keep in ja", {}, {"bullets": [{"text": "All", "image": "tick"}]}),
         "Messages:\n  ~ keep in ja\n      + bullets: All / tick\n"),
        ("products", Change("changed", "pro", {"bundle": False}, {"bundle": True}),
         "Products:\n  ~ pro\n      - bundle: false\n      + bundle: true\n"),
    ],
)  # fmt: skip
def test_a_change_is_printed_under_the_heading_of_its_section(
    section: str, change: Change, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Added, removed, changed and moved entries have a mark each; values are written as in the file."""
    assert printed(partial(show, found(**{section: (change,)})), capsys) == expected


@pytest.mark.parametrize(
    ("same_bytes", "end"), [(True, "are the same."), (False, "are the same, but for comments, layout or order.")]
)
def test_no_change_is_one_sentence(
    same_bytes: bool,  # noqa: FBT001  # a parameter
    end: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two editions without a difference for customers may still differ in their bytes, which is stated."""
    text = printed(partial(show, found(same_bytes=same_bytes)), capsys)
    assert text == f"release 1 and file.yaml {end}\n"


def test_the_document_has_every_section(capsys: pytest.CaptureFixture[str]) -> None:
    """A section without a change is an empty list, so that a program need not ask whether it is there."""
    document = json_document(partial(show, found(rules=(Change("moved", "a", {"place": 2}, {"place": 1}),))), capsys)
    assert (document["before"], document["after"], document["same"]) == ("release 1", "file.yaml", False)
    assert {name: len(document[name]) for name in SECTIONS} == {**dict.fromkeys(SECTIONS, 0), "rules": 1}
    assert document["rules"][0]["after"] == {"place": 1}
