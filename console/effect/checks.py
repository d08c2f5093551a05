"""Whether a report can be trusted: each check finds one fault, names it, and has the command that repairs it.

A check that fails and `withholds` replaces the report's sentence; others are remarks. Every check is a function of the
rows, the plan and the evidence alone: two days later it finds the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from console.effect.epoch_groups import EpochGroups
from console.effect.evidence import TrustEvidence
from console.effect.findings import ReportArm, ReportCheck, ReportEffect
from console.effect.plan_checks import plan_unchanged, split_unchanged, utc
from console.effect.rows import EffectData, EffectQuestion
from console.effect.sample_ratio import ALARM_FROM, sample_ratio
from console.effect.studied import Studied
from console.effect.words import METRICS, day, listed, number, percent, shown_name, size

# Thresholds, each with what it is a threshold of.
CROSSED_AT_MOST: Final = 0.01  # of an arm's customers: GrowthBook's default for multiple exposures
HEARD_OF_AT_LEAST: Final = 0.8  # the smallest share among arms, of the largest
HEARD_OF_BY_CHANCE: Final = 4.0  # standard errors between two arms: beyond them in one of 15 000 looks
HEARD_OF_HARDLY: Final = 0.25  # the smallest share, of the largest, that no effect of an arm explains
DELIVERED_AT_LEAST: Final = 0.95  # of an arm's requests
LAG_DAYS: Final = 8  # Apple tries for 157 hours to deliver a notification
# A day without any of so many a day on average is no accident: it has the probability e^-20.
USUAL_NOTIFICATIONS: Final = 20
# Arms with fewer ripe customers are not compared by the share heard of.
ENOUGH: Final = 50
_NAMED: Final = 3
_PERIOD: Final = re.compile("P([0-9]+)([DWMY])")
_DAYS_OF: Final = {"D": 1, "W": 7, "M": 30, "Y": 365}
_AFTER_OFFER: Final = 7


@dataclass(frozen=True, slots=True)
class Examined:
    """What the checks look at."""

    data: EffectData
    studied: Studied
    evidence: TrustEvidence
    question: EffectQuestion
    arms: tuple[ReportArm, ...]
    effects: tuple[ReportEffect, ...]
    groups: EpochGroups

    @property
    def environment(self) -> str:
        """Return the option that names the environment in a command to type."""
        return f" --env {shown_name(self.studied.environment or 'ENV')}"


def check_all(seen: Examined) -> tuple[ReportCheck, ...]:
    """Return every check in the order in which a report lists them."""
    return (
        _sample_ratio(seen),
        _outcomes_complete(seen),
        _notified_daily(seen),
        _heard_of(seen),
        _one_key(seen),
        _rehearsals(seen),
        plan_unchanged(seen.studied, seen.data.first_exposure),
        split_unchanged(seen.groups, seen.environment),
        _crossed_over(seen),
        *_guardrails(seen),
        _delivered(seen),
        *_fallback_unchanged(seen),
        *_offer_ended(seen),
    )


def _check(
    name: str,
    value: float | str | None,
    threshold: float | str | None,
    *,
    ok: bool,
    good: str,
    bad: str = "",
    remedy: str = "",
    withholds: bool = True,
) -> ReportCheck:
    """Return a check with what it found; the remedy only where it failed."""
    return ReportCheck(name, ok, value, threshold, good if ok else bad, "" if ok else remedy, withholds)


# The log ------------------------------------------------------------------------------------------------------------


def _sample_ratio(seen: Examined) -> ReportCheck:
    """Arms have the customers that their shares give them, over all epochs."""
    splits = []
    for epoch, rows in zip(seen.groups.epochs, seen.groups.grouped(seen.data.ratio), strict=True):
        names = sorted({*epoch.shares, *(row.arm for row in rows)})
        counts = [sum(row.customers for row in rows if row.arm == name) for name in names]
        splits.append((counts, [epoch.shares.get(name, 0) for name in names]))
    known = [split for split in splits if any(split[1])]
    ratio = sample_ratio(known)
    found = f"e {ratio.e_value:.3g}, chi-square p {ratio.chi_square_p:.2g}"
    return _check(
        "sampleRatio",
        ratio.e_value,
        ALARM_FROM,
        ok=not ratio.alarm,
        good=found if known or not splits else "not judged: the log alone does not have the shares; name FILE",
        bad=f"the arms do not have the customers that their shares give them ({found})",
        remedy=f"Find what treats the arms differently: retention coverage{seen.environment}. Then begin again under a"
        " new key.",
    )


def _day(text: str) -> date | None:
    """Return a day of the log; None for one that no calendar has, which another program wrote."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _outcomes_complete(seen: Examined) -> ReportCheck:
    """Outcomes are there, and reach up to the exposures: what is not reported counts as kept."""
    until = f"{seen.question.complete_until:%Y-%m-%d %H:%M}"
    outcomes = sum(key.customers for key in seen.data.keys if key.source == "outcomes")
    last = max((key.last_day for key in seen.data.keys if key.source == "exposures"), default="")
    ended = _day(last)
    lag = 0 if ended is None else (ended - seen.question.complete_until.date()).days
    assumed = "" if seen.evidence.has_watermark else ", assumed, since no line states it"
    status = f"retention notifications status{seen.environment}"
    if last and not outcomes:
        return _check(
            "outcomesComplete",
            0,
            1,
            ok=False,
            good="",
            bad="there is no outcome at all in the log of notifications",
            remedy=f"Name the log of the notifications function with --outcomes. Find out why it is empty: {status}.",
        )
    return _check(
        "outcomesComplete",
        until,
        f"{LAG_DAYS} days",
        ok=lag <= LAG_DAYS,
        good=f"until {until}{assumed}",
        bad=f"outcomes are complete until {until}{assumed}, and exposures go on for {lag} days more",
        remedy=f"Find out why: {status}.",
    )


