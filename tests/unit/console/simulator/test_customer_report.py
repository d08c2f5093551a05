"""The lines that `retention simulator cancel` prints for each screen a customer can see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.simulator.customer import APP_STORE_CONNECT, DEFAULT, NOTHING, REAL_TIME, CustomerScreen, Step
from console.simulator.customer_report import lines_of, show
from console.terminal.output import Output

TEXT: dict[str, Any] = {"header": "Stay", "body": "Keep your maps."}


@pytest.mark.parametrize(
    ("seen", "lines"),
    [
        (
            CustomerScreen(
                *(REAL_TIME, (Step(REAL_TIME, ""),), "alternateProduct", TEXT),
                {"productId": "pro.annual", "billingPlanType": "MONTHLY"},
                *(("No default.",), "SUCCESS", 200, 31),
            ),
            [
                "Endpoint: HTTP 200 in 31 ms, SUCCESS",
                "Shown by real time: alternateProduct",
                "  Stay",
                "  Keep your maps.",
                "  Switch to pro.annual, MONTHLY",
                "Note: No default.",
            ],
        ),
        (
            CustomerScreen(REAL_TIME, (Step(REAL_TIME, ""),), "promotionalOffer", TEXT, result="SUCCESS", status=200),
            ["  Stay", "  Keep your maps.", "  With a signed promotionalOffer"],
        ),
        (
            CustomerScreen(
                APP_STORE_CONNECT,
                (Step(REAL_TIME, "No URL."), Step(APP_STORE_CONNECT, "")),
                "message",
                {**TEXT, "offer": "half"},
            ),
            [
                "Not by real time: No URL.",
                "Shown by App Store Connect: message",
                "  Stay",
                "  Keep your maps.",
                "  Offer: half",
            ],
        ),
        (
            CustomerScreen(
                DEFAULT,
                (Step(DEFAULT, ""),),
                "message",
                {**TEXT, "image": {"altText": "A ridge"}, "bulletPoints": [{"text": "Maps"}, {"text": "Routes"}]},
            ),
            ["  [A ridge]", "  • Maps", "  • Routes"],
        ),
        (
            CustomerScreen(NOTHING, (Step(REAL_TIME, "Late."),), result="TIMED_OUT", took_ms=700),
            [
                "Endpoint: no answer in 700 ms, TIMED_OUT",
                "Not by real time: Late.",
                "The customer sees no retention message.",
            ],
        ),
    ],
    ids=["switch", "offer", "App Store Connect", "picture and bullets", "nothing"],
)
def test_the_lines_of_a_screen(seen: CustomerScreen, lines: list[str]) -> None:
    """The endpoint's answer, each source with its reason, and what the customer reads, in this order."""
    assert list(lines_of(seen))[-len(lines) :] == lines


def test_a_screen_is_printed_as_lines_or_as_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json the lines are printed, with it only the document."""
    seen = CustomerScreen(NOTHING, (Step(REAL_TIME, "Late."),))
    show(seen, Output())
    assert capsys.readouterr().out.splitlines() == list(lines_of(seen))
    show(seen, Output(as_json=True))
    assert json.loads(capsys.readouterr().out) == seen.document()
