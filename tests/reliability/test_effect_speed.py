"""How long the statistics of a thousand experiments take, after imports."""

from __future__ import annotations

import random
import time

from console.effect.epochs import difference
from console.effect.novelty import heterogeneity
from console.effect.packages import AnalysisPackage
from console.effect.results import ArmCount, Difference
from console.effect.sample_ratio import sample_ratio
from console.effect.statistics import Comparison, judge
from console.effect.studied import StudiedArm
from tests.support.analysis_parts import needs_analysis
from tests.support.evidence_page import keep, size
from tests.support.made_reports import cohort_row, data_of, reading_of, report_of, seen_days, studied_of

pytestmark = needs_analysis
np = AnalysisPackage("numpy")
ARMS, WEEKS = 5, 52


def weeks_of_rows(draw: random.Random) -> list[list[ArmCount]]:
    """One experiment: customers and kept of each arm, by week."""
    return [[ArmCount(draw.randint(900, 1_100), draw.randint(400, 500)) for _ in range(ARMS)] for _ in range(WEEKS)]


def statistics(rows: list[list[ArmCount]]) -> int:
    """Compute what a report shows: every arm's effect, reading and verdict, the sample ratio, and Cochran's Q."""
    customers = np.array([[one.customers for one in week] for week in rows])
    hits = np.array([[one.hits for one in week] for week in rows])
    control, *arms = (ArmCount(int(n), int(k)) for n, k in zip(customers.sum(axis=0), hits.sum(axis=0), strict=True))
    pairs = [((control, arm),) for arm in arms]
    judged = judge([Comparison(pair, ARMS * WEEKS * 400, pair) for pair in pairs])
    ratio = sample_ratio([([int(n) for n in customers.sum(axis=0)], [2_000] * ARMS)])
    weekly = difference([(ArmCount(customers[:, :1], hits[:, :1]), ArmCount(customers[:, 1:], hits[:, 1:]))])
    remarks = [
        heterogeneity(
            [
                Difference(*each)
                for each in zip(weekly.estimate[:, arm], weekly.se[:, arm], weekly.customers[:, arm], strict=True)
            ]
        )
        for arm in range(ARMS - 1)
    ]
    return len(judged) + len(remarks) + (not ratio.alarm)


def test_a_thousand_experiments() -> None:
    """The figures are for the page: no time is asserted."""
    draw = random.Random(18)
    count = size(1_000, 20)
    experiments = [weeks_of_rows(draw) for _ in range(count)]
    statistics(experiments[0])
    started, busy = time.perf_counter(), time.process_time()
    found = [statistics(rows) for rows in experiments]
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    assert all(each >= 2 * (ARMS - 1) for each in found)
    rows, milliseconds = one_report(size(10, 1))
    keep(
        "speed",
        f"The statistics of {count:,} experiments of {ARMS} arms and {WEEKS} weeks (effect, reading with lift, Holm's"
        f" verdict, sample ratio and Cochran's Q of every arm) took {seconds:.1f} s, {busy:.1f} s of one core, after"
        f" imports. A complete report of one such experiment, from the {rows:,} rows by day and arm that the SQL"
        f" returns, took {milliseconds:.0f} ms of one core.",
        (),
        (),
    )


def one_report(times: int) -> tuple[int, float]:
    """Return the number of rows by day and arm, and the milliseconds of one core that a complete report takes."""
    names = ("control", "a", "b", "c", "d")
    rows = tuple(
        cohort_row(name, day, 500, 240 + place, slots=2_000)
        for day in seen_days(7 * WEEKS)
        for place, name in enumerate(names)
    )
    data, studied = data_of(rows, reading_of(rows)), studied_of(arms=[StudiedArm(name, 2_000) for name in names])
    assert len(report_of(data, studied).arms) == ARMS
    started = time.process_time()
    for _ in range(times):
        report_of(data, studied)
    return len(rows), (time.process_time() - started) / times * 1_000
