"""Make tests/unit/console/effect/oracle_cases.json again: what other libraries compute, frozen.

gbstats 0.8.0 needs numpy below 2 and so Python 3.11 or older; ssrm-test 0.1.5 does not install the `toolz` that it
needs. In a folder of its own:

    python3.11 -m venv oracles
    oracles/bin/pip install gbstats==0.8.0 toolz && oracles/bin/pip install --no-deps ssrm-test==0.1.5
    oracles/bin/python tests/support/oracle_cases.py
"""

from __future__ import annotations

import json
import math
import random
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[1] / "unit" / "console" / "effect" / "oracle_cases.json"
ALPHAS = (0.05, 0.04, 0.01, 0.0025)


def counts(draw: random.Random) -> tuple[int, int, int, int]:
    """Return customers and hits of a control and an arm, of any size and mostly unequal, with hits and others."""
    base = draw.choice((0.02, 0.1, 0.5, 0.9, 0.98))
    customers = [round(10 ** draw.uniform(2.5, 6)) for _ in range(2)]
    hits = [
        min(max(round(count * base * draw.uniform(0.97, 1.02) + draw.gauss(0, 1)), 5), count - 5) for count in customers
    ]
    return customers[0], hits[0], customers[1], hits[1]


def sequence_cases(draw: random.Random) -> list[dict[str, Any]]:
    """Return 200 cases of the sequence: difference and lift of two shares."""
    found: list[dict[str, Any]] = []
    while len(found) < 200:
        control_customers, control_hits, customers, hits = counts(draw)
        planned, alpha = round(10 ** draw.uniform(3, 6)), draw.choice(ALPHAS)
        stats = import_module("gbstats.models.statistics").ProportionStatistic
        pair = (stats(n=control_customers, sum=control_hits), stats(n=customers, sum=hits))
        case: dict[str, Any] = {
            "control": [control_customers, control_hits],
            "arm": [customers, hits],
            "planned": planned,
            "alpha": alpha,
            "absolute": sequential(pair, planned, alpha, "absolute"),
            "relative": sequential(pair, planned, alpha, "relative"),
        }
        if case["absolute"]["p"] > 1e-250:
            found.append(case)
    return found


def sequential(pair: Any, planned: int, alpha: float, kind: str) -> dict[str, Any]:
    """Return gbstats' sequential t test."""
    tests = import_module("gbstats.frequentist.tests")
    config = tests.SequentialConfig(alpha=alpha, difference_type=kind, sequential_tuning_parameter=planned)
    result = tests.SequentialTwoSidedTTest(*pair, config).compute_result()
    return {"estimate": result.expected, "interval": [*map(float, result.ci)], "p": float(result.p_value)}


def mean_cases(draw: random.Random) -> list[dict[str, Any]]:
    """Return 60 cases of two means: the sequence, and Welch's interval and p value."""
    tests = import_module("gbstats.frequentist.tests")
    stats = import_module("gbstats.models.statistics").SampleMeanStatistic
    found: list[dict[str, Any]] = []
    for _ in range(60):
        arms = []
        for _ in range(2):
            customers = round(10 ** draw.uniform(1.4, 5))
            mean = draw.uniform(1, 40)
            arms.append((customers, customers * mean, customers * (mean**2 + draw.uniform(10, 900))))
        planned, alpha = round(10 ** draw.uniform(3, 6)), draw.choice(ALPHAS)
        pair = [stats(n=n, sum=total, sum_squares=squares) for n, total, squares in arms]
        config = tests.FrequentistConfig(alpha=alpha, difference_type="absolute")
        welch = tests.TwoSidedTTest(*pair, config).compute_result()
        found.append(
            {
                "arms": [[one.n, one.mean, one.variance] for one in pair],
                "planned": planned,
                "alpha": alpha,
                "absolute": sequential(pair, planned, alpha, "absolute"),
                "welch": {"interval": [*map(float, welch.ci)], "p": float(welch.p_value)},
            }
        )
    return found


def ratio_cases(draw: random.Random) -> list[dict[str, Any]]:
    """Return 200 cases of the sample ratio, of two to five arms, right and wrong, as ln of the Bayes factor."""
    ssrm = import_module("ssrm_test.ssrm_test")
    found: list[dict[str, Any]] = []
    while len(found) < 200:
        arms = draw.randint(2, 5)
        shares = [draw.randint(1, 20) for _ in range(arms)]
        total = 10 ** draw.uniform(1.5, 6)
        seen = [round(total * share / sum(shares) * draw.uniform(0.97, 1.03)) for share in shares]
        null = [share / sum(shares) for share in shares]
        posterior = ssrm.sequential_posteriors(import_module("numpy").array([seen]), import_module("numpy").array(null))
        log_e = float(posterior[-1]["log_bayes_factor"])
        if math.isfinite(log_e) and abs(log_e) > 1e-3:
            found.append({"customers": seen, "shares": shares, "log_e": log_e})
    return found


def main() -> None:
    """Write the file."""
    draw = random.Random(20261130)
    made = {
        "provenance": {
            "made by": "tests/support/oracle_cases.py",
            "python": sys.version.split()[0],
            **{name: version(name) for name in ("gbstats", "ssrm-test", "numpy", "scipy")},
        },
        "sequence": sequence_cases(draw),
        "means": mean_cases(draw),
        "sample_ratio": ratio_cases(draw),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(made[key])}" for key in ("provenance",)]
    for key in ("sequence", "means", "sample_ratio"):
        rows = ",\n".join(json.dumps(case) for case in made[key])
        lines.append(f"{json.dumps(key)}: [\n{rows}\n]")
    CASES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
