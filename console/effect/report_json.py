"""The JSON of a report: the same rows give the same bytes but for `asOf`.

Keys are sorted, and numbers have seven digits after the point, since the last ones differ by machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from console.effect.findings import Report
from console.terminal.json_form import form_of

_DIGITS: Final = 7


def report_document(report: Report) -> dict[str, Any]:
    """Return the document: `form_of` names the fields of `findings`, and this puts them in the order of the design."""
    made = form_of(report)
    verdict = made.pop("verdict")
    made["plan"]["alpha"] = list(report.alpha)
    del made["alpha"]
    made["arms"] = [_arm(form) for form in made["arms"]]
    made["curves"] = [
        {
            "arm": curve.arm,
            "points": [{"day": day, "customers": customers, "kept": kept} for day, customers, kept in curve.points],
        }
        for curve in report.curves
    ]
    document = {**made, "state": verdict["state"], "sentence": verdict["sentence"], "exitCode": verdict["exitCode"]}
    ready = _ready(document)
    if not isinstance(ready, dict):
        raise TypeError
    return ready


def _arm(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return an arm with its counts next to its customers."""
    return {**{name: value for name, value in form.items() if name != "counts"}, **form["counts"]}


def _ready(value: object) -> object:
    """Return a value with sorted keys, and with numbers that are equal on every machine."""
    if isinstance(value, dict):
        return {key: _ready(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_ready(inner) for inner in value]
    if isinstance(value, float):
        rounded = round(value, _DIGITS) if math.isfinite(value) else None
        return 0.0 if rounded == 0 else rounded
    return value
