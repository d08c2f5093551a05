"""q values of exploratory metrics: the share of false discoveries among all that are at most as large.

Benjamini and Hochberg (1995), by scipy. The p values are those of the always-valid sequence, so that looking daily does
not make them smaller than they may be.
"""

from __future__ import annotations

from collections.abc import Sequence

from console.effect.packages import AnalysisPackage

stats = AnalysisPackage("scipy.stats")


def q_values(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the q value of each p value, in their order."""
    if not p_values:
        return ()
    return tuple(float(q) for q in stats.false_discovery_control(p_values, method="bh"))
