"""A report, made from the rows of the log, the plan and what is known of the log. Pure: nothing is read here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from console.effect.apple_report import AppleContrast
from console.effect.checks import Examined, check_all
from console.effect.effects import measure_all
from console.effect.evidence import TrustEvidence
from console.effect.findings import Report, ReportArm, ReportCurve, ReportEffect
from console.effect.plan_checks import plan_unchanged
from console.effect.rows import EffectData, EffectQuestion
from console.effect.segments import LEVEL, Segments, segments_of
from console.effect.sentences import verdict_of
from console.effect.statistics import READING_ALPHA, SEQUENCE_ALPHA
from console.effect.studied import NONE, Studied, StudiedArm
from console.effect.timeline import curves_of, first_readable, next_reading, series_of
from console.effect.words import COUNTED, listed, number, percent, shown_name

_DIFFERING: Final = 0.05
_PER: Final = 1000
_SLOTS: Final = 10_000


def make_report(
    data: EffectData,
    studied: Studied,
    evidence: TrustEvidence,
    question: EffectQuestion,
    as_of: datetime,
    apple: Sequence[AppleContrast] | None = None,
) -> Report:
    """Return the report. The same rows give the same report but for `as_of`."""
    studied = _with_arms_of_the_log(studied, data)
    arms = tuple(_arm(arm, studied, data) for arm in studied.arms)
    stands = plan_unchanged(studied, data.first_exposure).ok
    measured = measure_all(data, studied, reading_stands=stands)
    checks = check_all(Examined(data, studied, evidence, question, arms, measured.effects, measured.groups))
    upcoming = next_reading(data, studied, arms) if stands else None
    segments = segments_of(data, studied, measured.groups)
    curves = curves_of(data, studied)
    return Report(
        experiment=studied.key,
        is_holdout=studied.is_holdout,
        environment=studied.environment,
        plan=studied.plan,
        alpha=(SEQUENCE_ALPHA, READING_ALPHA),
        as_of=_instant(as_of),
        complete_until=_instant(question.complete_until),
        first_exposure=data.first_exposure,
        verdict=verdict_of(
            studied, arms, measured.primary, checks, upcoming, first_readable(data, question, arms, studied)
        ),
        arms=arms,
        effects=measured.effects,
        next_reading=upcoming,
        series=series_of(data, studied, measured.groups),
        curves=curves,
        segments=segments.found,
        checks=checks,
        notes=(*_rehearsed(question), *_notes(studied, arms, measured.effects, curves, segments)),
        apple=None if apple is None else tuple(apple),
        inputs=data.inputs,
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _with_arms_of_the_log(studied: Studied, data: EffectData) -> Studied:
    """Return what is studied with arms that only the log has, such as one that a later release dropped."""
    known = {arm.name for arm in studied.arms}
    more = sorted({row.arm for row in data.ratio} - known)
    return replace(studied, arms=(*studied.arms, *(StudiedArm(name, 0) for name in more)))


def _arm(arm: StudiedArm, studied: Studied, data: EffectData) -> ReportArm:
    rows = [row for row in data.cohort if row.arm == arm.name]
    delivery = [row for row in data.delivery if row.arm == arm.name]
    return ReportArm(
        name=arm.name,
        is_control=arm.name == studied.control,
        is_fallback=arm.is_fallback,
        share=arm.slots / _SLOTS,
        customers=sum(row.customers for row in data.ratio if row.arm == arm.name),
        ripe=sum(row.customers for row in rows),
        counts={metric: sum(getattr(row, metric) for row in rows) for metric in COUNTED},
        heard_of=sum(row.heard_of for row in rows),
        crossed=sum(row.crossed for row in rows),
        requests=sum(row.requests for row in delivery),
        delivered=sum(row.delivered for row in delivery),
        fallbacks=sum(row.fallbacks for row in delivery),
        repeats=sum(row.repeats for row in delivery),
    )


# Notes --------------------------------------------------------------------------------------------------------------


def _notes(
    studied: Studied,
    arms: Sequence[ReportArm],
    effects: Sequence[ReportEffect],
    curves: Sequence[ReportCurve],
    segments: Segments,
) -> Iterator[str]:
    """Yield what a reader must know to read the numbers rightly."""
    yield from _what_is_compared(studied)
    yield "Effects are of being answered, not of having seen: Apple asks at the page view, and shows after the tap."
    if studied.is_holdout:
        yield "A holdout has no plan, so there is no appointed reading: the interval at any time is its result."
    elif not studied.is_known:
        yield (
            f"No file and no release that was read has this experiment, so its plan and its control are not known:"
            f" {shown_name(studied.control)} is taken as the control. Name the file that has it:"
            f" `retention report {studied.key} FILE`."
        )
    elif studied.plan.origin == NONE:
        yield (
            "No plan was published before the first exposure, so there is no appointed reading. Add `plan:` to the next"
            " experiment; `retention power` proposes its lines."
        )
    yield from _unreadable(studied)
    yield from _reached(curves, studied)
    yield from _break_even(arms)
    yield from _of_segments(segments)
    if any(one.q is not None for one in effects):
        yield "Metrics that the plan does not name are explorations: they suggest what to test next, and prove nothing."


def _rehearsed(question: EffectQuestion) -> tuple[str, ...]:
    return ("A rehearsal: requests that Apple did not sign are counted.",) if question.rehearsals else ()


def _unreadable(studied: Studied) -> Iterator[str]:
    """Yield which releases have a file that cannot be read: damaged, or of another version of this program."""
    if studied.unreadable:
        one = len(studied.unreadable) == 1
        releases = listed(list(map(str, studied.unreadable)))
        yield (
            f"The {'file of release' if one else 'files of releases'} {releases} cannot be read here, so a change of"
            " the plan there would not be found. If another version of `retention` published"
            f" {'it' if one else 'them'}, report with that one."
        )


def _what_is_compared(studied: Studied) -> Iterator[str]:
    fallback = studied.fallback_arms
    if not fallback:
        yield "Apple's fallback was not part of this experiment."
        return
    shown = "App Store Connect's message with its automatic offers, else your default message, else no message"
    if studied.control in fallback:
        others = [arm.name for arm in studied.arms if arm.name not in fallback]
        yield f"{listed(others)} compared with Apple's fallback at that time: {shown}."
    else:
        yield f"{listed(fallback)} is left to Apple's fallback at that time: {shown}."


def _reached(curves: Sequence[ReportCurve], studied: Studied) -> Iterator[str]:
    """Yield from below what share of the control's customers went on to cancel: an effect is diluted by the others."""
    control = next((curve for curve in curves if curve.arm == studied.control), None)
    first = next((point for point in control.points if point[0] == 1), None) if control else None
    if first is not None and first[1] and first[2] < first[1]:
        yield (
            f"At least {percent(1 - first[2] / first[1])} of the customers of {shown_name(studied.control)} went on to"
            " cancel: they were not kept after a day. Among those who went on, an effect is larger: at most this one"
            " divided by that share."
        )


