"""Whether the effect changes with the week of first exposure (Cochran's Q), as a remark.

Q = sum of w_i (d_i - d)^2 with w_i = 1 / se_i^2 and d the mean of d_i weighted by w_i; it follows a chi-square
distribution with one degree of freedom less than there are weeks if the effect is the same in all (Cochran 1954).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.effect.packages import AnalysisPackage
from console.effect.results import Difference

special = AnalysisPackage("scipy.special")


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Cochran's Q, its degrees of freedom, and the p value of one effect in all weeks."""

    q: float
    freedom: int
    p_value: float


def heterogeneity(weeks: Sequence[Difference]) -> Heterogeneity:
    """Return Cochran's Q of the weeks' differences. Weeks with the standard error 0 are left out.

    With fewer than two weeks Q is 0 and p is 1.
    """
    known = [(float(week.estimate), float(week.se) ** -2) for week in weeks if week.se > 0]
    if len(known) < 2:  # noqa: PLR2004  # one week cannot differ from itself
        return Heterogeneity(0.0, 0, 1.0)
    mean = sum(estimate * weight for estimate, weight in known) / sum(weight for _, weight in known)
    q = sum(weight * (estimate - mean) ** 2 for estimate, weight in known)
    return Heterogeneity(q, len(known) - 1, float(special.chdtrc(len(known) - 1, q)))
