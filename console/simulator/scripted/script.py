"""A script of many customers: how many go on to cancel, what a screen changes, and what happens to them afterwards.

All shares are percentages of customers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# What `when` of a reaction can ask for: members of the decision's log line, and the name of the answer's message set.
ASKED: Final = ("experiment", "arm", "rule", "kind", "message", "holdout")


@dataclass(frozen=True, slots=True)
class SeenAnswer:
    """What the decision of a page view was, by the names in ASKED; what a decision does not have is absent."""

    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reaction:
    """What customers do who went on to cancel, and are shown an answer that `when` fits.

    `keep`, `switch` and `redeem` are shares of them; all others cancel. An empty `when` fits every answer.
    """

    when: Mapping[str, str]
    keep: float = 0.0
    switch: float = 0.0
    redeem: float = 0.0

    def fits(self, seen: SeenAnswer) -> bool:
        """Return whether every name that is asked for has the value that is asked for."""
        return all(seen.names.get(name) == value for name, value in self.when.items())


@dataclass(frozen=True, slots=True)
class LaterEvents:
    """What happens after the first page view, within the horizon.

    `cancel`: customers who cancel at a later page view, on any screen. `turn_on`: of those who cancelled, customers who
    turn auto-renew on again before the period ends. `refund`: customers who get one. `billing_failure`: of the
    renewals, those that are billed three days late.
    """

    cancel: float = 0.0
    turn_on: float = 0.0
    refund: float = 0.0
    billing_failure: float = 0.0


@dataclass(frozen=True, slots=True)
class CustomerScript:
    """How customers behave. They open the page for the first time evenly over `days` days.

    Each is followed for `horizon_days` from then on. `confirm` of them go on to cancel. They bought from `bought_from`
    to `bought_to` days before. `products` has weights by product id; empty: all products of the app alike.
    """

    name: str
    days: int
    horizon_days: int
    confirm: float
    reactions: tuple[Reaction, ...]
    afterwards: LaterEvents
    bought_from: int
    bought_to: int
    products: Mapping[str, float]

    def reaction_to(self, seen: SeenAnswer) -> Reaction:
        """Return the first reaction that fits; the last one fits every answer."""
        return next(reaction for reaction in self.reactions if reaction.fits(seen))
