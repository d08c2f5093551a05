"""What `retention rehearse` prints: the authority to deploy, the tables, and the notes that explain the figures."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from console.simulator.endpoint_call import Attempt
from console.simulator.performance import Tally
from console.simulator.rehearsal import Rehearsal, RequestTemplate, Sent
from console.simulator.rehearsal_authority import RehearsalAuthority
from console.simulator.rehearsal_report import authority_document, explanations, request_document, show, show_authority
from console.simulator.simulator import TestConfig
from console.terminal.output import Output
from tests.support.simulated_app import APP, AUTHORITY, MONTHLY

TWO = TestConfig(total_requests=2)
SIGNER = RehearsalAuthority(AUTHORITY, Path("my cache"), datetime(2026, 12, 1, 9, 30, tzinfo=UTC), new=True)


def one(result: str = "SUCCESS", *, message: str | None = "a", status: int | None = 200, **timing: float) -> Sent:
    attempt = Attempt(result, "", 650, status, headers={"apigw-requestid": "api-7"})
    return Sent(0, "request-7", result, "" if result == "SUCCESS" else "why", attempt, timing, message)


def finished(*sent: Sent, stopped: str = "") -> Rehearsal:
    tally = Tally("https://api.example.com/", TWO)
    for each in sent:
        tally.add(each.result, each.attempt.took_ms)
    return Rehearsal(tally, list(sent), stopped)


def test_the_authority_to_deploy_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The line for samconfig.toml has the anchor, and the command for an endpoint here quotes the root's path."""
    show_authority(SIGNER, Output())
    out, err = capsys.readouterr()
    assert f'"RehearsalTrustAnchor={SIGNER.anchor}",' in out
    assert "valid until 2026-12-01 09:30 UTC" in out
    assert "make serve 'TRUST_ANCHOR=my cache/root.der'" in out
    assert err == ""


def test_with_json_the_authority_is_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is left to the document, so the authority is printed on standard error."""
    show_authority(SIGNER, Output(as_json=True))
    out, err = capsys.readouterr()
    assert out == ""
    assert SIGNER.anchor in err


def test_a_rehearsal_is_shown_with_its_failures_and_slow_requests(capsys: pytest.CaptureFixture[str]) -> None:
    """The result comes first; each failure has its reason, each slow request both request ids, each note its line."""
    show(finished(one(cold=500), one("TIMED_OUT", total=3)), ["Look here."], Output())
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "FAIL: 50 % of 2 requests succeeded within 700 ms; Apple wants 95 %."
    assert any(line.split() == ["TIMED_OUT", "1", "why"] for line in lines)
    assert any({"cold", "request-7", "api-7"} <= set(line.split()) for line in lines)
    assert lines[-1] == "Note: Look here."


def test_a_rehearsal_that_ended_early_shows_why(capsys: pytest.CaptureFixture[str]) -> None:
    """The first line has the reason for which not all requests were sent."""
    show(finished(one(), stopped="interrupted"), [], Output())
    assert "Apple wants 95 %. Stopped early: interrupted." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sent", "expected", "note"),
    [
        ([one(cold=500.4)], None, "Cold starts: 1. Of their times, init and the first answer take 500 ms;"),
        (
            [one(cold=500), one(cold=300)],
            None,
            "Cold starts: 2. Of their times, init and the first answer take 300 to",
        ),
        ([one("NO_RESPONSE", status=None, message=None)], None, "1 requests got no answer"),
        ([one()], None, "No answer has a Server-Timing header"),
        ([one(total=1), one(total=1)], "b", "By the file the message would be b; the endpoint answered a (2 times)."),
    ],
)
def test_a_figure_is_explained(sent: list[Sent], expected: str | None, note: str) -> None:
    """Cold starts, missing answers, a missing header and another message than the file's each have their own note."""
    (found,) = explanations(finished(*sent), expected, "the file")
    assert found.startswith(note)


def test_an_expected_rehearsal_needs_no_note() -> None:
    """Warm requests that all answer with the expected message are not explained."""
    assert explanations(finished(one(total=1), one(total=2)), "a", "the file") == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            request_document(RequestTemplate(AUTHORITY, APP.app_apple_id, MONTHLY, "fr-CA", "12")),
            {
                "appAppleId": APP.app_apple_id,
                "productId": MONTHLY,
                "userLocale": "fr-CA",
                "originalTransactionId": "12",
            },
        ),
        (
            authority_document(SIGNER),
            {
                "trustAnchor": SIGNER.anchor,
                "fingerprint": AUTHORITY.fingerprint,
                "validUntil": "2026-12-01T09:30:00+00:00",
                "directory": "my cache",
            },
        ),
    ],
    ids=["request", "authority"],
)
def test_parts_of_the_json_document(document: dict[str, Any], expected: dict[str, Any]) -> None:
    """The --json document names what each request asks for and who signs it, under stable keys."""
    assert document == expected
