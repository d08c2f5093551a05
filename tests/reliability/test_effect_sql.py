"""The SQL of an analysis: against a plain reading of each line, with any lines, in any order and any files."""

from __future__ import annotations

import dataclasses
import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from retention.notifications import customers

from console.decisions.outcome_log import LoggedOutcome, logged_outcome
from console.decisions.outcomes import Exposure, became
from console.effect.duckdb_engine import DuckDbEngine
from console.effect.load import load_data
from console.effect.log_cache import cache_logs
from console.effect.rows import CohortRow, EffectData, EffectQuestion
from console.simulator.authority import Authority
from console.simulator.simulator import COMMITTED_AUTHORITY
from console.simulator.subscriptions.notification_claims import signed
from tests.support.analysis_parts import needs_analysis
from tests.support.brute_force_effect import expected
from tests.support.evidence_page import keep, size
from tests.support.intake_on_fakes import IntakeOnFakes
from tests.support.random_lives import Step, random_life
from tests.support.random_logs import RandomLog, random_log, write_log
from tests.support.simulated_lives import BEGAN, SELLER

pytestmark = needs_analysis

LOGS: Final = size(1_000, 24)
ORDERS: Final = size(100, 4)
LIVES: Final = size(2_000, 60)
THINGS: Final = 25
WINDOWS: Final = (1, 7, 45, 400)
EXPOSURES: Final = size(10_000_000, 60_000)


def data_of(folder: Path, question: EffectQuestion) -> EffectData:
    logs = cache_logs([folder / "log"], folder / "cache")
    engine = DuckDbEngine(logs, folder / "scratch")
    try:
        return load_data(engine, question)
    finally:
        engine.close()


def different(found: EffectData, wanted: EffectData) -> list[str]:
    """Return the names of the parts that differ, but for what the inputs were."""
    names = [field.name for field in dataclasses.fields(EffectData) if field.name != "inputs"]
    return [name for name in names if getattr(found, name) != getattr(wanted, name)]


def rows_of(data: EffectData) -> int:
    parts = (data.cohort, data.ratio, data.delivery, data.traffic, data.curve, data.amounts, data.keys, data.segments)
    reading = 0 if data.reading is None else 1 + len(data.reading.rows) + len(data.reading.amounts)
    return sum(map(len, parts)) + reading


def test_the_sql_is_equal_to_a_reading_line_by_line(tmp_path: Path) -> None:
    """On random logs with duplicates, ties, late and missing lines, several arms and refunds, no row differs."""
    logs = [random_log(number) for number in range(LOGS)]
    write_log(tmp_path / "log", twice(each.exposures for each in logs), twice(each.outcomes for each in logs))
    engine = DuckDbEngine(cache_logs([tmp_path / "log"], tmp_path / "cache"), tmp_path / "scratch")
    rows, held = 0, Counter[str]()
    for number, log in enumerate(logs):
        found, wanted = load_data(engine, log.question), expected(log.exposures, log.outcomes, log.question)
        assert different(found, wanted) == [], f"log {number}"
        rows += rows_of(found)
        for row in found.cohort:
            held.update({name: getattr(row, name) for name in CohortRow.__slots__[4:]})
    assert all(held[name] for name in CohortRow.__slots__[4:]), "not every outcome came up"
    keep(
        "sql",
        f"{LOGS:,} random logs: lines that arrive twice or days late, instants that meet and limits that are met to the"
        " millisecond, customers in two arms, other apps and rehearsals, refunds in full, in part and of old"
        " transactions, members that are missing anywhere. DuckDB's rows of every query are compared with a reader in"
        f" plain Python that was written apart from the SQL. Rows compared: {rows:,}. Different: 0.",
        ("outcome", "customers, of all logs"),
        [(name.replace("_", " "), f"{held[name]:,}") for name in CohortRow.__slots__[4:]],
    )


def twice(groups: Iterable[list[dict[str, Any]]]) -> list[Mapping[str, Any]]:
    """Return all lines; every third one arrives once more."""
    lines = [line for group in groups for line in group]
    return [*lines, *lines[::3]]


