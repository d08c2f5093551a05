"""The page as data: what was chosen, what it counts, and when a check fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from console.decisions.coverage import Waiting
from console.file.edition import side_of_file
from console.local.samples import SAMPLE
from console.pages.preview import ScreenChoice
from console.terminal.failure import Failure
from tests.support.drawn_pages import previewed
from tests.support.edited_sample import edited

FOUND = previewed()


def waiting(state: str) -> Waiting:
    return Waiting("keep-pro", "ja", "m", state, None, ("keep-pro",))


def test_what_is_counted() -> None:
    """Screens, gaps and remarks; without a table no states, and without another side no changes."""
    counts = FOUND.counts
    assert counts.screens == len(FOUND.board.screens)
    assert (counts.changed, counts.waiting, counts.rejected) == (None, None, None)
    assert counts.without_default == len(FOUND.found.without_default)
    assert counts.wrong + counts.worth_a_look == len(FOUND.remarks)


def test_rejected_texts_are_counted_apart_from_those_that_wait() -> None:
    """A rejected image rejects its text."""
    states = ("PENDING", "REJECTED", "APPROVED, image 1 REJECTED")
    found = replace(FOUND, has_states=True, found=replace(FOUND.found, waiting=tuple(map(waiting, states))))
    assert (found.counts.waiting, found.counts.rejected) == (1, 2)


@pytest.mark.parametrize(
    ("choice", "sets", "locales"),
    [
        (ScreenChoice(sets=("keep-basic",)), {"keep-basic"}, {"en-US", "fr-FR"}),
        (
            ScreenChoice(locales=("de-DE",)),
            {"keep-pro", "switch-text", "offer-text", "keep-basic", "commitment-text", "course-text"},
            None,
        ),
        (ScreenChoice(("keep-pro",), ("fr-CA",)), {"keep-pro"}, {"fr-FR"}),
    ],
)
def test_screens_are_chosen_by_set_and_locale(choice: ScreenChoice, sets: set[str], locales: set[str] | None) -> None:
    """A locale chooses what devices in it are shown, in whichever locale the text is."""
    found = previewed(choice=choice)
    assert {one.messages for one in found.board.screens} == sets
    assert locales is None or {one.locale for one in found.board.screens} == locales
    if choice.locales:
        assert {one.cell.locale for one in found.board.cells} == set(choice.locales)
    assert {one.messages for one in found.remarks} <= sets


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        (ScreenChoice(sets=("keep-bsic",)), "has no message set `keep-bsic`. Did you mean `keep-basic`?"),
        (ScreenChoice(("keep-basic",), ("xx-YY",)), "has no screen in what --set and --locale name"),
    ],
)
def test_what_is_not_there_cannot_be_chosen(choice: ScreenChoice, sentence: str) -> None:
    """An unknown set has a suggestion; an empty page is not written."""
    with pytest.raises(Failure, match=sentence.replace("?", r"\?")):
        previewed(choice=choice)


def test_changes_are_those_of_the_chosen_screens(tmp_path: Path) -> None:
    """A change of another set is not on the page."""
    before = side_of_file(SAMPLE)
    file = edited(tmp_path, ("Keep your weekend walks", "Keep them"), ("A year for less", "One year for less"))
    assert len(previewed(file, before=before).changes) == 2
    found = previewed(file, before=before, choice=ScreenChoice(sets=("keep-basic",)))
    assert found.changed_places == {("keep-basic", "en-US")}
    assert found.against == str(SAMPLE)


def test_a_check_fails_for_what_is_wrong_waits_or_lacks_a_default() -> None:
    """What is worth a look does not fail it."""
    cells = tuple(cell for cell in FOUND.found.cells if cell.default)
    good = replace(FOUND, found=replace(FOUND.found, cells=cells))
    assert not good.needs_work
    assert replace(good, found=replace(good.found, waiting=(waiting("PENDING"),))).needs_work
    assert replace(good, remarks=(replace(good.remarks[0], code="W2"),)).needs_work
    assert FOUND.needs_work


def test_remarks_are_found_by_the_screen_they_are_about() -> None:
    """Every remark is on some screen."""
    by_screen = FOUND.remarks_on()
    assert {remark for remarks in by_screen.values() for remark in remarks} == set(FOUND.remarks)
    assert set(by_screen) <= {one.identity for one in FOUND.board.screens}
