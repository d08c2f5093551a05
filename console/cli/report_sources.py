"""Where the numbers of a report come from: files of both logs, or the bucket of a stack; and what is known of plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from console.cli.options import DEFAULT_FILE
from console.deployment.aws import client
from console.deployment.stack import Analysis
from console.deployment.stored_lines import EXPOSURES, OUTCOMES, StoredObject, list_days
from console.deployment.target import Target, find_target
from console.deployment.where import Where
from console.effect.athena_engine import AthenaEngine
from console.effect.complete import assumed, completeness_of
from console.effect.duckdb_engine import DuckDbEngine
from console.effect.evidence import LoggedSubject, load_subjects
from console.effect.log_cache import cache_logs, columns_folder
from console.effect.packages import analysis_package
from console.effect.queries import ARRIVAL_MARGIN, OUTCOMES_BEFORE
from console.effect.rows import Completeness, Engine
from console.effect.stored_days import cache_folder, fetch_days
from console.effect.studying import Trials
from console.file.document import read_named
from console.file.entries import Document
from console.file.mistakes import Mistakes
from console.releases.experiments import PublishedTrials, read_trials
from console.releases.overview import TableOverview, look_at_table
from console.terminal.failure import Failure, Misuse
from console.terminal.output import ReportProgress

DUCKDB: Final = "duckdb"
ATHENA: Final = "athena"
_PACKAGES: Final = ("duckdb", "scipy", "statsmodels")


@dataclass(frozen=True, slots=True)
class LogChoice:
    """Which logs are read, and how. `where` names an environment, or none. `until` is the instant of the report."""

    file: Path | None
    exposures: tuple[Path, ...]
    outcomes: tuple[Path, ...]
    where: Where
    engine: str
    compare: bool
    until: datetime
    rehearsals: bool


@dataclass(frozen=True, slots=True)
class LogSource:
    """Opened logs. `other` is the second engine where both are to be compared. `complete` is what a line states.

    `subjects` are what the log has, `last_line` is the instant of its last line. Of an environment neither is asked.
    """

    engine: Engine
    other: Engine | None
    trials: Trials
    app_apple_id: int
    complete: Completeness | None
    subjects: tuple[LoggedSubject, ...]
    last_line: datetime | None = None

    def completeness(self, now: datetime) -> Completeness:
        """Return since when and until when outcomes are complete: as stated, else what can be assumed.

        Logs that were exported before `now` show who was kept only until their last line.
        """
        return self.complete or assumed(min(now, self.last_line or now))


def check_packages() -> None:
    """Raise Failure, with what to type, where the packages of an analysis are not installed."""
    for name in _PACKAGES:
        analysis_package(name)


@contextmanager
def open_source(choice: LogChoice, report: ReportProgress) -> Iterator[LogSource]:
    """Open what is chosen. Raises Failure and Misuse with what is missing."""
    asks_stack = choice.where.env is not None or choice.where.table is not None
    given = bool(choice.exposures or choice.outcomes)
    if given and asks_stack:
        raise Misuse(
            "--exposures and --outcomes name logs, and --env or --table a stack, which has its own logs: use one way."
        )
    if not given and not asks_stack:
        raise Misuse("Name the logs with --exposures and --outcomes, or the environment with --env.")
    if given and not choice.exposures:
        raise Misuse("Name the log of the function, too: --exposures.")
    if given and (choice.engine == ATHENA or choice.compare):
        raise Misuse("Athena reads the bucket of a stack, and no files: name the environment with --env.")
    check_packages()
    with _stack(choice, report) if asks_stack else _files(choice, report) as source:
        yield source


# Files --------------------------------------------------------------------------------------------------------------


@contextmanager
def _files(choice: LogChoice, report: ReportProgress) -> Iterator[LogSource]:
    document = _document(choice.file)
    folder = columns_folder()
    logs = cache_logs((*choice.exposures, *choice.outcomes), folder, report)
    with closing(DuckDbEngine(logs, folder / "scratch")) as engine:
        subjects = load_subjects(engine, rehearsals=choice.rehearsals)
        if not subjects:
            raise _nothing(engine, choice)
        app = _app(choice, document, subjects)
        own = tuple(subject for subject in subjects if subject.app_apple_id == app)
        complete, last = engine.completeness(app), engine.last_line(app)
        yield LogSource(engine, None, Trials(document), app, complete, own, last)


def _document(file: Path | None) -> Document | None:
    """Return the file that is named, else retention.yaml where there is one. Raises Mistakes for one with mistakes."""
    if file is None and not DEFAULT_FILE.exists():
        return None
    document = read_named(file or DEFAULT_FILE)
    if document.mistakes:
        raise Mistakes(document.file, document.mistakes)
    return document


def _nothing(engine: Engine, choice: LogChoice) -> Failure:
    names = ", ".join(map(str, choice.exposures))
    if not choice.rehearsals and load_subjects(engine, rehearsals=True):
        return Failure(
            f"Every request in {names} was signed by a test and not by Apple. Add --rehearsals to report on them."
        )
    return Failure(
        f"No request of a customer is in {names}. Name exports of the function's log group (FunctionLogGroup of the"
        " stack's outputs) with --exposures; notifications belong to --outcomes."
    )


def _app(choice: LogChoice, document: Document | None, subjects: Sequence[LoggedSubject]) -> int:
    """Return the app: the one that is named, the file's, or the only one in the log."""
    apps = list(dict.fromkeys(subject.app_apple_id for subject in subjects))
    own = choice.where.app or (document.app.app_apple_id if document is not None and document.app else None)
    if own is not None and own not in apps:
        raise Failure(f"The log has requests of app {apps[0]}, and none of {own}: name the app with --app.")
    if own is None and len(apps) > 1:
        raise Failure(f"The log has requests of several apps, {', '.join(map(str, apps))}: name one with --app.")
    return own or apps[0]


