"""Apple's limits, and how Apple counts the length of a text."""

from __future__ import annotations

import pytest
from retention.limits import calls_per_hour, utf16_length


@pytest.mark.parametrize(("environment", "default", "other"), [("Sandbox", 3600, 360), ("Production", 36_000, 3600)])
def test_calls_of_an_hour(environment: str, default: int, other: int) -> None:
    """In production Apple allows 10 default messages or 1 other call each second; the sandbox allows a tenth."""
    assert calls_per_hour("Configure Default Message", environment) == default
    assert calls_per_hour("Upload Message", environment) == other


@pytest.mark.parametrize(("text", "length"), [("", 0), ("é", 1), ("e\u0301", 2), ("🎁", 2), ("\ud800", 1)])
def test_a_text_is_counted_in_utf16_units(text: str, length: int) -> None:
    """The strictest count: a character outside the first plane, such as an emoji, counts twice."""
    assert utf16_length(text) == length
