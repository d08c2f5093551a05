"""What is wrong in a file, where, and what to write instead: collected, and told all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in the file: a line, counted from 1, and the path of keys that leads there."""

    line: int
    where: str

    def inside(self, key: str, line: int | None = None) -> Place:
        return Place(self.line if line is None else line, f"{self.where}.{key}" if self.where else key)


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake. `wrong` and `instead` are sentences for the owner of the file."""

    line: int
    where: str
    wrong: str
    instead: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.wrong} {self.instead}"


class Mistakes(Exception):  # noqa: N818  # what it holds, rather than one error
    """Every mistake of one file, in the order of its lines."""

    def __init__(self, file: str, mistakes: Iterable[Mistake]) -> None:
        self.file = file
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(f"{file}:{mistake.line}: {mistake}" for mistake in self.mistakes))


@dataclass(slots=True)
class Notes:
    """Mistakes as they are found; reading goes on behind each."""

    mistakes: list[Mistake] = field(default_factory=list)

    def add(self, place: Place, wrong: str, instead: str) -> None:
        self.mistakes.append(Mistake(place.line, place.where, wrong, instead))

    def unknown(self, place: Place, what: str, name: str, known: Iterable[str]) -> None:
        """Note that there is no `what` called `name`, and which one may have been meant."""
        self.add(place, f"There is no {what} `{name}`.", suggestion(name, known))


_MOST_NAMES = 12


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return what to write instead of `name`: the nearest of `known`, else all of them where they are few."""
    names = sorted(set(known))
    near = nearest(name, names)
    if near is not None:
        return f"Did you mean `{near}`?"
    if not names:
        return "The file names none yet: add it first."
    listed = ", ".join(f"`{known_name}`" for known_name in names[:_MOST_NAMES])
    return f"Write one of {listed}{' …' if len(names) > _MOST_NAMES else ''}."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` that looks most like `name`, whatever the case, or None."""
    folded = {_fold(candidate): candidate for candidate in known}
    matches = difflib.get_close_matches(_fold(name), folded, n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


def _fold(name: str) -> str:
    return name.casefold().replace("_", "-")
