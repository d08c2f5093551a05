"""How `retention report` prints: the sentence first, then arms, effects, checks and notes; with --json the document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from console.effect.apple_report import AppleContrast, AppleSide
from console.effect.compared import EngineDifference
from console.effect.findings import (
    EXPLORATORY,
    GUARDRAIL,
    NOT_TRUSTED,
    NOT_YET,
    READABLE,
    Bounds,
    Report,
    ReportArm,
    ReportCheck,
    ReportEffect,
    ReportSegment,
)
from console.effect.report_json import report_document
from console.effect.rows import WEEK
from console.effect.studied import NONE, RELEASE, ReadingPlan
from console.effect.words import METRICS, check_words, day, number, percent, shown_name, signed, signed_points, size
from console.terminal.output import Output

_STYLES: Final = {READABLE: "green", NOT_YET: "yellow", NOT_TRUSTED: "red"}
DASH: Final = "-"


def show(report: Report, out: Output, compared: Sequence[EngineDifference] = ()) -> None:
    """Print a report, or its JSON document. `compared`: what two engines differ in, where both were asked."""
    out.print(head(report), "bold")
    out.print(report.verdict.sentence, _STYLES[report.verdict.exit_code])
    out.print("")
    _show_arms(report, out)
    _show_effects(report, out)
    _show_segments(report, out)
    _show_checks(report, out)
    _show_apple(report, out)
    for note in report.notes:
        out.print(note)
    inputs = report.inputs
    out.print(
        f"{inputs.engine}, {number(inputs.files)} files, digest {inputs.digest[:12]}, SQL {inputs.sql_digest[:12]}."
    )
    _show_compared(compared, out)
    out.document(report_document(report))


def show_list(reports: Sequence[Report], out: Output) -> None:
    """Print each experiment and holdout on one line, or one JSON document of them."""
    out.table(
        ("key", "", "plan", "customers", "ripe", "state", "sentence"),
        [
            (
                shown_name(one.experiment),
                "holdout" if one.is_holdout else "experiment",
                plan_words(one.plan),
                number(sum(arm.customers for arm in one.arms)),
                number(sum(arm.ripe for arm in one.arms)),
                one.verdict.state,
                one.verdict.sentence,
            )
            for one in reports
        ],
    )
    if not reports:
        out.print("There is no experiment and no holdout: add one to a rule of the file.")
    out.document({"reports": [report_document(one) for one in reports]})


def _show_compared(compared: Sequence[EngineDifference], out: Output) -> None:
    for one in compared:
        if not one.equal:
            rows, only = one.rows, one.only
            out.warn(
                f"{one.query}: {rows[0]} and {rows[1]} rows, of which {only[0]} and {only[1]} differ between engines."
            )
    if compared and all(one.equal for one in compared):
        out.print(f"Both engines return the same rows for all {len(compared)} queries.", "green")


def head(report: Report) -> str:
    """Return what the report is about, on one line."""
    parts = [shown_name(report.experiment), *(["holdout"] if report.is_holdout else []), _metric(report.plan)]
    parts += [plan_words(report.plan), *([shown_name(report.environment)] if report.environment else [])]
    return " · ".join(parts)


def _metric(plan: ReadingPlan) -> str:
    return f"{METRICS[plan.metric].noun} at day {plan.horizon_days}"


def plan_words(plan: ReadingPlan) -> str:
    """Return where a plan comes from."""
    if plan.origin == RELEASE:
        return f"plan of release {plan.release}"
    return "no plan" if plan.origin == NONE else "plan of the file"


# Numbers ------------------------------------------------------------------------------------------------------------


def shown_rate(value: float | None, currency: str | None) -> str:
    """Return a share, or what a customer paid on average."""
    if value is None:
        return DASH
    return percent(value) if currency is None else f"{value:.2f} {currency}"


def shown_difference(value: float | None, currency: str | None) -> str:
    """Return a difference in points, or in a currency."""
    if value is None:
        return DASH
    return signed_points(value) if currency is None else f"{signed(value)} {currency}"


def shown_bounds(bounds: Bounds | None, currency: str | None = None) -> str:
    """Return an interval in points, or in a currency."""
    if bounds is None:
        return DASH
    low, high = (shown_difference(each, currency).partition(" ")[0] for each in bounds)
    return f"[{low}, {high}]"


def shown_lift(bounds: Bounds | None) -> str:
    """Return the interval of a lift, in per cent."""
    return DASH if bounds is None else f"[{signed(bounds[0] * 100)}, {signed(bounds[1] * 100)}]\u00a0%"


# Parts --------------------------------------------------------------------------------------------------------------


def _show_arms(report: Report, out: Output) -> None:
    metric = report.plan.metric
    out.table(
        ("arm", "share", "customers", "ripe", METRICS[metric].noun, "against control", "at any time", "reading"),
        [row for arm in report.arms for row in _arm_rows(report, arm)],
        _look(report),
    )
    if report.next_reading is not None:
        upcoming = report.next_reading
        due = "not to be forecast" if upcoming.day is None else f"about {day(upcoming.day)}"
        shows = (
            ""
            if upcoming.detectable is None
            else f"; it shows a difference of {size(upcoming.detectable, None)} 4 times in 5"
        )
        out.print(f"Appointed reading: {due} ({number(upcoming.ripe)} of {number(upcoming.planned)} ripe{shows}).")
    out.print("")


def _look(report: Report) -> str:
    """Return how numbers are printed: those of a report that is not to be trusted stay, grey."""
    return "dim" if report.verdict.exit_code == NOT_TRUSTED else ""


def _arm_rows(report: Report, arm: ReportArm) -> Iterator[tuple[str, ...]]:
    effects = [one for one in report.primary if one.arm == arm.name]
    name = shown_name(arm.name) + (", Apple's fallback" if arm.is_fallback else "")
    counts = (name, percent(arm.share), number(arm.customers), number(arm.ripe))
    if arm.is_control:
        yield from ((*counts, rate, "control", DASH, DASH) for rate in control_rates(report))
        return
    if not effects:
        yield (*counts, shown_rate(arm.rate(report.plan.metric), None), DASH, DASH, DASH)
        return
    for one in effects:
        yield (
            *counts,
            shown_rate(one.arm_rate, one.currency),
            shown_difference(one.estimate, one.currency),
            shown_bounds(one.anytime, one.currency),
            shown_bounds(one.reading, one.currency),
        )


def control_rates(report: Report) -> tuple[str, ...]:
    """Return the control's share with the planned metric; of revenue its mean in each currency."""
    means = dict.fromkeys(shown_rate(one.control_rate, one.currency) for one in report.primary if one.currency)
    return tuple(means) or (shown_rate(report.control.rate(report.plan.metric), None),)


