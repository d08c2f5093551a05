"""Several arms against one control: the error of all comparisons together, by simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from console.effect.epochs import difference
from console.effect.gate import gate_open
from console.effect.packages import AnalysisPackage
from console.effect.reading import reading_interval
from console.effect.results import ArmCount, Epoch, Numbers
from console.effect.sequence import sequence_interval
from console.effect.several import holm
from console.effect.statistics import READING_ALPHA, SEQUENCE_ALPHA, Comparison, judge, sequence_at_levels
from tests.support.analysis_parts import needs_analysis
from tests.support.evidence_page import keep, size
from tests.support.simulated_experiments import LOOKS, computable, generator, limit

pytestmark = needs_analysis
np = AnalysisPackage("numpy")
RUNS: Final = size(10_000, 400)

# Slots of the control and the arms, and the effect of each arm in points, as a share of what the plan can detect.
FAMILIES: Final = [
    ("3 arms alike", (1, 1, 1), (0, 0)),
    ("3 arms, one different", (1, 1, 1), (1.5, 0)),
    ("4 arms alike", (1, 1, 1, 1), (0, 0, 0)),
    ("4 arms, two different", (1, 1, 1, 1), (1.5, -1.5, 0)),
    ("5 arms alike", (1, 1, 1, 1, 1), (0, 0, 0, 0)),
    ("5 arms, three different", (1, 1, 1, 1, 1), (2, 1.5, -1.5, 0)),
    ("5 arms alike, small ones", (60, 10, 10, 10, 10), (0, 0, 0, 0)),
    ("5 arms different, small ones", (60, 10, 10, 10, 10), (1, 1.5, -1.5, -1)),
]


@dataclass(frozen=True, slots=True)
class Family:
    """Counts of the shape (runs, looks) for the control and each arm, and the true effects."""

    arms: tuple[ArmCount, ...]
    effects: tuple[float, ...]
    planned: tuple[float, ...]

    def epochs(self, arm: int, look: int | None = None) -> list[Epoch]:
        """The comparison of an arm: at all looks, or at one."""
        pair = (self.arms[0], self.arms[arm + 1])
        if look is not None:
            control, treated = (ArmCount(one.customers[:, look], one.hits[:, look]) for one in pair)
            return [(control, treated)]
        return [pair]


def family(slots: Sequence[int], times: Sequence[float], base: float, a_day: int, draw: Any) -> Family:
    shares = np.array(slots) / sum(slots)
    pairs = [LOOKS * a_day * (shares[0] + share) for share in shares[1:]]
    # two standard errors and some, at the end of the plan
    effects = [
        float(one * 3 * np.sqrt(base * (1 - base) / (LOOKS * a_day) * (1 / shares[0] + 1 / share)))
        for one, share in zip(times, shares[1:], strict=True)
    ]
    drawn = draw.multinomial(a_day, shares, size=(RUNS, LOOKS))
    arms = []
    for place, effect in enumerate((0.0, *effects)):
        customers = drawn[:, :, place]
        arms.append(ArmCount(customers.cumsum(axis=1), draw.binomial(customers, base + effect).cumsum(axis=1)))
    return Family(tuple(arms), tuple(effects), tuple(map(float, pairs)))


def verdicts(found: Family) -> Numbers:
    """Return Holm's verdict of each arm, run and look, from the sequence and, at the last look, the reading."""
    count = len(found.effects)
    rows = []
    for arm, planned in enumerate(found.planned):
        epochs = found.epochs(arm)
        known = difference(epochs)
        shown = gate_open(epochs[0]) & (known.se > 0)
        strictest = SEQUENCE_ALPHA / count
        daily = sequence_at_levels(deeper(computable(known)), planned=planned, strictest=strictest, count=count)
        levels = daily.excludes() & shown[..., None]
        last = [(deeper_count(c), deeper_count(a)) for c, a in found.epochs(arm, LOOKS - 1)]
        levels[:, -1, :] |= reading_interval(last, READING_ALPHA / np.arange(1, count + 1)).excludes()
        rows.append(np.moveaxis(levels, -1, 0))
    return holm(np.array(rows))


def deeper(known: Any) -> Any:
    return type(known)(known.estimate[..., None], known.se[..., None], known.customers[..., None])


def deeper_count(one: ArmCount) -> ArmCount:
    return ArmCount(one.customers[..., None], one.hits[..., None])


def left_out(found: Family) -> Numbers:
    """Return the runs in which any interval that was shown, of any arm, left out the truth."""
    count, wrong = len(found.effects), np.zeros(RUNS, dtype=bool)
    for arm, (effect, planned) in enumerate(zip(found.effects, found.planned, strict=True)):
        epochs = found.epochs(arm)
        known = difference(epochs)
        shown = gate_open(epochs[0]) & (known.se > 0)
        daily = sequence_interval(computable(known), planned=planned, alpha=SEQUENCE_ALPHA / count)
        reading = reading_interval(found.epochs(arm, LOOKS - 1), READING_ALPHA / count)
        wrong |= (shown & ~daily.covers(effect)).any(axis=1) | ~reading.covers(effect)
    return wrong


def test_the_error_of_all_arms_together() -> None:
    """An arm without an effect is ever called different in at most 5.5 % of experiments, and all intervals hold."""
    rows = []
    for place, (name, slots, times) in enumerate(FAMILIES):
        for base, a_day in ((0.5, 500), (0.02, 2_000), (0.95, 500)):
            found = family(slots, times, base, a_day, generator(11, place, int(100 * base)))
            differs = verdicts(found)
            true = np.array(found.effects) == 0
            false = float(differs[true].any(axis=(0, 2)).mean()) if true.any() else 0.0
            wrong = float(left_out(found).mean())
            power = float(differs[~true].any(axis=2).mean()) if not true.all() else None
            assert false <= limit(0.05, RUNS), (name, base)
            assert wrong <= limit(0.05, RUNS), (name, base)
            shown = "-" if power is None else f"{100 * power:.0f} %"
            rows.append([name, f"{100 * base:g} %", a_day, f"{100 * false:.1f} %", f"{100 * wrong:.1f} %", shown])
    keep(
        "several_arms",
        f"{RUNS:,} experiments in each setting, looked at on 60 days and read once. `falsely different`: Holm ever"
        " called an arm different that is not, at most 5.5 %. `left out`: any interval of any arm that was shown left"
        " out its truth, at most 5.5 %: intervals are at 1/m of the error for m arms next to the control, so they"
        " hold together where Holm's verdicts do. `found`: arms with an effect that were called different.",
        ("arms", "base", "customers a day", "falsely different", "left out", "found"),
        rows,
    )


def test_the_report_judges_as_the_simulation_does() -> None:
    """`judge` gives the verdicts of the arrays, before the reading and at it."""
    found = family((2, 1, 1, 1), (1.2, 0.8, 0), 0.5, 500, generator(12))
    differs = verdicts(found)
    seen = set()
    for run in range(40):
        for look in (LOOKS // 2, LOOKS - 1):
            arms = [ArmCount(int(one.customers[run, look]), int(one.hits[run, look])) for one in found.arms]
            pairs = [((arms[0], arm),) for arm in arms[1:]]
            reading = look == LOOKS - 1
            judged = judge(
                [
                    Comparison(p, planned, p if reading else None)
                    for p, planned in zip(pairs, found.planned, strict=True)
                ]
            )
            assert [one.differs for one in judged] == differs[:, run, look].tolist()
            seen.add(tuple(one.differs for one in judged))
    assert len(seen) > 3
