"""`retention simulator notification-url` and `deliver` on a simulator's data in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from retention.request import PRODUCTION, SANDBOX

from console.simulator.endpoint_call import SUCCESS, Attempt
from console.simulator.outbox import OutgoingNotification
from console.simulator.simulator import Simulator
from console.terminal.failure import Failure, Misuse
from tests.support.simulator_operator import APP_APPLE_ID, Operator, granted_operator

URL = "http://127.0.0.1:8080/v1/notifications"


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return granted_operator(tmp_path)


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The signed payloads that an endpoint received in place of any URL."""
    received: list[str] = []

    def post(_url: str, signed_payload: str, _limit_ms: int) -> Attempt:
        received.append(signed_payload)
        return Attempt(SUCCESS, "", 1, 200)

    monkeypatch.setattr("console.simulator.notification_delivery.notify", post)
    return received


def happened(operator: Operator, count: int, environment: str = SANDBOX) -> None:
    with Simulator.open(operator.directory) as opened:
        outbox = opened.outbox(APP_APPLE_ID, environment)
        for number in range(count):
            outbox.add(OutgoingNotification(f"{environment}-{number}", "DID_RENEW", "", 1, f"s{number}"), opened.now())


def test_showing_setting_and_removing_the_url(operator: Operator) -> None:
    """Each environment has its own URL; without a URL, the one set is shown."""
    assert "go nowhere" in operator("notification-url")
    assert f"Notifications of Sandbox go to {URL}." in operator("notification-url", URL)
    assert json.loads(operator("notification-url", "--json")) == {"environment": SANDBOX, "url": URL}
    assert "Production go nowhere" in operator("notification-url", "--env", "production")
    assert "go nowhere" in operator("notification-url", "--remove")


def test_a_url_and_remove_contradict_each_other(operator: Operator) -> None:
    """A URL with --remove is a misuse, and so is what Apple would not accept as URL."""
    for words in ((URL, "--remove"), ("http://api.example.com/",)):
        with pytest.raises(Misuse):
            operator("notification-url", *words)


def test_an_unknown_app_has_no_url(operator: Operator) -> None:
    """An app that the simulator does not know is refused."""
    with pytest.raises(Failure, match="--bundle-id"):
        operator("notification-url", "--bundle-id", "com.example.nothing")


def test_delivering_what_is_due(operator: Operator, received: list[str]) -> None:
    """`deliver` sends what is due, once, and shows each attempt."""
    operator("notification-url", URL)
    assert operator("deliver") == "No notification is due.\n"
    happened(operator, 2)
    printed = operator("deliver")
    assert received == ["s0", "s1"]
    assert "DID_RENEW" in printed
    assert "2 notifications received, 0 not." in printed
    assert json.loads(operator("deliver", "--json")) == []


def test_mishaps_are_options(operator: Operator, received: list[str]) -> None:
    """A lost attempt in Production is one that Apple repeats, an hour later by the simulator's clock."""
    operator("notification-url", URL, "--env", PRODUCTION)
    happened(operator, 3, PRODUCTION)
    made = json.loads(operator("deliver", "--json", "--drop", "1", "--duplicate", "1", "--shuffle", "--seed", "3"))
    assert sorted(one["mishap"] or "" for one in made) == ["", "lost", "twice"]
    assert len(received) == 3
    operator("advance", "1")
    assert [one["attempt"] for one in json.loads(operator("deliver", "--json"))] == [2]
