"""The page of a report: complete, true, without a script or an address, well-formed for any name, and small."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from console.effect.apple_report import contrasts, read_apple_report
from console.effect.findings import Report
from console.effect.report_json import report_document
from console.effect.report_text import shown_bounds, shown_difference
from console.effect.rows import AmountRow
from console.effect.studied import StudiedArm
from console.file.document import read_named
from console.local.samples import SAMPLE
from console.pages.arm_screens import arm_screens, used_images
from console.pages.frame import PageFacts, visible
from console.pages.report_page import render_report
from tests.support.analysis_parts import needs_analysis
from tests.support.apple_files import apple_file, apple_lines
from tests.support.drawn_pages import Element, parsed
from tests.support.made_reports import CLEAR, KEY, NOT_DUE, PLAN, cohort, data_of, reading_of, report_of, studied_of

pytestmark = needs_analysis
FACTS = PageFacts("1.0.0", "retention report switch-2026q4", "0" * 64)
DOCUMENT = read_named(SAMPLE, "")
SCREENS = arm_screens(DOCUMENT, KEY, {})
ROWS = cohort(CLEAR)
HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><script>alert(1)</script>", "'\"`",
    "{{ 7 * 7 }}", "{% raw %}", "&lt;b&gt;", "]]>", "<!--", "\u202eevil", "a\x00b\x1b[2J", "</title><b>", "</svg><b>",
    "javascript:alert(1)", "${7*7}", "<svg/onload=alert(1)>", "\ud800",
]  # fmt: skip


def made(**changed: object) -> Report:
    return report_of(data_of(ROWS, reading_of(ROWS)), **changed)  # type: ignore[arg-type]  # as they are given


def page(report: Report | None = None) -> str:
    return render_report(report or made(), SCREENS, FACTS)


def table(tree: Element, caption: str) -> list[list[str]]:
    """Return the cells of the table with this caption, row by row."""
    [found] = [one for one in tree.of("table") if caption in [each.text for each in one.of("caption")]]
    rows = [[cell.text for cell in row.inside if cell.tag in {"th", "td"}] for row in found.of("tr")]
    return rows[1:]


def places(tree: Element, label: str) -> Element:
    """Return the drawing whose label begins so."""
    [found] = [one for one in tree.of("svg") if str(one.attributes["aria-label"]).startswith(label)]
    return found


def scale(figure: Element, axis: str) -> list[tuple[float, float]]:
    """Return place and value of each line that has a number."""
    texts = [one for one in figure.of("text") if re.fullmatch("[+\u2212]?[0-9.]+", one.text)]
    below = 4 if axis == "y" else 0  # a number's base line is so far below its line
    return [(float(str(one.attributes[axis])) - below, float(one.text.replace("\u2212", "-"))) for one in texts]


def value_at(place: float, marks: list[tuple[float, float]]) -> float:
    (first, low), (last, high) = min(marks), max(marks)
    return low + (place - first) / (last - first) * (high - low)


# The numbers --------------------------------------------------------------------------------------------------------


def test_the_sentence_comes_first() -> None:
    """Under the experiment's name, in the colour of its state."""
    tree = parsed(page())
    [verdict] = tree.of("div", "verdict")
    assert verdict.of("p")[0].text == made().verdict.sentence
    assert "ok" in verdict.classes
    assert [one.text for one in tree.of("h1")] == [KEY]
    open_question = parsed(page(report_of(data_of(ROWS[:4], NOT_DUE))))
    assert "wait" in open_question.of("div", "verdict")[0].classes


def test_intervals_are_the_same_in_drawing_table_and_json() -> None:
    """Read back from the places of the marks by the axis: to a tenth of a pixel, in the table to 0.01 points."""
    tree, document = parsed(page()), report_document(made())
    figure = places(tree, "Intervals")
    axis = scale(figure, "x")
    effects = [one for one in document["effects"] if one["anytime"] is not None]
    effects.sort(key=lambda one: one["role"] != "primary")
    marks = figure.of("g", "any")
    rows = table(tree, "The numbers of the drawing of intervals")
    assert len(effects) == len(marks) == len(rows)
    for one, mark, row in zip(effects, marks, rows, strict=True):
        line = mark.of("line")[0].attributes
        drawn = [value_at(float(str(line[name])), axis) for name in ("x1", "x2")]
        assert drawn == pytest.approx([100 * end for end in one["anytime"]], abs=0.02)
        assert row[5] == shown_bounds(one["anytime"])
        assert row[4] == shown_difference(one["estimate"], None)
        assert row[5] in mark.of("title")[0].text
    [reading] = figure.of("g", "read")
    ends = reading.of("line")[0].attributes
    assert [value_at(float(str(ends[name])), axis) for name in ("x1", "x2")] == pytest.approx(
        [100 * end for end in effects[0]["reading"]], abs=0.02
    )
    assert rows[0][6] == shown_bounds(effects[0]["reading"])


