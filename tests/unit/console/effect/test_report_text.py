"""How a report prints: the sentence first, numbers aligned, each fault with its remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from console.effect.apple_report import contrasts, read_apple_report
from console.effect.findings import Report
from console.effect.report_text import (
    control_rates,
    head,
    show,
    shown_bounds,
    shown_difference,
    shown_lift,
    shown_rate,
)
from console.effect.rows import PRODUCT, AmountRow
from console.effect.studied import FILE, NONE, ReadingPlan, StudiedArm
from console.terminal.output import Output
from tests.support.analysis_parts import needs_analysis
from tests.support.apple_files import apple_file, apple_lines
from tests.support.made_reports import (
    CLEAR,
    NOT_DUE,
    PLAN,
    cohort,
    data_of,
    reading_of,
    report_of,
    segment_rows,
    studied_of,
)

pytestmark = needs_analysis
ROWS = cohort(CLEAR)


def printed(report: Report, capsys: pytest.CaptureFixture[str], *, as_json: bool = False) -> str:
    show(report, Output(as_json=as_json))
    return capsys.readouterr().out


def test_the_sentence_is_the_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    """After what the report is about; then the arms, each on its line."""
    lines = printed(report_of(data_of(ROWS, reading_of(ROWS))), capsys).splitlines()
    assert lines[0] == "switch-2026q4 \u00b7 kept at day 30 \u00b7 plan of release 12 \u00b7 production"
    assert lines[1] == "At the appointed reading switch kept between 3.1 and 6.5 points more."
    heads, control, switch = lines[3:6]
    assert heads.split() == "arm share customers ripe kept against control at any time reading".split()
    assert control.split() == ["control", "50.00", "%", "14", "750", "7", "250", "48.00", "%", "control", "-", "-"]
    assert switch.split()[-5:] == ["+4.80", "[+1.84,", "+7.76]", "[+3.09,", "+6.50]"]
    assert lines[6].startswith("Appointed reading: about 23 Nov 2026 (12\u00a0000 of 12\u00a0000 ripe; it shows a")


def test_a_fault_has_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """In the table of checks, and what to type below it; a remark is one to look at."""
    rows = [replace(row, heard_of=0) if row.arm == "switch" else row for row in ROWS]
    text = printed(report_of(data_of(rows, NOT_DUE, delivery=())), capsys)
    assert "heard of FAILED outcomes of switch are missing" in " ".join(text.split())
    assert "heard of: Find where outcomes get lost: retention notifications status --env production." in text
    uneven = [replace(row, release=13, slots=4000 if row.arm == "control" else 6000) for row in ROWS]
    remark = printed(report_of(data_of((*ROWS, *uneven), NOT_DUE, ratio=()), studied_of(versions=())), capsys)
    assert "split unchanged look the shares changed with releases 12 and 13" in " ".join(remark.split())


def test_other_metrics_and_segments_are_labelled(capsys: pytest.CaptureFixture[str]) -> None:
    """Guardrails have their harm, explorations their q; a single week has no table."""
    text = printed(report_of(data_of(ROWS, NOT_DUE)), capsys)
    assert "harm [\u22120.41, +0.41]  -" in text
    assert text.count("exploratory") == 4
    assert "week of 2026-10-05  switch" in text
    assert "this segment alone" not in printed(report_of(data_of(ROWS[:2], NOT_DUE)), capsys)


def test_segments_have_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Products and locales as the log has them, with invisible characters as code points; the small ones together."""
    names = ["", "a\u202eb", *(f"p{number:02}" for number in range(20))]
    rows = [row for number, name in enumerate(names) for row in segment_rows(PRODUCT, name, 900 - 20 * number)]
    text = printed(report_of(data_of(ROWS, NOT_DUE, segments=tuple(rows))), capsys)
    lines = [line.partition("  ")[0] for line in text.splitlines() if line.startswith(("product", "all other"))]
    assert lines[:3] == ["product not in the log", "product aU+202Eb", "product p00"]
    assert (len(lines), lines[-1]) == (12, "all other products")


