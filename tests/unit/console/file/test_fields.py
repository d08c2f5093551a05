"""One mapping of the file: typed access to its fields, and a mistake for each that is wrong, missing or unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from console.file.fields import Fields
from console.file.mistakes import Notes
from console.file.tree import parse
from tests.support.owner_file import only_mistake

Read = Callable[[Fields], Any]


def read(text: str, by: Read) -> tuple[Any, list[str]]:
    """Return what `by` reads from a mapping with the fields `a` and `b`, and the mistakes."""
    notes = Notes()
    fields = Fields.of(parse(text.encode(), "case", notes), notes, "a thing", ("a", "b"))
    found = by(fields)
    return found, [f"{mistake.where}: {mistake.wrong} {mistake.instead}" for mistake in notes.mistakes]


def integer(fields: Fields) -> int | None:
    return fields.integer("a", least=1, like=7)


@pytest.mark.parametrize(
    ("text", "by", "value"),
    [
        ("a: Stay", lambda fields: fields.text("a"), "Stay"),
        ("a: 'Sta\u0301y'", lambda fields: fields.text("a"), "St\u00e1y"),
        ("b: 1", lambda fields: fields.text("a", required=False), None),
        ('a: "one\\ntwo"', lambda fields: fields.prose("a"), "one\ntwo"),
        ("a: images/my hero.png", lambda fields: fields.path("a"), "images/my hero.png"),
        ("a: 7", integer, 7),
        ("a: true", lambda fields: fields.flag("a"), True),
        ("b: 1", lambda fields: fields.flag("a"), False),
        ("a: v1", lambda fields: fields.choice("a", ("v2", "v1"), default="v2"), "v1"),
        ("b: 1", lambda fields: fields.choice("a", ("v2", "v1"), default="v2"), "v2"),
        ("a: P1M", lambda fields: fields.period("a", ("P1M", "P1Y")), "P1M"),
        ("a: {x: 1, y: 2}", lambda fields: list(fields.named("a")), ["x", "y"]),
        ("b: 1", lambda fields: dict(fields.named("a")), {}),
        ("a: [1, 2]", lambda fields: [item.value for item in fields.listed("a")], [1, 2]),
        ("b: 1", lambda fields: fields.listed("a"), ()),
    ],
)
def test_a_good_field_is_its_value(text: str, by: Read, value: object) -> None:
    """Each reader returns the value with its type, and its default where the field is absent."""
    assert read(text, by) == (value, [])


@pytest.mark.parametrize(
    ("text", "by", "mistake"),
    [
        ("b: 1", lambda fields: fields.text("a"), ": `a` is missing. Write `a: …`."),
        ("a: 2024", lambda fields: fields.text("a"), 'a: `a` is a text, not the number `2024`. Write `a: "2024"`.'),
        ("a: ''", lambda fields: fields.text("a"), "a: `a` is a text, not an empty one. Write `a: …`."),
        ("a: #1 plan", lambda fields: fields.text("a"), "a: `a` is empty: `#1 plan` is a comment to YAML."),
        ('a: "one\\ntwo"', lambda fields: fields.line("a"), "a: `a` has more than one line, or a tab in it."),
        ('a: "b\\u0007c"', lambda fields: fields.path("a"), "a: `a` has a control character in it."),
        ("a: 0", integer, "a: `a` is a whole number from 1 on, not the number `0`. Write one like `a: 7`."),
        ("a: '12'", integer, "a: `a` is a whole number from 1 on, not the text `12`. Write `a: 12`."),
        ("a: yes", lambda fields: fields.flag("a"), "a: `a` is `true` or `false`, not the text `yes`."),
        (
            "a: v3",
            lambda fields: fields.choice("a", ("v2", "v1")),
            "a: There is no `a` called `v3`. Write one of `v1`, `v2`.",
        ),
        ("a: P1D", lambda fields: fields.period("a", ("P1M", "P1Y")), "a: There is no `a` called `P1D`."),
        ("a: [x]", lambda fields: fields.named("a"), "a: `a` is a mapping, not a list. Write `name: …` below it."),
        ("a: {x: 1}", lambda fields: fields.listed("a"), "a: `a` is a list, not a mapping. Write `- …` below it."),
        ("a: []", lambda fields: fields.listed("a"), "a: The list `a` is empty. Leave it out, or put something in."),
        ("aa: 1", lambda fields: fields.at, "aa: A thing has no field `aa`. Did you mean `a`?"),
        (
            "[a]",
            lambda fields: fields.text("a"),
            ": A thing is a mapping, not a list. Write `a: …` and so on",
        ),
    ],
)
def test_a_wrong_field_is_one_mistake(text: str, by: Read, mistake: str) -> None:
    """The mistake names the field, what is wrong with it, and what to write."""
    _, found = read(text, by)
    assert len(found) == 1, found
    assert found[0].startswith(mistake), found


def test_a_name_with_an_invisible_character_is_still_returned() -> None:
    """A live release may have such a name, so it is a mistake and a name; one with a control character is no name."""
    assert read('a: "b\\u200b"', lambda fields: fields.text("a"))[0] == "b\u200b"
    assert read('a: "b\\u0007"', lambda fields: fields.text("a"))[0] is None


def test_an_absent_field_has_the_place_where_it_would_be() -> None:
    """A mistake about a missing field can name its path and the line of its mapping."""
    place, _ = read("b: 1", lambda fields: fields.place("a"))
    assert (place.line, place.where) == (1, "a")


def test_a_number_in_the_place_of_a_text_needs_quotes() -> None:
    """For a number in the place of a text, the mistake shows the value in quotes."""
    assert 'Write `offerIdentifier: "2024"`.' in only_mistake("offerIdentifier: half", "offerIdentifier: 2024")[1]
