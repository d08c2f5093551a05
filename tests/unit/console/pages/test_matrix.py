"""Who sees what: products that are alike in one row, and lists of answers that depend on the customer."""

from __future__ import annotations

from retention.locales import APPLE_LOCALES

from console.pages.matrix import matrix_of
from console.pages.screens import make_board
from tests.support.drawn_pages import coverage_of, edition_with, previewed, shown_cell, text

FOUND = previewed()
MATRIX = matrix_of(FOUND.board)


def test_a_row_for_each_product_and_a_column_for_each_locale() -> None:
    """The sample's products all differ."""
    assert len(MATRIX.rows) == 7
    assert set(MATRIX.locales) >= APPLE_LOCALES
    assert all(len(row.cells) == len(MATRIX.locales) for row in MATRIX.rows)


def test_products_that_are_alike_are_one_row() -> None:
    """They are named in it; `*` keeps a row of its own, since it lacks no default message."""
    edition = edition_with({"keep": {"en-US": text()}}, ("a", "b", "c"))
    cells = tuple(shown_cell(product, "en-US", "keep") for product in ("a", "b", "*"))
    other = shown_cell("c", "en-US", "keep", rule="other")
    board = make_board(edition, None, coverage_of(edition, (*cells, other), {}))
    assert [row.products for row in matrix_of(board).rows] == [("a", "b"), ("*",), ("c",)]


def test_a_cell_with_one_screen_for_everyone_leads_to_it() -> None:
    """So no list of one answer is needed."""
    edition = edition_with({"keep": {"en-US": text()}})
    board = make_board(edition, None, coverage_of(edition, (shown_cell("pro", "en-US", "keep"),), {}))
    matrix = matrix_of(board)
    [[cell]] = [row.cells for row in matrix.rows]
    assert (cell.target, cell.screens, matrix.lists) == (board.screens[0].identity, 1, ())


def test_every_other_cell_leads_to_the_list_of_its_answers() -> None:
    """In order, with who gets each; places that are alike share a list."""
    lists = {one.identity: one for one in MATRIX.lists}
    targets = {cell.target for row in MATRIX.rows for cell in row.cells}
    assert targets <= set(lists) | {one.identity for one in FOUND.board.screens}
    [german] = [one for one in MATRIX.lists if one.locales == ("de-DE",) and one.products == ("trailhead.pro.monthly",)]
    assert [line.who.partition(", by ")[2] for line in german.lines] == [
        "leave-trials-alone: Apple falls back",
        "winter-half-price",
        "half-of-monthly-tries-the-switch, arm control (50 %)",
        "half-of-monthly-tries-the-switch, arm switch (50 %)",
    ]
    assert german.lines[0].screen is None
    assert [line.who.partition(",")[0] for line in german.lines][2:] == ["everyone else", "everyone else"]


def test_a_list_ends_with_those_whom_no_rule_answers() -> None:
    """Of the student's product nothing is shown to anyone but trial customers, for whom Apple falls back."""
    [student] = [one for one in MATRIX.lists if one.products == ("trailhead.student.annual",)]
    assert [line.who for line in student.lines][1:] == ["everyone else: no real-time answer"]
