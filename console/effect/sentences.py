"""The report's one sentence: what is known, in a state of the table, with the exit code that scripts read.

Every state has its own sentence, and a report has exactly one. The order of the states is that of `verdict_of`: what
withholds a result comes first, then what ends the question, then what is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.effect.findings import (
    NOT_TRUSTED,
    NOT_YET,
    READABLE,
    NextReading,
    ReportArm,
    ReportCheck,
    ReportEffect,
    ReportVerdict,
)
from console.effect.studied import ReadingPlan, Studied
from console.effect.words import KEPT, METRICS, day, number, shown_name, size, span

# The states, as `--json` has them.
UNKNOWN: Final = "unknown"
UNDECIDED: Final = "undecided"
SEQUENCE: Final = "sequence"
READING_DIFFERS: Final = "readingDiffers"
READING_SHOWS_NONE: Final = "readingShowsNone"
WITHHELD: Final = "withheld"
PLAN_EDITED: Final = "planEdited"


def verdict_of(
    studied: Studied,
    arms: Sequence[ReportArm],
    primary: Sequence[ReportEffect],
    checks: Sequence[ReportCheck],
    upcoming: NextReading | None,
    first_readable: str | None,
) -> ReportVerdict:
    """Return the sentence. `primary` has one effect for each arm next to the control (revenue: for each currency).

    `first_readable` is the day on which the first reading makes sense, None where it cannot be forecast.
    """
    plan = studied.plan
    failed = [check for check in checks if not check.ok and check.withholds]
    if failed:
        return _withheld(failed, plan, arms, primary)
    shown = [one for one in primary if one.anytime is not None]
    if not shown:
        return ReportVerdict(UNKNOWN, _unknown(plan, arms, first_readable), NOT_YET)
    if any(_excludes(one.reading) for one in shown):
        return ReportVerdict(READING_DIFFERS, _joined([_of_reading(one) for one in shown]), READABLE)
    if any(_excludes(one.anytime) for one in shown):
        return ReportVerdict(SEQUENCE, _sequence(shown), READABLE)
    if all(one.reading is not None for one in shown):
        return ReportVerdict(READING_SHOWS_NONE, _joined([_no_difference(one) for one in shown]), READABLE)
    rest = (
        "" if upcoming is None or upcoming.day is None else f" The appointed reading is due about {day(upcoming.day)}."
    )
    return ReportVerdict(UNDECIDED, f"Not decided. {_joined([_between(one) for one in shown])}{rest}", NOT_YET)


def _excludes(bounds: tuple[float, float] | None) -> bool:
    return bounds is not None and (bounds[0] > 0 or bounds[1] < 0)


# How a clause begins that does not begin with an arm's name.
_OPENINGS: Final = ("At the appointed reading ", "No difference shown ")


def _joined(clauses: Sequence[str]) -> str:
    """Return clauses of several arms as one sentence. One that begins with an arm's name keeps its first letter."""
    first, *others = clauses
    others = [f"{each[0].lower()}{each[1:]}" if each.startswith(_OPENINGS) else each for each in others]
    text = "; ".join([first, *others])
    return text if text.endswith(".") else f"{text}."


# What each state states ---------------------------------------------------------------------------------------------


def _unknown(plan: ReadingPlan, arms: Sequence[ReportArm], first_readable: str | None) -> str:
    ripe = sum(arm.ripe for arm in arms)
    of = f" of {number(plan.customers)}" if plan.customers is not None else ""
    when = (
        f"about {day(first_readable)}"
        if first_readable
        else f"once every arm has 10 customers who {METRICS[plan.metric].did} and 10 who did not"
    )
    return f"Not known yet: {number(ripe)}{of} customers are ripe; the first reading makes sense {when}."


def _sequence(shown: Sequence[ReportEffect]) -> str:
    """Return what holds whenever one looks; of one arm alone also what may be done about it."""
    clauses = _joined([_of_sequence(one) for one in shown])
    return f"{clauses} {_advice(shown[0])}" if len(shown) == 1 else clauses


def _of_sequence(one: ReportEffect) -> str:
    low, high = one.anytime or (0.0, 0.0)
    if low <= 0 <= high:
        return _between(one)
    least = low if low > 0 else high
    amount = f"at least {size(least, one.currency)} {'more' if least > 0 else _less(one)}"
    return f"{_has(one, amount)}, whenever you look"


def _advice(one: ReportEffect) -> str:
    better = METRICS[one.metric].more_is_better
    rises = one.anytime is not None and one.anytime[0] > 0
    return "You may stop." if better is None or rises == better else "Consider ending it."


def _of_reading(one: ReportEffect) -> str:
    if one.reading is None:
        return _between(one)
    low, high = one.reading
    if low <= 0 <= high:
        return _no_difference(one)
    amount = span(low, high, one.currency, _less(one))
    return f"At the appointed reading {_has(one, amount, past=True)}"


def _no_difference(one: ReportEffect) -> str:
    """A result, not a failure: what is ruled out is what was found."""
    low, high = one.reading or (0.0, 0.0)
    what = ""
    if one.metric != KEPT:
        what = " in revenue" if one.currency is not None else f" in customers who {METRICS[one.metric].did}"
    fewer, more = f"{size(low, one.currency)} {_less(one)}", f"{size(high, one.currency)} more"
    return f"No difference shown{what} by {shown_name(one.arm)}: more than {fewer} and more than {more} are ruled out"


def _between(one: ReportEffect) -> str:
    low, high = one.anytime or (0.0, 0.0)
    return f"{_has(one, span(low, high, one.currency, _less(one)))} (99 %, at any time)"


def _has(one: ReportEffect, amount: str, *, past: bool = False) -> str:
    """Return a clause about an arm and an amount such as `at least 1.0 points more`."""
    arm = shown_name(one.arm)
    if one.metric == KEPT:
        return f"{arm} {'kept' if past else 'keeps'} {amount}"
    if one.currency is not None:
        return f"{arm} {'brought' if past else 'brings'} {amount} a customer"
    return f"{arm} {'had' if past else 'has'} {amount} customers who {METRICS[one.metric].did}"


def _less(one: ReportEffect) -> str:
    return "fewer" if one.currency is None else "less"


# When a check failed ------------------------------------------------------------------------------------------------


def _withheld(
    failed: Sequence[ReportCheck], plan: ReadingPlan, arms: Sequence[ReportArm], primary: Sequence[ReportEffect]
) -> ReportVerdict:
    """Return what replaces the sentence. An edited plan voids the reading alone, so the sequence is stated."""
    faults = "; ".join(check.found for check in failed)
    shown = [one for one in primary if one.anytime is not None]
    if [check.name for check in failed] == ["planUnchanged"]:
        stands = _joined([_between(one) for one in shown]) if shown else _unknown(plan, arms, None)
        return ReportVerdict(
            PLAN_EDITED,
            f"The appointed reading is void: {faults}. The interval at any time stands: {stands}",
            NOT_TRUSTED,
        )
    return ReportVerdict(WITHHELD, f"Not to be trusted: {faults}.", NOT_TRUSTED)