def _notified_daily(seen: Examined) -> ReportCheck:
    """A day without a notification, between days that have many, means that the relay or the pull stopped."""
    first, counts = (seen.data.first_exposure or "")[:10], dict(seen.evidence.notified)
    days = _complete_days(date.fromisoformat(first), seen.question.complete_until.date()) if first else []
    numbers = [counts.get(one, 0) for one in days]
    missing = [one for at, one in enumerate(days) if not numbers[at] and _usual(numbers, at) >= USUAL_NOTIFICATIONS]
    few = all(_usual(numbers, at) < USUAL_NOTIFICATIONS for at in range(len(days)))
    rest = f" and {len(missing) - _NAMED} days more" if len(missing) > _NAMED else ""
    return _check(
        "notifiedDaily",
        len(missing),
        0,
        ok=not missing,
        good="too few a day to judge" if few else "every day has notifications",
        bad=f"no notification arrived on {', '.join(missing[:_NAMED])}{rest}",
        remedy=f"Find out why: retention notifications status{seen.environment}. Once the history is read again, export"
        " the log again.",
    )


def _usual(numbers: Sequence[int], at: int) -> float:
    """Return how many notifications days around one have: the fewer of the last known before it and the next after."""
    before = [number for number in numbers[:at] if number][-_NAMED:]
    after = [number for number in numbers[at + 1 :] if number][:_NAMED]
    return min((sum(side) / len(side) for side in (before, after) if side), default=0.0)


def _complete_days(first: date, last: date) -> list[str]:
    """Return the days between two others, which may be complete in part."""
    return [(first + timedelta(days=at)).isoformat() for at in range(1, (last - first).days)]


def _heard_of(seen: Examined) -> ReportCheck:
    """Outcomes of all arms arrive: a customer of whom nothing is reported counts as kept."""
    judged = sorted((arm for arm in seen.arms if arm.ripe >= ENOUGH), key=_share_heard_of)
    found = " / ".join(f"{_share_heard_of(arm) * 100:.0f}\u00a0%" for arm in seen.arms if arm in judged)
    least, most = (_share_heard_of(judged[at]) for at in (0, -1)) if judged else (1.0, 1.0)
    ratio = least / most if most else 0.0
    lacking = listed([arm.name for arm in seen.arms if arm in judged and _share_heard_of(arm) == least])
    return _check(
        "heardOf",
        ratio if judged else None,
        HEARD_OF_AT_LEAST,
        ok=not judged or (most > 0 and (ratio >= HEARD_OF_AT_LEAST or not _lacks(judged[0], judged[-1]))),
        good=found if judged else "too few ripe customers to judge",
        bad=f"outcomes of {lacking} are missing: of the customers of the arms {found} were heard of",
        remedy=f"Find where outcomes get lost: retention notifications status{seen.environment}. Then export both logs"
        " again.",
    )


def _share_heard_of(arm: ReportArm) -> float:
    return arm.heard_of / arm.ripe


def _lacks(least: ReportArm, most: ReportArm) -> bool:
    """Return whether an arm's customers were heard of less than chance and its own effect explain.

    Of a yearly subscription that is kept nothing is reported, so an arm that keeps more is heard of less: by as many
    customers as it keeps more. That few remain has no such reason.
    """
    gap = _share_heard_of(most) - _share_heard_of(least)
    pooled = (least.heard_of + most.heard_of) / (least.ripe + most.ripe)
    chance = HEARD_OF_BY_CHANCE * (pooled * (1 - pooled) * (1 / least.ripe + 1 / most.ripe)) ** 0.5
    kept_more = max((least.rate("kept") or 0.0) - (most.rate("kept") or 0.0), 0.0)
    hardly = _share_heard_of(least) < HEARD_OF_HARDLY * _share_heard_of(most)
    return gap > chance and (hardly or gap - kept_more > chance)


