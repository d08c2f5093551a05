"""Rows of the log put together by epochs: releases with the same shares of the arms.

A release's shares are those that it published, where that is known, else those that its lines have. A release of which
the log has fewer arms than another with equal shares is of the same epoch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from console.effect.studied import Studied

# The slots of each arm by name.
SharesOfArms: TypeAlias = Mapping[str, int]


class RowOfRelease(Protocol):
    """A row that has an arm, and the release and slots of the first exposure."""

    @property
    def arm(self) -> str: ...
    @property
    def release(self) -> int | None: ...
    @property
    def slots(self) -> int | None: ...


AnyRow = TypeVar("AnyRow", bound=RowOfRelease)


@dataclass(frozen=True, slots=True)
class EpochShares:
    """One epoch: its releases in order, and the slots of its arms by name."""

    releases: tuple[int, ...]
    shares: SharesOfArms


@dataclass(frozen=True, slots=True)
class EpochGroups:
    """The epochs of a log, in the order of their first releases, and the place among them of each release."""

    epochs: tuple[EpochShares, ...]
    places: Mapping[int | None, int]

    def grouped(self, rows: Iterable[AnyRow]) -> tuple[list[AnyRow], ...]:
        """Return the rows of each epoch."""
        found: tuple[list[AnyRow], ...] = tuple([] for _ in self.epochs)
        for row in rows:
            found[self.places[row.release]].append(row)
        return found


def find_epochs(rows: Iterable[RowOfRelease], studied: Studied) -> EpochGroups:
    """Return the epochs that the rows are of."""
    groups: list[tuple[list[int | None], SharesOfArms]] = []
    shares_of = _shares_of_releases(rows, studied)
    for release, shares in sorted(shares_of.items(), key=lambda item: (-len(item[1]), item[0] or 0)):
        fitting = next((names for names, of_group in groups if shares.items() <= of_group.items()), None)
        if fitting is None:
            groups.append(([release], shares))
        else:
            fitting.append(release)
    groups.sort(key=lambda group: min(release or 0 for release in group[0]))
    epochs = tuple(EpochShares(tuple(sorted(filter(None, names))), shares) for names, shares in groups)
    return EpochGroups(epochs, {release: at for at, (names, _) in enumerate(groups) for release in names})


def _shares_of_releases(rows: Iterable[RowOfRelease], studied: Studied) -> dict[int | None, dict[str, int]]:
    published = {version.release: dict(version.arms) for version in studied.versions}
    usual = {arm.name: arm.slots for arm in studied.arms}
    seen: dict[int | None, dict[str, int]] = defaultdict(dict)
    for row in rows:
        known = None if row.release is None else published.get(row.release)
        if known is None:
            seen[row.release][row.arm] = usual.get(row.arm, 0) if row.slots is None else row.slots
        else:
            seen[row.release] = known
    return seen
