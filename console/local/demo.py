"""`make run`: publish the sample, learn from sample notifications, answer sample requests, all on this machine."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from console.deployment.failures import sentence
from console.local.embedded_stack import LocalTable, embedded_dynamodb, load_function
from console.local.learned_samples import TakenIn, load_take_in, take_in_samples
from console.local.sample_events import SAMPLES
from console.local.samples import EVENTS, SAMPLE, SAMPLE_CLOCK
from console.terminal.program import carry_out

_SHOWN_WHOLE = "promotional-offer-v2"
_WIDE = 120


@dataclass(frozen=True, slots=True)
class SampleAnswer:
    """One sample event, what the function returned, and its log line."""

    name: str
    expected: int
    response: dict[str, Any]
    line: dict[str, Any]

    @property
    def status(self) -> int:
        return int(self.response["statusCode"])


def answer_all(respond: Callable[[object], dict[str, Any]], printed: io.StringIO) -> Iterator[SampleAnswer]:
    """Answer every sample event with the function, whose log lines go to `printed`."""
    for sample in SAMPLES:
        event = json.loads((EVENTS / sample.file_name).read_text(encoding="utf-8"))
        printed.seek(0)
        printed.truncate()
        with redirect_stdout(printed):
            response = respond(event)
        yield SampleAnswer(sample.name, sample.status, response, json.loads(printed.getvalue()))


def main() -> int:
    """Answer all sample events, and print the answers. Returns 1 if a status differs from that in the event's name."""
    return carry_out(_show, sentence)


def _show() -> int:
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    with embedded_dynamodb() as endpoint_url:
        table = LocalTable(endpoint_url)
        compiled, published = table.publish(SAMPLE_CLOCK)
        release = compiled.release
        console.print(
            f"Published {_relative(SAMPLE)} as release {published.number} to an embedded DynamoDB: "
            f"{len(release.messages)} messages, {published.sheets} sheets."
        )
        report = table.import_states(compiled)
        console.print(f"Imported the review states of {report.messages} messages and {report.images} images.")
        table.write_customers(release.app_apple_id)
        printed = io.StringIO()
        with redirect_stdout(printed):
            app = load_function(endpoint_url, release.app_apple_id, SAMPLE_CLOCK.isoformat())
        taken = list(take_in_samples(load_take_in(endpoint_url, printed), printed))
        answers = list(answer_all(lambda event: app.get_retention_message(event, None), printed))
    console.print(f"At {SAMPLE_CLOCK:%Y-%m-%d %H:%M} UTC, these notifications were taken in:\n")
    console.print(_notifications(taken))
    console.print("\nThen these requests were judged, which were signed at that time:\n")
    console.print(_as_table(answers))
    console.print(
        "\nThe rule of tenure-from-apple asks for `subscription.tenureDays`: the notification `renewed` has taught it."
    )
    shown = next(answer for answer in answers if answer.name == _SHOWN_WHOLE)
    console.print(f"\nThe complete answer to {shown.name}, signed with a throwaway key:")
    console.print_json(shown.response["body"])
    console.print("\nNext, the same endpoint over HTTP on the real clock:  [bold]make serve[/bold]")
    wrong = [answer.name for answer in answers if answer.status != answer.expected]
    wrong += [one.sample.name for one in taken if one.fate != one.sample.fate]
    if wrong:
        console.print(f"[red]Not answered or taken in as their names state: {', '.join(wrong)}[/red]")
    return 1 if wrong else 0


def _notifications(taken: list[TakenIn]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("notification", "fate", "type", "auto-renew", "offer"):
        table.add_column(column, no_wrap=True)
    for one in taken:
        line = one.line
        kind = " ".join(filter(None, (line.get("type"), line.get("subtype"))))
        renews = {0: "off", 1: "on"}.get(line.get("autoRenew", ""), "")
        offer = line.get("offerIdentifier") or line.get("nextOffer", "")
        table.add_row(one.sample.name, one.fate, kind or line.get("reason", ""), renews, offer)
    return table


def _as_table(answers: list[SampleAnswer]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("request", "verified", "rule", "answer"):
        table.add_column(column, no_wrap=True)
    for column in ("status", "ms"):
        table.add_column(column, justify="right", no_wrap=True)
    for answer in answers:
        line = answer.line
        verified = "yes" if "requestIdentifier" in line else line.get("reason", "")
        result = line.get("kind") or ("" if line["message"] == "rejected" else line["message"])
        milliseconds = f"{line['times']['total']:.1f}"
        table.add_row(answer.name, verified, line.get("rule", ""), result, str(answer.status), milliseconds)
    return table


def _relative(path: Path) -> str:
    return str(path.relative_to(EVENTS.parent))


if __name__ == "__main__":
    raise SystemExit(main())
