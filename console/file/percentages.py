"""Percentages in the file → slots of 10 000, without the errors of binary floating point."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from retention.catalog import SLOTS

from console.file.mistakes import Notes
from console.file.tree import Node

_FULL: Final = Decimal(100)


def read_slots(node: Node, notes: Notes, what: str, most: int = 100) -> int | None:
    """Return the slots of a percentage from 0 to `most`; None where it is none, which is noted.

    `what` names it in the sentence, with its article.
    """
    try:
        # A weight such as 33.33 is not what binary floating point makes of it.
        percent = Decimal(str(node.value)) if isinstance(node.value, int | float) else Decimal("NaN")
    except InvalidOperation:
        percent = Decimal("NaN")
    if isinstance(node.value, bool) or percent.is_nan() or not 0 <= percent <= _FULL:
        notes.add(node.at, f"{what} is a percentage, not {node.kind}.", f"Write a number from 0 to {most}.")
        return None
    if percent > most:
        notes.add(node.at, f"{what} is at most {most} percent, not {percent}.", f"Write a number from 0 to {most}.")
        return None
    slots = percent * SLOTS / _FULL
    if slots != int(slots):
        notes.add(node.at, f"{percent} has more than two decimals.", f"Write `{round(percent, 2)}`.")
        return None
    return int(slots)
