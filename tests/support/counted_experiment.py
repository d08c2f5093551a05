"""What became of the customers of a simulated experiment, counted from the two logs alone, and how arms compare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Final

from console.decisions.decision_log import REQUESTS, logged_request
from console.decisions.log_export import read_lines
from console.decisions.outcome_log import (
    OUTCOMES as OUTCOME_LINES,
)
from console.decisions.outcome_log import (
    LoggedOutcome,
    is_outcome,
    logged_completeness,
    logged_outcome,
)
from console.decisions.outcomes import Became, Exposure, became
from console.local.simulated_customers import EXPOSURES, OUTCOMES
from console.simulator.scripted.script import CustomerScript, Reaction
from console.simulator.scripted.scripted_customer import CustomerTruth

_DAY: Final = 86_400
# z of an interval of 99 %.
_Z: Final = 2.576


@dataclass(frozen=True)
class CountedCustomer:
    """The arm of a customer's first exposure, and what became of the customer."""

    arm: str
    became: Became


def counted(folder: Path, days: int) -> dict[str, CountedCustomer]:
    """Return every customer of the exposures by hash, with what the outcomes prove `days` days later."""
    first = {}
    for line in read_lines(folder / EXPOSURES, REQUESTS):
        request = logged_request(line)
        assert request.at is not None
        if request.arm is not None and request.customer_hash not in first:
            first[request.customer_hash] = request
    reported: dict[str, list[LoggedOutcome]] = defaultdict(list)
    complete = (0.0, 0.0)
    for line in read_lines(folder / OUTCOMES, OUTCOME_LINES):
        if is_outcome(line):
            outcome = logged_outcome(line)
            assert outcome is not None
            reported[outcome.customer_hash].append(outcome)
        else:
            stated = logged_completeness(line)
            assert stated is not None
            complete = stated.since, stated.until
    return {
        name: CountedCustomer(
            request.arm or "",
            became(Exposure(name, request.at or 0, request.product_id), reported[name], days * _DAY, complete),
        )
        for name, request in first.items()
    }


def misclassified(found: dict[str, CountedCustomer], truths: Sequence[CustomerTruth]) -> list[str]:
    """Return what differs between the logs and the truth, customer by customer."""
    wrong = [] if len(found) == len(truths) else [f"{len(found)} customers in the logs, {len(truths)} in truth"]
    for truth in truths:
        arm, one = found[truth.customer_hash].arm, found[truth.customer_hash].became
        switched = one.switched or one.switch_pending
        in_log = (arm, one.kept, one.turned_off, switched, one.redeemed, one.renewed, one.refunded)
        true = (
            *(truth.decision.names["arm"], truth.kept, truth.turned_off, truth.switched),
            *(truth.redeemed, truth.renewed, truth.refunded),
        )
        if in_log != true:
            wrong.append(f"{truth.customer_hash}: {in_log} in the logs, and {true} in truth")
    return wrong


@dataclass(frozen=True)
class Difference:
    """How many more of the second arm's customers were kept, as a share, and its 99 % interval."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def kept_difference(found: Sequence[CountedCustomer], control: str, arm: str) -> Difference:
    """Compare the shares of kept customers, with the ordinary interval of a look at the end."""
    shares, variance = [], 0.0
    for name in (control, arm):
        kept = [bool(each.became.kept) for each in found if each.arm == name]
        share = sum(kept) / len(kept)
        shares.append(share)
        variance += share * (1 - share) / len(kept)
    estimate, half = shares[1] - shares[0], _Z * sqrt(variance)
    return Difference(estimate, estimate - half, estimate + half)


def built_in_difference(script: CustomerScript, control: Reaction, arm: Reaction) -> float:
    """Return how many more a script keeps with one reaction than with another, as a share of all customers.

    Those who were lost to the screen and did not turn auto-renew on again, less what happens to all alike: a later
    cancellation, from which as many come back, and a refund.
    """
    stays = [(one.keep + one.switch + one.redeem) / 100 for one in (control, arm)]
    after = script.afterwards
    back, cancel, refund = after.turn_on / 100, after.cancel / 100, after.refund / 100
    return script.confirm / 100 * (stays[1] - stays[0]) * (1 - back) * (1 - cancel) * (1 - refund)
