"""What of a file needs facts from Apple is known before it is deployed."""

from __future__ import annotations

import pytest

from console.file.asked_of_apple import AskedOfApple, asked_of_apple
from tests.support.owner_file import FULL, GOOD, document_of

LIMITED = FULL.replace("offerIdentifier: half-off", "offerIdentifier: half-off, limit: {times: 1, days: 365}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, AskedOfApple((), ())),
        (GOOD.replace("productId: pro.monthly}", "subscription.renewals: 3}"), AskedOfApple(("one",), ())),
        (GOOD.replace("productId: pro.monthly}", "not: {subscription.inTrial: true}}"), AskedOfApple(("one",), ())),
        (GOOD.replace("productId: pro.monthly}", "customer.inTrial: true}"), AskedOfApple((), ())),
        (LIMITED, AskedOfApple((), ("half",))),
        (LIMITED.replace("promotionalOffer: half, ", ""), AskedOfApple((), ())),
    ],
)
def test_conditions_and_limits_need_facts_from_apple(text: str, expected: AskedOfApple) -> None:
    """A rule asks anywhere in its condition; the limit of an offer counts where a rule or an arm makes the offer."""
    assert (asked_of_apple(document_of(text)), bool(expected)) == (expected, expected != AskedOfApple((), ()))
