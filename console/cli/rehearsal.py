"""How a rehearsal is introduced, run and told: the authority to trust, the forecast, Apple's figures, and ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any, Final

from console.cli.decisions_loading import Subject, foreseen
from console.decisions.forecast import Forecast
from console.deployment.where import Where
from console.simulator.box import TestConfig
from console.simulator.performance import response_times
from console.simulator.rehearsal import Asking, Rehearsal, Sent, rehearse
from console.simulator.rehearsal_authority import Occasion, obtain
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import plural

_FIGURES: Final = ("average", "p50", "p90", "p95", "p99")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the options say. `locale` None: the file's default. `anyway`: even where Apple would get no 200."""

    url: str = field(repr=False)  # it may end in the stack's secret
    config: TestConfig
    subject: Subject
    locale: str | None
    where: Where
    directory: Path
    anyway: bool


def give_anchor(directory: Path, out: Output) -> None:
    """Print the trust anchor, and nothing else: for a variable or a file."""
    occasion = obtain(directory, datetime.now(UTC))
    out.say(occasion.anchor)
    out.document(_signer(occasion))


def carry_out(plan: Plan, out: Output) -> Rehearsal:
    """Explain, sign, run and tell. Raises Failure where the explanation says that the test would fail."""
    now = datetime.now(UTC)
    expected = foreseen(plan.subject, plan.where, now)
    _show_forecast(expected, out)
    if not plan.anyway:
        expected.check()
    occasion = obtain(plan.directory, now)
    if occasion.new:
        _introduce(occasion, out)
    locale = plan.locale or expected.locales[0].locale
    asking = Asking(occasion.authority, expected.app_apple_id, expected.product, locale, plan.subject.transaction)
    with out.progress() as report:
        rehearsal = rehearse(plan.url, plan.config, asking, report)
    if rehearsal.refused and not occasion.new:
        _introduce(occasion, out)
    notes = _notes(rehearsal, expected, locale)
    _show(rehearsal, notes, out)
    out.document(_document(rehearsal, expected, occasion, asking, notes))
    return rehearsal


def _show_forecast(forecast: Forecast, out: Output) -> None:
    out.say(f"{forecast.product} by {forecast.source}, in {plural(len(forecast.locales), 'locale')}:")
    rows = [(expected.locale, str(expected.status), expected.says) for expected in forecast.locales]
    out.table(("locale", "status", "answer"), rows)


def _introduce(occasion: Occasion, out: Output) -> None:
    """Say what to deploy. On standard error with --json too, since nothing passes before it is done."""
    tell = out.warn if out.as_json else out.say
    root = occasion.directory / "root.der"
    tell(
        "\nThe requests are signed by an authority of this machine, valid until"
        f" {occasion.not_after:%Y-%m-%d %H:%M} UTC; its key stays in {occasion.directory}. A sandbox stack believes it"
        " once samconfig.toml has, under [sandbox.deploy.parameters], among the parameter_overrides\n\n"
        f'  "RehearsalTrustAnchor={occasion.anchor}",\n\n'
        "and `make deploy ENV=sandbox` has run. Afterwards empty it again, and deploy it likewise:\n\n"
        '  "RehearsalTrustAnchor=\\"\\"",\n\n'
        f"An endpoint on this machine believes it with `make serve {quote(f'TRUST_ANCHOR={root}')}`.\n"
    )


def _show(rehearsal: Rehearsal, notes: Sequence[str], out: Output) -> None:
    report, config = rehearsal.tally.report(), rehearsal.tally.config
    passed = rehearsal.passed
    out.say(
        f"\n{rehearsal.result}: {report['successRate']} % of {len(rehearsal.sent)} requests succeeded within"
        f" {config.response_time_threshold_ms} ms; Apple wants {config.success_rate_threshold} %."
        + (f" Stopped early: {rehearsal.stopped}." if rehearsal.stopped else ""),
        "bold green" if passed else "bold red",
    )
    rows = [_figures("in time", rehearsal.tally.times)]
    rows += [_figures(name, [sent.attempt.took_ms for sent in part]) for name, part in _parts(rehearsal) if part]
    out.table(("ms", "requests", *_FIGURES), rows)
    if report["failures"]:
        out.say("")
        failures = [(reason, str(n), rehearsal.reasons[reason]) for reason, n in report["failures"].items()]
        out.table(("failures", "requests", "the first of them"), failures)
    out.say("")
    out.table(
        ("slowest ms", "result", "", "request identifier", "API's request id", "stages, ms"),
        [_row(sent) for sent in rehearsal.slowest],
    )
    for note in notes:
        out.say(f"Note: {note}")


def _parts(rehearsal: Rehearsal) -> tuple[tuple[str, list[Sent]], ...]:
    return ("cold", rehearsal.cold), ("warm", rehearsal.warm), ("late", rehearsal.late)


def _figures(name: str, times: Sequence[int]) -> tuple[str, ...]:
    figures = response_times(times)
    return name, str(len(times)), *(str(figures[figure]) for figure in _FIGURES)


def _row(sent: Sent) -> tuple[str, ...]:
    stages = ", ".join(f"{name} {round(took, 1):g}" for name, took in sent.timing.items())
    api = sent.attempt.headers.get("apigw-requestid", "")
    return str(sent.attempt.took_ms), sent.result, "cold" if sent.cold else "", sent.request_identifier, api, stages


def _notes(rehearsal: Rehearsal, forecast: Forecast, locale: str) -> list[str]:
    """What the figures alone do not say."""
    notes = []
    if rehearsal.cold:
        waits = sorted(round(sent.timing["cold"]) for sent in rehearsal.cold)
        took = f"{waits[0]}" if waits[0] == waits[-1] else f"{waits[0]} to {waits[-1]}"
        notes.append(
            f"Environments that came up: {len(waits)}. Of their cold times, init and the first answer are {took} ms;"
            " the rest is placing them, the way there, and waiting."
        )
    silent = sum(sent.attempt.status is None for sent in rehearsal.sent)
    if silent:
        notes.append(f"{silent} requests got no answer at all: whether they were cold, nobody told.")
    if rehearsal.tally.results["SUCCESS"] and not rehearsal.cold and not rehearsal.warm:
        notes.append("No answer has a Server-Timing header, so cold starts cannot be told apart.")
    expected = forecast.message_in(locale)
    others = Counter(sent.message for sent in rehearsal.sent if sent.message not in {None, expected})
    if expected is not None and others:
        found = ", ".join(f"{message} ({number} times)" for message, number in others.items())
        notes.append(f"By {forecast.source} the message would be {expected}; the endpoint answered {found}.")
    return notes


def _document(
    rehearsal: Rehearsal, forecast: Forecast, occasion: Occasion, asking: Asking, notes: Sequence[str]
) -> dict[str, Any]:
    document = rehearsal.document()
    document["rehearsal"] |= {
        "asked": {
            "appAppleId": asking.app_apple_id,
            "productId": asking.product,
            "userLocale": asking.locale,
            "originalTransactionId": asking.transaction,
        },
        "forecast": {"source": forecast.source, "locales": [form_of(expected) for expected in forecast.locales]},
        "authority": _signer(occasion),
        "notes": list(notes),
    }
    return document


def _signer(occasion: Occasion) -> dict[str, Any]:
    return {
        "trustAnchor": occasion.anchor,
        "fingerprint": occasion.authority.fingerprint,
        "validUntil": occasion.not_after.isoformat(),
        "directory": str(occasion.directory),
    }
