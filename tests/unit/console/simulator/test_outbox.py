"""The outbox: what is due, what was attempted, and what Get Notification History finds in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from retention.request import PRODUCTION, SANDBOX

from console.simulator.endpoint_call import SUCCESS, TIMED_OUT
from console.simulator.outbox import HistoryFilter, Outbox, OutgoingNotification, SendAttempt
from console.simulator.simulator import Simulator
from tests.support.simulated_app import APP, NOW, make_simulator

URL = "https://api.example.com/v1/notifications"
FIRST = OutgoingNotification("uuid-1", "SUBSCRIBED", "INITIAL_BUY", 1000, "signed 1", "20001", "20001")
SECOND = OutgoingNotification("uuid-2", "DID_RENEW", "", 2000, "signed 2", "20001", "20005")
OTHER = OutgoingNotification("uuid-3", "DID_RENEW", "", 3000, "signed 3", "20009", "20009")
ANY = HistoryFilter(0, 10_000)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        yield simulator


@pytest.fixture
def outbox(simulator: Simulator) -> Outbox:
    """The sandbox's outbox of APP, which has a URL."""
    outbox = simulator.outbox(APP.app_apple_id, SANDBOX)
    outbox.set_url(URL)
    return outbox


def attempted(outbox: Outbox, notification: OutgoingNotification, *results: str) -> int:
    """Add a notification that was attempted with these results; return its number."""
    outbox.add(notification, NOW)
    found = outbox.find(notification.uuid)
    assert found is not None
    for at, result in enumerate(results):
        outbox.record(found.number, SendAttempt(NOW + at, result), None)
    return found.number


def uuids(outbox: Outbox, wanted: HistoryFilter, after: int = 0, limit: int = 20) -> list[str]:
    return [stored.sent.uuid for stored in outbox.history(wanted, after, limit)]


def test_a_url_belongs_to_one_environment(simulator: Simulator, outbox: Outbox) -> None:
    """Each environment has a URL of its own, or none; removing it twice changes nothing the second time."""
    assert (outbox.url, simulator.outbox(APP.app_apple_id, PRODUCTION).url) == (URL, None)
    assert (outbox.set_url(None), outbox.set_url(None), outbox.url) == (True, False, None)


def test_what_happens_with_a_url_is_due_at_once(outbox: Outbox) -> None:
    """A notification is due from the instant at which it happened, and a later one after it."""
    assert outbox.next_attempt() is None
    outbox.add(FIRST, NOW)
    outbox.add(SECOND, NOW + 5)
    assert outbox.next_attempt() == NOW
    assert outbox.due(NOW - 1) == []
    assert [stored.sent for stored in outbox.due(NOW)] == [FIRST]
    assert [stored.sent for stored in outbox.due(NOW + 5)] == [FIRST, SECOND]


def test_what_happens_without_a_url_is_never_sent(outbox: Outbox) -> None:
    """A notification of a time without a URL stays unsent when a URL is set later, and no history has it."""
    outbox.set_url(None)
    outbox.add(FIRST, NOW)
    outbox.set_url(URL)
    assert (outbox.due(NOW + 100), uuids(outbox, ANY)) == ([], [])


def test_two_processes_do_not_make_the_same_attempt(outbox: Outbox) -> None:
    """Who claims a due notification has it alone until the time named; then it is due again."""
    outbox.add(FIRST, NOW)
    number = outbox.due(NOW)[0].number
    assert [outbox.claim(number, NOW, NOW + 60), outbox.claim(number, NOW, NOW + 60)] == [True, False]
    assert outbox.due(NOW + 59) == []
    assert outbox.claim(number, NOW + 60, NOW + 120)


def test_attempts_are_kept_in_their_order(outbox: Outbox) -> None:
    """Each attempt has its time and Apple's result, and the next one is due when `record` was given a time."""
    number = attempted(outbox, FIRST, TIMED_OUT)
    outbox.record(number, SendAttempt(NOW + 3600, SUCCESS), NOW + 9000)
    found = outbox.find(FIRST.uuid)
    assert found is not None
    assert [attempt.document() for attempt in found.attempts] == [
        {"attemptDate": int(NOW * 1000), "sendAttemptResult": "TIMED_OUT"},
        {"attemptDate": int((NOW + 3600) * 1000), "sendAttemptResult": "SUCCESS"},
    ]
    assert outbox.next_attempt() == NOW + 9000
    outbox.postpone(number, NOW + 9999)
    assert outbox.next_attempt() == NOW + 9999
    assert outbox.find("uuid-9") is None


def test_history_has_what_was_attempted(outbox: Outbox) -> None:
    """The history has attempted notifications by their signedDate, the end excluded, in the order they happened."""
    attempted(outbox, FIRST, SUCCESS)
    attempted(outbox, SECOND, TIMED_OUT)
    outbox.add(OTHER, NOW)
    assert uuids(outbox, ANY) == ["uuid-1", "uuid-2"]
    assert uuids(outbox, HistoryFilter(1000, 2000)) == ["uuid-1"]
    assert uuids(outbox, HistoryFilter(1001, 2001)) == ["uuid-2"]
    assert uuids(outbox, ANY, limit=1) == ["uuid-1"]
    assert uuids(outbox, ANY, after=outbox.history(ANY, 0, 1)[0].number) == ["uuid-2"]


def test_history_filters(outbox: Outbox) -> None:
    """Type and subtype, any transaction of the subscription, and failures only: each leaves out the others."""
    for notification in (FIRST, SECOND, OTHER):
        attempted(outbox, notification, SUCCESS if notification is FIRST else TIMED_OUT)
    assert uuids(outbox, replace(ANY, notification_type="DID_RENEW")) == ["uuid-2", "uuid-3"]
    assert uuids(outbox, replace(ANY, notification_type="SUBSCRIBED", subtype="INITIAL_BUY")) == ["uuid-1"]
    assert uuids(outbox, replace(ANY, transaction_id="20005")) == ["uuid-1", "uuid-2"]
    assert uuids(outbox, replace(ANY, transaction_id="20009")) == ["uuid-3"]
    assert uuids(outbox, replace(ANY, only_failures=True)) == ["uuid-2", "uuid-3"]
    assert [outbox.knows(transaction) for transaction in ("20001", "20005", "20002")] == [True, True, False]


def test_a_delivered_retry_is_no_failure_any_more(outbox: Outbox) -> None:
    """A notification that a later attempt delivered leaves the list of failures."""
    attempted(outbox, FIRST, TIMED_OUT, SUCCESS)
    assert uuids(outbox, replace(ANY, only_failures=True)) == []


def test_environments_and_apps_are_apart(simulator: Simulator, outbox: Outbox) -> None:
    """Neither another environment nor another app has the notification."""
    attempted(outbox, FIRST, SUCCESS)
    others = [simulator.outbox(APP.app_apple_id, PRODUCTION), simulator.outbox(1, SANDBOX)]
    assert [(uuids(other, ANY), other.find(FIRST.uuid)) for other in others] == [([], None)] * 2


def test_no_repr_shows_a_token_or_an_id() -> None:
    """Neither the signed payload nor a transaction id is in a repr."""
    assert "signed 1" not in repr(FIRST)
    assert "20001" not in repr(FIRST) + repr(replace(ANY, transaction_id="20001"))