def test_how_lines_arrive_changes_no_row(tmp_path: Path) -> None:
    """Every line two or three times, in any order, split over files in any way: the rows are the same."""
    random = Random(20261201)
    logs = [log for log in map(random_log, range(1_000, 1_000 + 4 * ORDERS)) if log.exposures and log.outcomes][:ORDERS]
    for number, log in enumerate(logs):
        once, again = tmp_path / f"{number}-once", tmp_path / f"{number}-again"
        for folder, times in ((once, 1), (again, random.randint(2, 3))):
            _write_split(folder / "log", log, times, random)
        found, wanted = data_of(again, log.question), data_of(once, log.question)
        assert different(found, wanted) == [], number
        by_time = [[{**line, "day": line["timestamp"][:10]} for line in held] for held in (log.exposures, log.outcomes)]
        assert different(wanted, expected(by_time[0], by_time[1], log.question)) == [], number
    keep(
        "repeated_lines",
        f"{len(logs):,} random logs, each once with every line once, and once with every line two or three times,"
        " shuffled, and split over up to five files in bare lines and gzipped ones. Different rows: 0.",
        (),
        (),
    )


def _write_split(folder: Path, log: RandomLog, times: int, random: Random) -> None:
    """Write the lines of both tables together. They have no folder of their day, so it is that of their own time."""
    folder.mkdir(parents=True)
    lines = [json.dumps(line) for line in (*log.exposures, *log.outcomes)] * times
    random.shuffle(lines)
    files = random.randint(1, 5)
    for place in range(files):
        text = "".join(f"{line}\n" for line in lines[place::files]).encode()
        (folder / f"{place}.log").write_bytes(gzip.compress(text) if place % 2 else text)


def lines_of(steps: list[Step], authority: Authority, random: Random) -> list[Mapping[str, Any]]:
    """Return the lines that a life's notifications leave in the log, shuffled and some twice."""
    sent = [signed(event, authority, f"{random.getrandbits(32):08x}-91a4-4c8e-b0d5-000000000000") for _, event in steps]
    texts = [notification.signed_payload for notification in sent]
    texts += [text for text in texts if random.random() < 0.3]
    random.shuffle(texts)
    intake = IntakeOnFakes(
        environment=SELLER.environment,
        roots=[authority.root_der],
        now=datetime.fromtimestamp(steps[-1][1].signed_date / 1000, UTC) + timedelta(seconds=1),
    )
    while texts:
        intake.take(*texts[:7])
        texts = texts[7:]
    return [fields for _, _, fields in intake.lines.reported]


def exposure_of(steps: list[Step], number: int, random: Random) -> dict[str, Any] | None:
    """Return the line of a request while the subscription is active and renews; the arm is the life's own."""
    able = [place for place, (one, _) in enumerate(steps) if one.status == 1 and one.renewal.on]
    if not able:
        return None
    place = random.choice(able)
    subscription, event = steps[place]
    end = steps[place + 1][1].signed_date if place + 1 < len(steps) else event.signed_date + 86_400_000
    if end - event.signed_date <= 1:
        return None
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=random.randrange(event.signed_date, end - 1))
    return {
        "message": "answered",
        "timestamp": f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d}+0000",
        "appAppleId": SELLER.app_apple_id,
        "experiment": "lives",
        "arm": f"life {number}",
        "productId": subscription.current.product.product_id,
        "localeAsked": "en-US",
        "requestIdentifier": f"{number:08x}",
        "trustAnchor": "rehearsal",
    }


