"""The check of the sample ratio: how often it raises a false alarm, and how soon a true one."""

from __future__ import annotations

from typing import Any

from console.effect.packages import AnalysisPackage
from console.effect.sample_ratio import ALARM_FROM, log_e_value, sample_ratio
from tests.support.analysis_parts import needs_analysis
from tests.support.evidence_page import keep
from tests.support.simulated_experiments import LOOKS, RUNS, generator, limit

pytestmark = needs_analysis
np = AnalysisPackage("numpy")
special = AnalysisPackage("scipy.special")

SPLITS = [(5_000, 5_000), (9_000, 1_000), (9_500, 500), (4_000, 3_000, 2_000, 1_000)]


def customers(slots: tuple[int, ...], a_day: int, *seed: int) -> Any:
    """Return cumulative customers, of the shape (arms, runs, looks)."""
    shares = np.array(slots) / sum(slots)
    drawn = generator(*seed).multinomial(a_day, shares, size=(RUNS, LOOKS)).cumsum(axis=1)
    return np.moveaxis(drawn, -1, 0)


def test_a_right_split_rarely_raises_an_alarm() -> None:
    """Looked at on 60 days, in at most 1 % of experiments; the chi-square test at 0.001 does so more often."""
    rows = []
    for place, slots in enumerate(SPLITS):
        for a_day in (20, 200, 2_000):
            counts = customers(slots, a_day, 8, place, a_day)
            false = float((log_e_value((counts, slots)) >= np.log(ALARM_FROM)).any(axis=1).mean())
            expected = counts.sum(axis=0) * (np.array(slots) / sum(slots)).reshape(-1, 1, 1)
            chi_square = special.chdtrc(len(slots) - 1, ((counts - expected) ** 2 / expected).sum(axis=0))
            assert false <= (0.01 if RUNS == 10_000 else limit(0.01)), slots
            rows.append([" / ".join(map(str, slots)), a_day, f"{100 * false:.2f} %", *daily(chi_square)])
    worst = max(float(str(row[2]).split()[0]) for row in rows)
    found = found_by_day()
    keep(
        "sample_ratio",
        f"{RUNS:,} experiments with the right split in each setting, looked at on 60 days: at most {worst} % raised a"
        " false alarm (e of at least 100); 1 % is allowed. Next to it the chi-square test, looked at daily. "
        + " ".join(
            f"With {a} to {b} in place of 50 to 50, 2,000 customers a day, half of the alarms are raised by day {day}."
            for a, b, day in found
        ),
        ("slots", "customers a day", "e ≥ 100", "chi-square at 0.001", "at 0.01"),
        rows,
    )


def daily(p_values: Any) -> tuple[str, str]:
    """Return how many experiments are below either level on any day."""
    below = [float((p_values < level).any(axis=1).mean()) for level in (0.001, 0.01)]
    return f"{100 * below[0]:.1f} %", f"{100 * below[1]:.1f} %"


def found_by_day() -> list[tuple[int, int, int]]:
    """Return the median day of the alarm for two wrong splits."""
    found = []
    for share in (51, 52):
        counts = customers((share, 100 - share), 2_000, 9, share)
        alarms = log_e_value((counts, (1, 1))) >= np.log(ALARM_FROM)
        day = np.where(alarms.any(axis=1), alarms.argmax(axis=1) + 1, LOOKS + 1)
        found.append((share, 100 - share, int(np.median(day))))
    return found


def test_a_wrong_split_is_found_soon() -> None:
    """51 to 49 in place of 50 to 50, at 2 000 customers a day: half of the experiments by day 20."""
    (_, _, slightly), (_, _, more) = found_by_day()
    assert more < slightly <= 20


def test_arrays_and_the_report_have_one_e_value() -> None:
    """What is simulated as arrays is what the report computes for one experiment, over epochs too."""
    counts = customers((9_000, 1_000), 200, 10)[:, :20, -1]
    for run in range(20):
        one = (tuple(counts[:, run].tolist()), (9_000, 1_000))
        expected = float(np.exp(log_e_value((counts, (9_000, 1_000)))[run]))
        assert abs(sample_ratio([one]).e_value / expected - 1) < 1e-9
        assert abs(sample_ratio([one, one]).e_value / expected**2 - 1) < 1e-9
