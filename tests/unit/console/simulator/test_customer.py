"""What a customer who cancels sees if no endpoint is called, and which customer it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from retention.catalog import APPROVED, PENDING
from retention.request import PRODUCTION, SANDBOX

from console.simulator import realtime, staff_actions
from console.simulator.accounts import Purchase
from console.simulator.customer import (
    APP_STORE_CONNECT,
    DEFAULT,
    NOTHING,
    REAL_TIME,
    CustomerScreen,
    Step,
    cancel,
    subscriber,
)
from console.simulator.endpoint_call import Attempt
from console.simulator.simulator import Simulator
from console.simulator.subscriptions.customers import Customers, NamedCustomer
from console.simulator.subscriptions.endings import expired
from console.simulator.subscriptions.renewals import renewed, turned_off
from console.terminal.failure import Failure
from tests.support.simulated_app import ANNUAL, APP, MONTHLY, answer_of, make_simulator, shelve


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        yield simulator


def cancelled(simulator: Simulator, locale: str = "en-US", environment: str = SANDBOX) -> CustomerScreen:
    return cancel(simulator, APP, environment=environment, product_id=MONTHLY, locale=locale)


def test_a_default_is_for_one_locale(simulator: Simulator) -> None:
    """Apple documents no fallback between locales: a default for en-US shows nothing in en-GB."""
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    app_data.configure_default(MONTHLY, "en-US", shelve(app_data))
    assert cancelled(simulator).source == DEFAULT
    seen = cancelled(simulator, "en-GB")
    assert (seen.source, "exactly en-GB" in seen.steps[-1].reason) == (NOTHING, True)


def test_a_default_with_a_deleted_message_shows_nothing(simulator: Simulator) -> None:
    """If the message of a default was deleted, the customer sees no message."""
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    identifier = shelve(app_data)
    app_data.configure_default(MONTHLY, "en-US", identifier)
    app_data.delete_message(identifier)
    assert cancelled(simulator).source == NOTHING


def test_the_same_customer_comes_back(simulator: Simulator) -> None:
    """Without a transaction, the customer is a subscriber to the product, and the same one each time."""
    cancelled(simulator)
    purchase = simulator.accounts.subscription(APP.app_apple_id, MONTHLY)
    cancelled(simulator)
    assert purchase is not None
    assert simulator.accounts.subscription(APP.app_apple_id, MONTHLY) == purchase


def test_an_unknown_product_is_refused(simulator: Simulator) -> None:
    """A product that the app does not have is refused, and the error names the nearest one that it has."""
    with pytest.raises(Failure, match=r"pro\.monthly"):
        cancel(simulator, APP, environment=SANDBOX, product_id="pro.montly", locale="en-US")
    assert staff_actions.find_app(simulator) == APP


@pytest.mark.parametrize(
    ("asc", "default", "source", "sources"),
    [
        (True, APPROVED, APP_STORE_CONNECT, ["real time", "App Store Connect"]),
        (False, APPROVED, DEFAULT, ["real time", "App Store Connect", "default"]),
        (False, PENDING, NOTHING, ["real time", "App Store Connect", "default"]),
        (False, None, NOTHING, ["real time", "App Store Connect", "default"]),
    ],
)
def test_without_a_url_the_other_sources_are_tried_in_turn(
    simulator: Simulator,
    asc: bool,  # noqa: FBT001  # a column of the table
    default: str | None,
    source: str,
    sources: list[str],
) -> None:
    """Without a real-time URL, Apple shows the App Store Connect message, else the approved default, else nothing."""
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    if asc:
        app_data.set_asc_message(MONTHLY, {"header": "Half price", "body": "For a year."})
    if default is not None:
        app_data.configure_default(MONTHLY, "en-US", shelve(app_data, state=default))
    seen = cancelled(simulator)
    assert (seen.source, [step.source for step in seen.steps]) == (source, sources)
    assert seen.steps[0].reason == "No real-time URL is configured in Sandbox."
    assert (seen.status, seen.took_ms, seen.result) == (None, None, "")


def test_production_has_its_own_defaults(simulator: Simulator) -> None:
    """A default of the sandbox is not shown in production."""
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    app_data.configure_default(MONTHLY, "en-US", shelve(app_data))
    assert cancelled(simulator, environment=PRODUCTION).source == NOTHING


def test_a_customer_who_has_cancelled_sees_no_button(simulator: Simulator) -> None:
    """Without --then, a customer whose auto-renew is off can be asked for all the same; a note reports it."""
    customers = Customers(simulator, APP, SANDBOX)
    customers.act(NamedCustomer(product_id=MONTHLY))
    assert cancelled(simulator).notes == ()
    (off,) = customers.act(NamedCustomer(product_id=MONTHLY), turned_off)
    (note,) = cancelled(simulator).notes
    assert "no Cancel button" in note
    customers.act(NamedCustomer(product_id=MONTHLY), expired)
    assert cancelled(simulator).notes == ()
    original = off.subscription.original.transaction_id
    assert simulator.accounts.subscribers(APP.app_apple_id, MONTHLY)[-1].transaction_id != original


def test_any_transaction_names_its_customer(simulator: Simulator) -> None:
    """A customer who is named by a later transaction is asked about by the original one."""
    customers = Customers(simulator, APP, SANDBOX)
    (bought, renewal) = customers.act(NamedCustomer(product_id=MONTHLY), renewed)
    original, later = bought.notification.transaction_id, renewal.notification.transaction_id
    assert subscriber(simulator, APP, MONTHLY, later).transaction_id == original != later


def test_a_named_customer_is_used_as_named(simulator: Simulator) -> None:
    """A transaction id that the simulator does not know is used as it is, and no purchase is saved for it."""
    assert subscriber(simulator, APP, ANNUAL, "12") == Purchase("12", APP.app_apple_id, ANNUAL)
    assert simulator.accounts.subscription(APP.app_apple_id, ANNUAL) is None


def test_the_document_has_null_for_missing_values() -> None:
    """The --json document has every key; without message, answer and call, their values are null."""
    document = CustomerScreen(NOTHING, (Step("real time", "No URL."),)).document()
    assert document == {
        "source": "nothing",
        "kind": None,
        "shown": None,
        "answer": None,
        "steps": [{"source": "real time", "shown": False, "reason": "No URL."}],
        "notes": [],
        "endpoint": {"result": None, "status": None, "tookMs": None},
    }


def answering(monkeypatch: pytest.MonkeyPatch, simulator: Simulator, attempt: Attempt) -> None:
    """Configure a URL in the sandbox, and let every call of it end with `attempt`."""
    simulator.app_data(APP.app_apple_id, SANDBOX).set_realtime_url("https://a.example/")
    monkeypatch.setattr(realtime, "call", lambda *_: attempt)


@pytest.mark.parametrize("has_default", [True, False])
def test_an_accepted_answer_comes_first(
    monkeypatch: pytest.MonkeyPatch,
    simulator: Simulator,
    has_default: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """An accepted answer is shown before every other source; a note says if no default backs it."""
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    app_data.set_asc_message(MONTHLY, {"header": "Half price", "body": "For a year."})
    if has_default:
        app_data.configure_default(MONTHLY, "en-US", shelve(app_data))
    body = answer_of("message", messageIdentifier=shelve(app_data, header="Real time"))
    answering(monkeypatch, simulator, Attempt("SUCCESS", "", 31, 200, body))
    seen = cancelled(simulator)
    assert (seen.source, seen.steps, seen.content["header"]) == (REAL_TIME, (Step(REAL_TIME, ""),), "Real time")
    assert (seen.result, seen.status, seen.took_ms, seen.body) == ("SUCCESS", 200, 31, body)
    assert [note.partition(" is")[0] for note in seen.notes] == ([] if has_default else ["No default message"])


def test_a_failed_call_is_shown_next_to_what_replaces_it(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    """The screen has the failed call's result, status and time, and the source that is shown instead."""
    simulator.app_data(APP.app_apple_id, SANDBOX).set_asc_message(MONTHLY, {"header": "Half price"})
    answering(monkeypatch, simulator, Attempt("TIMED_OUT", "too late", 700))
    seen = cancelled(simulator)
    assert (seen.source, seen.steps[0]) == (APP_STORE_CONNECT, Step(REAL_TIME, "too late"))
    assert (seen.result, seen.status, seen.took_ms) == ("TIMED_OUT", None, 700)
