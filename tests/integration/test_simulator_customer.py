"""What a customer sees who cancels: Apple's order of preference, as a table."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

import pytest
from retention.catalog import APPROVED, PENDING, REJECTED
from retention.request import PRODUCTION, SANDBOX

from console.simulator.api import Request, Response
from console.simulator.app_data import AppData
from console.simulator.customer import APP_STORE_CONNECT, DEFAULT, NOTHING, REAL_TIME, CustomerScreen, cancel
from console.simulator.customer_report import lines_of
from console.simulator.server import Server
from console.simulator.simulator import Simulator
from tests.support.simulated_app import ANNUAL, APP, MONTHLY, PATIENT_MS, answer_of, make_simulator, new_id, shelve

ASC = {"header": "From App Store Connect", "body": "Half price.", "offer": "half"}

Endpoint = Callable[[AppData], Response]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = make_simulator()
    yield simulator
    simulator.close()


def message(app_data: AppData) -> Response:
    return Response(200, {}, answer_of("message", messageIdentifier=shelve(app_data, header="Real time")))


def unapproved(app_data: AppData) -> Response:
    return Response(200, {}, answer_of("message", messageIdentifier=shelve(app_data, state=REJECTED)))


def unknown(_: AppData) -> Response:
    return Response(200, {}, answer_of("message", messageIdentifier=new_id()))


def two_at_once(_: AppData) -> Response:
    return Response(200, {}, b'{"message":{},"promotionalOffer":{}}')


def unanswered(_: AppData) -> Response:
    return Response(204)


def broken(_: AppData) -> Response:
    return Response(500)


# endpoint, App Store Connect message, state of the default (None: none) → source, why not real time
CASES: list[tuple[Endpoint | None, bool, str | None, str, str]] = [
    (message, True, APPROVED, REAL_TIME, ""),
    (message, False, None, REAL_TIME, ""),
    (unanswered, True, APPROVED, APP_STORE_CONNECT, "HTTP 204"),
    (broken, True, None, APP_STORE_CONNECT, "HTTP 500"),
    (unapproved, True, APPROVED, APP_STORE_CONNECT, "REJECTED"),
    (None, True, APPROVED, APP_STORE_CONNECT, "No real-time URL"),
    (unanswered, False, APPROVED, DEFAULT, "HTTP 204"),
    (unknown, False, APPROVED, DEFAULT, "There is no message"),
    (unapproved, False, APPROVED, DEFAULT, "REJECTED"),
    (two_at_once, False, APPROVED, DEFAULT, "exactly one"),
    (None, False, APPROVED, DEFAULT, "No real-time URL"),
    (broken, False, None, NOTHING, "HTTP 500"),
    (broken, False, PENDING, NOTHING, "HTTP 500"),
    (None, False, None, NOTHING, "No real-time URL"),
]


def rehearse(simulator: Simulator, endpoint: Endpoint | None, *, asc: bool, default: str | None) -> CustomerScreen:
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    if asc:
        app_data.set_asc_message(MONTHLY, ASC)
    if default is not None:
        app_data.configure_default(MONTHLY, "en-US", shelve(app_data, state=default, header="Default"))
    if endpoint is None:
        return cancelled(simulator)
    response = endpoint(app_data)
    with Server(lambda _: response) as server:
        app_data.set_realtime_url(server.url)
        return cancelled(simulator)


def cancelled(simulator: Simulator, locale: str = "en-US") -> CustomerScreen:
    return cancel(simulator, APP, environment=SANDBOX, product_id=MONTHLY, locale=locale, limit_ms=PATIENT_MS)


@pytest.mark.parametrize(("endpoint", "asc", "default", "source", "why"), CASES)
def test_apples_order_of_preference(
    simulator: Simulator,
    endpoint: Endpoint | None,
    asc: bool,  # noqa: FBT001  # a column of the table
    default: str | None,
    source: str,
    why: str,
) -> None:
    """The customer sees real time, else App Store Connect, else the default, else nothing, with the reason for it."""
    seen = rehearse(simulator, endpoint, asc=asc, default=default)
    assert seen.source == source
    assert why in seen.steps[0].reason
    headers = {REAL_TIME: "Real time", APP_STORE_CONNECT: ASC["header"], DEFAULT: "Default"}
    assert seen.content.get("header") == headers.get(source)
    assert all(step.reason for step in seen.steps[:-1])
    assert bool(seen.steps[-1].reason) == (source == NOTHING)


def test_a_realtime_answer_without_a_default_is_noted(simulator: Simulator) -> None:
    """Apple requires a default in every locale with real-time answers; `cancel` notes that one is missing."""
    assert "No default message" in rehearse(simulator, message, asc=False, default=None).notes[0]
    assert rehearse(simulator, message, asc=False, default=APPROVED).notes == ()


def test_the_customers_request(simulator: Simulator) -> None:
    """The endpoint gets one request, with the customer's transaction, product and locale."""
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    with Server(answer) as server:
        simulator.app_data(APP.app_apple_id, SANDBOX).set_realtime_url(server.url)
        cancel(simulator, APP, environment=SANDBOX, product_id=ANNUAL, locale="fr-CA", transaction_id="12")
    (claims,) = [claims_of(request) for request in seen]
    wanted = ("12", ANNUAL, "fr-CA", "Sandbox", APP.app_apple_id)
    names = ("originalTransactionId", "productId", "userLocale", "environment", "appAppleId")
    assert tuple(claims[name] for name in names) == wanted


def claims_of(request: Request) -> dict[str, object]:
    payload = json.loads(request.body)["signedPayload"].split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def test_an_endpoint_too_late(simulator: Simulator) -> None:
    """An answer after the App Store's limit counts as none."""
    with Server(lambda _: Response(204)) as server:
        simulator.app_data(APP.app_apple_id, SANDBOX).set_realtime_url(server.url)
        seen = cancel(simulator, APP, environment=SANDBOX, product_id=MONTHLY, locale="en-US", limit_ms=0)
    assert (seen.source, seen.result) == (NOTHING, "TIMED_OUT")


def test_environments_have_their_own_urls(simulator: Simulator) -> None:
    """A customer of production is not answered by the sandbox's endpoint."""
    with Server(lambda _: Response(204)) as server:
        simulator.app_data(APP.app_apple_id, SANDBOX).set_realtime_url(server.url)
        seen = cancel(simulator, APP, environment=PRODUCTION, product_id=MONTHLY, locale="en-US")
    assert "in Production" in seen.steps[0].reason


def test_what_is_printed(simulator: Simulator) -> None:
    """`cancel` prints the endpoint's answer, each source with its reason, and the text that the customer reads."""
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    body = answer_of(
        "alternateProduct", messageIdentifier=shelve(app_data), productId=ANNUAL, billingPlanType="MONTHLY"
    )
    with Server(lambda _: Response(200, {}, body)) as server:
        app_data.set_realtime_url(server.url)
        lines = list(lines_of(cancelled(simulator)))
    assert lines[0].startswith("Endpoint: HTTP 200 in ")
    assert lines[1:5] == [
        "Shown by real time: alternateProduct",
        "  Stay",
        "  Keep your maps.",
        f"  Switch to {ANNUAL}, MONTHLY",
    ]
    app_data.set_realtime_url(None)
    app_data.set_asc_message(MONTHLY, ASC)
    assert list(lines_of(cancelled(simulator)))[-3:] == ["  From App Store Connect", "  Half price.", "  Offer: half"]