def test_days_are_the_same_in_drawing_table_and_json() -> None:
    """Each point of the line and of the band, but for what the axis cuts."""
    tree, document = parsed(page()), report_document(made())
    figure = places(tree, "The interval day by day")
    axis = scale(figure, "y")
    days = document["series"][0]["days"]
    line = [float(point.split(",")[1]) for point in str(figure.of("polyline")[0].attributes["points"]).split()]
    band = [float(point.split(",")[1]) for point in str(figure.of("polygon")[0].attributes["points"]).split()]
    low, high = min(value for _, value in axis), max(value for _, value in axis)
    rows = table(tree, "The numbers of the drawing day by day, switch")
    for at, (day, row) in enumerate(zip(days, rows, strict=True)):
        assert value_at(line[at], axis) == pytest.approx(min(100 * day["estimate"], high), abs=0.05)
        assert value_at(band[at], axis) == pytest.approx(min(100 * day["anytime"][1], high), abs=0.05)
        assert value_at(band[-1 - at], axis) == pytest.approx(max(100 * day["anytime"][0], low), abs=0.05)
        assert row[0] == day["day"]
        assert row[2:] == [shown_difference(day["estimate"], None), shown_bounds(day["anytime"])]


def test_curves_are_the_same_in_drawing_table_and_json() -> None:
    """Each day of each arm."""
    tree, document = parsed(page()), report_document(made())
    figure = places(tree, "The share kept")
    axis = [(place, value) for place, value in scale(figure, "y") if place != 180]
    rows = table(tree, "The numbers of the drawing of who is kept")
    for at, (curve, drawn) in enumerate(zip(document["curves"], figure.of("polyline"), strict=True)):
        line = [float(point.split(",")[1]) for point in str(drawn.attributes["points"]).split()]
        for point, place, row in zip(curve["points"], line, rows, strict=True):
            share = 100 * point["kept"] / point["customers"]
            assert value_at(place, axis) == pytest.approx(share, abs=0.05)
            assert row[0] == str(point["day"])
            assert row[1 + at] == f"{share:.2f}\u00a0%"


def test_arms_checks_and_notes_are_complete() -> None:
    """Every arm, check, segment and note of the document is on the page."""
    tree, document = parsed(page()), report_document(made())
    arms = table(tree, "Arms and the planned metric")
    assert [row[0] for row in arms] == [one["name"] for one in document["arms"]]
    assert [row[2].replace("\u00a0", "") for row in arms] == [str(one["customers"]) for one in document["arms"]]
    checks = table(tree, "Checks")
    assert [row[1] for row in checks] == [one["found"] for one in document["checks"]]
    assert [one.text for one in tree.of("ul", "notes")[0].of("li")] == document["notes"]
    assert len(table(tree, "The difference by segment")) == len(document["segments"])
    assert document["inputs"]["sqlDigest"] in tree.of("footer")[0].text


def test_revenue_of_the_control_is_on_the_page() -> None:
    """In each currency on a row, as those of the arms are."""
    paid = tuple(AmountRow(arm, 12, 5000, "USD", 10_000, 725) for arm in ("control", "switch"))
    report = report_of(data_of(ROWS, NOT_DUE, amounts=paid), studied_of(replace(PLAN, metric="revenue")))
    rows = table(parsed(page(report)), "Arms and the planned metric")
    assert [row[4] for row in rows if row[0] in {"control", "switch"}] == ["1.00 USD", "1.00 USD"]


def test_each_arm_has_its_screen() -> None:
    """Drawn by the macro of the preview, with the arm's name; Apple's fallback in words."""
    tree = parsed(page())
    assert [one.text for one in tree.of("p", "h")] == ["Your trails stay with you", "A year for less"]
    assert [one.of("span", "chip")[0].text for one in tree.of("div", "cap")] == ["control", "switch"]
    assert parsed(render_report(made(), (), FACTS)).of("article") == []
    assert used_images(DOCUMENT, KEY)


