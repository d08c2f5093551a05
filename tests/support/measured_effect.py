"""Measures an analysis of many lines in a process of its own, and prints JSON.

python -m tests.support.measured_effect FOLDER EXPOSURES
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from console.effect.duckdb_engine import DuckDbEngine
from console.effect.log_cache import cache_logs
from console.effect.queries import DAY, NAMES, literals_of
from console.effect.rows import LOCALE, EffectQuestion
from tests.support.many_log_lines import APP, DAYS, KEY, STARTS, write_lines

_Found = TypeVar("_Found")
HORIZON = 30


def main() -> None:
    folder, exposures = Path(sys.argv[1]), int(sys.argv[2])
    customers, outcomes = exposures * 92 // 100 // DAYS * DAYS, exposures * 29 // 100
    lines = write_lines(folder / "log", customers=customers, exposures=exposures, outcomes=outcomes)
    steps: dict[str, tuple[float, float]] = {}
    logs = measured(steps, "lines to cache", lambda: cache_logs([folder / "log"], folder / "cache"))
    engine = DuckDbEngine(logs, folder / "scratch")
    question = EffectQuestion(
        app_apple_id=APP,
        key=KEY,
        horizon_days=HORIZON,
        starts=STARTS,
        until=STARTS + timedelta(days=DAYS),
        complete_until=STARTS + timedelta(days=DAYS),
        planned=customers // 3,
    )
    ripe = 0
    asked = [(name, DAY) for name in sorted(NAMES, key=lambda name: name != "cohort")]
    for name, by in [*asked, ("cohort", LOCALE)]:
        shown = f"{name}.sql" if by == DAY else f"{name}.sql by {by}"
        rows = measured(steps, shown, lambda name=name, by=by: engine.run(name, literals_of(question, by=by)))  # type: ignore[misc]  # defaults bind the names
        ripe += sum(int(row["customers"]) for row in rows) if (name, by) == ("cohort", DAY) else 0
    found = {
        "customers": customers // DAYS * HORIZON,
        "ripe": ripe,
        "outcomes": outcomes,
        "lineBytes": lines,
        "fileBytes": sum(path.stat().st_size for path in (folder / "log").rglob("*.gz")),
        "peakMiB": peak_mib(),
        "steps": steps,
    }
    print(json.dumps(found))  # noqa: T201  # what this program is for


def peak_mib() -> float:
    """Return the most memory that this program has had. `ru_maxrss` has its parent's, too, until `exec` replaced it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.findall(r"^VmHWM:\s+([0-9]+) kB", status.read_text(), re.MULTILINE)[0]) / 1024


def measured(steps: dict[str, tuple[float, float]], name: str, work: Callable[[], _Found]) -> _Found:
    """Return what work returns, and note its seconds: of wall time, and of this process's processor."""
    wall, cpu = time.monotonic(), time.process_time()
    found = work()
    steps[name] = (time.monotonic() - wall, time.process_time() - cpu)
    return found


if __name__ == "__main__":
    main()
