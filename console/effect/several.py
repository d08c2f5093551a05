"""Several arms against one control: which differ (Holm), and intervals that hold together.

With m arms next to the control there are m comparisons. Two things are shown, and each keeps the error of 5 % for the
family of all m:

- The intervals are at alpha / m each (Bonferroni), so with probability 1 - alpha all of them hold at once, with any
  effects of the arms. Every size in a sentence ("at least X points more") is an end of such an interval.
- The verdict "differs" is Holm's: the comparisons that exclude 0 at alpha / m differ; if r of them do, the others are
  judged at alpha / (m - r), and so on.

An interval that excludes 0 always comes with the verdict "differs", so the two never contradict each other. Holm may
find one more arm whose interval still includes 0: it differs, and by how much is not known. Intervals at Holm's own
levels would exclude 0 for that arm too, but they do not hold together: with all m arms different, their joint error is
alpha * (1 + 1/2 + ... + 1/m). Intervals that hold together and fit Holm exactly exist, but have no end but 0 for the
arms that differ (Strassburger and Bretz 2008; Guilbaud 2008), so no size could be shown.

Holm may be used at every look: the first true "no difference" that it rejects, at any time, must exclude 0 at
alpha / (number of true ones), and each of these does so at any time with at most that probability. The sequence has 1 %
and the reading 4 % at every step, and rho is tuned for the first step, so that one sequence is read at all levels.
"""

from __future__ import annotations

from console.effect.packages import AnalysisPackage
from console.effect.results import Numbers

np = AnalysisPackage("numpy")


def holm(excluded: Numbers) -> Numbers:
    """Return which comparisons differ, from `excluded[i, j]`: comparison i excludes 0 at alpha / (j + 1).

    The first two axes have the length m; further axes are experiments. What excludes 0 at a stricter level must exclude
    it at a laxer one. The result has the first axis and the further ones.
    """
    excluded = np.asarray(excluded, dtype=bool)
    found = excluded[:, -1]
    for _ in range(len(excluded) - 1):
        left = np.maximum(len(excluded) - found.sum(axis=0), 1)
        found = np.take_along_axis(excluded, (left - 1)[None, None], axis=1)[:, 0]
    return found
