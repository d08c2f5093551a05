"""Apple's attempts to deliver a notification: retries by environment and clock, and mishaps on the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from retention.request import PRODUCTION, SANDBOX

from console.simulator.endpoint_call import SUCCESS, TIMED_OUT, UNSUCCESSFUL_HTTP_RESPONSE_CODE, Attempt
from console.simulator.notification_delivery import Courier, Couriers, Mishaps, next_attempt
from console.simulator.outbox import OutgoingNotification
from console.simulator.simulator import Simulator
from tests.support.simulated_app import APP, make_simulator

URL = "https://api.example.com/v1/notifications"
HOUR = 3600
REFUSED = Attempt(UNSUCCESSFUL_HTTP_RESPONSE_CODE, "HTTP 503", 3, 503)
RECEIVED = Attempt(SUCCESS, "", 3, 200)


class Endpoint:
    """Answers each call with `attempt`, and keeps what it received."""

    def __init__(self, attempt: Attempt = RECEIVED) -> None:
        self.attempt = attempt
        self.received: list[str] = []

    def __call__(self, url: str, signed_payload: str, limit_ms: int) -> Attempt:
        assert (url, limit_ms) == (URL, 5000)
        self.received.append(signed_payload)
        return self.attempt


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        for environment in (SANDBOX, PRODUCTION):
            simulator.outbox(APP.app_apple_id, environment).set_url(URL)
        yield simulator


def happened(simulator: Simulator, environment: str, count: int = 1) -> list[str]:
    """Let so many notifications happen; return their signed payloads."""
    outbox = simulator.outbox(APP.app_apple_id, environment)
    payloads = [f"signed {number}" for number in range(count)]
    for number, payload in enumerate(payloads):
        outbox.add(OutgoingNotification(f"{environment}-{number}", "DID_RENEW", "", 1000, payload), simulator.now())
    return payloads


def courier(
    simulator: Simulator, endpoint: Endpoint, environment: str = SANDBOX, mishaps: Mishaps | None = None
) -> Courier:
    return Courier(simulator, APP.app_apple_id, environment, mishaps or Mishaps(), endpoint)


def results(simulator: Simulator, environment: str, number: int = 0) -> list[str]:
    found = simulator.outbox(APP.app_apple_id, environment).find(f"{environment}-{number}")
    assert found is not None
    return [attempt.result for attempt in found.attempts]


def test_production_retries_five_times() -> None:
    """After a failure, Production attempts 1, 12, 24, 48 and 72 h after the attempt before, and then no more."""
    after = [next_attempt(PRODUCTION, made, 0.0) for made in range(1, 7)]
    assert after == [1 * HOUR, 12 * HOUR, 24 * HOUR, 48 * HOUR, 72 * HOUR, None]


def test_the_sandbox_never_retries() -> None:
    """The sandbox makes one attempt, ever."""
    assert next_attempt(SANDBOX, 1, 0.0) is None


def test_a_failing_endpoint_gets_six_attempts_in_production(simulator: Simulator) -> None:
    """Six attempts in 157 h by the simulator's clock, each with the same signed payload, and none before its time."""
    happened(simulator, PRODUCTION)
    endpoint = Endpoint(REFUSED)
    times = []
    for hour in range(200):
        if [*courier(simulator, endpoint, PRODUCTION).deliver()]:
            times.append(hour)
        simulator.advance(HOUR)
    assert times == [0, 1, 13, 37, 85, 157]
    assert endpoint.received == ["signed 0"] * 6
    assert results(simulator, PRODUCTION) == [UNSUCCESSFUL_HTTP_RESPONSE_CODE] * 6


def test_a_failing_endpoint_gets_one_attempt_in_the_sandbox(simulator: Simulator) -> None:
    """What fails in the sandbox is lost but for the history."""
    happened(simulator, SANDBOX)
    endpoint = Endpoint(REFUSED)
    (made,) = courier(simulator, endpoint).deliver()
    assert (made.result, made.status, made.next_attempt) == (UNSUCCESSFUL_HTTP_RESPONSE_CODE, 503, None)
    simulator.advance(1000 * HOUR)
    assert [*courier(simulator, endpoint).deliver()] == []


def test_success_ends_the_attempts(simulator: Simulator) -> None:
    """A notification that was received is not sent again."""
    happened(simulator, PRODUCTION)
    endpoint = Endpoint()
    assert [made.result for made in courier(simulator, endpoint, PRODUCTION).deliver()] == [SUCCESS]
    simulator.advance(1000 * HOUR)
    assert [*courier(simulator, endpoint, PRODUCTION).deliver()] == []


def test_without_a_url_nothing_is_attempted(simulator: Simulator) -> None:
    """While the URL is removed, retries wait; they go to the URL that is set then."""
    happened(simulator, SANDBOX)
    outbox = simulator.outbox(APP.app_apple_id, SANDBOX)
    outbox.set_url(None)
    assert [*courier(simulator, Endpoint()).deliver()] == []
    outbox.set_url(URL)
    assert len([*courier(simulator, Endpoint()).deliver()]) == 1


def test_another_process_may_have_claimed_it(simulator: Simulator) -> None:
    """A notification that another process attempts is left to it."""
    happened(simulator, SANDBOX, 2)
    endpoint = Endpoint()
    deliveries = courier(simulator, endpoint).deliver()
    next(deliveries)
    now = simulator.now()
    simulator.outbox(APP.app_apple_id, SANDBOX).claim(2, now, now + 60)
    assert [*deliveries] == []
    assert endpoint.received == ["signed 0"]


