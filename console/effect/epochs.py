"""Differences, estimated within each epoch and weighted by what each epoch can show.

An epoch is a time with one set of shares. When the shares change while the base drifts, pooling all customers invents
an effect: with the arm's share going from 10 to 50 % while the base goes from 50 to 40 %, it reports -4.8 percentage
points where there is no effect at all. Within an epoch the comparison is randomised:

    estimate = sum of w_e d_e        variance = sum of w_e^2 se_e^2        w_e = (c_e a_e / n_e) / sum of the same

with d_e the difference in epoch e, se_e its standard error, c_e and a_e the customers of the control and the arm, n_e
both together. These are the weights of Mantel and Haenszel (Greenland and Robins 1985 for differences): an epoch counts
by its information, so one with 200 customers of whom 3 are in the arm counts as little as it shows. Weights n_e / n
would multiply that noise: an experiment whose arm grows from 1 to 5, 20 and 50 % by changed shares would err in up to
16 % of cases.
With these weights estimate times information is a sum of independent parts, which the sequence needs. If the effect
differs between epochs, the estimate is their average by these weights.

An epoch with fewer than LEAST_CUSTOMERS in one of the arms is left out: its standard error is not known well enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.effect.packages import AnalysisPackage
from console.effect.results import ArmCount, ArmMean, Difference, Epoch, MeanEpoch, Numbers

np = AnalysisPackage("numpy")

# No arm with fewer customers could pass the gate, which asks for ten of either kind.
LEAST_CUSTOMERS: Final = 20


def counts_in(control: ArmCount | ArmMean, arm: ArmCount | ArmMean) -> Numbers:
    """Return whether an epoch is used: both arms have LEAST_CUSTOMERS."""
    return np.minimum(control.customers, arm.customers) >= LEAST_CUSTOMERS


def weights(epochs: Sequence[Epoch] | Sequence[MeanEpoch]) -> list[Numbers]:
    """Return w_e of each epoch, 0 for one that is left out. They add up to 1, or to 0 if all are left out."""
    found = []
    for control, arm in epochs:
        customers = np.maximum(np.asarray(control.customers, dtype=float) + arm.customers, 1)
        found.append(np.where(counts_in(control, arm), control.customers / customers * arm.customers, 0.0)[()])
    total = sum(found)
    return [each / np.where(total > 0, total, 1.0) for each in found]


def count_difference(control: ArmCount, arm: ArmCount) -> Difference:
    """Return arm less control of one epoch, as a fraction, with se^2 = p(1 - p) / n summed over both (unpooled).

    An epoch that is left out has the estimate 0, the se 0, and 0 customers.
    """
    (control_share, control_se2), (arm_share, arm_se2) = _share(control), _share(arm)
    return _if_used(control, arm, arm_share - control_share, control_se2 + arm_se2)


def mean_difference(control: ArmMean, arm: ArmMean) -> Difference:
    """Return arm less control of one epoch, in the unit of the means, with se^2 = s^2 / n summed over both (Welch).

    An epoch that is left out has the estimate 0, the se 0, and 0 customers.
    """
    se2 = control.variance / np.maximum(control.customers, 1) + arm.variance / np.maximum(arm.customers, 1)
    return _if_used(control, arm, np.asarray(arm.mean) - control.mean, se2)


def difference(epochs: Sequence[Epoch]) -> Difference:
    """Return arm less control over all epochs, for counts."""
    return _weighted(weights(epochs), [count_difference(control, arm) for control, arm in epochs])


def difference_of_means(epochs: Sequence[MeanEpoch]) -> Difference:
    """Return arm less control over all epochs, for means."""
    return _weighted(weights(epochs), [mean_difference(control, arm) for control, arm in epochs])


def _weighted(shares: Sequence[Numbers], differences: Sequence[Difference]) -> Difference:
    pairs = list(zip(shares, differences, strict=True))
    return Difference(
        estimate=sum(weight * one.estimate for weight, one in pairs),
        se=np.sqrt(sum((weight * one.se) ** 2 for weight, one in pairs)),
        customers=sum(one.customers for one in differences),
    )


def _if_used(control: ArmCount | ArmMean, arm: ArmCount | ArmMean, estimate: Numbers, se2: Numbers) -> Difference:
    used = counts_in(control, arm)
    return Difference(
        estimate=np.where(used, estimate, 0.0)[()],
        se=np.where(used, np.sqrt(se2), 0.0)[()],
        customers=np.where(used, np.asarray(control.customers) + arm.customers, 0)[()],
    )


def _share(arm: ArmCount) -> tuple[Numbers, Numbers]:
    """Return an arm's share of hits and that share's variance."""
    customers = np.maximum(arm.customers, 1)
    share = arm.hits / customers
    return share, share * (1 - share) / customers
