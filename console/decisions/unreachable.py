"""The rules and arms of an edition that no request can come to, or whose answer can never be delivered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from retention.locales import APPLE_LOCALES

from console.decisions.file_locales import own_locales
from console.decisions.possible_answers import CandidateRule, candidate_rules
from console.file.edition import Edition
from console.file.entries import ExperimentEntry
from console.terminal.output import ReportProgress, no_progress

_MOST_NAMES: Final = 3


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A rule, or an arm of it, that no request can come to or that can never be delivered."""

    rule: str
    arm: str | None
    line: int
    why: str


@dataclass(slots=True)
class _Fate:
    """What was found of one rule, over all products and locales. `behind`: the rules that leave it no moment."""

    applies: bool = False
    reached: bool = False
    delivered: bool = False
    behind: dict[str, None] = field(default_factory=dict)
    refusal: str = ""


# From, until, in UTC seconds, and the rule that answers every request in between.
Window = tuple[float, float, str]


def unreachable(edition: Edition, now: float, progress: ReportProgress = no_progress) -> Iterator[Unreachable]:
    """Yield what can never answer a request from `now`, UTC seconds, on, even with every text approved."""
    fates = {rule.name: _Fate() for rule in edition.document.rules}
    locales, edition = sorted(own_locales(edition.document) | APPLE_LOCALES), edition.with_unknown_products()
    for done, product in enumerate(edition.sheets, 1):
        catalog = edition.catalog(product)
        for locale in locales:
            _follow(candidate_rules(catalog, product, locale), fates, now)
        progress("looking for rules out of reach", done, len(edition.sheets))
    for rule in edition.document.rules:
        why = "its schedule is over" if rule.schedule.is_over(now) else _why(fates[rule.name])
        if why:
            yield Unreachable(rule.name, None, rule.at.line, why)
        elif isinstance(rule.gives, ExperimentEntry):
            for arm in rule.gives.arms:
                if not arm.slots:
                    yield Unreachable(rule.name, arm.name, rule.gives.at.line, "its weight is 0: no customer is in it")


def _follow(found: Iterable[CandidateRule], fates: Mapping[str, _Fate], now: float) -> None:
    closed: list[Window] = []
    for candidate in found:
        if candidate.applies is False:
            continue
        fate = fates[candidate.rule.name]
        fate.applies = True
        start, end = max(candidate.rule.starts or now, now), candidate.rule.ends or float("inf")
        behind = _covering(start, end, closed)
        if behind is not None:
            fate.behind.update(dict.fromkeys(behind))
            continue
        fate.reached = True
        if candidate.refusal is not None:
            fate.refusal = candidate.refusal.detail
            continue
        fate.delivered = True
        if candidate.settles(start):
            closed.append((start, end, candidate.rule.name))


def _covering(start: float, end: float, closed: Sequence[Window]) -> list[str] | None:
    """Return the rules whose windows leave no moment of [start, end) open, or None where one is."""
    used, moment = [], start
    while moment < end:
        window = max((found for found in closed if found[0] <= moment < found[1]), key=lambda w: w[1], default=None)
        if window is None:
            return None
        used.append(window[2])
        moment = window[1]
    return used


def _why(fate: _Fate) -> str:
    if fate.delivered:
        return ""
    if fate.reached:
        return f"it can never be delivered: {fate.refusal}"
    if not fate.applies:
        return "its condition holds for no product and locale"
    names = ", ".join(f"`{name}`" for name in list(fate.behind)[:_MOST_NAMES])
    return f"{names} has an answer for every request before it; it answers only if that cannot be signed or delivered"
