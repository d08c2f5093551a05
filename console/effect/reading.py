"""The appointed reading: one ordinary interval, from the first n planned customers once all of them are ripe.

It is read once, from a set that does not depend on when the owner looks, so it may be an ordinary interval: Newcombe's
(1998, method 10: Wilson's score interval of each arm, joined). A Wald interval in its place covers only 90 % at 90/10
and a base of 2 %. statsmodels computes it; its `method="score", compare="diff"` is wrong for arms of unequal size
(issue 10269), so it is not used.

Several epochs are joined as in epochs.py, by the method of variance estimates recovery (Zou and Donner 2008; Yan and Su
2010 for strata): low = d - sqrt(sum of w_e^2 (d_e - low_e)^2), and high likewise. For one epoch that is Newcombe's.

The lift is arm / control - 1, with Koopman's score interval for a ratio (statsmodels, with the correction n / (n - 1)
of Miettinen and Nurminen). Over several epochs the shares are first weighted and the same recovery is used for the
ratio (Donner and Zou 2012), from Wilson's intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.effect.epochs import difference, weights
from console.effect.gate import totals
from console.effect.packages import AnalysisPackage
from console.effect.results import ArmCount, Epoch, Interval, Numbers

np = AnalysisPackage("numpy")
proportion = AnalysisPackage("statsmodels.stats.proportion")

# A ratio to a base of fewer hits is too uncertain to be shown.
LIFT_NEEDS: Final = 50


def newcombe(control: ArmCount, arm: ArmCount, alpha: Numbers) -> Interval:
    """Return Newcombe's interval of arm less control, as fractions. Both arms must have customers."""
    low, high = proportion.confint_proportions_2indep(
        arm.hits, arm.customers, control.hits, control.customers, method="newcomb", compare="diff", alpha=alpha
    )
    return Interval(low, high)


def reading_interval(epochs: Sequence[Epoch], alpha: Numbers) -> Interval:
    """Return the reading's interval of arm less control over all epochs; epochs.py names which are left out.

    At least one epoch must be used; a single one is, if both arms have customers. Arrays have one shape in all epochs.
    """
    if len(epochs) == 1:
        control, arm = epochs[0]
        return newcombe(_some(control), _some(arm), alpha)
    below: Numbers = 0.0
    above: Numbers = 0.0
    for weight, epoch in zip(weights(epochs), epochs, strict=True):
        control, arm = (_some(count) for count in epoch)
        interval = newcombe(control, arm, alpha)
        below = below + (weight * (arm.share - control.share - interval.low)) ** 2
        above = above + (weight * (interval.high - arm.share + control.share)) ** 2
    middle = difference(epochs).estimate
    return Interval(middle - np.sqrt(below), middle + np.sqrt(above))


def lift_interval(epochs: Sequence[Epoch], alpha: float) -> Interval | None:
    """Return the interval of arm / control - 1, or None where the control has too few hits (LIFT_NEEDS) or only hits.

    With only hits, statsmodels' formula returns an interval without the estimate. Takes single numbers, not arrays. An
    arm without hits has the low end -1.
    """
    control, _ = totals(epochs)
    if control.hits < LIFT_NEEDS or not control.others:
        return None
    if len(epochs) > 1:
        return _recovered_lift(epochs, alpha)
    ((base, arm),) = epochs
    low, high = proportion.confint_proportions_2indep(
        *map(float, (arm.hits, arm.customers, base.hits, base.customers)),
        method="score",
        compare="ratio",
        alpha=alpha,
    )
    return Interval(float(low) - 1, float(high) - 1)


def lift_estimate(epochs: Sequence[Epoch]) -> float | None:
    """Return arm / control - 1 of the weighted shares, or None where the control has fewer than LIFT_NEEDS hits."""
    if totals(epochs)[0].hits < LIFT_NEEDS:
        return None
    if len(epochs) == 1:
        return float(epochs[0][1].share / epochs[0][0].share - 1)
    base, arm = (_weighted_share(epochs, side, None) for side in (0, 1))
    return float(arm[0] / base[0] - 1)


def _recovered_lift(epochs: Sequence[Epoch], alpha: float) -> Interval:
    base, base_low, base_high = _weighted_share(epochs, 0, alpha)
    arm, arm_low, arm_high = _weighted_share(epochs, 1, alpha)
    product = arm * base
    low = product - np.sqrt(product**2 - arm_low * base_high * (2 * arm - arm_low) * (2 * base - base_high))
    high = product + np.sqrt(product**2 - arm_high * base_low * (2 * arm - arm_high) * (2 * base - base_low))
    return Interval(
        float(low / (base_high * (2 * base - base_high)) - 1), float(high / (base_low * (2 * base - base_low)) - 1)
    )


def _weighted_share(epochs: Sequence[Epoch], side: int, alpha: float | None) -> tuple[float, float, float]:
    """Return one arm's share over all epochs, and the ends of its interval at `alpha` (None: the share itself)."""
    share = below = above = 0.0
    for weight, epoch in zip(weights(epochs), epochs, strict=True):
        if not weight:
            continue
        found = float(epoch[side].share)
        low, high = (found, found) if alpha is None else _wilson(epoch[side], alpha)
        share += weight * found
        below += (weight * (found - low)) ** 2
        above += (weight * (high - found)) ** 2
    return share, share - below**0.5, share + above**0.5


def _some(count: ArmCount) -> ArmCount:
    """Return a count with at least one customer: an arm without any has the weight 0, and must be computable."""
    return ArmCount(np.maximum(count.customers, 1), count.hits)


def _wilson(count: ArmCount, alpha: float) -> tuple[float, float]:
    low, high = proportion.proportion_confint(count.hits, count.customers, method="wilson", alpha=alpha)
    return float(low), float(high)
