"""Which URL Apple shall call: a named one, or the stack's, and never one that Apple cannot reach."""

from __future__ import annotations

import pytest

from console.deployment.stack import Stack
from console.deployment.target import Target
from console.rollout.endpoint_url import choose
from console.terminal.failure import Misuse

PUBLIC = "https://api.example.com/v1/retention-message"
HERE = "http://127.0.0.1:8080/v1/retention-message"


def target(url: str = "") -> Target:
    return Target(None, Stack("", "t", url, ""), 1, "com.example", production=False)


@pytest.mark.parametrize(
    ("named", "stack", "local", "chosen"),
    [
        (PUBLIC, "", False, PUBLIC),
        (None, PUBLIC, False, PUBLIC),
        (PUBLIC, "https://other.example.com", False, PUBLIC),
        (HERE, "", True, HERE),
    ],
)
def test_a_named_url_goes_before_the_stack_s(named: str | None, stack: str, local: bool, chosen: str) -> None:  # noqa: FBT001  # a parameter
    """A URL of this machine is accepted for a simulator only."""
    assert choose(named, target(stack), local=local) == chosen


@pytest.mark.parametrize(
    ("named", "stack", "message"),
    [
        (None, "", "Name the URL"),
        (None, f"{PUBLIC}/<PathSecret>", "name the complete URL"),
        ("https://", "", "Apple would not accept"),
        (HERE, "", "which is this machine"),
        ("http://example.com", "", "Apple would not accept"),
    ],
)
def test_a_url_that_apple_cannot_call_is_refused(named: str | None, stack: str, message: str) -> None:
    """The error is a sentence that states what to write."""
    with pytest.raises(Misuse, match=message):
        choose(named, target(stack), local=False)


@pytest.mark.parametrize("after", ["\u2028", "é", " x"])
def test_a_refusal_shows_no_secret(after: str) -> None:
    """Text after a character that does not belong in a URL may be the path secret, so it is not shown."""
    with pytest.raises(Misuse) as refused:
        choose(f"{PUBLIC}/{after}hush-hush", target(), local=False)
    assert "hush" not in str(refused.value)
