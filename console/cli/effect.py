"""`report` and `power`: what an experiment or a holdout is worth, and what a plan needs before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import App, At, AtTable, MadeBy, Out, read_instant, verb

if TYPE_CHECKING:
    from console.cli.report_run import ReportQuestion
    from console.cli.report_sources import LogChoice
    from console.deployment.where import Where
    from console.terminal.output import Output

verbs = typer.Typer()

# No app has more customers, and no share is finer.
_MOST = 1e9


class EngineName(StrEnum):
    """What computes."""

    DUCKDB = "duckdb"
    ATHENA = "athena"


Exposures = Annotated[
    list[Path] | None,
    typer.Option("--exposures", metavar="LOG", help="A log of the function, in any export, or a folder; repeatable."),
]
Outcomes = Annotated[
    list[Path] | None,
    typer.Option("--outcomes", metavar="LOG", help="A log of notifications, likewise; repeatable."),
]
Rehearsals = Annotated[
    bool, typer.Option("--rehearsals", help="Count requests that Apple did not sign: of the simulator.")
]
CompleteUntil = Annotated[
    datetime | None,
    typer.Option(
        "--complete-until",
        parser=read_instant,
        metavar="INSTANT",
        help="Until when every notification is in the log, if no line states it: 2026-12-01T09:00:00Z.",
    ),
]


@dataclass(frozen=True, slots=True)
class GivenLogs:
    """The options that name logs; `at` is the instant of the report."""

    exposures: tuple[Path, ...]
    outcomes: tuple[Path, ...]
    where: Where
    engine: str
    compare: bool
    at: datetime
    rehearsals: bool

    def choice(self, file: Path | None) -> LogChoice:
        """Return what is chosen, with the file that has the plans."""
        from dataclasses import replace

        from console.cli.report_sources import LogChoice

        where = self.where if file is None else replace(self.where, file=file)
        return LogChoice(
            file, self.exposures, self.outcomes, where, self.engine, self.compare, self.at, self.rehearsals
        )


def _given_logs(
    exposures: Exposures = None,
    outcomes: Outcomes = None,
    *,
    where: AtTable,
    app_id: App = None,
    engine: Annotated[
        EngineName, typer.Option("--engine", help="With --env: compute here, or by Athena in the stack's account.")
    ] = EngineName.DUCKDB,
    compare: Annotated[
        bool, typer.Option("--compare", help="With --env: compute by both, and compare all rows.")
    ] = False,
    rehearsals: Rehearsals = False,
    at: At = None,
) -> GivenLogs:
    """Name logs, or the environment that stores them."""
    from dataclasses import replace

    return GivenLogs(
        tuple(exposures or ()),
        tuple(outcomes or ()),
        replace(where, app=app_id),
        engine.value,
        compare,
        at or datetime.now(UTC),
        rehearsals,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read next to the logs, and the files that are written."""

    complete_until: datetime | None
    apple: tuple[Path, ...]
    out: Path | None
    page: Path | None


def _wanted(
    complete_until: CompleteUntil = None,
    apple: Annotated[
        list[Path] | None,
        typer.Option("--apple", metavar="FILE", help="Apple's report “App Store Retention Messaging”; repeatable."),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the JSON document into a file, too.")
    ] = None,
    page: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with drawings.")] = None,
) -> Wanted:
    """Name what is read next to the logs, and what is written."""
    return Wanted(complete_until, tuple(apple or ()), target, page)


@verb(
    verbs,
    "report",
    "retention report switch-2026q4 --exposures function.log.gz --outcomes notifications.log.gz",
    "retention report switch-2026q4 --env production --html report.html",
    "retention report retention.yaml --exposures function.log.gz --outcomes notifications.log.gz",
    "retention report --env production",
)
def report(
    key: Annotated[
        str | None,
        typer.Argument(metavar="KEY", help="The experiment's or the holdout's key; each in one line, if left out."),
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The file with the plan; retention.yaml, if it is there.")
    ] = None,
    *,
    wanted: Annotated[Wanted, MadeBy(_wanted)],
    logs: Annotated[GivenLogs, MadeBy(_given_logs)],
    out: Out,
) -> None:
    """Report what a message, a switch or an offer is worth: one sentence, then the numbers and whether to trust them.

    Exit code 0: the result can be read. 3: not yet. 4: a check failed, so it is not to be trusted.
    """
    from console.cli.report_run import ReportQuestion, run_report
    from console.effect.report_text import show

    key, file = _key_and_file(key, file)
    files = (wanted.complete_until, wanted.apple, wanted.out, wanted.page)
    question = ReportQuestion(key or "", logs.choice(file), *files)
    if key is None:
        _report_all(question, out)
        return
    with out.progress() as progress:
        made = run_report(question, progress)
    show(made.report, out, made.compared)
    code = 0 if all(one.equal for one in made.compared) else 1
    if code or made.report.verdict.exit_code:
        raise typer.Exit(code or made.report.verdict.exit_code)


