"""One call of the simulated API: which operation answers it, and what each refusal looks like to a client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from retention.limits import SECONDS_PER_HOUR, calls_per_hour
from retention.request import PRODUCTION, SANDBOX

from console.simulator import staff_actions
from console.simulator.api import Api, Request, Response
from console.simulator.performance import PerformanceTests
from console.simulator.simulator import Simulator
from tests.support.simulated_app import APP, KEY, KEY_ID, NOW, make_simulator, new_id, text

BASE = "/sandbox/inApps/v1/messaging"
LIST = f"{BASE}/message/list"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        simulator.wall = simulator.clock
        yield simulator


@pytest.fixture
def api(simulator: Simulator) -> Api:
    return Api(simulator, PerformanceTests(simulator))


def bearer() -> dict[str, str]:
    claims = {"iss": APP.issuer_id, "aud": "appstoreconnect-v1", "bid": APP.bundle_id, "exp": NOW + 300}
    return {"authorization": "Bearer " + jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": KEY_ID})}


def call(api: Api, target: str = LIST, method: str = "GET", body: object = None, **headers: str) -> Response:
    content = b"" if body is None else json.dumps(body).encode()
    return api(Request(method, target, {**bearer(), **headers}, content))


def error_of(response: Response) -> Any:
    assert response.headers["content-type"] == "application/json"
    document = json.loads(response.body)
    assert set(document) == {"errorCode", "errorMessage"}
    return response.status, document["errorCode"]


def test_an_operation_answers_with_its_document(api: Api) -> None:
    """An upload is answered with an empty 200, and the list with JSON that Apple's library reads."""
    identifier = new_id()
    uploaded = call(api, f"{BASE}/message/{identifier}", "PUT", text())
    assert (uploaded.status, uploaded.headers, uploaded.body) == (200, {}, b"")
    listed = call(api)
    assert (listed.status, listed.headers) == (200, {"content-type": "application/json"})
    assert json.loads(listed.body) == {
        "messageIdentifiers": [{"messageIdentifier": identifier, "messageState": "APPROVED"}]
    }


def test_the_path_chooses_the_environment(api: Api, simulator: Simulator) -> None:
    """What is uploaded below /production is in production only, and waits there for a review."""
    identifier = new_id()
    call(api, f"/production/inApps/v1/messaging/message/{identifier}", "PUT", text())
    states = [simulator.app_data(APP.app_apple_id, name).message_states() for name in (SANDBOX, PRODUCTION)]
    assert states == [{}, {identifier: "PENDING"}]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/inApps/v1/messaging/message/list"),
        ("GET", "/staging/inApps/v1/messaging/message/list"),
        ("GET", "/sandbox/inApps/v2/messaging/message/list"),
        ("GET", f"{LIST}/more"),
        ("POST", LIST),
        ("POST", "/production/inApps/v1/messaging/performanceTest"),
    ],
)
def test_what_is_no_operation_is_a_404_in_html(api: Api, method: str, target: str) -> None:
    """An unknown path, method or environment is a 404 in HTML, even with a good token."""
    response = call(api, target, method)
    assert (response.status, response.headers["content-type"]) == (404, "text/html")


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer hello"}], ids=["no token", "no JWT"])
def test_without_a_good_token_nothing_is_done(api: Api, simulator: Simulator, headers: dict[str, str]) -> None:
    """A call without a valid token is a 401 that is not JSON, and is not carried out."""
    response = api(Request("PUT", f"{BASE}/message/{new_id()}", headers, json.dumps(text()).encode()))
    assert (response.status, response.headers["content-type"]) == (401, "text/plain")
    assert simulator.app_data(APP.app_apple_id, SANDBOX).message_states() == {}


def test_without_access_the_404_is_empty(api: Api, simulator: Simulator) -> None:
    """An app that Apple has not granted access gets an empty 404, which differs from that of an unknown path."""
    staff_actions.set_access(simulator, APP, access=False)
    response = call(api)
    assert (response.status, response.headers, response.body) == (404, {}, b"")


def test_the_history_of_notifications_needs_no_grant(api: Api, simulator: Simulator) -> None:
    """Apple grants access to retention messaging alone: the App Store Server API answers every key of the team."""
    staff_actions.set_access(simulator, APP, access=False)
    dates = {"startDate": int(NOW * 1000) - 1, "endDate": int(NOW * 1000)}
    response = call(api, "/sandbox/inApps/v1/notifications/history", "POST", dates)
    assert (response.status, json.loads(response.body)) == (200, {"hasMore": False, "notificationHistory": []})


def test_a_refusal_is_apples_json(api: Api) -> None:
    """A refused call has the error's status, its code and its message as JSON."""
    assert error_of(call(api, f"{BASE}/message/{new_id()}", "DELETE")) == (404, 4040015)


def test_beyond_the_limit_a_call_waits_for_the_next_hour(api: Api, simulator: Simulator) -> None:
    """The call after the hour's last one is a 429, whose Retry-After is the next hour as a UNIX time in ms."""
    for _ in range(calls_per_hour("Get Message List", SANDBOX)):
        simulator.rates.count(APP.app_apple_id, SANDBOX, "Get Message List", NOW)
    response = call(api)
    assert error_of(response) == (429, 4290000)
    assert response.headers["retry-after"] == str((int(NOW) // SECONDS_PER_HOUR + 1) * SECONDS_PER_HOUR * 1000)


def test_a_bug_is_apples_500_and_is_printed(api: Api, simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """If an operation fails, the client gets Apple's general error, and standard error has the traceback."""
    simulator.database.run("DROP TABLE message")
    assert error_of(call(api)) == (500, 5000000)
    assert "OperationalError" in capsys.readouterr().err


def test_no_repr_shows_a_token_or_a_body() -> None:
    """The `repr` of request and response shows neither headers nor body."""
    shown = repr(Request("GET", "/a", {"authorization": "secret"}, b"secret"))
    assert "secret" not in shown + repr(Response(200, {"x": "secret"}, b"secret"))
