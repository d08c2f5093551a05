"""Who sees what: products by locales, with products that are alike in one row, and answers that depend on customers.

Pure. A cell with one screen for everyone leads to that screen, and every other one to the list of its answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from retention.table import ANY_PRODUCT

from console.pages.screens import Board, BoardCell, digest_of

_Content: TypeAlias = tuple[object, ...]

SIGNS: Final = {"own": "●", "other": "◐", "back": "\N{EN DASH}", "none": "○"}
WORDS: Final = {
    "own": "own language",
    "other": "other language",
    "back": "falls back",
    "none": "no answer",
}


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One answer of a list: who gets it, and the identity of its screen, None where Apple falls back."""

    who: str
    screen: str | None


@dataclass(frozen=True, slots=True)
class AnswerList:
    """The answers of cells that are alike, with the products and locales of these."""

    identity: str
    products: tuple[str, ...]
    locales: tuple[str, ...]
    lines: tuple[AnswerLine, ...]
    passed_over: tuple[str, ...]
    default: str | None
    lacks_default: bool


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """A cell as it is drawn. `target` is the id that it leads to."""

    look: str
    sign: str
    words: str
    screens: int
    lacks_default: bool
    target: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """Products whose cells are all alike."""

    products: tuple[str, ...]
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    locales: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    lists: tuple[AnswerList, ...]


def matrix_of(board: Board) -> Matrix:
    """Return the matrix of a board. `*`, every product that the file does not name, keeps a row of its own."""
    locales = tuple(dict.fromkeys(one.cell.locale for one in board.cells))
    by_product: dict[str, list[BoardCell]] = {}
    for one in board.cells:
        by_product.setdefault(one.cell.product, []).append(one)
    alike: dict[_Content, list[str]] = {}
    for product, cells in by_product.items():
        alike.setdefault((product == ANY_PRODUCT, *map(_content, cells)), []).append(product)
    rows = []
    places: dict[str, tuple[BoardCell, dict[str, None], dict[str, None]]] = {}
    for products in alike.values():
        cells = by_product[products[0]]
        rows.append(MatrixRow(tuple(products), tuple(map(_drawn, cells))))
        for one in cells:
            if not _is_plain(one):
                _, named, spoken = places.setdefault(_identity(one), (one, {}, {}))
                named.update(dict.fromkeys(products))
                spoken[one.cell.locale] = None
    lists = (_list(name, one, tuple(named), tuple(spoken)) for name, (one, named, spoken) in places.items())
    return Matrix(locales, tuple(rows), tuple(lists))


def _content(one: BoardCell) -> _Content:
    """Return what makes cells alike: the answers and what is below them, not where the cell is."""
    cell = one.cell
    answers = ((each.rule, each.everyone, each.when, each.arm, each.share) for each in cell.real_time)
    passed = ((each.rule, each.detail) for each in cell.passed_over)
    return (one.sign, one.lacks_default, one.screens, one.default, cell.complete, tuple(answers), tuple(passed))


def _identity(one: BoardCell) -> str:
    return "a" + digest_of(_content(one))


def _is_plain(one: BoardCell) -> bool:
    """Return whether everyone is shown one screen, and no rule was passed over: then the screen is all there is."""
    return len(one.screens) == 1 and one.screens[0] is not None and one.cell.complete and not one.cell.passed_over


def _drawn(one: BoardCell) -> MatrixCell:
    number = len(one.distinct)
    words = WORDS[one.sign] + (", no default" if one.lacks_default else "")
    target = one.distinct[0] if _is_plain(one) else _identity(one)
    return MatrixCell(one.sign, SIGNS[one.sign], words, number, one.lacks_default, target)


def _list(identity: str, one: BoardCell, products: tuple[str, ...], locales: tuple[str, ...]) -> AnswerList:
    passed = tuple(f"{each.rule} does not answer: {each.detail}" for each in one.cell.passed_over)
    return AnswerList(
        identity, products, locales, tuple(_lines(one)), passed, one.default, lacks_default=one.lacks_default
    )


def _lines(one: BoardCell) -> Iterator[AnswerLine]:
    answers = one.cell.real_time
    for number, (answer, screen) in enumerate(zip(answers, one.screens, strict=True)):
        back = ": Apple falls back" if screen is None else ""
        yield AnswerLine(_who(answer.rule, answer.arm, answer.share, _whom(one, number)) + back, screen)
    if not one.cell.complete:
        yield AnswerLine("everyone else: no real-time answer" if answers else "everyone: no real-time answer", None)


def _whom(one: BoardCell, number: int) -> str:
    answers = one.cell.real_time
    if not answers[number].everyone:
        return f"some customers (if {answers[number].when})"
    return "everyone" if answers[number].rule == answers[0].rule else "everyone else"


def _who(rule: str, arm: str | None, share: str | None, whom: str) -> str:
    part = "" if arm is None else f", arm {arm} ({share})"
    return f"{whom}, by {rule}{part}"
