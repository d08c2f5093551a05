"""The always-valid sequence: an interval that may be looked at every day.

Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
sequences" (the asymptotic sequence, and the choice of rho that is narrowest at n*). With n the customers of both arms,
se the standard error of the difference, n* the planned customers of both arms and alpha the error:

    rho^2      = (-2 ln alpha + ln(1 - 2 ln alpha)) / n*
    q          = n rho^2 + 1
    half-width = se sqrt(n) * sqrt(2 q ln(sqrt(q) / alpha)) / (n rho)
    p          = min(1, sqrt(q) * exp(-n rho^2 (d / se)^2 / (2 q)))

The probability that the interval ever leaves out the true difference is alpha, however often and whenever it is read.
The plan fixes n* before the first exposure: tuned to the data it would lose that property.
"""

from __future__ import annotations

from console.effect.packages import AnalysisPackage
from console.effect.results import Difference, Interval, Numbers

np = AnalysisPackage("numpy")


def tuning(planned: Numbers, alpha: Numbers) -> Numbers:
    """Return rho^2 for `planned` customers of both arms: the sequence is narrowest there."""
    bound = -2 * np.log(alpha)
    return (bound + np.log1p(bound)) / planned


def half_width(difference: Difference, *, planned: Numbers, alpha: Numbers, tuned_for: Numbers = None) -> Numbers:
    """Return half the width of the sequence's interval, in the unit of the difference.

    `tuned_for` is the alpha of rho, where one sequence is read at several levels. Needs at least one customer.
    """
    spread = difference.customers * tuning(planned, alpha if tuned_for is None else tuned_for)
    q = spread + 1
    return difference.se * np.sqrt(2 * q * np.log(np.sqrt(q) / alpha) / spread)


def sequence_interval(
    difference: Difference, *, planned: Numbers, alpha: Numbers, tuned_for: Numbers = None
) -> Interval:
    """Return the interval around the estimate; it is not cut at -1 and 1."""
    width = half_width(difference, planned=planned, alpha=alpha, tuned_for=tuned_for)
    return Interval(difference.estimate - width, difference.estimate + width)


def sequence_p_value(difference: Difference, *, planned: Numbers, tuned_for: float) -> Numbers:
    """Return the always-valid p value of no difference: at most alpha exactly where the interval at alpha excludes 0.

    `tuned_for` is the alpha for which rho is tuned. Needs at least one customer and a standard error above 0.
    """
    spread = difference.customers * tuning(planned, tuned_for)
    q = spread + 1
    evidence = spread * (difference.estimate / difference.se) ** 2 / (2 * q)
    return np.exp(np.minimum(0.5 * np.log(q) - evidence, 0.0))
