"""The bill of a stack: its sizes and counts come from code and template, and the documents show its figures."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from benchmarks import bill, costs
from tests.support.sam_template import ROOT

OPERATIONS: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PERFORMANCE: Final = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def measured() -> costs.Function:
    """Return our function with the times from the first table of docs/performance.md."""
    (init, warm), *_ = re.findall(r"^\| ours[^|]*\| [\d.]+ \| ([\d.]+) \| ([\d.]+) \|", PERFORMANCE, re.MULTILINE)
    return costs.Function("ours", float(init) / 1000, float(warm) / 1000)


def test_a_stack_that_is_never_called_has_the_metrics_of_the_sync_alone(measured: costs.Function) -> None:
    """It pays for alarms, dashboard and sync like every stack, and not for the metrics of requests."""
    idle, busy = (costs.stack(measured, called=called) for called in (False, True))
    assert (idle.alarms, idle.dashboard, idle.sync) == (busy.alarms, busy.dashboard, busy.sync)
    assert idle.metrics < busy.metrics / 3
    assert idle.total == pytest.approx(idle.alarms + idle.dashboard + idle.metrics + idle.sync)


def test_a_flood_costs_what_security_md_states(measured: costs.Function) -> None:
    """A day at the route's limit, and a day of each 1 000 requests a second above it, have the printed costs."""
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8").replace("\n  ", "")
    limit, above = costs.flood(measured)
    ((day, gateway),) = re.findall(r"list prices \$(\d+) a day, of which \$(\d+)", security)
    ((thousand),) = re.findall(r"\$(\d+) a day for each 1 000 a second", security)
    assert float(day) == pytest.approx(limit, abs=2)
    assert float(gateway) == pytest.approx(500 * 86_400 / 1e6, abs=0.5)
    assert float(thousand) == pytest.approx(above, abs=0.6)


# Documents


def cells(text: str) -> list[tuple[str, float, float]]:
    """Return the rows of the complete table: name, dollars for a million requests, dollars a month."""
    found = re.findall(r"^(\S.*?) {2,}([\d.,]+) +([\d.,]+)$", text, re.MULTILINE)
    return [(name, float(first.replace(",", "")), float(second.replace(",", ""))) for name, first, second in found]


def test_performance_md_shows_what_is_computed(measured: costs.Function) -> None:
    """Each row agrees; the function's share, and the sum with it, may differ by one run of `make bench`."""
    block = PERFORMANCE.split("Dollars, everything")[1].split("\n\n")[0]
    shown = cells(block)
    billed: list[tuple[str, float]] = costs.rows(measured)
    expected = [*billed, ("sum", sum(dollars for _, dollars in billed))]
    assert [name for name, _, _ in shown] == [name for name, _ in expected]
    for (name, million, month), (_, dollars) in zip(shown, expected, strict=True):
        own = name.startswith("function") or name == "sum"
        assert million == pytest.approx(dollars, abs=0.03 if own else 0.0051), name
        assert month == pytest.approx(dollars * 300, abs=9 if own else 0.51), name


@pytest.mark.parametrize("document", [README, PERFORMANCE], ids=["README.md", "performance.md"])
def test_an_owner_s_question_is_answered_in_one_line(document: str, measured: costs.Function) -> None:
    """The costs of a million requests and of an idle stack are stated, to a tenth of a dollar and to a dollar."""
    answer, _ = costs.answers(measured)
    computed: Any = re.findall(r"\$(\d+\.\d\d)", answer)
    ((million, idle),) = re.findall(
        r"million requests cost about \$([\d.]+\d).{0,60}? stack that is never called about \$([\d.]*\d)",
        document.replace("\n", " "),
    )
    assert float(million) == pytest.approx(float(computed[0]), abs=0.06)
    assert float(idle) == pytest.approx(float(computed[1]), abs=0.6)


def test_what_an_idle_stack_pays_for_is_computed(measured: costs.Function) -> None:
    """The sentence in docs/performance.md has the computed costs of alarms, dashboard, metrics and sync."""
    idle, busy = (costs.stack(measured, called=called) for called in (False, True))
    sentence = PERFORMANCE.replace("\n", " ").partition("never called pays for")[2].partition("the sync's runs")
    parts = re.findall(r"\$(\d+\.\d\d)", sentence[0] + sentence[2][:10])
    expected = [idle.alarms, idle.dashboard, idle.metrics, busy.metrics, idle.sync]
    assert [float(part) for part in parts] == [pytest.approx(dollars, abs=0.015) for dollars in expected]


def test_what_the_analysis_adds_is_computed() -> None:
    """docs/operations.md has the computed costs of a million lines, and of the alarms of both streams."""
    added = bill.delivery()
    sentence = OPERATIONS.replace("\n", " ").partition("**What it costs,**")[2].partition("DuckDB")[0]
    million, half, alarms = map(float, re.findall(r"\$(\d+\.\d\d)", sentence))
    assert million == pytest.approx(added.million, abs=0.006)
    assert [half, alarms] == [pytest.approx(each) for each in (added.alarms / 2, added.alarms)]


def test_what_notifications_add_is_computed() -> None:
    """The sentence in docs/performance.md has the computed costs of the alarms and metrics that notifications add."""
    added = bill.notifications()
    sentence = PERFORMANCE.replace("\n", " ").partition("Taking in Apple's notifications adds")[2].partition(". ")[0]
    assert re.findall(r"\$(\d+\.\d\d)", sentence) == [f"{added.alarms:.2f}", f"{added.metrics:.2f}"]