# A stack ------------------------------------------------------------------------------------------------------------


@contextmanager
def _stack(choice: LogChoice, report: ReportProgress) -> Iterator[LogSource]:
    target = find_target(choice.where)
    place = _analysis(target)
    published = read_trials(target.app_table, report)
    table = look_at_table(target.app_table)
    trials = _trials(published, table, choice)
    first = _first_day(published, choice.until)
    stored = _Stored(target, place, choice, first, report)
    both = choice.compare
    duckdb = stored.duckdb() if both or choice.engine == DUCKDB else None
    athena = stored.athena() if both or choice.engine == ATHENA else None
    engine = athena if choice.engine == ATHENA else duckdb
    other = (duckdb if choice.engine == ATHENA else athena) if both else None
    if engine is None:
        raise AssertionError
    try:
        yield LogSource(engine, other, trials, target.app_apple_id, completeness_of(target), ())
    finally:
        if duckdb is not None:
            duckdb.close()


def _analysis(target: Target) -> Analysis:
    name = target.stack.name
    if target.stack.analysis is not None:
        return target.stack.analysis
    if not name:
        raise Failure(
            "A table that is named with --table has no bucket of lines: name the environment with --env, or logs with"
            " --exposures and --outcomes."
        )
    raise Failure(
        f"The stack {name} stores no lines to analyse: deploy it with Analysis=on, or name logs with --exposures and"
        " --outcomes."
    )


def _trials(published: PublishedTrials, table: TableOverview, choice: LogChoice) -> Trials:
    document = None if table.live is None else table.live.edition().document
    changed = tuple(sorted({recorded.configured_at for recorded in table.defaults.values() if recorded.configured_at}))
    return Trials(document, published, choice.where.env, changed)


def _first_day(published: PublishedTrials, until: datetime) -> date:
    """Return the day before the first release with an experiment or a holdout: no line of one is older."""
    instants = [one.published_at for one in published.experiments] + [one.published_at for one in published.holdouts]
    first = min((at for at in instants if at is not None), default=until - OUTCOMES_BEFORE)
    return (first.astimezone(UTC) - ARRIVAL_MARGIN).date()


class _Stored:
    """The stored lines of a stack, for either engine."""

    def __init__(self, target: Target, place: Analysis, choice: LogChoice, first: date, report: ReportProgress) -> None:
        self._place, self._report, self._first = place, report, first
        self._last = (choice.until.astimezone(UTC) + ARRIVAL_MARGIN).date()
        self._region = target.dynamodb.meta.region_name
        self._endpoint = choice.where.endpoint_url
        self._named = f" --env {choice.where.env}" if choice.where.env else ""
        self._s3 = self._client("s3")

    def _client(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        return client(service, region=self._region, endpoint_url=self._endpoint)

    def _since(self, prefix: str) -> date:
        """Return the first day that is read of a table, and that the bucket has."""
        wanted = self._first - (OUTCOMES_BEFORE if prefix == OUTCOMES else timedelta())
        found = self._s3.list_objects_v2(Bucket=self._place.bucket, Prefix=f"{prefix}day=", MaxKeys=1)
        keys = [str(one["Key"]) for one in found.get("Contents", ())]
        stored = date.fromisoformat(keys[0].removeprefix(f"{prefix}day=")[:10]) if keys else self._last
        return min(max(wanted, stored), self._last)

    def duckdb(self) -> DuckDbEngine:
        """Fetch the days and read them into the cache."""
        paths: list[Path] = []
        for prefix in (EXPOSURES, OUTCOMES):
            step = f"fetching {prefix.rstrip('/')}"

            def fetched(done: int, total: int, step: str = step) -> None:
                self._report(step, done, total)

            days = (self._since(prefix), self._last)
            paths += fetch_days(self._s3, self._place.bucket, prefix, *days, cache_folder(), fetched)
        if not paths:
            raise self._no_lines()
        folder = columns_folder()
        return DuckDbEngine(cache_logs(paths, folder, self._report), folder / "scratch")

    def athena(self) -> AthenaEngine:
        """Return Athena over the same days; their objects are what its digest is of."""
        objects: list[StoredObject] = []
        for prefix in (EXPOSURES, OUTCOMES):
            objects += list_days(self._s3, self._place.bucket, prefix, self._since(prefix), self._last)
        if not objects:
            raise self._no_lines()
        return AthenaEngine(self._client("athena"), self._place, objects)

    def _no_lines(self) -> Failure:
        return Failure(
            f"The bucket {self._place.bucket} of the stack has no lines yet: they arrive about 15 minutes after a"
            f" request. If they do not, retention doctor{self._named} finds out why."
        )
