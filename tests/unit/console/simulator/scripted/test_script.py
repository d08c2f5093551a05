"""Scripts of customers: which reaction an answer has."""

from __future__ import annotations

import pytest

from console.simulator.scripted.script import CustomerScript, LaterEvents, Reaction, SeenAnswer

SWITCH = Reaction({"experiment": "a", "arm": "switch"}, keep=5, switch=30)
OFFER = Reaction({"kind": "promotionalOffer"}, redeem=10)
OTHERS = Reaction({}, keep=3)
SCRIPT = CustomerScript("s", 20, 30, 50, (SWITCH, OFFER, OTHERS), LaterEvents(), 3, 25, {})


@pytest.mark.parametrize(
    ("names", "reaction"),
    [
        ({"experiment": "a", "arm": "switch", "kind": "alternateProduct"}, SWITCH),
        ({"experiment": "b", "arm": "switch"}, OTHERS),
        ({"experiment": "a", "arm": "control", "kind": "promotionalOffer"}, OFFER),
        ({}, OTHERS),
    ],
)
def test_the_first_reaction_that_fits(names: dict[str, str], reaction: Reaction) -> None:
    """An answer has the first reaction all of whose names it has; one without `when` fits every answer."""
    assert SCRIPT.reaction_to(SeenAnswer(names)) is reaction
