"""The section `holdout`: its key, its share, and the one answer for all who are held out."""

from __future__ import annotations

import pytest

from console.file.entries import HoldoutEntry
from tests.support.owner_file import GOOD, document_of, mistakes_of


def entry(holdout: str) -> HoldoutEntry:
    text = f"holdout: {holdout}\n{GOOD}"
    assert mistakes_of(text) == []
    found = document_of(text).holdout
    assert found is not None
    return found


def test_a_file_need_not_have_a_holdout() -> None:
    """Then every customer is asked the rules."""
    assert document_of(GOOD).holdout is None


def test_a_holdout_is_read() -> None:
    """The answer is `fallback`, or a message of the file by the name of its set."""
    found = entry("{key: h-2026h2, percent: 2.5, answer: fallback}")
    assert (found.key, found.slots, found.answer and found.answer.kind) == ("h-2026h2", 250, "fallback")
    answer = entry("{key: h, percent: 50, answer: keep}").answer
    assert answer is not None
    assert (answer.kind, answer.messages, answer.at.line) == ("message", "keep", 1)
    assert entry("{key: h, percent: 0, answer: fallback}").slots == 0


@pytest.mark.parametrize(
    ("holdout", "expected"),
    [
        ("5", "A holdout is a mapping, not the number `5`."),
        ("", "A holdout is a mapping, not nothing."),
        ("{percent: 5, answer: fallback}", "`key` is missing."),
        ("{key: '', percent: 5, answer: fallback}", "`key` is a text, not an empty one."),
        ("{key: 5, percent: 5, answer: fallback}", '`key` is a text, not the number `5`. Write `key: "5"`.'),
        ("{key: " + "h" * 101 + ", percent: 5, answer: fallback}", "This key has 101 characters. Use at most 100."),
        ('{key: "who\'s", percent: 5, answer: fallback}', "`key` has the character U+0027 APOSTROPHE"),
        ("{key: h, answer: fallback}", "`percent` is missing."),
        ("{key: h, percent: 50.01, answer: fallback}", "The share of a holdout is at most 50 percent, not 50.01."),
        ("{key: h, percent: -1, answer: fallback}", "The share of a holdout is a percentage, not the number `-1`."),
        ("{key: h, percent: '5', answer: fallback}", "The share of a holdout is a percentage, not the text `5`."),
        ("{key: h, percent: 5}", "`answer` is missing."),
        ("{key: h, percent: 5, answer: 3}", "The answer of a holdout is `fallback` or the name of a message set"),
        (
            "{key: h, percent: 5, answer: {message: keep}}",
            "The answer of a holdout is `fallback` or the name of a message",
        ),
        (
            "{key: h, percent: 5, answer: {promotionalOffer: half, message: keep}}",
            "The answer of a holdout is `fallback`",
        ),
        ("{key: h, percent: 5, answer: fallback, layer: x}", "A holdout has no field `layer`."),
    ],
)
def test_a_mistake_in_a_holdout_is_at_its_line(holdout: str, expected: str) -> None:
    """Each mistake has what is wrong and what to write instead, and there is one mistake each."""
    [(line, found)] = mistakes_of(f"holdout: {holdout}\n{GOOD}")
    assert line == 1
    assert found.startswith(expected)


def test_an_answer_in_the_form_of_a_rules_is_corrected() -> None:
    """The sentence has the name of the set that was meant."""
    [(_, found)] = mistakes_of(f"holdout: {{key: h, percent: 5, answer: {{message: keep}}}}\n{GOOD}")
    assert found.endswith("Write `answer: keep`.")
