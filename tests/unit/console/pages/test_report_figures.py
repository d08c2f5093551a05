"""The three drawings of a report, as places in pictures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from console.effect.findings import Report
from console.effect.studied import StudiedArm
from console.pages.report_figures import curve_figure, drawn_effects, interval_figure, series_figures
from tests.support.analysis_parts import needs_analysis
from tests.support.made_reports import CLEAR, NOT_DUE, cohort, data_of, reading_of, report_of, studied_of

pytestmark = needs_analysis
ROWS = cohort(CLEAR)


@cache
def sample() -> Report:
    """The report of ROWS; made in a test, since the packages of an analysis may be missing."""
    return report_of(data_of(ROWS, reading_of(ROWS)))


@cache
def empty() -> Report:
    return report_of(data_of((), None, ratio=(), curve=(), first_exposure=None))


def test_every_interval_is_on_one_axis() -> None:
    """The planned metric first, each at the places of its ends; the reading below the sequence."""
    figure = interval_figure(sample())
    assert figure is not None
    drawn = [(one.metric, kind) for one in drawn_effects(sample()) for kind in ("any", "read")]
    assert drawn[0] == ("kept", "any")
    first, second, *_ = figure.marks
    [effect] = sample().primary
    assert (effect.anytime, effect.reading) != (None, None)
    for mark, bounds in ((first, effect.anytime), (second, effect.reading)):
        assert bounds is not None
        assert [mark.low, mark.high] == [figure.axis.at(100 * end) for end in bounds]
    assert (first.kind, second.kind, second.top > first.top) == ("any", "read", True)
    assert first.estimate == figure.axis.at(100 * (effect.estimate or 0))
    assert figure.axis.low <= 0 <= figure.axis.high


def test_arms_are_named_where_there_are_several() -> None:
    """A row for each arm and metric."""
    arms = (StudiedArm("control", 4000), StudiedArm("switch", 3000), StudiedArm("offer", 3000))
    report = report_of(data_of(cohort({"control": 480, "switch": 530, "offer": 500}), NOT_DUE), studied_of(arms=arms))
    figure = interval_figure(report)
    assert figure is not None
    assert [mark.label for mark in figure.marks[:2]] == ["kept, switch", "kept, offer"]
    assert len({mark.top for mark in figure.marks}) == len(figure.marks)


def test_a_series_is_cut_where_its_first_days_are_wide() -> None:
    """The axis is that of the later days, and its last day is the report's interval."""
    [figure] = series_figures(sample())
    over, under = figure.band.split()[: len(figure.days)], figure.band.split()[len(figure.days) :]
    assert len(over) == len(under) == len(figure.line.split()) == len(figure.days)
    low, high = figure.days[-1].anytime or (0, 0)
    assert over[-1] == f"626.0,{figure.axis.at(100 * high)}"
    assert under[0] == f"626.0,{figure.axis.at(100 * low)}"
    assert min(float(place.split(",")[1]) for place in over) >= 10


def test_curves_begin_with_everyone() -> None:
    """A line for each arm, and a row of the table for each day; names do not lie on each other."""
    figure = curve_figure(sample())
    assert figure is not None
    assert figure.arms == ("control", "switch")
    assert figure.rows[0] == (0, ("100.00\u00a0%", "100.00\u00a0%"))
    assert figure.rows[-1] == (30, ("48.00\u00a0%", "52.80\u00a0%"))
    assert [len(line.line.split()) for line in figure.lines] == [31, 31]
    assert abs(figure.lines[0].end - figure.lines[1].end) >= 18
    assert figure.lines[0].line.split()[-1] == f"{figure.days.at(30)},{figure.axis.at(48)}"


def test_what_is_not_known_is_not_drawn() -> None:
    """No interval, no day, no curve."""
    assert (interval_figure(empty()), series_figures(empty()), curve_figure(empty())) == (None, (), None)


def test_money_has_no_place_on_the_axis_of_points() -> None:
    """It is in the table alone."""
    money = replace(sample().effects[0], metric="revenue", currency="USD")
    assert drawn_effects(replace(sample(), effects=(money,))) == ()


def test_one_day_is_a_point() -> None:
    """An experiment of one day has no step between days."""
    rows = cohort(CLEAR, customers=900, days=1)
    [figure] = series_figures(report_of(data_of(rows, NOT_DUE)))
    assert figure.line == f"46.0,{figure.axis.at(100 * (figure.days[0].estimate or 0))}"