def _show_effects(report: Report, out: Output) -> None:
    """Print guardrails and explorations, each labelled."""
    others = [one for one in report.effects if one.role in {GUARDRAIL, EXPLORATORY}]
    if others:
        out.table(
            ("metric", "arm", "control", "with the arm", "difference", "at any time", "q", ""),
            list(map(_effect, others)),
            _look(report),
        )
        out.print("")


def _effect(one: ReportEffect) -> tuple[str, ...]:
    return (
        METRICS[one.metric].noun,
        shown_name(one.arm),
        shown_rate(one.control_rate, one.currency),
        shown_rate(one.arm_rate, one.currency),
        shown_difference(one.estimate, one.currency),
        shown_bounds(one.anytime, one.currency) if one.harm is None else f"harm {shown_bounds(one.harm)}",
        DASH if one.q is None else f"{one.q:.2g}",
        one.role,
    )


def segment_name(one: ReportSegment) -> str:
    """Return `week of 2026-09-07`, `product pro.monthly`, `locale en-US`, `all other locales`."""
    if one.name is None:
        return f"all other {one.kind}s"
    return f"{one.kind}{' of' if one.kind == WEEK else ''} {shown_name(one.name) or 'not in the log'}"


def _show_segments(report: Report, out: Output) -> None:
    if report.segments:
        out.table(
            ("segment", "arm", "ripe", "difference", "95 % of this segment alone"),
            [
                (
                    segment_name(one),
                    shown_name(one.arm),
                    number(one.control[0] + one.treated[0]),
                    shown_difference(one.estimate, None),
                    shown_bounds(one.interval),
                )
                for one in report.segments
            ],
            _look(report),
        )
        out.print("")


def _show_checks(report: Report, out: Output) -> None:
    out.table(
        ("check", "", "found"),
        [(check_words(each.name), _result(each), each.found) for each in report.checks],
    )
    for check in report.failed:
        out.print(f"{check_words(check.name)}: {check.remedy}", "red" if check.withholds else "yellow")
    out.print("")


def _result(check: ReportCheck) -> str:
    return "ok" if check.ok else "FAILED" if check.withholds else "look"


# Apple's own report -------------------------------------------------------------------------------------------------


def _show_apple(report: Report, out: Output) -> None:
    if report.apple is None:
        return
    out.print("Apple's own report: events and not customers, so it is never averaged with the numbers above.", "bold")
    if not report.apple:
        out.print("No subscription had both a default message and a real-time answer in the window.")
    else:
        out.table(
            (
                "subscription",
                "days",
                "saved by default",
                "saved by real time",
                "difference",
                "95 %",
                "shown by default",
            ),
            list(map(_contrast, report.apple)),
        )
        out.print(apple_note(report))
    out.print("")


def _contrast(one: AppleContrast) -> tuple[str, ...]:
    return (
        f"{shown_name(one.subscription)} ({shown_name(one.subscription_id)})",
        number(one.days),
        _side(one.default),
        _side(one.real_time),
        shown_difference(one.difference, None),
        shown_bounds(one.interval),
        shown_rate(one.default_share, None),
    )


def _side(side: AppleSide) -> str:
    return f"{shown_rate(side.save_rate, None)} of {number(side.chose)}"


def apple_note(report: Report) -> str:
    """Return what Apple's numbers mean here, and how many of our answers came too late as far as they show it."""
    requests = sum(arm.requests for arm in report.arms)
    ours = sum(arm.fallbacks for arm in report.arms) / requests if requests else 0.0
    if not any(arm.is_fallback for arm in report.arms):
        return (
            "No arm is left to Apple's fallback, so Default and Real-time are not a random split: the difference is no"
            " effect. A default message was shown where an answer came too late, or a rule answers `fallback`."
        )
    return (
        "An arm is left to Apple's fallback at random, so within a subscription that all rules treat alike the"
        f" difference is its effect among those who chose. {percent(ours)} of our answers were the fallback; a larger"
        " share shown by default is of answers that came too late."
    )