def _of_segments(segments: Segments) -> Iterator[str]:
    """Yield how many segments differ by chance, and where the effect is not the same in all of a kind."""
    if segments.shown:
        chance = segments.shown * (1 - LEVEL)
        yield (
            f"Weeks, products and locales are looked at after the fact: {number(segments.shown)}"
            f" {'interval is' if segments.shown == 1 else 'intervals are'} shown, each on its own, and"
            f" {number(segments.excluding)} {'excludes' if segments.excluding == 1 else 'exclude'} no difference. About"
            f" {chance:.1f} would by chance, if no arm changed anything. A segment is no result, but a question for"
            " another experiment."
        )
    for kind, arm, found in segments.differing:
        if found.p_value < _DIFFERING:
            yield (
                f"The effect of {shown_name(arm)} is not the same in all {kind}s (Cochran's Q {found.q:.1f},"
                f" p {found.p_value:.2g}): read it {kind} by {kind}."
            )


def _break_even(arms: Sequence[ReportArm]) -> Iterator[str]:
    """Yield what an arm's offers must bring: customers who would have stayed take the discount, too."""
    control = arms[0]
    for arm in arms[1:]:
        redeemed = (arm.rate("redeemed") or 0.0) - (control.rate("redeemed") or 0.0)
        kept = (arm.rate("kept") or 0.0) - (control.rate("kept") or 0.0)
        if arm.ripe and control.ripe and redeemed * _PER >= 1:
            begin = (
                f"Break-even of {shown_name(arm.name)}: per 1\u00a0000 customers {number(round(redeemed * _PER))} more"
                f" redeem an offer, and {number(abs(round(kept * _PER)))} {'more' if kept >= 0 else 'fewer'} stay."
            )
            if kept * _PER >= 1:
                times = redeemed / kept
                yield f"{begin} It pays where one who stays goes on to pay at least {times:.1f} times the discount."
            else:
                yield f"{begin} It does not pay, at any cost of the discount."
