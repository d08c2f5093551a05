"""Texts without control characters."""

from __future__ import annotations

from console.terminal.controls import without_controls


def test_a_terminal_carries_out_nothing_that_a_name_has_in_it() -> None:
    """Control characters are named; line ends, tabs and texts in every script stay as they are."""
    assert without_controls("a\x1b]0;b\x07\x9b2J\r") == "a\\x1b]0;b\\x07\\x9b2J\\x0d"
    assert without_controls("a\n\tb\u00e9\u200c\u4e00") == "a\n\tb\u00e9\u200c\u4e00"
