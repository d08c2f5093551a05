"""The sections images and messages: texts within Apple's limits, as they are uploaded."""

from __future__ import annotations

import pytest

from tests.support.owner_file import GOOD, mistakes_of, only_mistake


@pytest.mark.parametrize(("field", "limit"), [("header", 66), ("body", 144)])
@pytest.mark.parametrize("character", ["x", "é", "山", "👍", "👨‍👩‍👧"])
def test_a_text_fits_by_the_strictest_of_three_counts(field: str, limit: int, character: str) -> None:
    """Code points, UTF-16 units and graphemes must each fit the limit; UTF-16 units exceed it first."""
    units = len(character.encode("utf-16-le")) // 2
    good, bad = character * (limit // units), character * (limit // units + 1)
    other = {"header": "body: b", "body": "header: h"}[field]
    text = GOOD.replace("{header: Stay, body: Please}", f"{{{field}: '%s', {other}}}")
    assert mistakes_of(text % good) == []
    [(line, mistake)] = mistakes_of(text % bad)
    assert line == 10
    assert f"at most {limit}" in mistake


def test_combining_characters_are_counted_as_uploaded() -> None:
    """A text is counted in NFC, the form in which it is uploaded."""
    decomposed = "e\u0301" * 66
    assert mistakes_of(GOOD.replace("header: Stay", f"header: {decomposed}")) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("image: hero", "`altText` is missing."),
        ("altText: A hero", "`altText` describes an image"),
        ("headerPosition: ABOVE_IMAGE", "ABOVE_IMAGE needs an image."),
        ("bullets: []", "The list `bullets` is empty."),
        ("bullets: [{text: a, image: i}]", "`altText` is missing."),
        ("bullets: [{text: a, image: i, alttext: b, altText: c}]", "Did you mean `altText`?"),
        ("revision: 0", "whole number from 1"),
        ("header: '  '", "The key `header`"),
        ('body: "\\u0007"', "The key `body`"),
    ],
)
def test_messages_obey_apples_rules(fields: str, expected: str) -> None:
    """What Apple would refuse in a message is a mistake."""
    found = mistakes_of(GOOD.replace("body: Please", f"body: Please, {fields}"))
    assert any(expected in text for _, text in found), found


def test_a_message_has_at_most_five_bullets() -> None:
    """Apple accepts at most five bullets."""
    bullets = ", ".join(["{text: a, image: i, altText: b}"] * 6)
    assert "at most 5" in only_mistake("body: Please", f"body: Please, bullets: [{bullets}]")[1]


def test_texts_may_have_several_lines() -> None:
    """A text for customers may contain a line end."""
    assert mistakes_of(GOOD.replace("body: Please", 'body: "Please\\nstay"')) == []
