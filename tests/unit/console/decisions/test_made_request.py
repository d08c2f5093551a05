"""A customer's facts as they are typed on the command line."""

from __future__ import annotations

import pytest
from retention.rules import UNREADABLE

from console.decisions.made_request import read_facts
from console.terminal.failure import Failure


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
