"""How a rehearsal reads: the authority to trust, Apple's figures and ours, and the notes that explain them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from shlex import quote
from typing import Any, Final

from console.simulator.performance import response_times
from console.simulator.rehearsal import Asking, Rehearsal, Sent
from console.simulator.rehearsal_authority import Occasion
from console.terminal.output import Output

_FIGURES: Final = ("average", "p50", "p90", "p95", "p99")


def introduce(occasion: Occasion, out: Output) -> None:
    """Print what to deploy. On standard error with --json too, since nothing passes before it is done."""
    write = out.warn if out.as_json else out.print
    root = occasion.directory / "root.der"
    write(
        "\nThe requests are signed by an authority of this machine, valid until"
        f" {occasion.not_after:%Y-%m-%d %H:%M} UTC; its key stays in {occasion.directory}. A sandbox stack believes it"
        " once samconfig.toml has, under [sandbox.deploy.parameters], among the parameter_overrides\n\n"
        f'  "RehearsalTrustAnchor={occasion.anchor}",\n\n'
        "and `make deploy ENV=sandbox` has run. Afterwards empty it again, and deploy it likewise:\n\n"
        '  "RehearsalTrustAnchor=\\"\\"",\n\n'
        f"An endpoint on this machine believes it with `make serve {quote(f'TRUST_ANCHOR={root}')}`.\n"
    )


def show(rehearsal: Rehearsal, notes: Sequence[str], out: Output) -> None:
    """Print the result, the response times, the failures, the slowest requests and the notes."""
    report, config = rehearsal.tally.report(), rehearsal.tally.config
    out.print(
        f"\n{rehearsal.result}: {report['successRate']} % of {len(rehearsal.sent)} requests succeeded within"
        f" {config.response_time_threshold_ms} ms; Apple wants {config.success_rate_threshold} %."
        + (f" Stopped early: {rehearsal.stopped}." if rehearsal.stopped else ""),
        "bold green" if rehearsal.passed else "bold red",
    )
    rows = [_figures("in time", rehearsal.tally.times)]
    rows += [_figures(name, [sent.attempt.took_ms for sent in part]) for name, part in _parts(rehearsal) if part]
    out.table(("ms", "requests", *_FIGURES), rows)
    if report["failures"]:
        out.print("")
        failures = [(reason, str(n), rehearsal.reasons[reason]) for reason, n in report["failures"].items()]
        out.table(("failures", "requests", "the first of them"), failures)
    out.print("")
    out.table(
        ("slowest ms", "result", "", "request identifier", "API's request id", "stages, ms"),
        [_row(sent) for sent in rehearsal.slowest],
    )
    for note in notes:
        out.print(f"Note: {note}")


def _parts(rehearsal: Rehearsal) -> tuple[tuple[str, list[Sent]], ...]:
    return ("cold", rehearsal.cold), ("warm", rehearsal.warm), ("late", rehearsal.late)


def _figures(name: str, times: Sequence[int]) -> tuple[str, ...]:
    figures = response_times(times)
    return name, str(len(times)), *(str(figures[figure]) for figure in _FIGURES)


def _row(sent: Sent) -> tuple[str, ...]:
    stages = ", ".join(f"{name} {round(took, 1):g}" for name, took in sent.timing.items())
    api = sent.attempt.headers.get("apigw-requestid", "")
    return str(sent.attempt.took_ms), sent.result, "cold" if sent.cold else "", sent.request_identifier, api, stages


def notes_on(rehearsal: Rehearsal, expected: str | None, source: str) -> list[str]:
    """Return what the figures alone do not show. `expected` is the message that `source` would answer with."""
    notes = []
    if rehearsal.cold:
        waits = sorted(round(sent.timing["cold"]) for sent in rehearsal.cold)
        took = f"{waits[0]}" if waits[0] == waits[-1] else f"{waits[0]} to {waits[-1]}"
        notes.append(
            f"Environments that came up: {len(waits)}. Of their cold times, init and the first answer are {took} ms;"
            " the rest is placing them, the way there, and waiting."
        )
    unanswered = sum(sent.attempt.status is None for sent in rehearsal.sent)
    if unanswered:
        notes.append(f"{unanswered} requests got no answer at all: whether they were cold is not known.")
    if rehearsal.tally.results["SUCCESS"] and not rehearsal.cold and not rehearsal.warm:
        notes.append("No answer has a Server-Timing header, so cold starts cannot be distinguished.")
    others = Counter(sent.message for sent in rehearsal.sent if sent.message not in {None, expected})
    if expected is not None and others:
        found = ", ".join(f"{message} ({number} times)" for message, number in others.items())
        notes.append(f"By {source} the message would be {expected}; the endpoint answered {found}.")
    return notes


def asked(asking: Asking) -> dict[str, Any]:
    """Return what every request of a rehearsal asks, as `--json` has it."""
    return {
        "appAppleId": asking.app_apple_id,
        "productId": asking.product,
        "userLocale": asking.locale,
        "originalTransactionId": asking.transaction,
    }


def signer(occasion: Occasion) -> dict[str, Any]:
    """Return the authority that signs, as `--json` has it."""
    return {
        "trustAnchor": occasion.anchor,
        "fingerprint": occasion.authority.fingerprint,
        "validUntil": occasion.not_after.isoformat(),
        "directory": str(occasion.directory),
    }
