"""`retention rehearse` step by step: forecast, authority, test, report. It joins `decisions` and `simulator`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from console.appstore.realtime_url import shown
from console.cli.decisions_loading import Subject, make_forecast
from console.decisions.forecast import Forecast
from console.deployment.where import Where
from console.simulator.rehearsal import Rehearsal, RequestTemplate, rehearse
from console.simulator.rehearsal_authority import default_directory, obtain
from console.simulator.rehearsal_report import authority_document, explanations, request_document, show, show_authority
from console.simulator.simulator import TestConfig
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import plural


@dataclass(frozen=True, slots=True)
class RehearsalPlan:
    """The options. `locale` None: the file's default. `anyway`: even where Apple would get no 200."""

    url: str = field(repr=False)  # it may end in the stack's secret
    config: TestConfig
    subject: Subject
    locale: str | None
    where: Where
    directory: Path | None
    anyway: bool


def show_anchor(directory: Path | None, out: Output) -> None:
    """Print the trust anchor, and nothing else: for a variable or a file."""
    signer = obtain(directory or default_directory(), datetime.now(UTC))
    out.print(signer.anchor)
    out.document(authority_document(signer))


def carry_out(plan: RehearsalPlan, out: Output) -> Rehearsal:
    """Forecast, sign, run and report. Raises Failure where the forecast is that the test would fail."""
    now = datetime.now(UTC)
    expected = make_forecast(plan.subject, plan.where, now)
    _show_forecast(expected, out)
    if not plan.anyway:
        expected.check()
    signer = obtain(plan.directory or default_directory(), now)
    if signer.new:
        show_authority(signer, out)
    locale = plan.locale or expected.locales[0].locale
    template = RequestTemplate(
        signer.authority, expected.app_apple_id, expected.product, locale, plan.subject.transaction
    )
    with out.progress() as report:
        rehearsal = rehearse(plan.url, plan.config, template, report)
    if rehearsal.refused and not signer.new:
        show_authority(signer, out)
    notes = explanations(rehearsal, expected.message_in(locale), expected.source)
    show(rehearsal, notes, out)
    more = {
        "asked": request_document(template),
        "forecast": _form(expected),
        "authority": authority_document(signer),
        "notes": notes,
    }
    document = rehearsal.document()
    # A document ends in logs of CI systems, so the URL is shown without the stack's PathSecret.
    out.document({**document, "target": shown(document["target"]), "rehearsal": document["rehearsal"] | more})
    return rehearsal


def _show_forecast(forecast: Forecast, out: Output) -> None:
    out.print(f"{forecast.product} by {forecast.source}, in {plural(len(forecast.locales), 'locale')}:")
    rows = [(expected.locale, str(expected.status), expected.says) for expected in forecast.locales]
    out.table(("locale", "status", "answer"), rows)


def _form(forecast: Forecast) -> dict[str, Any]:
    return {"source": forecast.source, "locales": [form_of(expected) for expected in forecast.locales]}
