"""The tables that `make bench` prints."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from benchmarks import figures, report

STEADY = [0.001, 0.001, 0.001]


def rows_of(table: Table) -> list[str]:
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(table)
    return [" ".join(line.split()) for line in console.export_text().splitlines()]


def test_a_contestant_has_a_row_with_what_was_measured() -> None:
    """Times are in ms with their quartiles, memory is in MiB, and what was not measured is empty."""
    table = report.lambda_table(
        {"ours": [0.05, 0.06, 0.07]}, {"ours": STEADY}, {"cached": STEADY}, {"ours": 64 * 2**20}
    )
    rows = rows_of(table)
    assert any(row == "ours 60 (50–70) 1 (1–1) 64" for row in rows)  # noqa: RUF001  # as in the table
    assert any(row == "cached 1 (1–1)" for row in rows)  # noqa: RUF001  # likewise


def test_work_in_one_process_is_in_microseconds() -> None:
    """Each work has a row with its title; from 100 on, numbers have no decimals."""
    times = dict.fromkeys(report._IN_PROCESS, [0.0000123] * 3) | {"apple": [0.0123456] * 3}
    rows = rows_of(report.process_table(times))
    assert "verify 12.3 (12.3–12.3)" in rows  # noqa: RUF001  # as in the table
    assert "verify, Apple's library offline 12,346 (12,346–12,346)" in rows  # noqa: RUF001  # likewise
    assert len([row for row in rows if row.endswith(")")][1:]) == len(times)  # without the title


@pytest.mark.parametrize(("value", "verdict"), [(0.0712345, "missed"), (0.05, "reached")])
def test_a_figure_is_shown_with_its_target(value: float, verdict: str) -> None:
    """A figure has what was found, the target, and whether it is reached; figures of another run are left out."""
    (figure,) = [each for each in figures.FIGURES if each.key == "cold_first_answer_vs_reference"]
    row = rows_of(report.figures_table({figure.key: value}))[-1]
    assert row == f"{figure.title} {value:.3g} {figure.demanded} {verdict}"
    assert len(rows_of(report.figures_table({}))) == 2


def test_notes_follow_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """The tables are printed first, then each note on its own line."""
    report.show(report.figures_table({}), notes=("one note", "another"))
    assert capsys.readouterr().out.splitlines()[-2:] == ["one note", "another"]