def test_the_sql_judges_customers_as_the_console_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On lives of simulated customers, `retention report` and `retention outcomes` agree about each of them."""
    monkeypatch.setattr(customers, "_PAUSE", 0.0)
    held: Counter[str] = Counter()
    for window in WINDOWS:
        people, lines = lived(LIVES // len(WINDOWS), Random(window))
        folder = tmp_path / str(window)
        (folder / "log").mkdir(parents=True)
        (folder / "log" / "lines").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        data = data_of(folder, replace(OF_LIVES, horizon_days=window))
        assert {row.arm for row in data.cohort} == set(people)
        for row in data.cohort:
            judged = became_of(*people[row.arm], window)
            assert counted(row, data) == judged, row.arm
            held.update(name for name, value in judged.items() if value)
            held["customers"] += 1
    assert len(held) == len(judged) + 1, "not every outcome came up"
    keep(
        "judge",
        f"Customers of {LIVES:,} simulated subscriptions, with real tokens taken in by the function's own pipeline,"
        f" each asked about once in the middle of a life, for windows of {', '.join(map(str, WINDOWS))} days. The SQL"
        " and `retention outcomes`, which reads the same lines in Python and is proved against the subscriptions"
        " themselves ([reliability.md](reliability.md#what-became-of-customers)), agree about every outcome and amount."
        " Different: 0. One word differs on purpose: for a report, a renewal is one that was paid.",
        ("outcome", "customers"),
        [(name.replace("_", " "), f"{number:,}") for name, number in sorted(held.items())],
    )


OF_LIVES: Final = EffectQuestion(
    app_apple_id=SELLER.app_apple_id,
    key="lives",
    horizon_days=1,
    starts=datetime.fromtimestamp(BEGAN / 1000, UTC),
    until=datetime(2040, 1, 1, tzinfo=UTC),
    complete_until=datetime(2050, 1, 1, tzinfo=UTC),
    rehearsals=True,
)


def lived(
    number: int, random: Random
) -> tuple[dict[str, tuple[dict[str, Any], list[LoggedOutcome]]], list[Mapping[str, Any]]]:
    """Return customers by their arm, each with the exposure and the outcomes; and all their lines."""
    authority = Authority.load(COMMITTED_AUTHORITY)
    people: dict[str, tuple[dict[str, Any], list[LoggedOutcome]]] = {}
    lines: list[Mapping[str, Any]] = []
    for place in range(number):
        steps = random_life(random, random.randint(1, THINGS), str(2_000_000_000_000_000 + place))
        exposure = exposure_of(steps, place, random)
        if exposure is not None:
            reported = lines_of(steps, authority, random)
            exposure["customerHash"] = reported[0]["customerHash"]
            lines += [exposure, *reported]
            outcomes = [one for line in reported if (one := logged_outcome(line)) is not None]
            people[exposure["arm"]] = (exposure, outcomes)
    return people, lines


def became_of(exposure: Mapping[str, Any], reported: list[LoggedOutcome], window: int) -> dict[str, object]:
    """Return what the console finds of one customer, in the words of a report."""
    at = datetime.fromisoformat(exposure["timestamp"]).timestamp()
    end = at + window * 86_400
    found = became(Exposure(exposure["customerHash"], at, exposure["productId"]), reported, window * 86_400, (0, end))
    within = sorted(
        {one.uuid: one for one in reported if at < one.signed_at <= end}.values(),
        key=lambda one: (one.signed_at, one.uuid),
    )
    renews = [one.auto_renew for one in within if one.auto_renew is not None]
    paid = any(
        one.reason == "RENEWAL" and one.amount != 0 and one.purchased_at is not None and at < one.purchased_at <= end
        for one in reported
        if one.signed_at <= end
    )
    return {
        "kept": found.kept,
        "cancelled": renews[-1:] == [False],
        "switched": found.switched,
        "redeemed": found.redeemed or found.redeemed_retention_offer or found.won_back,
        "renewed": found.renewed and paid,
        "refunded": found.refunded,
        "heard_of": bool(within),
        "revenue": dict(found.revenue),
    }


def counted(row: CohortRow, data: EffectData) -> dict[str, object]:
    names = ("kept", "cancelled", "switched", "redeemed", "renewed", "refunded", "heard_of")
    revenue = {each.currency: each.amount for each in data.amounts if each.arm == row.arm}
    return {**{name: bool(getattr(row, name)) for name in names}, "revenue": revenue}


def test_ten_million_exposures_fit_a_small_machine(tmp_path: Path) -> None:
    """Lines become the cache, and the cache the cohort, within 1.25 GiB of memory."""
    asked = [sys.executable, "-m", "tests.support.measured_effect", str(tmp_path), str(EXPOSURES)]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["customers"] == found["ripe"]
    assert found["peakMiB"] <= 1280
    keep(
        "scale",
        f"{EXPOSURES:,} exposures and {found['outcomes']:,} notifications as gzipped lines of JSON"
        f" ({found['lineBytes'] / 1e9:.1f} GB of lines, {found['fileBytes'] / 1e9:.2f} GB in files), {found['ripe']:,}"
        " customers ripe. DuckDB with two threads; seconds of wall time, on a machine that may do other work, and of"
        f" the processor. The most memory that the process had: {found['peakMiB']:,.0f} MiB.",
        ("step", "seconds", "of the processor"),
        [(step, f"{wall:.1f}", f"{cpu:.1f}") for step, (wall, cpu) in found["steps"].items()],
    )
