"""Apple's address, or the simulator's in its place."""

from __future__ import annotations

from retention.request import PRODUCTION, SANDBOX

from console.deployment.session import base_url
from console.terminal.words import plural


def test_the_simulators_address_stands_for_both_environments() -> None:
    """The simulator's root URL gets the environment's path; any other URL is used as it is."""
    assert base_url("http://127.0.0.1:8700/", SANDBOX) == "http://127.0.0.1:8700/sandbox"
    assert base_url("http://127.0.0.1:8700/production", PRODUCTION) == "http://127.0.0.1:8700/production"
    assert base_url("https://proxy.example.com/apple/", PRODUCTION) == "https://proxy.example.com/apple"
    assert base_url(None, SANDBOX) is None
    assert (plural(1, "message"), plural(2, "message")) == ("1 message", "2 messages")
