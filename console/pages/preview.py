"""Everything that the page of `retention preview` shows, as data: screens, cells, remarks, and what changes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from retention.catalog import REJECTED

from console.decisions.coverage import Coverage, Waiting
from console.decisions.differences import Change, differences
from console.file.edition import Edition, Side, Standing
from console.file.mistakes import suggestion
from console.pages.changes import ChangedText, changed_texts, other_changes
from console.pages.remarks import Remark, remark_all
from console.pages.screens import Board, DrawnScreen, make_board
from console.terminal.failure import Failure

_REMOVED: Final = "removed"


@dataclass(frozen=True, slots=True)
class ScreenChoice:
    """Which screens are asked for, by set, and by the locale of the text or of a device; empty means all."""

    sets: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()

    def takes(self, screen: DrawnScreen) -> bool:
        return self.takes_text(screen.messages) and (
            not self.locales or not set(screen.locales).isdisjoint(self.locales)
        )

    def takes_text(self, messages: str, locale: str | None = None) -> bool:
        return (not self.sets or messages in self.sets) and (
            not self.locales or locale is None or locale in self.locales
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """What the head of the page counts; `changed` None: nothing was compared; `waiting` None: no states were asked."""

    screens: int
    changed: int | None
    waiting: int | None
    rejected: int | None
    without_default: int
    wrong: int
    worth_a_look: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The page as data. `found` has the chosen cells; `against` names what the edition is compared with, or is None."""

    edition: Edition
    found: Coverage
    has_states: bool
    board: Board
    remarks: tuple[Remark, ...]
    against: str | None
    changes: tuple[ChangedText, ...]
    others: tuple[tuple[str, Change], ...]

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """The texts that rules wait for, without the rejected ones."""
        return tuple(each for each in self.found.waiting if not _is_rejected(each))

    @property
    def rejected(self) -> tuple[Waiting, ...]:
        return tuple(each for each in self.found.waiting if _is_rejected(each))

    @property
    def changed_places(self) -> frozenset[tuple[str, str]]:
        """Set and locale of each text that is new or changed."""
        return frozenset((each.messages, each.locale) for each in self.changes if each.what != _REMOVED)

    @property
    def counts(self) -> Counts:
        wrong = sum(remark.wrong for remark in self.remarks)
        return Counts(
            screens=len(self.board.screens),
            changed=None if self.against is None else len(self.changes),
            waiting=len(self.waiting) if self.has_states else None,
            rejected=len(self.rejected) if self.has_states else None,
            without_default=len(self.found.without_default),
            wrong=wrong,
            worth_a_look=len(self.remarks) - wrong,
        )

    @property
    def needs_work(self) -> bool:
        """Whether `--check` fails: something is wrong, a text waits or was rejected, or a default is missing."""
        return bool(self.counts.wrong or self.found.waiting or self.found.without_default)

    def remarks_on(self) -> Mapping[str, list[Remark]]:
        """Return the remarks by the identity of the screens they are about."""
        found: dict[str, list[Remark]] = {}
        by_text: dict[tuple[str, str, str], list[str]] = {}
        for one in self.board.screens:
            by_text.setdefault((one.messages, one.locale, one.message), []).append(one.identity)
        for remark in self.remarks:
            every = by_text.get((remark.messages, remark.locale, remark.message), [])
            for identity in [remark.screen] if remark.screen else every:
                found.setdefault(identity, []).append(remark)
        return found


def make_preview(
    edition: Edition, known: Standing | None, found: Coverage, before: Side | None, choice: ScreenChoice
) -> Preview:
    """Return the page of an edition and its coverage, compared with `before`.

    Raises Failure for a set that is not in the file, and where no screen is in what was chosen.
    """
    _check(edition, choice)
    every = make_board(edition, known, found)
    screens = tuple(screen for screen in every.screens if choice.takes(screen))
    if not screens and (choice.sets or choice.locales):
        raise Failure(f"{edition.name} has no screen in what --set and --locale name.")
    cells = tuple(cell for cell in every.cells if not choice.locales or cell.cell.locale in choice.locales)
    changes: tuple[ChangedText, ...] = ()
    others: tuple[tuple[str, Change], ...] = ()
    if before is not None:
        after = edition.side()
        compared = differences(before, after)
        changes = tuple(
            each for each in changed_texts(compared, before, after) if choice.takes_text(each.messages, each.locale)
        )
        others = tuple(other_changes(compared))
    return Preview(
        edition=edition,
        found=replace(found, cells=tuple(cell.cell for cell in cells), waiting=tuple(_waiting(found, choice))),
        has_states=known is not None,
        board=Board(screens, cells),
        remarks=remark_all(edition.document, screens),
        against=None if before is None else before.name,
        changes=changes,
        others=others,
    )


def _check(edition: Edition, choice: ScreenChoice) -> None:
    known = edition.document.messages
    for name in choice.sets:
        if name not in known:
            raise Failure(f"{edition.name} has no message set `{name}`. {suggestion(name, known)}")


def _waiting(found: Coverage, choice: ScreenChoice) -> Iterator[Waiting]:
    return (each for each in found.waiting if choice.takes_text(each.messages, each.locale))


def _is_rejected(waiting: Waiting) -> bool:
    return REJECTED in waiting.state
