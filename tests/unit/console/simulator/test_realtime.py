"""The App Store's call of an endpoint: what is signed, and what the customer sees of the answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from retention.request import SANDBOX

from console.simulator import realtime
from console.simulator.accounts import Purchase
from console.simulator.endpoint_call import Attempt
from console.simulator.realtime import RealtimeCaller
from console.simulator.simulator import Simulator
from tests.support.simulated_app import APP, MONTHLY, NOW, answer_of, make_simulator, new_id, shelve

PURCHASE = Purchase("2000000000000007", APP.app_apple_id, MONTHLY)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        simulator.wall = simulator.clock
        yield simulator


@pytest.fixture
def caller(simulator: Simulator) -> RealtimeCaller:
    return RealtimeCaller(simulator, APP, SANDBOX)


def answering(monkeypatch: pytest.MonkeyPatch, attempt: Attempt) -> list[tuple[str, Any, int]]:
    """Let every call end with `attempt`; return the list of calls: URL, claims, limit."""
    calls: list[tuple[str, Any, int]] = []

    def call(url: str, signed: str, limit_ms: int) -> Attempt:
        calls.append((url, json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "==")), limit_ms))
        return attempt

    monkeypatch.setattr(realtime, "call", call)
    return calls


def test_a_call_is_signed_for_the_customer(monkeypatch: pytest.MonkeyPatch, caller: RealtimeCaller) -> None:
    """The claims name customer, app, product, locale and environment, dated by the wall clock in ms."""
    calls = answering(monkeypatch, Attempt("NO_RESPONSE", "closed", 3))
    caller.ask("https://a.example/", PURCHASE, "fr-CA", 250)
    ((url, claims, limit_ms),) = calls
    assert (url, limit_ms) == ("https://a.example/", 250)
    assert {name: claims[name] for name in claims if name != "requestIdentifier"} == {
        "originalTransactionId": PURCHASE.transaction_id,
        "appAppleId": APP.app_apple_id,
        "productId": MONTHLY,
        "userLocale": "fr-CA",
        "environment": SANDBOX,
        "signedDate": int(NOW * 1000),
    }


def test_an_approved_message_is_shown(
    monkeypatch: pytest.MonkeyPatch, simulator: Simulator, caller: RealtimeCaller
) -> None:
    """A successful call whose answer Apple accepts has the screen that the customer sees, and no reason."""
    identifier = shelve(simulator.app_data(APP.app_apple_id, SANDBOX))
    answering(monkeypatch, Attempt("SUCCESS", "", 3, 200, answer_of("message", messageIdentifier=identifier)))
    asked = caller.ask("https://a.example/", PURCHASE, "en-US", 700)
    assert (asked.result, asked.reason) == ("SUCCESS", "")
    assert asked.shown is not None
    assert asked.shown.message.identifier == identifier


@pytest.mark.parametrize(
    ("attempt", "result", "reason"),
    [
        (Attempt("TIMED_OUT", "too late", 700), "TIMED_OUT", "too late"),
        (Attempt("SUCCESS", "", 3, 200, b"hello"), "INVALID_RESPONSE", "not JSON"),
        (
            Attempt("SUCCESS", "", 3, 200, answer_of("message", messageIdentifier=new_id())),
            "INVALID_RESPONSE",
            "no message",
        ),
    ],
    ids=["a failed call", "not JSON", "an unknown message"],
)
def test_what_apple_refuses_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, caller: RealtimeCaller, attempt: Attempt, result: str, reason: str
) -> None:
    """A failed call keeps its own result; an answer that Apple refuses is INVALID_RESPONSE, with the reason."""
    answering(monkeypatch, attempt)
    asked = caller.ask("https://a.example/", PURCHASE, "en-US", 700)
    assert (asked.attempt, asked.result, asked.shown) == (attempt, result, None)
    assert reason in asked.reason


def test_a_strict_simulator_judges_strictly(simulator: Simulator, caller: RealtimeCaller) -> None:
    """The judge knows the app's products, the customer, the time, and whether the simulator is strict."""
    simulator.strict = True
    judge = caller.judge(MONTHLY, PURCHASE.transaction_id)
    assert (judge.product_id, judge.products) == (MONTHLY, simulator.accounts.products(APP.app_apple_id))
    inspector = judge.inspector
    assert (inspector.transaction_id, inspector.now, inspector.strict) == (PURCHASE.transaction_id, NOW, True)
