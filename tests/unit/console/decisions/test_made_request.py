"""A customer's facts as they are typed on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from retention.rules import UNREADABLE, Reported

from console.decisions.made_request import read_facts, read_subscription, unknown_redemptions
from console.file.document import read_document
from console.terminal.failure import Failure
from tests.support.simulator_operator import SAMPLE


def test_facts_are_read_by_their_form() -> None:
    """Numbers, booleans and lists of texts are read as such; every other value is a text."""
    given = ["a=1", "b=1.5", "c=true", "d=gold", 'e=["x", "y"]', 'f="1"', "customer.g=", "h=null", "i=a=b"]
    facts = read_facts(given, unreadable=False)
    assert facts == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": "gold",
        "e": ("x", "y"),
        "f": "1",
        "g": "",
        "h": "null",
        "i": "a=b",
    }
    assert read_facts([], unreadable=False) is None
    assert read_facts([], unreadable=True) is UNREADABLE
    with pytest.raises(Failure):
        read_facts(["tenureDays"], unreadable=False)
    with pytest.raises(Failure, match="give it with --subscription"):
        read_facts(["subscription.renewals=3"], unreadable=False)


NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = 86_400_000


def test_facts_from_apple_are_read_by_their_type() -> None:
    """A fact is of the type that rules know it by, so digits can be a text; offers are redeemed some days ago."""
    given = [
        "renewals=3",
        "price=1.5",
        "subscription.autoRenew=false",
        "group=21345678",
        "plansHeld=a",
        'winBackOffers=["b"]',
    ]
    found = read_subscription(given, ["half=30", "a=b=0.5"], NOW, unreadable=False)
    assert isinstance(found, Reported)
    assert found.facts == {
        "renewals": 3,
        "price": 1.5,
        "autoRenew": False,
        "group": "21345678",
        "plansHeld": ("a",),
        "winBackOffers": ("b",),
    }
    now = int(NOW.timestamp() * 1000)
    assert found.redemptions == (("half", now - 30 * DAY), ("a=b", now - DAY // 2))
    assert read_subscription(["renewals=0"], [], NOW, unreadable=False) == Reported({"renewals": 0}, ())
    assert read_subscription([], [], NOW, unreadable=False) is None
    assert read_subscription([], [], NOW, unreadable=True) is UNREADABLE


@pytest.mark.parametrize(
    ("given", "redeemed", "sentence"),
    [
        ("renewals", None, "write KEY=VALUE"),
        ("renewal=3", None, "Apple reports no fact `renewal`. Did you mean `renewals`?"),
        ("renewals=many", None, "`renewals` is a number, not `many`."),
        ("renewals=true", None, "`renewals` is a number, not `true`."),
        ("autoRenew=yes", None, "`autoRenew` is a truth value, not `yes`."),
        (None, "half", "write OFFER=DAYS"),
        (None, "=3", "write OFFER=DAYS"),
        (None, "half=soon", "write OFFER=DAYS"),
        (None, "half=-1", "write OFFER=DAYS"),
        (None, "half=nan", "write OFFER=DAYS"),
    ],
)
def test_what_apple_cannot_have_reported_is_refused(given: str | None, redeemed: str | None, sentence: str) -> None:
    """The failure states what to write instead."""
    with pytest.raises(Failure) as caught:
        read_subscription([given] if given else [], [redeemed] if redeemed else [], NOW, unreadable=False)
    assert sentence in str(caught.value)


def test_a_redeemed_offer_that_the_file_does_not_name_is_noted() -> None:
    """An offer is redeemed by its identifier: one that no offer has is noted, and an offer's name with what it has."""
    document = read_document(SAMPLE)
    name, offer = next((name, offer) for name, offer in document.offers.items() if name != offer.offer_identifier)
    known = read_subscription([], [f"{offer.offer_identifier}=3"], NOW, unreadable=False)
    assert isinstance(known, Reported)
    assert unknown_redemptions(known, document) == ()
    other = read_subscription([], [f"{name}=3", "another=4"], NOW, unreadable=False)
    assert isinstance(other, Reported)
    first, second = sorted(unknown_redemptions(other, document), key=lambda note: name in note)
    assert "`another`" in first
    assert f"has the identifier `{offer.offer_identifier}`" in second
    assert unknown_redemptions(Reported({}, None), document) == ()
