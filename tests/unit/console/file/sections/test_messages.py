"""The sections images and messages: texts within Apple's limits, as they are uploaded."""

from __future__ import annotations

import pytest

from tests.support.owner_file import FULL, GOOD, document_of, mistakes_of, only_mistake


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


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("{file: a.png}", ("a.png", "FULL_SIZE", None, [])),
        ("{file: a.png, size: BULLET_POINT, revision: 2}", ("a.png", "BULLET_POINT", 2, [])),
        ("{size: BULLET_POINT}", ("", "", None, ["`file` is missing."])),
        ("{file: a.png, size: SMALL}", ("a.png", "", None, ["There is no `size` called `SMALL`."])),
        ("{file: a.png, revision: 0}", ("a.png", "", None, ["`revision` is a whole number from 1 on"])),
    ],
)
def test_an_image_is_full_size_unless_the_file_states_another(
    image: str, expected: tuple[str, str, int | None, list[str]]
) -> None:
    """An image with a mistake has no size, so that its pixels are not compared with a size that was not meant."""
    document = document_of(FULL.replace("{file: hero.png}", image))
    found, (file, size, revision, wrong) = document.images["hero"], expected
    assert (found.file, found.size, found.revision) == (file, size, revision)
    assert len(document.mistakes) == len(wrong)
    assert all(mistake.wrong.startswith(text) for mistake, text in zip(document.mistakes, wrong, strict=True))


def test_a_text_is_kept_as_it_will_be_uploaded() -> None:
    """Outer blanks are gone, letters are composed, and bullets keep their order."""
    bullets = "bullets: [{text: ' one ', image: i, altText: a}, {text: two, image: j, altText: b}]"
    text = FULL.replace("{header: Stay, body: Please}", f"{{header: ' Cafe\u0301 ', body: Please, {bullets}}}")
    found = document_of(text).messages["keep"]["en-US"]
    assert found.header == "Caf\u00e9"
    assert [(bullet.text, bullet.image, bullet.alt_text) for bullet in found.bullets] == [
        ("one", "i", "a"),
        ("two", "j", "b"),
    ]


@pytest.mark.parametrize("part", ["\\\\n", "&amp;", "{{name}}", "${name}", "%@"])
def test_what_a_text_cannot_mean_is_a_warning(part: str) -> None:
    """Customers would read an escape, an entity or a placeholder as it stands."""
    document = document_of(FULL.replace("header: Stay", f'header: "Stay {part}"'))
    [warning] = document.warnings
    assert f"`{part.replace(chr(92) * 2, chr(92))}` in it" in warning.wrong
    assert document.mistakes == ()
