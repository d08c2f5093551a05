"""A subscription as JSON, and back."""

from __future__ import annotations

import json

import pytest

from console.simulator.subscriptions.endings import expired, refunded
from console.simulator.subscriptions.purchases import redeemed, upgraded
from console.simulator.subscriptions.renewals import billing_failed, renewed
from console.simulator.subscriptions.subscription_document import from_document, to_document
from tests.support.simulated_lives import COMMITTED, FAMILY, FIRST, HALF, TRIAL, Life


def eventful() -> Life:
    life = Life.begun(offer=TRIAL, customer=FAMILY)
    life.then(redeemed, HALF)
    life.then(renewed)
    life.then(upgraded, COMMITTED)
    life.then(refunded, FIRST)
    life.then(billing_failed)
    life.then(expired, win_back_offers=["back"])
    return life


@pytest.mark.parametrize("life", [Life.begun(), Life.begun(accelerated=True), eventful()], ids=["new", "fast", "old"])
def test_a_subscription_is_read_as_it_was_written(life: Life) -> None:
    """JSON keeps every field of a subscription."""
    assert from_document(json.loads(json.dumps(to_document(life.subscription)))) == life.subscription