def _key_and_file(key: str | None, file: Path | None) -> tuple[str | None, Path | None]:
    """Return KEY and FILE. The name of a file that is there, alone, is FILE: all that the file has is meant."""
    return (None, Path(key)) if key is not None and file is None and Path(key).is_file() else (key, file)


def _report_all(question: ReportQuestion, out: Output) -> None:
    """Print every experiment and holdout on one line."""
    from console.cli.report_run import run_list
    from console.effect.report_text import show_list

    if question.out or question.page or question.apple:
        raise typer.BadParameter("name the experiment, too: KEY")
    with out.progress() as progress:
        found = run_list(question, progress)
    show_list(found, out)


@dataclass(frozen=True, slots=True)
class GivenPlan:
    """What a plan is asked for, in fractions of 1; `base` and `per_day` None: the log's."""

    products: tuple[str, ...]
    base: float | None
    per_day: float | None
    arms: tuple[float, ...]
    share: float
    days: int


def _given_plan(
    product: Annotated[
        list[str] | None, typer.Option("--product", help="Only customers of this product; repeatable.")
    ] = None,
    base: Annotated[
        float | None,
        typer.Option("--base", min=0.01, max=99.99, help="The percentage that is kept, instead of the log's."),
    ] = None,
    per_day: Annotated[
        float | None, typer.Option("--per-day", min=0.01, max=_MOST, help="New customers a day, instead of the log's.")
    ] = None,
    arms: Annotated[
        str, typer.Option("--arms", metavar="WEIGHTS", help="The weights of the arms, the control first.")
    ] = "50,50",
    share: Annotated[
        float, typer.Option("--share", min=0.01, max=100, help="The percentage of new customers that enters.")
    ] = 100.0,
    days: Annotated[
        int, typer.Option("--days", min=1, max=365, help="The days after the first exposure: horizonDays.")
    ] = 30,
) -> GivenPlan:
    """Name the plan's customers, arms and days."""
    return GivenPlan(
        tuple(product or ()), None if base is None else base / 100, per_day, _weights(arms), share / 100, days
    )


@verb(
    verbs,
    "power",
    "retention power --effect 0.7 --product pro.monthly --env production",
    "retention power --effect 0.7 --exposures function.log.gz --outcomes notifications.log.gz",
    "retention power --effect 0.7 --base 48 --per-day 3000 --arms 50,25,25",
)
def power(
    effect: Annotated[
        float,
        typer.Option("--effect", metavar="POINTS", help="The difference to show, in points: 0.7, or -0.7 for a fall."),
    ],
    *,
    plan: Annotated[GivenPlan, MadeBy(_given_plan)],
    logs: Annotated[GivenLogs, MadeBy(_given_logs)],
    out: Out,
) -> None:
    """Show how many customers and weeks a plan needs to show a difference, and the lines to write into the file.

    Base and traffic are those of your own log, since most customers who see the page do not go on to cancel.
    """
    from console.effect.power_plan import TrafficBase, make_power, show_power, traffic_base

    if plan.base is not None and plan.per_day is not None:
        found = TrafficBase(plan.per_day, plan.base)
    else:
        from console.cli.report_run import read_traffic

        with out.progress() as progress:
            rows = read_traffic(logs.choice(None), plan.days, progress)
        found = traffic_base(rows, plan.products, base=plan.base)
        found = found if plan.per_day is None else TrafficBase(plan.per_day, found.base, found.ripe)
    made = make_power(found, effect=round(effect / 100, 9), arms=plan.arms, share=plan.share, horizon_days=plan.days)
    show_power(made, out)


def _weights(text: str) -> tuple[float, ...]:
    try:
        weights = tuple(float(each) for each in text.split(","))
    except ValueError:
        weights = ()
    if len(weights) < 2 or not all(0 < weight <= _MOST for weight in weights):  # noqa: PLR2004  # control and an arm
        raise typer.BadParameter("write the weights of a control and at least one arm: 50,50", param_hint="--arms")
    return weights
