"""What a million requests cost, from measured durations: on demand, with SnapStart, with provisioned concurrency.

And what they cost with everything else that AWS bills, which is more than the function.

python -m benchmarks.costs [RESULTS]      RESULTS is the file of `make bench`, benchmarks/results/bench.json

Prices are AWS's list prices for us-east-1 and arm64 in 2026, in dollars; look up your own.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks import bill
from benchmarks.report import show

RESULTS: Final = Path(__file__).parent / "results" / "bench.json"

GIB: Final = 1769 / 1024  # the template's memory: one vCPU
REQUESTS: Final = 1_000_000
SECONDS_PER_MONTH: Final = 730 * 3600
SECONDS_PER_DAY: Final = 86_400

GIB_SECOND: Final = 0.0000133334
PER_MILLION: Final = 0.20
PROVISIONED_GIB_SECOND: Final = 0.0000033334
PROVISIONED_RUNNING_GIB_SECOND: Final = 0.0000077783
SNAPSHOT_GIB_SECOND: Final = 0.0000015046  # storage, for every published version
SNAPSHOT_GIB_RESTORED: Final = 0.0001397998

SYNC_SECONDS: Final = 2.0  # duration of a run, most of it waiting for Apple
SYNC_GIB: Final = 0.5
DAILY: Final = 10_000_000  # requests to a busy app per day
USUAL_SHARE: Final = 0.01  # of requests are cold starts

# Shares of cold starts: low for a busy app, high for one with few requests.
SHARES: Final = (0.001, 0.01, 0.1, 1.0)
READS: Final = {"ours": 0.0, "reference": 2.0}  # read units per warm request; ours has its catalog in memory


@dataclass(frozen=True, slots=True)
class Function:
    """One function's measured durations, in seconds."""

    name: str
    init: float
    warm: float

    def on_demand(self, cold: float) -> float:
        """Return the dollars for a million requests, a share `cold` of which are cold starts: Lambda bills init too."""
        seconds = REQUESTS * (_billed(self.warm) + cold * self.init)
        return PER_MILLION + seconds * GIB * GIB_SECOND + REQUESTS * READS[self.name] * bill.READ_UNIT

    def snapstart(self, cold: float) -> float:
        """Return the same with SnapStart, without the storage of the snapshot."""
        restored = REQUESTS * cold * GIB * SNAPSHOT_GIB_RESTORED
        return self.on_demand(0.0) + restored

    def provisioned(self) -> float:
        """Return the same with provisioned concurrency, without the price of an idle environment."""
        seconds = REQUESTS * _billed(self.warm)
        read = REQUESTS * READS[self.name] * bill.READ_UNIT
        return PER_MILLION + seconds * GIB * PROVISIONED_RUNNING_GIB_SECOND + read


def _billed(seconds: float) -> float:
    return math.ceil(seconds * 1000) / 1000


def functions(results: Mapping[str, float]) -> Iterator[Function]:
    for name in ("ours", "reference"):
        yield Function(name, results[f"{name}_init_ms"] / 1000, results[f"{name}_warm_ms"] / 1000)


def table(results: Mapping[str, float]) -> Table:
    found = Table(title="Dollars for a million requests", box=None, pad_edge=False, header_style="bold")
    found.add_column("cold starts")
    measured = list(functions(results))
    for function in measured:
        found.add_column(f"{function.name}, on demand", justify="right")
        found.add_column(f"{function.name}, SnapStart", justify="right")
    for share in SHARES:
        dollars = [price for function in measured for price in (function.on_demand(share), function.snapstart(share))]
        found.add_row(f"{share:.1%}", *(f"{price:.2f}" for price in dollars))
    return found


def rows(function: Function) -> list[tuple[str, float]]:
    """Return name and dollars of all that AWS bills for a million requests; the last one is for some stacks only."""
    found = bill.requests()
    size = bill.stored(bill.line(bill.ANSWERED)) + bill.stored(bill.access_line())
    days = (bill.default("LogRetentionDays"), bill.default("AccessLogRetentionDays"))
    return [
        ("HTTP API", found.http_api),
        (f"function, {USUAL_SHARE:.0%} cold", function.on_demand(USUAL_SHARE)),
        (f"logs, {size:,} bytes a request", found.logs),
        (f"storing them for {days[0]} and {days[1]} days", found.kept),
        ("reads of profiles, if rules use facts", found.reads),
    ]


def everything(function: Function) -> Table:
    """Return the table of all that AWS bills per request."""
    found = Table(title="Dollars, everything", box=None, pad_edge=False, header_style="bold")
    found.add_column("")
    found.add_column("a million requests", justify="right")
    found.add_column(f"{DAILY / 1_000_000:.0f} million a day, a month", justify="right")
    billed = rows(function)
    for name, dollars in [*billed, ("sum", sum(dollars for _, dollars in billed))]:
        found.add_row(name, f"{dollars:.2f}", f"{dollars * DAILY * bill.DAYS_PER_MONTH / REQUESTS:,.0f}")
    return found


def stack(function: Function, *, called: bool) -> bill.Stack:
    """Return the dollars per month for a stack, without its requests."""
    sync_run = PER_MILLION / REQUESTS + SYNC_SECONDS * SYNC_GIB * GIB_SECOND
    return bill.stack(function.on_demand(0), sync_run, called=called)


def answers(function: Function) -> tuple[str, str]:
    """Return two sentences: the price of a million requests and of an idle stack, and the parts of the latter."""
    million = sum(dollars for _, dollars in rows(function))
    idle, busy = (stack(function, called=called) for called in (False, True))
    return (
        f"A million requests cost ${million:.2f}. A stack that is never called costs ${idle.total:.2f} a month.",
        (
            f"That is alarms {idle.alarms:.2f}, dashboard {idle.dashboard:.2f}, metrics {idle.metrics:.2f}"
            f" ({busy.metrics:.2f} once Apple calls), review states {idle.sync:.2f}."
        ),
    )


def flood(function: Function) -> tuple[float, float]:
    """Return the dollars for a day of refused requests: at the route's limit, and for 1 000 per second above it."""
    access = bill.stored(bill.access_line()) / bill.GB * bill.LOG_GB
    refused = (bill.HTTP_API_MILLION + function.on_demand(0)) / REQUESTS + access
    refused += bill.stored(bill.line(bill.PROBED)) / bill.GB * bill.LOG_GB
    return SECONDS_PER_DAY * bill.default("RequestsPerSecond") * refused, SECONDS_PER_DAY * 1_000 * access


def main(arguments: list[str]) -> int:
    """Print the costs. Returns the exit code: 1 if there are no measurements yet."""
    path = Path(arguments[0]) if arguments else RESULTS
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        print(f"{path} does not exist: run `make bench` first.", file=sys.stderr)
        return 1
    kept = GIB * SECONDS_PER_MONTH
    ours, _ = measured = list(functions(results))
    provisioned = ", ".join(f"{function.name} {function.provisioned():.2f}" for function in measured)
    show(
        everything(ours),
        table(results),
        notes=(
            *answers(ours),
            "A day of refused requests at the route's limit: ${:.0f}; 1 000 a second above it: ${:.0f}.".format(
                *flood(ours)
            ),
            f"Provisioned, for a million requests: {provisioned}.",
            f"Keeping one environment provisioned: {kept * PROVISIONED_GIB_SECOND:.2f} a month.",
            f"Keeping one version's snapshot: {kept * SNAPSHOT_GIB_SECOND:.2f} a month.",
        ),
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
