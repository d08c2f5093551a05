"""How often a report is wrong that its owner looks at every day, by simulation with the report's own functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.effect.gate import totals
from console.effect.packages import AnalysisPackage
from console.effect.power import detectable_difference
from console.effect.results import Difference, Epoch, Interval
from tests.support.analysis_parts import needs_analysis
from tests.support.evidence_page import keep
from tests.support.simulated_experiments import (
    CUSTOMERS_A_DAY,
    LOOKS,
    RUNS,
    Method,
    Setting,
    constant,
    constant_settings,
    generator,
    limit,
    looked_at,
    simulate,
)

pytestmark = needs_analysis
proportion = AnalysisPackage("statsmodels.stats.proportion")
special = AnalysisPackage("scipy.special")

# The share of the arm, from a day on.
CHANGES: Final = {
    "10 → 50 %": ((0, 0.1), (30, 0.5)),
    "50 → 10 %": ((0, 0.5), (30, 0.1)),
    "5 → 50 % on day 15": ((0, 0.05), (15, 0.5)),
    "90 → 10 %": ((0, 0.9), (30, 0.1)),
    "1 → 5 → 20 → 50 %": ((0, 0.01), (10, 0.05), (20, 0.2), (30, 0.5)),
    "50 → 2 % two days before the end": ((0, 0.5), (58, 0.02)),
    "50 and 5 %, every five days": tuple((day, 0.05 if day // 5 % 2 else 0.5) for day in range(0, LOOKS, 5)),
}
DRIFTS: Final = ((0.5, 0.4), (0.02, 0.04), (0.95, 0.85), (0.04, 0.01))


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def test_without_an_effect_a_report_is_rarely_ever_wrong() -> None:
    """A/A: an interval that was ever shown excludes 0 in at most 5.5 % of experiments, in every setting."""
    rows = []
    for place, (base, share, a_day) in enumerate(constant_settings()):
        for reading_after in (LOOKS, LOOKS // 2):
            setting = constant(base, share, a_day, reading_after=reading_after)
            looked = looked_at(setting, simulate(setting, RUNS, generator(1, place, reading_after)))
            assert looked.wrong() <= limit(0.05), setting
            parts = (looked.wrong_daily().mean(), looked.wrong_reading().mean(), looked.wrong())
            rows.append([percent(base), percent(share), a_day, reading_after, *map(percent, parts)])
    worst = max((row[-1] for row in rows), key=lambda text: float(str(text).split()[0]))
    keep(
        "no_effect",
        f"{RUNS:,} experiments without an effect in each of {len(rows)} settings, looked at on 60 days and read once,"
        f" on day 60 or 30; after day 30 the sequence goes on. At most {worst} of them ever showed an interval without"
        " 0; 5.5 % are allowed. A sequence that is never wrong has its gate closed.",
        ("base", "arm's share", "customers a day", "reading on day", "sequence wrong", "reading wrong", "ever wrong"),
        rows,
    )


def test_changed_shares_and_a_drifting_base_invent_nothing() -> None:
    """With and without an effect, an interval ever leaves out the truth in at most 5.5 % of experiments."""
    rows = []
    for place, (name, shares) in enumerate(CHANGES.items()):
        for bases in DRIFTS:
            for a_day in CUSTOMERS_A_DAY:
                seed = (2, place, int(1000 * bases[0]), a_day)
                none, some = (Setting(a_day, shares, bases, effect) for effect in (0.0, 0.02))
                epochs = simulate(none, RUNS, generator(*seed))
                wrong = looked_at(none, epochs).wrong()
                pooled = looked_at(none, [totals(epochs)]).wrong()
                effect = looked_at(some, simulate(some, RUNS, generator(*seed, 1))).wrong()
                assert max(wrong, effect) <= limit(0.05), (name, bases, a_day)
                drift = f"{percent(bases[0])} → {percent(bases[1])}"
                rows.append([name, drift, a_day, percent(wrong), percent(effect), percent(pooled)])
    keep(
        "changed_shares",
        f"{RUNS:,} experiments in each of {2 * len(rows)} settings, without an effect and with one of 2 points, while"
        " the shares change and the base drifts in a line. `wrong`: an interval was ever shown that left out the truth;"
        " 5.5 % are allowed. `pooled`: what the same experiments without an effect give if the epochs are added up.",
        ("arm's share", "base", "customers a day", "wrong without an effect", "wrong with an effect", "pooled"),
        rows,
    )


def test_under_effects_all_intervals_hold_together() -> None:
    """Sequence at every look and reading cover the truth in at least 95 % of experiments, in every setting."""
    rows = []
    for place, (base, share, a_day) in enumerate(constant_settings()):
        sign = -1 if base > 0.9 else 1
        planned = detectable_difference(base, LOOKS * a_day, (1 - share, share), sign=sign)
        for times in (1, 2):
            if planned is None or not 0 < base + sign * times * planned < 1:
                continue
            setting = constant(base, share, a_day, sign * times * planned)
            looked = looked_at(setting, simulate(setting, RUNS, generator(3, place, times)))
            assert looked.wrong() <= limit(0.05) - (0.005 if RUNS == 10_000 else 0), setting
            points = f"{100 * setting.effect:+.2f}"
            rows.append(
                [percent(base), percent(share), a_day, points, percent(1 - looked.wrong()), percent(looked.found())]
            )
    keep(
        "coverage",
        f"{RUNS:,} experiments in each of {len(rows)} settings with the effect that the plan can detect 4 times in 5,"
        " and twice that. `all cover`: every interval that was ever shown, at 60 looks and the reading, has the true"
        " effect inside; at least 95 %. `found`: an interval excluded 0.",
        ("base", "arm's share", "customers a day", "effect in points", "all cover", "found"),
        rows,
    )


def ordinary(found: Difference, _planned: int) -> Interval:
    """The interval of 95 % that is meant to be read once."""
    width = special.ndtri(0.975) * found.se
    return Interval(found.estimate - width, found.estimate + width)


def wald(epochs: Sequence[Epoch]) -> Interval:
    """The textbook interval at the level of the reading."""
    ((control, arm),) = epochs
    counts = (arm.hits, arm.customers, control.hits, control.customers)
    return Interval(*proportion.confint_proportions_2indep(*counts, method="wald", compare="diff", alpha=0.04))


def test_the_simulation_finds_wrong_methods() -> None:
    """A daily interval of 95 %, no gate, and Wald's interval at 90/10 each exceed the limit that ours keeps."""
    even, uneven, rare = constant(0.5, 0.5, 200), constant(0.02, 0.1, 20), constant(0.02, 0.1, 200)
    cases = [
        ("an interval of 95 %, looked at daily", even, Method(daily=ordinary, reading=None)),
        ("the same at 90/10", rare, Method(daily=ordinary, reading=None)),
        ("the sequence without the gate, at 90/10", uneven, Method(at_least=0)),
        ("Wald's interval for the reading, at 90/10", uneven, Method(reading=wald)),
    ]
    rows = []
    for place, (name, setting, method) in enumerate(cases):
        epochs = simulate(setting, 10_000, generator(4, place))
        wrong, ours = looked_at(setting, epochs, method).wrong(), looked_at(setting, epochs).wrong()
        assert ours <= 0.055 < wrong, name
        rows.append([name, percent(setting.bases[0]), setting.a_day, percent(wrong), percent(ours)])
    keep(
        "controls",
        "The same simulation without an effect, 10,000 experiments each, with a wrong method in place of ours. Each"
        " must be found: more than 5.5 % wrong.",
        ("in place of ours", "base", "customers a day", "ever wrong", "ours, same experiments"),
        rows,
    )