def test_the_order_is_the_order_of_events(simulator: Simulator) -> None:
    """Without --shuffle, the order is kept; with it, all arrive in another order, the same one for the same seed."""
    payloads = happened(simulator, SANDBOX, 20)
    plain = Endpoint()
    assert len([*courier(simulator, plain).deliver()]) == 20
    assert plain.received == payloads


def shuffled(seed: int) -> list[str]:
    endpoint = Endpoint()
    with make_simulator() as simulator:
        simulator.outbox(APP.app_apple_id, SANDBOX).set_url(URL)
        happened(simulator, SANDBOX, 20)
        for _ in courier(simulator, endpoint, SANDBOX, Mishaps(shuffle=True, duplicate=3, drop=2, seed=seed)).deliver():
            pass
    return endpoint.received


def test_the_same_seed_gives_the_same_mishaps() -> None:
    """Order, losses and duplicates are those of the seed."""
    assert shuffled(1) == shuffled(1) != shuffled(2)


def test_duplicates_and_losses_are_counted(simulator: Simulator) -> None:
    """Of twenty, two are lost and three arrive twice: 21 arrive, 18 of them different ones."""
    happened(simulator, SANDBOX, 20)
    endpoint = Endpoint()
    made = [*courier(simulator, endpoint, SANDBOX, Mishaps(duplicate=3, drop=2)).deliver()]
    assert (len(endpoint.received), len(set(endpoint.received))) == (21, 18)
    assert [one.result for one in made if one.mishap == "lost"] == [TIMED_OUT] * 2
    assert [one.result for one in made if one.mishap == "twice"] == [SUCCESS] * 3


def test_what_is_lost_in_production_is_retried(simulator: Simulator) -> None:
    """A lost attempt is one that Apple sees time out: Production attempts it again an hour later."""
    happened(simulator, PRODUCTION)
    endpoint = Endpoint()
    (made,) = courier(simulator, endpoint, PRODUCTION, Mishaps(drop=1)).deliver()
    assert (made.result, made.next_attempt, endpoint.received) == (TIMED_OUT, simulator.now() + HOUR, [])
    simulator.advance(HOUR)
    assert [one.number for one in courier(simulator, endpoint, PRODUCTION).deliver()] == [2]
    assert results(simulator, PRODUCTION) == [TIMED_OUT, SUCCESS]


def test_late_ones_of_the_sandbox_come_with_the_next_delivery(simulator: Simulator) -> None:
    """Half of the sandbox's notifications wait, without an attempt, until those after them were sent."""
    payloads = happened(simulator, SANDBOX, 10)
    endpoint = Endpoint()
    first = [*courier(simulator, endpoint, SANDBOX, Mishaps(late=True)).deliver()]
    assert (len(first), len(endpoint.received)) == (10, 5)
    assert {(one.result, one.reason) for one in first if one.mishap} == {("", "held back, as --late asks")}
    assert len([*courier(simulator, endpoint).deliver()]) == 5
    assert sorted(endpoint.received) == sorted(payloads)


def test_late_ones_of_production_come_with_a_retry(simulator: Simulator) -> None:
    """Half of Production's notifications time out at first, and come an hour later."""
    happened(simulator, PRODUCTION, 10)
    endpoint = Endpoint()
    made = [*courier(simulator, endpoint, PRODUCTION, Mishaps(late=True)).deliver()]
    assert [one.result for one in made if one.mishap] == [TIMED_OUT] * 5
    simulator.advance(HOUR)
    assert len([*courier(simulator, endpoint, PRODUCTION).deliver()]) == 5


def test_all_couriers_share_the_mishaps(simulator: Simulator) -> None:
    """Both environments are served, and the losses asked for happen once, not once for each environment or call."""
    happened(simulator, SANDBOX, 3)
    happened(simulator, PRODUCTION, 3)
    endpoint = Endpoint()
    couriers = Couriers(simulator, Mishaps(drop=1, duplicate=1), endpoint)
    made = [*couriers.deliver()]
    assert [one.environment for one in made] == [SANDBOX] * 3 + [PRODUCTION] * 3
    happened_again = OutgoingNotification("late", "DID_RENEW", "", 1000, "signed again")
    simulator.outbox(APP.app_apple_id, SANDBOX).add(happened_again, simulator.now())
    made += couriers.deliver()
    assert sorted(one.mishap for one in made) == [""] * 5 + ["lost", "twice"]


def test_a_delivery_as_a_document(simulator: Simulator) -> None:
    """The --json entry names the notification, the attempt, and when the next one follows."""
    happened(simulator, PRODUCTION)
    (made,) = courier(simulator, Endpoint(REFUSED), PRODUCTION).deliver()
    assert made.document() == {
        "environment": PRODUCTION,
        "notificationUuid": "Production-0",
        "type": "DID_RENEW",
        "subtype": None,
        "attempt": 1,
        "result": UNSUCCESSFUL_HTTP_RESPONSE_CODE,
        "status": 503,
        "reason": "HTTP 503",
        "nextAttemptAt": simulator.now() + HOUR,
        "mishap": None,
    }
