"""The screen of each arm, as the page of a report draws it."""

from __future__ import annotations

from dataclasses import replace

from retention.catalog import FALLBACK

from console.file.document import read_named
from console.file.entries import ArmEntry, Document, ExperimentEntry
from console.local.samples import SAMPLE
from console.pages.arm_screens import arm_screens, used_images

DOCUMENT = read_named(SAMPLE, "")
KEY = "switch-2026q4"


def with_arms(*arms: ArmEntry) -> Document:
    entry = DOCUMENT.experiments[KEY]
    rules = tuple(
        replace(rule, gives=replace(entry, arms=arms)) if isinstance(rule.gives, ExperimentEntry) else rule
        for rule in DOCUMENT.rules
    )
    return replace(DOCUMENT, rules=rules)


def test_each_arm_has_its_text_in_the_default_locale() -> None:
    """With what Apple writes next to it, and how many locales there are."""
    control, switch = arm_screens(DOCUMENT, KEY, {})
    assert (control.arm, switch.arm, control.locales) == ("control", "switch", 5)
    assert control.card is not None
    assert switch.card is not None
    assert (control.card.screen.locale, control.card.note) == ("en-US", "")
    assert switch.card.note == "Apple writes name and price of trailhead.pro.annual"
    assert used_images(DOCUMENT, KEY) == ("ridge", "tick", "offline-map")


def test_an_arm_without_a_text_of_ours_has_words() -> None:
    """Apple's fallback, an arm without an answer, and a set without texts."""
    answer = DOCUMENT.experiments[KEY].arms[0].answer
    assert answer is not None
    found = arm_screens(
        with_arms(
            ArmEntry("a", 1, replace(answer, kind=FALLBACK, messages="")),
            ArmEntry("b", 1, None),
            ArmEntry("c", 1, replace(answer, messages="gone")),
        ),
        KEY,
        {},
    )
    assert [one.card for one in found] == [None] * 3
    assert [one.words.partition(":")[0] for one in found] == [
        "Apple's fallback",
        "The file has no answer for this arm.",
        "The file has no text of gone.",
    ]


def test_a_file_without_the_experiment_has_no_screens() -> None:
    """As has a report of the log alone."""
    assert (arm_screens(DOCUMENT, "other", {}), arm_screens(None, KEY, {}), used_images(None, KEY)) == ((), (), ())
