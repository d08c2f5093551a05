"""The section rules: each rule has a name of its own, and one answer or one experiment."""

from __future__ import annotations

import pytest

from tests.support.owner_file import GOOD, document_of, mistakes_of


def test_rule_names_are_unique() -> None:
    """Two rules of one name could not be distinguished in a log."""
    text = GOOD + "  - name: one\n    answer: fallback\n"
    assert "the first is on line 14" in mistakes_of(text)[0][1]


def test_rules_keep_the_order_of_the_file() -> None:
    """The first rule that matches answers, so that their order is their meaning."""
    text = GOOD + "".join(f"  - {{name: {name}, answer: fallback}}\n" for name in ("z", "a", "m"))
    assert [rule.name for rule in document_of(text).rules] == ["one", "z", "a", "m"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{answer: fallback}", "`name` is missing."),
        (f"{{name: {'n' * 101}, answer: fallback}}", "This name has 101 characters. Use at most 100."),
        ("{name: two}", "This rule has neither an `answer` nor an `experiment`."),
        ("{name: two, answer: fallback, then: fallback}", "A rule has no field `then`."),
        ("two", "A rule is a mapping, not the text `two`."),
    ],
)
def test_a_wrong_rule_is_one_mistake(rule: str, expected: str) -> None:
    """A rule that is read with a mistake is marked as not understood."""
    document = document_of(GOOD + f"  - {rule}\n")
    [mistake] = document.mistakes
    assert expected in str(mistake)
    assert [each.understood for each in document.rules] == [True, False]