def test_a_failed_check_greys_the_numbers_and_has_its_remedy() -> None:
    """They stay, and the sentence is replaced."""
    rows = [replace(row, heard_of=0) if row.arm == "switch" else row for row in ROWS]
    report = report_of(data_of(rows, NOT_DUE))
    tree = parsed(page(report))
    [verdict] = tree.of("div", "verdict")
    assert "bad" in verdict.classes
    assert verdict.of("p")[0].text.startswith("Not to be trusted: outcomes of switch are missing")
    assert "retention notifications status --env production" in verdict.of("li")[0].text
    assert len(tree.of("div", "withheld")) == 1
    assert tree.of("svg")


def test_apple_s_report_is_next_to_ours(tmp_path: Path) -> None:
    """Named as events, and never averaged."""
    path = tmp_path / "apple.txt"
    path.write_text(apple_file(apple_lines({"Default": [10] * 8, "Real-time": [20] * 8})), encoding="utf-8")
    found = contrasts(read_apple_report(path), "2026-10-01", "2026-10-31")
    tree = parsed(page(made(apple=found)))
    [row] = table(tree, "Apple\u2019s own report")
    assert row[:3] == ["Pro (111)", "8", "10.00\u00a0% of 800"]
    assert "never averaged" in tree.of("h2")[-3].text
    assert "No subscription had both" in page(made(apple=()))


def test_a_fallback_arm_is_called_so() -> None:
    """Wherever an arm is named in the table of arms."""
    arms = (StudiedArm("control", 5000, is_fallback=True), StudiedArm("switch", 5000))
    tree = parsed(page(made(studied=studied_of(arms=arms))))
    assert table(tree, "Arms and the planned metric")[0][0] == "control Apple\u2019s fallback"


# Safety and size ----------------------------------------------------------------------------------------------------


def test_the_page_has_no_script_and_no_address() -> None:
    """One style sheet, allowed by its hash; no link leads out of the page."""
    html = page()
    tree = parsed(html)
    [policy] = [str(one.attributes["content"]) for one in tree.of("meta") if "http-equiv" in one.attributes]
    assert "script-src" not in policy
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert tree.of("script") == []
    assert not re.search(r"https?:|//[a-z]|url\((?!data:)", html)
    assert {str(one.attributes["href"])[0] for one in tree.of("a")} == {"#"}
    assert not [name for one in tree.all() for name in one.attributes if name == "style" or name.startswith("on")]


def test_every_table_has_headers_and_every_drawing_a_label() -> None:
    """So that a reader who sees neither knows what they are; ids are there once."""
    tree = parsed(page())
    assert all(one.of("caption") and one.of("th") for one in tree.of("table"))
    assert all(one.attributes.get("aria-label") and one.attributes["role"] == "img" for one in tree.of("svg"))
    ids = [str(one.attributes["id"]) for one in tree.all() if "id" in one.attributes]
    assert len(set(ids)) == len(ids)
    named = [
        str(one.attributes["aria-labelledby"]) for one in tree.of("section") if "aria-labelledby" in one.attributes
    ]
    assert set(named) <= set(ids)


@pytest.mark.parametrize("evil", HOSTILE, ids=[f"h{number}" for number in range(len(HOSTILE))])
def test_no_name_becomes_an_element_or_an_attribute(evil: str) -> None:
    """Keys, arms, environments and Apple's names, in every place where they are shown."""
    rows = [replace(row, arm=evil if row.arm == "switch" else row.arm) for row in ROWS]
    arms = (StudiedArm("control", 5000), StudiedArm(evil, 5000))
    studied = replace(studied_of(arms=arms), key=evil, environment=evil)
    html = render_report(report_of(data_of(rows, reading_of(rows)), studied), SCREENS, replace(FACTS, command=evil))
    plain = parsed(page())
    tree = parsed(html)
    assert [one.tag for one in tree.all()] == [one.tag for one in plain.all()]
    assert [sorted(one.attributes) for one in tree.all()] == [sorted(one.attributes) for one in plain.all()]
    assert visible(evil).strip() in tree.of("h1")[0].text


def test_a_normal_report_is_small() -> None:
    """At most 60 KB, also with Apple's report and many days; the drawings and their tables are half of it."""
    assert len(page().encode()) <= 60_000
    rows = cohort(CLEAR, customers=400, days=150)
    assert len(page(report_of(data_of(rows, reading_of(rows)))).encode()) <= 60_000


def test_the_same_report_gives_the_same_bytes() -> None:
    """However often it is written."""
    assert page() == page()
    assert json.dumps(report_document(made())) == json.dumps(report_document(made()))