def test_the_head_names_holdout_and_plan() -> None:
    """A plan of a release, of the file, or none."""
    assert head(report_of(data_of(ROWS), studied_of(replace(PLAN, origin=FILE), environment=None))) == (
        "switch-2026q4 \u00b7 kept at day 30 \u00b7 plan of the file"
    )
    held = studied_of(ReadingPlan(origin=NONE), is_holdout=True)
    assert (
        head(report_of(data_of(ROWS), held))
        == "switch-2026q4 \u00b7 holdout \u00b7 kept at day 30 \u00b7 no plan \u00b7 production"
    )


def test_numbers_that_are_not_known_are_a_dash() -> None:
    """Shares, money, differences and intervals."""
    assert [shown_rate(None, None), shown_difference(None, None), shown_bounds(None), shown_lift(None)] == ["-"] * 4
    assert (shown_rate(1.5, "USD"), shown_difference(-0.5, "USD")) == ("1.50 USD", "\u22120.50 USD")
    assert shown_bounds((-0.5, 0.25), "USD") == "[\u22120.50, +0.25]"
    assert shown_lift((0.01, 0.05)) == "[+1.00, +5.00]\u00a0%"


def test_apple_s_report_is_printed_next_to_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is an effect only where an arm is left to Apple's fallback."""
    path = tmp_path / "apple.txt"
    path.write_text(apple_file(apple_lines({"Default": [10] * 8, "Real-time": [20] * 8})), encoding="utf-8")
    apple = contrasts(read_apple_report(path), "2026-10-01", "2026-10-31")
    text = printed(report_of(data_of(ROWS, NOT_DUE), apple=apple), capsys)
    assert "events and not customers, so it is never averaged" in text
    assert "Pro (111) 8 10.00 % of 800 20.00 % of 800 +10.00" in " ".join(text.split())
    assert "the difference is no effect" in text
    arms = (StudiedArm("control", 5000, is_fallback=True), StudiedArm("switch", 5000))
    known = printed(report_of(data_of(ROWS, NOT_DUE), studied_of(arms=arms), apple=apple), capsys)
    assert "An arm is left to Apple's fallback at random" in known
    assert "control, Apple's fallback" in known
    assert "No subscription had both" in printed(report_of(data_of(ROWS, NOT_DUE), apple=()), capsys)


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else is printed."""
    document = json.loads(printed(report_of(data_of(ROWS, reading_of(ROWS))), capsys, as_json=True))
    assert (document["experiment"], document["state"]) == ("switch-2026q4", "readingDiffers")


def test_a_hostile_name_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither to a terminal nor to the markup of its library."""
    evil = "[red]x[/red]\x1b[2J\u202e"
    rows = [replace(row, arm=evil if row.arm == "switch" else row.arm) for row in ROWS]
    arms = (StudiedArm("control", 5000), StudiedArm(evil, 5000))
    text = printed(report_of(data_of(rows, NOT_DUE), replace(studied_of(arms=arms), key=evil)), capsys)
    assert "[red]x[/red]U+001B[2JU+202E" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_numbers_that_are_not_to_be_trusted_are_grey(monkeypatch: pytest.MonkeyPatch) -> None:
    """They stay; those of a report that can be read are not."""
    looks: list[str] = []
    monkeypatch.setattr(Output, "table", lambda _self, _columns, _rows, style="": looks.append(style))
    rows = [replace(row, heard_of=0) if row.arm == "switch" else row for row in ROWS]
    show(report_of(data_of(rows, NOT_DUE)), Output())
    assert looks == ["dim", "dim", "dim", ""]  # arms, other metrics, segments; not the checks
    looks.clear()
    show(report_of(data_of(ROWS, NOT_DUE)), Output())
    assert set(looks) == {""}


def test_revenue_of_the_control_is_shown_in_each_currency() -> None:
    """It is what the arms are compared with."""
    paid = [
        AmountRow(arm, 12, 5000, currency, amount, customers)
        for currency, amount, customers in (("USD", 10_000, 725), ("EUR", 5_000, 145))
        for arm in ("control", "switch")
    ]
    report = report_of(data_of(ROWS, NOT_DUE, amounts=tuple(paid)), studied_of(replace(PLAN, metric="revenue")))
    assert control_rates(report) == ("1.00 USD", "0.10 EUR")
    assert control_rates(report_of(data_of(ROWS, NOT_DUE))) == ("48.00\u00a0%",)
