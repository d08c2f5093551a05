"""The coverage of the sample file."""

from __future__ import annotations

from console.decisions.coverage import Cell, Coverage

PRO, BASIC, STUDENT = "trailhead.pro.monthly", "trailhead.basic.monthly", "trailhead.student.annual"


def cell(found: Coverage, product: str, locale: str) -> Cell:
    [one] = [cell for cell in found.cells if (cell.product, cell.locale) == (product, locale)]
    return one
