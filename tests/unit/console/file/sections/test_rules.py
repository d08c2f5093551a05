"""The section rules: each rule has a name of its own, and one answer or one experiment."""

from __future__ import annotations

from tests.support.owner_file import GOOD, mistakes_of


def test_rule_names_are_unique() -> None:
    """Two rules of one name could not be distinguished in a log."""
    text = GOOD + "  - name: one\n    answer: fallback\n"
    assert "the first is on line 14" in mistakes_of(text)[0][1]
