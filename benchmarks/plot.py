"""The plot of one run: every cold start with Apple's deadline, and the warm requests."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.figures import BEFORE, CACHED, EMPTY, OURS, PRECOMPILED, REFERENCE, UNKNOWN

Times = Mapping[str, list[float]]

_DEADLINE_MS: Final = 700
_COLOURS: Final = {
    OURS: "#0b6e4f",
    UNKNOWN: "#4d9a80",
    BEFORE: "#8fa3b8",
    REFERENCE: "#b5523b",
    PRECOMPILED: "#d08c60",
    CACHED: "#e0bd9c",
    EMPTY: "#c9cdd4",
}


def draw(path: Path, first: Times, warm: Times) -> None:
    """Write a PNG of cold first answers (a mark for each run, a bar for the median) and warm requests (medians)."""
    # Only `make bench` installs matplotlib: tests and the type checker must not need it.
    import_module("matplotlib").use("Agg")
    plt: Any = import_module("matplotlib.pyplot")
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 3.6), layout="constrained", width_ratios=(3, 2))
    _bars(left, first)
    for row, seconds in enumerate(first.values()):
        left.plot([value * 1000 for value in seconds], [row] * len(seconds), "|", color="black", alpha=0.5)
    left.axvline(_DEADLINE_MS, color="black", linestyle="--", linewidth=1)
    left.text(_DEADLINE_MS, -0.62, " Apple gives up at 700 ms", va="bottom", fontsize=8)
    left.set_title("Cold: process start to first verified answer, ms", loc="left", fontsize=10)
    _bars(right, warm)
    right.set_title("Warm: one request under Lambda's runtime, ms", loc="left", fontsize=10)
    figure.savefig(path, dpi=150)


def _bars(axes: Any, times: Times) -> None:  # noqa: ANN401  # see draw
    middles = [median(seconds) * 1000 for seconds in times.values()]
    bars = axes.barh(range(len(middles)), middles, color=[_COLOURS[name] for name in times], height=0.6)
    axes.bar_label(bars, [f"{middle:,.0f}" if middle >= 10 else f"{middle:.2f}" for middle in middles], padding=4)
    axes.set_yticks(range(len(middles)), [name.replace(", ", ",\n", 1) for name in times], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.spines[["top", "right"]].set_visible(False)
