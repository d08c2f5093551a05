"""Changed texts as pairs: what is drawn on each side, and which words differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.decisions.differences import differences
from console.file.edition import side_of_file
from console.local.samples import SAMPLE
from console.pages.changes import CAME, GONE, SAME, ChangedText, Mark, changed_texts, compare_words, other_changes
from tests.support.edited_sample import edited


def compared(tmp_path: Path, *changes: tuple[str, str]) -> tuple[ChangedText, ...]:
    before, after = side_of_file(SAMPLE), side_of_file(edited(tmp_path, *changes))
    return changed_texts(differences(before, after), before, after)


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("every phone now", "every device now", [(SAME, "every "), (GONE, "phone"), (CAME, "device"), (SAME, " now")]),
        ("same", "same", [(SAME, "same")]),
        ("", "new", [(CAME, "new")]),
        ("old", "", [(GONE, "old")]),
        ("山の道", "山の町", [(SAME, "山の"), (GONE, "道"), (CAME, "町")]),
        ("Stay.", "Stay!", [(SAME, "Stay"), (GONE, "."), (CAME, "!")]),
    ],
)
def test_the_words_that_differ(before: str, after: str, pieces: list[tuple[str, str]]) -> None:
    """Words are compared, and single characters in scripts without blanks."""
    assert [(one.kind, one.text) for one in compare_words(before, after)] == pieces


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_pieces_make_both_texts(before: str, after: str) -> None:
    """Without what came the pieces are the text before, without what is gone the one after."""
    pieces = compare_words(before, after)
    assert "".join(one.text for one in pieces if one.kind != CAME) == before
    assert "".join(one.text for one in pieces if one.kind != GONE) == after


def test_a_changed_text_is_a_pair(tmp_path: Path) -> None:
    """Both sides are drawn, with their own ids, and the parts that differ are named."""
    [one] = compared(tmp_path, ("Keep your weekend walks", "Keep all your walks"))
    assert one.before is not None
    assert one.after is not None
    assert (one.what, one.messages, one.locale, list(one.words)) == ("changed", "keep-basic", "en-US", ["header"])
    assert (one.before.text or {})["header"] == "Keep your weekend walks"
    assert (one.after.text or {})["header"] == "Keep all your walks"
    assert one.before.message != one.after.message


def test_marks_name_what_is_no_text(tmp_path: Path) -> None:
    """Image, place of the header, revision and bullets, as far as they differ."""
    changes = (
        ("headerPosition: ABOVE_IMAGE\n", "revision: 2\n"),
        (
            "{text: 120 000 trails, image: tick, altText: A tick}",
            "{text: 130 000 trails, image: tick, altText: A tick}",
        ),
        ("altText: Drei Bergkämme in der Dämmerung\n", "altText: Drei Berge\n"),
    )
    english, german = compared(tmp_path, *changes)
    assert english.marks == (
        Mark("header moves below the image"),
        Mark("revision", "none", "2"),
        Mark("bullet 1", "“120 000 trails” [tick: A tick]", "“130 000 trails” [tick: A tick]"),
    )
    assert (list(german.words), german.marks) == (["altText"], ())


def test_new_and_gone_texts_stand_alone(tmp_path: Path) -> None:
    """A new text has no side before, one that is gone none after."""
    line = "    fr-FR: {header: Gardez vos balades, body: 'Vos itinéraires restent sur tous vos appareils, avec des nouveautés chaque mois.'}\n"  # noqa: E501  # as it is in the file
    gone, new = compared(tmp_path, (line, "    it: {header: Resta, body: Con noi}\n"))
    assert (gone.what, gone.locale, gone.after) == ("removed", "fr-FR", None)
    assert (new.what, new.locale, new.before) == ("added", "it", None)


def test_other_changes_are_those_of_no_message(tmp_path: Path) -> None:
    """Rules, offers and the rest are listed with their section."""
    before = side_of_file(SAMPLE)
    after = side_of_file(edited(tmp_path, ("offerIdentifier: retention_half_3m", "offerIdentifier: half_6m")))
    found = list(other_changes(differences(before, after)))
    assert {section for section, _ in found} == {"rules", "offers"}
