"""Invisible characters and their names."""

# ruff: noqa: RUF001  # tables of files, and characters that look like others on purpose

from __future__ import annotations

from console.terminal.characters import describe_character, unfit_in_text


def test_characters_are_named_by_code_point_and_name() -> None:
    """Control characters have names too, as aliases."""
    assert describe_character("\x0b") == "U+000B LINE TABULATION"
    assert describe_character("\x9b") == "U+009B CONTROL SEQUENCE INTRODUCER (a `›` of Windows-1252)"
    assert describe_character("\ud800") == "U+D800 half a character (a lone surrogate)"
    assert unfit_in_text("a\tb\nc") is None
