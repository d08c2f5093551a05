"""Means of money: what customers of an arm paid on average, and how much more that is than in the control.

Amounts are in milliunits of one currency, less refunds, 0 for a customer who paid nothing. A few very large amounts
would decide a mean, so amounts above the 99.9th percentile of all amounts above 0, of all arms together, count as that
percentile. The percentile is of the amounts above 0: of all amounts it would be 0 where few customers pay at all.

The appointed reading is Welch's interval: d +- t(1 - alpha/2, f) se, with se^2 = sum of v_j, v_j = w_e^2 s_j^2 / n_j
for each arm of each epoch, and f = (sum of v_j)^2 / sum of v_j^2 / (n_j - 1). At any time the sequence of sequence.py
is used with the same se. Results are exploratory unless the plan names the metric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from console.effect.epochs import difference_of_means, weights
from console.effect.packages import AnalysisPackage
from console.effect.results import ArmMean, Interval, MeanEpoch

np = AnalysisPackage("numpy")
stats = AnalysisPackage("scipy.stats")

WINSORISED_AT: Final = 0.999


def arm_mean(amounts: Mapping[int, int], cut: float) -> ArmMean:
    """Return mean and sample variance of an arm's amounts, each at most `cut`; `amounts` counts customers by amount.

    An arm with fewer than two customers has the variance 0.
    """
    values = np.minimum(np.array([*amounts], dtype=float), cut)
    counts = np.array([*amounts.values()], dtype=float)
    customers = float(counts.sum())
    if not customers:
        return ArmMean(0, 0.0, 0.0)
    mean = float((values * counts).sum() / customers)
    squares = float((counts * (values - mean) ** 2).sum())
    fourth = float((counts * values**4).sum())
    carriers = float((counts * values**2).sum()) ** 2 / fourth if fourth else 0.0
    return ArmMean(int(customers), mean, squares / max(customers - 1, 1), carriers)


def winsorising_cut(arms: Sequence[Mapping[int, int]], share: float = WINSORISED_AT) -> float:
    """Return the smallest amount that at least `share` of all customers with an amount above 0 do not exceed.

    `inf` where no customer paid. All arms count together: a cut for each arm would move with what the arm does.
    """
    paid: dict[int, int] = {}
    for amounts in arms:
        for amount, customers in amounts.items():
            if amount > 0:
                paid[amount] = paid.get(amount, 0) + customers
    needed = share * sum(paid.values())
    reached = 0
    for amount in sorted(paid):
        reached += paid[amount]
        if reached >= needed:
            return float(amount)
    return float("inf")


def welch_interval(epochs: Sequence[MeanEpoch], alpha: float) -> Interval:
    """Return Welch's interval of arm less control over all epochs, in the unit of the means.

    At least one epoch must be used (epochs.py), and one of its arms needs a variance above 0.
    """
    found = difference_of_means(epochs)
    parts = [
        (weight**2 * arm.variance / np.maximum(arm.customers, 1), np.maximum(arm.customers - 1, 1))
        for weight, epoch in zip(weights(epochs), epochs, strict=True)
        for arm in epoch
    ]
    freedom = sum(part for part, _ in parts) ** 2 / sum(part**2 / free for part, free in parts)
    width = stats.t.ppf(1 - alpha / 2, freedom) * found.se
    return Interval(found.estimate - width, found.estimate + width)
