"""Differences, estimated within each epoch and weighted by its customers.

An epoch is a time with one set of shares. When the shares change while the base drifts, pooling all customers invents
an effect: with the arm's share going from 10 to 50 % while the base goes from 50 to 40 %, it reports -4.8 percentage
points where there is no effect at all. Within an epoch the comparison is randomised:

    estimate = sum of (n_e / n) * d_e        variance = sum of (n_e / n)^2 * se_e^2

with d_e the difference in epoch e, se_e its standard error, n_e the customers of both arms in e, and n their sum.
"""

from __future__ import annotations

from collections.abc import Sequence

from console.effect.packages import AnalysisPackage
from console.effect.results import ArmCount, ArmMean, Difference, Epoch, MeanEpoch, Numbers

np = AnalysisPackage("numpy")


def count_difference(control: ArmCount, arm: ArmCount) -> Difference:
    """Return arm less control of one epoch, as a fraction, with se^2 = p(1 - p) / n summed over both (unpooled).

    Without customers in one of the arms there is no difference: estimate 0, se 0, of 0 customers.
    """
    (control_share, control_se2), (arm_share, arm_se2) = _share(control), _share(arm)
    both = (np.asarray(control.customers) > 0) & (np.asarray(arm.customers) > 0)
    return Difference(
        estimate=np.where(both, arm_share - control_share, 0.0)[()],
        se=np.where(both, np.sqrt(control_se2 + arm_se2), 0.0)[()],
        customers=np.where(both, np.asarray(control.customers) + arm.customers, 0)[()],
    )


def mean_difference(control: ArmMean, arm: ArmMean) -> Difference:
    """Return arm less control of one epoch, in the unit of the means, with se^2 = s^2 / n summed over both (Welch).

    An arm with fewer than two customers has no variance: estimate 0, se 0, of 0 customers.
    """
    both = (np.asarray(control.customers) > 1) & (np.asarray(arm.customers) > 1)
    se2 = control.variance / np.maximum(control.customers, 1) + arm.variance / np.maximum(arm.customers, 1)
    return Difference(
        estimate=np.where(both, np.asarray(arm.mean) - control.mean, 0.0)[()],
        se=np.where(both, np.sqrt(se2), 0.0)[()],
        customers=np.where(both, np.asarray(control.customers) + arm.customers, 0)[()],
    )


def weights(differences: Sequence[Difference]) -> list[Numbers]:
    """Return n_e / n of each epoch. Without any customer the weights are 0."""
    total = np.maximum(sum(one.customers for one in differences), 1)
    return [one.customers / total for one in differences]


def weighted(differences: Sequence[Difference]) -> Difference:
    """Return the estimate over all epochs, its standard error, and all their customers."""
    shares = list(zip(weights(differences), differences, strict=True))
    return Difference(
        estimate=sum(weight * one.estimate for weight, one in shares),
        se=np.sqrt(sum((weight * one.se) ** 2 for weight, one in shares)),
        customers=sum(one.customers for one in differences),
    )


def difference(epochs: Sequence[Epoch]) -> Difference:
    """Return arm less control over all epochs, for counts."""
    return weighted([count_difference(control, arm) for control, arm in epochs])


def difference_of_means(epochs: Sequence[MeanEpoch]) -> Difference:
    """Return arm less control over all epochs, for means."""
    return weighted([mean_difference(control, arm) for control, arm in epochs])


def _share(arm: ArmCount) -> tuple[Numbers, Numbers]:
    """Return an arm's share of hits and that share's variance."""
    customers = np.maximum(arm.customers, 1)
    share = arm.hits / customers
    return share, share * (1 - share) / customers
