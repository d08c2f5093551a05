"""What `make bench` prints for people: the times, and each figure with its target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.figures import FIGURES
from benchmarks.timing import spread

Times = Mapping[str, list[float]]

_MIB: Final = 2**20
_IN_PROCESS: Final = {
    "ecdsa": "one bare ECDSA P-256 verify",
    "verify": "verify",
    "verify_uncached": "verify, path not cached",
    "apple": "verify, Apple's library offline",
    "handler": "complete warm handler",
    "decide_small": "decide, small catalog",
    "decide_large": "decide, large catalog",
    "lookup_small": "cold look-up, small catalog",
    "lookup_large": "cold look-up, large catalog",
    "lookup_everywhere": "cold look-up, 100 more rules on the sheet",
    "decide_customer": "decide by facts of the profile",
    "decide_subscription": "decide by facts from Apple",
    "facts_profile": "look-up of the profile, calls of 5 ms",
    "facts_subscription": "look-up of the row from Apple, calls of 5 ms",
    "facts_both": "look-up of both, calls of 5 ms",
    "facts_profile_at_once": "look-up of the profile",
    "facts_subscription_at_once": "look-up of the row from Apple",
    "facts_both_at_once": "look-up of both",
    "notification_ecdsa": "bare ECDSA verification over a nested token",
    "notification": "a notification's three tokens verified and read",
    "merge": "a report merged into a full state",
    "notification_batch": "ten notifications verified, read and merged",
}


def lambda_table(first: Times, init: Times, warm: Times, peak: Mapping[str, int]) -> Table:
    table = Table(title="Under Lambda's runtime, one vCPU; ms, median (quartiles)", title_justify="left", box=None)
    for heading in ("", "first answer", "of it init", "warm request", "peak MiB"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name in dict.fromkeys([*first, *warm]):
        cells = [_shown(times[name], 1000) if name in times else "" for times in (first, init, warm)]
        table.add_row(name, *cells, f"{peak[name] / _MIB:.0f}" if name in peak else "")
    return table


def process_table(times: Times) -> Table:
    table = Table(title="In one process; µs, median (quartiles)", title_justify="left", box=None)
    table.add_column("")
    table.add_column("each", justify="right")
    for key, title in _IN_PROCESS.items():
        table.add_row(title, _shown(times[key], 1_000_000))
    return table


def figures_table(figures: Mapping[str, float]) -> Table:
    table = Table(title="Figures", title_justify="left", box=None)
    for heading in ("figure", "found", "to reach", ""):
        table.add_column(heading, justify="right" if heading in {"found", "to reach"} else "left")
    for figure in FIGURES:
        if figure.key not in figures:
            continue  # its contestant or tool is not in this run
        value = figures[figure.key]
        verdict = {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}[figure.reached(value)]
        table.add_row(figure.title, f"{value:.3g}", figure.demanded, verdict)
    return table


def show(*tables: Table, notes: tuple[str, ...] = ()) -> None:
    console = Console(width=120, soft_wrap=False) if not Console().is_terminal else Console()
    for table in tables:
        console.print(table)
        console.print()
    for note in notes:
        console.print(note, highlight=False)


def _shown(seconds: list[float], unit: float) -> str:
    middle, first, third = (value * unit for value in spread(seconds))
    return f"{_digits(middle)} ({_digits(first)}–{_digits(third)})"  # noqa: RUF001  # a range of numbers


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
