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
from tests.support.analysis_parts import needs_analysis
from tests.support.evidence_page import keep, size

pytestmark = needs_analysis
np = AnalysisPackage("numpy")
ARMS, WEEKS = 5, 52


def weeks_of_rows(draw: random.Random) -> list[list[ArmCount]]:
    """One experiment: customers and kept of each arm, by week."""
    return [[ArmCount(draw.randint(900, 1_100), draw.randint(400, 500)) for _ in range(ARMS)] for _ in range(WEEKS)]


def report(rows: list[list[ArmCount]]) -> int:
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
    """The figure is for the page: no time is asserted."""
    draw = random.Random(18)
    count = size(1_000, 20)
    experiments = [weeks_of_rows(draw) for _ in range(count)]
    report(experiments[0])
    started, busy = time.perf_counter(), time.process_time()
    found = [report(rows) for rows in experiments]
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    assert all(each >= 2 * (ARMS - 1) for each in found)
    keep(
        "speed",
        f"{count:,} experiments of {ARMS} arms and {WEEKS} weeks, from rows by week and arm: effect, reading with"
        f" lift, Holm's verdict, sample ratio and Cochran's Q of every arm took {seconds:.1f} s, {busy:.1f} s of one"
        " core, after imports.",
        (),
        (),
    )
