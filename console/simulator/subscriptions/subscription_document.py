"""A subscription as a JSON document, in which the simulator's data keeps it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from console.simulator.subscriptions.life import (
    RedeemableOffer,
    Seller,
    SimulatedCustomer,
    SimulatedSubscription,
    SimulatedTransaction,
    SoldProduct,
    TakenBack,
    UpcomingRenewal,
)

Document = dict[str, Any]


def to_document(subscription: SimulatedSubscription) -> Document:
    """Return the document, of JSON's types alone: names are those of the fields."""
    return asdict(subscription)


def from_document(document: Mapping[str, Any]) -> SimulatedSubscription:
    """Return the subscription of a document that `to_document` made. Raises KeyError or TypeError for another one."""
    return SimulatedSubscription(
        Seller(**document["seller"]),
        SimulatedCustomer(**document["customer"]),
        tuple(_transaction(one) for one in document["transactions"]),
        _renewal(document["renewal"]),
        document["run_started"],
        document["signed"],
        document["accelerated"],
        tuple(document["win_back_offers"]),
    )


def _transaction(document: Mapping[str, Any]) -> SimulatedTransaction:
    taken = document["taken_back"]
    read = {
        "product": SoldProduct(**document["product"]),
        "offer": _offer(document["offer"]),
        "taken_back": None if taken is None else TakenBack(**taken),
    }
    return SimulatedTransaction(**{**document, **read})


def _renewal(document: Mapping[str, Any]) -> UpcomingRenewal:
    read = {"product": SoldProduct(**document["product"]), "offer": _offer(document["offer"])}
    return UpcomingRenewal(**{**document, **read})


def _offer(document: Mapping[str, Any] | None) -> RedeemableOffer | None:
    return None if document is None else RedeemableOffer(**document)
