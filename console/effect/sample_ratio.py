"""Whether the arms have the customers that their shares give them: a wrong ratio means a fault in the split or the log.

The e-value of Lindon and Malek (2022) for counts n_i of k arms with shares theta_i, N their sum, and c the strength of
the prior at the shares:

    ln e = lnGamma(c) - sum lnGamma(c theta_i) + sum lnGamma(c theta_i + n_i) - lnGamma(c + N) - sum n_i ln theta_i

With the right split e reaches 100 at any time with a probability of at most 1 %, so it may be looked at daily. Epochs
have shares of their own and independent customers, so their e-values are multiplied. The chi-square test is shown next
to it because people know it: looked at daily it raises a false alarm in 1.2 % of experiments at 0.001.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from console.effect.packages import AnalysisPackage
from console.effect.results import Numbers

np = AnalysisPackage("numpy")
special = AnalysisPackage("scipy.special")

CONCENTRATION: Final = 10_000
ALARM_FROM: Final = 100

# The customers of each arm and the slots (or other shares, of any sum) of each arm, in one epoch.
Split = tuple[Sequence[Numbers], Sequence[float]]


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """The e-value of the split, whether it raises the alarm, and the p value of the chi-square test."""

    e_value: float
    alarm: bool
    chi_square_p: float


def log_e_value(split: Split, concentration: float = CONCENTRATION) -> Numbers:
    """Return ln e of one epoch. An arm without slots must have no customers: it is left out.

    Counts may be arrays of one shape; an arm without slots that has customers gives infinity.
    """
    counts, shares = _arms(split)
    prior = concentration * shares
    value = (
        special.gammaln(concentration)
        - special.gammaln(concentration + counts.sum(axis=0))
        + (special.gammaln(prior + counts) - special.gammaln(prior) - counts * np.log(shares)).sum(axis=0)
    )
    return np.where(_strays(split) > 0, np.inf, value)[()]


def sample_ratio(splits: Sequence[Split]) -> SampleRatio:
    """Return the verdict over all epochs; single numbers, not arrays. Without customers e is 1 and p is 1."""
    log_e = float(sum(log_e_value(split) for split in splits))
    statistic, freedom = 0.0, 0
    for split in splits:
        counts, shares = _arms(split)
        if len(counts) > 1 and (total := counts.sum()):
            expected = shares * total
            statistic += float(((counts - expected) ** 2 / expected).sum())
            freedom += len(counts) - 1
    strays = any(_strays(split) > 0 for split in splits)
    p_value = 0.0 if strays else float(special.chdtrc(freedom, statistic)) if freedom else 1.0
    return SampleRatio(
        e_value=float(np.exp(np.minimum(log_e, 700.0))), alarm=bool(log_e >= np.log(ALARM_FROM)), chi_square_p=p_value
    )


def _arms(split: Split) -> tuple[Any, Any]:
    """Return counts and shares (sum 1) of the arms with slots; shares are shaped to fit the counts."""
    counts, slots = split
    kept = [(np.asarray(count, dtype=float), slot) for count, slot in zip(counts, slots, strict=True) if slot > 0]
    found = np.stack([count for count, _ in kept])
    shares = np.array([slot for _, slot in kept], dtype=float).reshape(-1, *[1] * (found.ndim - 1))
    return found, shares / shares.sum()


def _strays(split: Split) -> Numbers:
    """Return how many customers are in arms that have no slots."""
    return sum((count for count, slot in zip(*split, strict=True) if slot <= 0), start=0)
