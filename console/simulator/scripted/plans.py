"""What one customer of a script will do, drawn before anything happens: the same for the same seed and number.

Times are UNIX milliseconds. A share is drawn as a number from 0 to 100: it has come up if it is below the script's.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, Final

from console.simulator.scripted.script import CustomerScript, LaterEvents, Reaction
from console.simulator.subscriptions.billing_periods import DAY

CANCEL: Final = "cancel"
KEEP: Final = "keep"
SWITCH: Final = "switch"
REDEEM: Final = "redeem"

# Original transaction ids have sixteen digits; those of one seed are consecutive, and other seeds have others.
_FIRST_TRANSACTION: Final = 2_001_000_000_000_000
_SEEDS: Final = 900
_PER_SEED: Final = 1_000_000_000_000
MOST_CUSTOMERS: Final = 200_000
_RENEWALS: Final = 16
_ALL: Final = 100.0


@dataclass(frozen=True, slots=True)
class CustomerPlan:
    """One customer. `choice` decides between the shares of a reaction, `confirms` whether there is one.

    `turns_on` is None, or how much of the time that is left of the period passes before, from 0 to 1. `failing` has
    for each renewal whether it cannot be billed at first.
    """

    number: int
    transaction_id: str = field(repr=False)
    product_id: str
    bought_at: int
    looks_at: int
    confirms: bool
    choice: float
    turns_on: float | None
    cancels_at: int | None
    refunded_at: int | None
    failing: tuple[bool, ...]
    ids: Iterator[int] = field(repr=False, compare=False)

    def chosen(self, reaction: Reaction) -> str:
        """Return what the customer does on a screen with this reaction."""
        if self.choice < reaction.keep:
            return KEEP
        if self.choice < reaction.keep + reaction.switch:
            return SWITCH
        if self.choice < reaction.keep + reaction.switch + reaction.redeem:
            return REDEEM
        return CANCEL

    def new_id(self) -> str:
        """Return the customer's next UUID, of a request or a notification."""
        text = f"{self.transaction_id} {next(self.ids)}"
        return str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4))


def draw_plan(
    script: CustomerScript, products: Mapping[str, float], *, seed: int, number: int, starts: int
) -> CustomerPlan:
    """Draw the plan of the customer `number`, counted from 0. `products` has weights by product id.

    The first page view is within `script.days` days after `starts`.
    """
    random = Random(f"{seed} {number}")  # noqa: S311  # repeatable, not secret
    looks_at = starts + int(random.random() * script.days * DAY)
    bought_at = looks_at - int(random.uniform(script.bought_from, script.bought_to) * DAY)
    horizon = script.horizon_days * DAY
    return CustomerPlan(
        number=number,
        transaction_id=str(_FIRST_TRANSACTION + seed % _SEEDS * _PER_SEED + number),
        product_id=random.choices(list(products), list(products.values()))[0],
        bought_at=bought_at,
        looks_at=looks_at,
        confirms=random.random() * _ALL < script.confirm,
        choice=random.random() * _ALL,
        **_afterwards(script.afterwards, random, looks_at, horizon),
        ids=count(),
    )


def _afterwards(shares: LaterEvents, random: Random, looks_at: int, horizon: int) -> dict[str, Any]:
    """Return the fields of a plan about what follows. Every number is drawn, whether or not its share comes up."""
    turns_on, turned = random.random(), random.random() * _ALL < shares.turn_on
    cancels_at, cancels = looks_at + int(random.random() * horizon), random.random() * _ALL < shares.cancel
    refunded_at, refunded = looks_at + int(random.random() * horizon), random.random() * _ALL < shares.refund
    return {
        "turns_on": turns_on if turned else None,
        "cancels_at": cancels_at if cancels else None,
        "refunded_at": refunded_at if refunded else None,
        "failing": tuple(random.random() * _ALL < shares.billing_failure for _ in range(_RENEWALS)),
    }
