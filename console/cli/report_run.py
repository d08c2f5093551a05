"""The steps of `report` and `power`: find what is studied, open an engine over the logs, compute, write files."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final

from console.cli.report_sources import LogChoice, LogSource, open_source
from console.effect.apple_report import contrasts, read_apple_report
from console.effect.compared import EngineDifference, compare_engines
from console.effect.evidence import load_evidence
from console.effect.findings import Report
from console.effect.load import load_data, load_traffic
from console.effect.plan_checks import as_planned
from console.effect.report import make_report
from console.effect.report_json import report_document
from console.effect.rows import EffectData, EffectQuestion, TrafficRow
from console.effect.studied import ReadingPlan, Studied
from console.effect.studying import no_exposures, study, study_log
from console.file.content import read_content
from console.file.entries import Document
from console.file.mistakes import Notes
from console.pages.arm_screens import arm_screens, used_images
from console.pages.frame import PageFacts, write_page
from console.pages.report_page import render_report
from console.pages.thumbnails import Thumbnail, make_thumbnails
from console.terminal.failure import Failure
from console.terminal.output import ReportProgress

# Before Apple's interface: a file alone does not show since when an experiment runs.
_BEGINNING: Final = datetime(2025, 1, 1, tzinfo=UTC)
_TRAFFIC_DAYS: Final = 60


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    """What a report is asked for: `out` and `page` are files to write, or None. `complete_until` None: as stated."""

    key: str
    logs: LogChoice
    complete_until: datetime | None
    apple: tuple[Path, ...]
    out: Path | None
    page: Path | None


@dataclass(frozen=True, slots=True)
class ReportMade:
    """A report, and where two engines were asked what they differ in."""

    report: Report
    compared: tuple[EngineDifference, ...]


def run_report(asked: ReportQuestion, progress: ReportProgress) -> ReportMade:
    """Make a report, and write the files that are asked for. Raises Failure and Mistakes before anything is written."""
    apple = [line for path in asked.apple for line in read_apple_report(path)]
    with open_source(asked.logs, progress) as source:
        questions = _Questions(source, asked, progress)
        studied, question, data = questions.study(asked.key)
        evidence = load_evidence(source.engine, question, has_watermark=questions.has_watermark)
        compared = () if source.other is None else compare_engines(source.engine, source.other, question, progress)
        own = [line for line in apple if line.app_apple_id == source.app_apple_id]
        if apple and not own:
            raise Failure(f"Apple's report has no line of app {source.app_apple_id}: name the report of this app.")
        first = (data.first_exposure or "")[:10]
        seen = contrasts(own, first, f"{question.complete_until:%Y-%m-%d}") if asked.apple else None
        report = make_report(data, studied, evidence, question, asked.logs.until, seen)
        if asked.page is not None:
            _write_page(asked, report, source.trials.document, progress)
    if asked.out is not None:
        text = json.dumps(report_document(report), ensure_ascii=False, indent=2) + "\n"
        write_page(asked.out, text, "--out")
    return ReportMade(report, compared)


def run_list(asked: ReportQuestion, progress: ReportProgress) -> tuple[Report, ...]:
    """Return a report of every experiment and holdout that the log has, in the order of the file or the releases."""
    found = []
    with open_source(asked.logs, progress) as source:
        logged = {subject.name for subject in source.subjects if subject.name}
        known = source.trials.keys
        keys = [key for key in known if not source.subjects or key in logged]
        keys += sorted(logged - set(known))
        questions = _Questions(source, asked, progress)
        for number, key in enumerate(keys):
            progress("reporting", number, len(keys))
            studied, question, data = questions.study(key)
            evidence = load_evidence(source.engine, question, has_watermark=questions.has_watermark)
            found.append(make_report(data, studied, evidence, question, asked.logs.until))
    return tuple(found)


def read_traffic(logs: LogChoice, horizon_days: int, progress: ReportProgress) -> tuple[TrafficRow, ...]:
    """Return the new customers of each day and product, of all requests, for a plan."""
    with open_source(logs, progress) as source:
        complete = source.completeness(logs.until)
        until = max(logs.until, complete.until) if logs.rehearsals else logs.until
        starts = min(complete.until, until) - timedelta(days=horizon_days + _TRAFFIC_DAYS)
        question = EffectQuestion(
            source.app_apple_id, "", horizon_days, starts, until, complete.until, rehearsals=logs.rehearsals
        )
        return load_traffic(source.engine, question)


class _Questions:
    """Questions to one source: what is studied under a key, by the plan that counts, and its data."""

    def __init__(self, source: LogSource, asked: ReportQuestion, progress: ReportProgress) -> None:
        self._source, self._asked, self._progress = source, asked, progress
        # The clock of a simulator goes ahead of ours.
        ahead = source.complete.until if source.complete is not None and asked.logs.rehearsals else asked.logs.until
        self._until = max(asked.logs.until, ahead)
        self.has_watermark = source.complete is not None or asked.complete_until is not None

    def study(self, key: str) -> tuple[Studied, EffectQuestion, EffectData]:
        """Return what is studied, the question and its data. Raises Failure where there is nothing of that key."""
        source = self._source
        logged = [subject for subject in source.subjects if subject.name == key]
        names = tuple(dict.fromkeys(subject.name for subject in source.subjects if subject.name))
        if source.subjects and not logged:
            raise no_exposures(key, names)
        if key not in source.trials.keys and logged:
            return self._of_log(key, is_holdout=logged[0].kind == "holdout")
        studied = study(source.trials, key)
        question = self._question(studied)
        data = load_data(source.engine, question, self._progress)
        planned = as_planned(studied, data.first_exposure)
        if (planned.plan.horizon_days, planned.plan.customers) != (studied.plan.horizon_days, studied.plan.customers):
            question = self._question(planned)
            data = load_data(source.engine, question, self._progress)
        return planned, question, data

    def _of_log(self, key: str, *, is_holdout: bool) -> tuple[Studied, EffectQuestion, EffectData]:
        """Return what the log alone has: no file and no release knows the key."""
        question = self._question(Studied(key, is_holdout, None, (), ReadingPlan()))
        data = load_data(self._source.engine, question, self._progress)
        return study_log(key, data), question, data

    def _question(self, studied: Studied) -> EffectQuestion:
        complete, asked = self._source.completeness(self._asked.logs.until), self._asked
        published = [datetime.fromisoformat(one.published_at) for one in studied.versions if one.published_at]
        return EffectQuestion(
            app_apple_id=self._source.app_apple_id,
            key=studied.key,
            horizon_days=studied.plan.horizon_days,
            starts=min(published, default=_BEGINNING),
            until=self._until,
            complete_until=min(asked.complete_until or complete.until, self._until),
            planned=studied.plan.customers,
            holdout=studied.is_holdout,
            complete_since=complete.since,
            rehearsals=asked.logs.rehearsals,
        )


# The page -----------------------------------------------------------------------------------------------------------


def _write_page(asked: ReportQuestion, report: Report, document: Document | None, progress: ReportProgress) -> None:
    if asked.page is None:
        return
    images = _images(document, asked.key, progress)
    facts = PageFacts(version("retention"), _command(asked), report.inputs.digest)
    write_page(asked.page, render_report(report, arm_screens(document, asked.key, images), facts), "--html")


def _images(document: Document | None, key: str, progress: ReportProgress) -> dict[str, Thumbnail]:
    """Return the images of the arms' screens by name. A release has none: only its file had."""
    if document is None or document.base_dir is None:
        return {}
    return dict(make_thumbnails(read_content(document, Notes()), used_images(document, key), progress))


def _command(asked: ReportQuestion) -> str:
    """Return the command for the foot of the page. Folders of this machine are left out: the page is passed on."""
    words = ["retention", "report", asked.key, *([asked.logs.file.name] if asked.logs.file else [])]
    words += [word for path in asked.logs.exposures for word in ("--exposures", path.name)]
    words += [word for path in asked.logs.outcomes for word in ("--outcomes", path.name)]
    words += ["--env", asked.logs.where.env] if asked.logs.where.env else []
    return shlex.join(words)