def _one_key(seen: Examined) -> ReportCheck:
    """All customers were hashed under one key, else exposures and outcomes of one customer do not meet."""
    keys = sorted({key.key_id for key in seen.data.keys if key.customers})
    return _check(
        "oneKey",
        len(keys),
        1,
        ok=len(keys) <= 1,
        good=f"customerKey {listed(keys)}" if keys else "no line has a key",
        bad=f"customers were hashed under {len(keys)} keys ({listed(keys)})",
        remedy="Another customerKey was imported in the window: begin again under a new key of the experiment.",
    )


def _rehearsals(seen: Examined) -> ReportCheck:
    count, customers = seen.evidence.rehearsals, sum(row.customers for row in seen.data.ratio)
    return _check(
        "rehearsals",
        count,
        0,
        ok=not count,
        good="counted, as asked" if seen.question.rehearsals else "none in the log",
        bad=f"{number(count)} requests in the log were signed by a test and not by Apple",
        remedy="Export the log of the stack that Apple calls alone: what a rehearsal plays is no customer."
        if customers
        else "There is no request of Apple's next to them. Add --rehearsals to report on what was played.",
    )


def _crossed_over(seen: Examined) -> ReportCheck:
    worst = max((arm.crossed / arm.ripe for arm in seen.arms if arm.ripe), default=0.0)
    return _check(
        "crossedOver",
        worst,
        CROSSED_AT_MOST,
        ok=worst <= CROSSED_AT_MOST,
        good=f"{percent(worst)} of customers",
        bad=f"{percent(worst)} of an arm's customers were seen in two arms",
        remedy="Weights were changed under a live key: begin again under a new key, and use `traffic` to let more"
        " customers in.",
    )


# The arms -----------------------------------------------------------------------------------------------------------


def _guardrails(seen: Examined) -> Iterator[ReportCheck]:
    """Yield a check for each guardrail of each arm: harm that is shown stops the experiment."""
    for one in seen.effects:
        if one.harm is None:
            continue
        least, most = one.harm
        what = f"{shown_name(one.arm)}, {METRICS[one.metric].noun}"
        yield _check(
            "guardrail",
            least,
            0.0,
            ok=least <= 0,
            good=f"{what}: more than {size(max(most, 0.0), None)} worse is ruled out",
            bad=f"{what}: at least {size(least, None)} worse than {shown_name(seen.studied.control)}",
            remedy=f"End {shown_name(one.arm)}: give its weight to the control, then retention publish"
            f" FILE{seen.environment}.",
        )


def _delivered(seen: Examined) -> ReportCheck:
    """The arms' answers were sent. Customers stay in their arm without one, so a low share dilutes the effect."""
    shares = {arm.name: arm.delivered / arm.requests for arm in seen.arms if arm.requests and not arm.is_fallback}
    least = min(shares.values(), default=1.0)
    names = listed([name for name, share in shares.items() if share == least])
    return _check(
        "delivered",
        least if shares else None,
        DELIVERED_AT_LEAST,
        ok=least >= DELIVERED_AT_LEAST,
        good=f"{percent(least)} of requests" if shares else "nothing to deliver",
        bad=f"only {percent(least)} of the requests of {names} got the arm's answer",
        remedy=f"Find out why answers fail: retention doctor{seen.environment}.",
        withholds=False,
    )


def _fallback_unchanged(seen: Examined) -> Iterator[ReportCheck]:
    """Apple's fallback is what an arm is compared with: what it was when the experiment began."""
    if not seen.studied.fallback_arms:
        return
    first, last = seen.data.first_exposure, utc(seen.question.complete_until.isoformat())
    dates = sorted(map(utc, filter(None, seen.studied.defaults_changed)))
    changed = [at for at in dates if first is not None and first < at < last]
    yield _check(
        "fallbackUnchanged",
        len(changed),
        0,
        ok=not changed,
        good="no default message changed, as far as the table has them",
        bad=f"default messages changed, last on {day(changed[-1]) if changed else ''}",
        remedy="Apple's fallback was not the same all the time: read the effect week by week.",
        withholds=False,
    )


def _offer_ended(seen: Examined) -> Iterator[ReportCheck]:
    """An offer that still runs at day N measures who accepted it, not who stays at the full price."""
    longest = max((_days(period) for _, period, customers in seen.evidence.offers if customers), default=0)
    if longest:
        horizon = seen.studied.plan.horizon_days
        yield _check(
            "offerEnded",
            longest,
            horizon,
            ok=longest < horizon,
            good=f"the longest redeemed offer runs for {longest} days",
            bad=f"an offer runs for {longest} days, so day {horizon} measures who accepted it",
            remedy=f"Plan `horizonDays: {longest + _DAYS_OF['M'] + _AFTER_OFFER}` next time: the offer, one period, and"
            " 7 days.",
            withholds=False,
        )


def _days(period: str) -> int:
    """Return the days of a period of ISO 8601, 0 where it is none."""
    found = _PERIOD.fullmatch(period)
    return int(found[1]) * _DAYS_OF[found[2]] if found else 0
