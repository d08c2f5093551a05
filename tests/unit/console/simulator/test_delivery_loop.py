"""The loop that delivers while the simulator serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from retention.request import SANDBOX

from console.simulator.delivery_loop import DeliveryLoop
from console.simulator.endpoint_call import SUCCESS, Attempt
from console.simulator.notification_delivery import Couriers
from console.simulator.outbox import OutgoingNotification
from console.simulator.simulator import Simulator
from tests.support.simulated_app import APP, make_simulator


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        outbox = simulator.outbox(APP.app_apple_id, SANDBOX)
        outbox.set_url("https://api.example.com/v1/notifications")
        for number in range(2):
            sent = OutgoingNotification(f"uuid-{number}", "DID_RENEW", "", 1000, f"signed {number}")
            outbox.add(sent, simulator.now())
        yield simulator


def received(_url: str, _signed_payload: str, _limit_ms: int) -> Attempt:
    return Attempt(SUCCESS, "", 1, 200)


def test_what_is_due_is_delivered_and_logged(simulator: Simulator) -> None:
    """Each attempt has a line in the log, and the next round has nothing left to send."""
    lines: list[str] = []
    loop = DeliveryLoop(Couriers(simulator, post=received), lines.append)
    loop.once()
    loop.once()
    assert lines == ["Sandbox notification DID_RENEW, attempt 1: SUCCESS"] * 2


def test_stopping_ends_the_round(simulator: Simulator) -> None:
    """After `stop`, the attempt that is being made ends, and no other is made."""
    lines: list[str] = []
    loop = DeliveryLoop(Couriers(simulator, post=received), lines.append)
    loop.stop()
    loop.once()
    assert len(lines) == 1


def test_a_bug_does_not_end_the_server(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """An unexpected error is printed with its traceback, and the loop goes on."""

    def broken(_url: str, _signed_payload: str, _limit_ms: int) -> Attempt:
        raise KeyError("broken")

    DeliveryLoop(Couriers(simulator, post=broken), lambda _: None).once()
    assert "KeyError: 'broken'" in capsys.readouterr().err
