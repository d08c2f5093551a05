"""What `retention rehearse` prints: the authority to trust, Apple's figures and ours, and notes that explain them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from shlex import quote
from typing import Any, Final

from console.simulator.performance import response_times
from console.simulator.rehearsal import Rehearsal, RequestTemplate, Sent
from console.simulator.rehearsal_authority import RehearsalAuthority
from console.terminal.output import Output

_FIGURES: Final = ("average", "p50", "p90", "p95", "p99")


def show_authority(signer: RehearsalAuthority, out: Output) -> None:
    """Print what to deploy. With --json it goes to standard error, since no request passes before it is done."""
    write = out.warn if out.as_json else out.print
    root = signer.directory / "root.der"
    write(
        "\nThe requests are signed by an authority of this machine, valid until"
        f" {signer.not_after:%Y-%m-%d %H:%M} UTC; its key stays in {signer.directory}. A sandbox stack trusts it"
        " once samconfig.toml has, under [sandbox.deploy.parameters], among the parameter_overrides\n\n"
        f'  "RehearsalTrustAnchor={signer.anchor}",\n\n'
        "and `make deploy ENV=sandbox` has run. Afterwards empty it again, and deploy it likewise:\n\n"
        '  "RehearsalTrustAnchor=\\"\\"",\n\n'
        f"An endpoint on this machine trusts it with `make serve {quote(f'TRUST_ANCHOR={root}')}`.\n"
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


def explanations(rehearsal: Rehearsal, expected: str | None, source: str) -> list[str]:
    """Return notes that explain the figures. `expected` is the message id that `source` would answer with."""
    notes = []
    if rehearsal.cold:
        waits = sorted(round(sent.timing["cold"]) for sent in rehearsal.cold)
        took = f"{waits[0]}" if waits[0] == waits[-1] else f"{waits[0]} to {waits[-1]}"
        notes.append(
            f"Cold starts: {len(waits)}. Of their times, init and the first answer take {took} ms; the rest is Lambda's"
            " placement, the network, and waiting."
        )
    unanswered = sum(sent.attempt.status is None for sent in rehearsal.sent)
    if unanswered:
        notes.append(f"{unanswered} requests got no answer: whether they were cold is not known.")
    if rehearsal.tally.results["SUCCESS"] and not rehearsal.cold and not rehearsal.warm:
        notes.append("No answer has a Server-Timing header, so cold starts cannot be distinguished.")
    others = Counter(sent.message for sent in rehearsal.sent if sent.message not in {None, expected})
    if expected is not None and others:
        found = ", ".join(f"{message} ({number} times)" for message, number in others.items())
        notes.append(f"By {source} the message would be {expected}; the endpoint answered {found}.")
    return notes


def request_document(template: RequestTemplate) -> dict[str, Any]:
    """Return what every request of a rehearsal asks for, as in the --json document."""
    return {
        "appAppleId": template.app_apple_id,
        "productId": template.product,
        "userLocale": template.locale,
        "originalTransactionId": template.transaction,
    }


def authority_document(signer: RehearsalAuthority) -> dict[str, Any]:
    """Return the authority that signs, as in the --json document."""
    return {
        "trustAnchor": signer.anchor,
        "fingerprint": signer.authority.fingerprint,
        "validUntil": signer.not_after.isoformat(),
        "directory": str(signer.directory),
    }
