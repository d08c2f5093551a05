"""The simulator against the real endpoint: the simulator accepts every kind of answer that the function gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from retention.catalog import APPROVED
from retention.probe import probe
from retention.request import SANDBOX
from retention.signing.signer import Signer

from console.local.http_server import listen
from console.local.sample_events import PATH
from console.simulator import staff_actions
from console.simulator.accounts import Subscription
from console.simulator.app_data import UploadedImage, UploadedMessage
from console.simulator.authority import Authority
from console.simulator.customer import DEFAULT, REAL_TIME, CustomerScreen, cancel
from console.simulator.database import Database
from console.simulator.performance import PerformanceTests
from console.simulator.simulator import Simulator
from tests.support.endpoint_on_fakes import (
    AUTHORITY,
    MESSAGE,
    NOW,
    OFFER,
    OTHER,
    PLAIN,
    SWITCH,
    TEXT,
    catalog,
    make_endpoint,
    rule,
)
from tests.support.simulated_app import APP, KEY, MONTHLY, PEM, QUICK, text

ENDPOINTS_KEY = "ABC123DEFG"
ITEM = {
    "currentSKU": "a",
    "SKU": "b",
    "displayName": "B",
    "description": "A course",
    "effective": "IMMEDIATELY",
    "reason": "UPGRADE",
    "price": 4990,
}
COMMERCE = {
    "kind": "advancedCommerce",
    "set": "text",
    "request": {"retainBillingCycle": True, "changeItems": [ITEM]},
}
PICTURE = "0c1f6f0e-3c0b-5d1e-9a53-6b8f2c1d0a03"


@contextmanager
def simulator_with_messages(authority: Authority = AUTHORITY, *, strict: bool = False) -> Iterator[Simulator]:
    """Make a simulator with the endpoint's clock and the two messages that the endpoint may answer with."""
    simulator = Simulator(Database(":memory:"), authority, QUICK, NOW.timestamp, NOW.timestamp, strict)
    staff_actions.grant(
        simulator,
        APP,
        ENDPOINTS_KEY,
        PEM,
        [Subscription(MONTHLY, "pro", advanced_commerce=True), Subscription("pro.annual", "pro")],
    )
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    app_data.add_image(UploadedImage(PICTURE, "FULL_SIZE", APPROVED), 0)
    picture: dict[str, Any] = {"image": {"imageIdentifier": PICTURE, "altText": "A ridge"}}
    app_data.add_message(UploadedMessage(PLAIN, text(**picture), APPROVED, (PICTURE,)), 0)
    app_data.add_message(UploadedMessage(TEXT, text(header="Text"), APPROVED), 0)
    app_data.configure_default(MONTHLY, "en-US", PLAIN)
    try:
        yield simulator
    finally:
        simulator.close()


@contextmanager
def served(respond: Callable[[object], dict[str, Any]]) -> Iterator[str]:
    """Serve an endpoint as `make serve` does; yields its URL."""
    server = listen(lambda event, _: respond(event), "127.0.0.1", 0)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{PATH}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def cancelled(simulator: Simulator, *rules: dict[str, Any], signer: Signer | None = None) -> CustomerScreen:
    with served(make_endpoint(catalog(*rules), signer=signer).endpoint.respond) as url:
        simulator.app_data(APP.app_apple_id, SANDBOX).set_realtime_url(url)
        return cancel(simulator, APP, environment=SANDBOX, product_id=MONTHLY, locale="en-US", limit_ms=5000)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (MESSAGE, "message"),
        (SWITCH, "alternateProduct"),
        ({**SWITCH, "billingPlanType": "MONTHLY"}, "alternateProduct"),
        ({**OFFER, "signature": "v2"}, "promotionalOffer"),
        ({**OFFER, "signature": "v1"}, "promotionalOffer"),
        (COMMERCE, "advancedCommerceInfo"),
    ],
)
def test_every_kind_of_answer_is_shown(answer: dict[str, Any], kind: str) -> None:
    """The simulator shows each kind of answer, and notes an offer signed with a throwaway key."""
    with simulator_with_messages() as simulator:
        seen = cancelled(simulator, rule(answer))
    assert (seen.source, seen.kind, seen.result) == (REAL_TIME, kind, "SUCCESS")
    signs = kind in {"promotionalOffer", "advancedCommerceInfo"}
    assert ["throwaway" in note for note in seen.notes] == [True] * signs


def test_a_strict_simulator_takes_no_throwaway_key() -> None:
    """A strict simulator refuses a signature of a throwaway key, as Apple would, and shows the default message."""
    with simulator_with_messages(strict=True) as simulator:
        seen = cancelled(simulator, rule({**OFFER, "signature": "v2"}), signer=Signer(ENDPOINTS_KEY, KEY))
    assert (seen.source, "not signed with the key" in seen.steps[0].reason) == (DEFAULT, True)


def test_no_answer_is_the_default() -> None:
    """If no rule answers, the endpoint's 204 makes the simulator show the default message."""
    with simulator_with_messages() as simulator:
        seen = cancelled(simulator)
    assert (seen.source, seen.status) == (DEFAULT, 204)


def test_an_untrusted_authority_is_answered_401() -> None:
    """The endpoint answers 401 to a simulator whose authority it does not trust."""
    with simulator_with_messages(OTHER) as simulator:
        assert cancelled(simulator, rule(MESSAGE)).status == 401


def test_the_endpoint_passes_a_performance_test() -> None:
    """The endpoint passes a performance test, which asks for the same subscription again and again."""
    with simulator_with_messages() as simulator, served(make_endpoint(catalog(rule(MESSAGE))).endpoint.respond) as url:
        tests = PerformanceTests(simulator)
        request_id, _ = tests.start(APP, simulator.accounts.subscribe(APP.app_apple_id, MONTHLY), url)
        tests.wait()
        assert tests.has_passed(APP), tests.report(APP, request_id)


def test_the_endpoint_answers_the_probe_of_its_url_as_the_sync_expects() -> None:
    """The function answers 400 to a body of `{}`, which is what the sync's probe expects."""
    with served(make_endpoint(catalog()).endpoint.respond) as url:
        assert probe(url, "us-east-1").good
