"""The images of a file are checked, and each image and message has the id that follows from its content."""

from __future__ import annotations

import pytest

from console.local.samples import compile_sample
from tests.support.compiled_file import HEAD, KEEP, compiled, refused


def test_the_same_file_gives_the_same_ids_on_any_machine() -> None:
    """Ids depend on content alone, so the sample's id here is its id on every machine."""
    first, second = compile_sample().release, compile_sample().release
    assert first.messages == second.messages
    assert first.texts["keep-basic"]["en-US"] == ("1ff0ba34-f1ff-5b29-aa71-3c8f7ab707af",)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("images/ridge.png", "images/nowhere.png", "cannot be read: no such file"),
        ("images/ridge.png", '"a\\0b"', "`file` has a control character in it."),
        ("images/ridge.png", "retention.yaml", "is no PNG image"),
        ("images/ridge.png", "images/tick.png", "1024 by 1024 pixels. Apple wants a width of exactly 3840"),
        ("image: ridge", "image: rigde", "Did you mean `ridge`?"),
        ("image: ridge", "image: tick", "BULLET_POINT; FULL_SIZE belongs here"),
    ],
)
def test_a_mistake_about_an_image_has_both_figures(old: str, new: str, expected: str) -> None:
    """The mistake has the figure that was found and the one that Apple requires."""
    assert any(expected in mistake for mistake in refused(KEEP, HEAD.replace(old, new)))


def test_apples_limit_of_messages_is_kept() -> None:
    """Apple keeps at most 2 000 messages for an app."""
    sets = "".join(f"  s{i}: {{en-US: {{header: h{i}, body: b}}}}\n" for i in range(2000))
    assert "at most 2000" in refused(KEEP, HEAD.replace("messages:\n", "messages:\n" + sets))[0]


def test_equal_texts_are_one_message() -> None:
    """The same text in two sets or locales has one id and is uploaded once."""
    head = HEAD.replace("  text:", "  again: {en-GB: {header: Stay, body: ' Please '}}\n  text:")
    texts = compiled(KEEP, head).release.texts
    assert texts["again"]["en-GB"] == texts["keep"]["en-US"]
