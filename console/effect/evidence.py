"""What a report needs to know of the log next to its rows, so that it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrustEvidence:
    """`has_watermark`: a line states until when outcomes are complete; else seven days are taken off.

    `notified` has the notifications of each day in UTC, of all customers of the app. `rehearsals` are requests of the
    experiment that Apple did not sign. `offers` has, by arm and period of the offer (ISO 8601, `P3M`), customers who
    redeemed one.
    """

    has_watermark: bool
    notified: tuple[tuple[str, int], ...]
    rehearsals: int
    offers: tuple[tuple[str, str, int], ...] = ()
