"""The probe of the stack's own URL: one signed POST, good only with the function's 400, and never an exception."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3
from retention.aws.credentials import NoCredentialsError
from retention.aws.sigv4 import Credentials
from retention.probe import Probed, probe

URL = "https://abc.execute-api.eu-west-1.amazonaws.com/v1/probe"
LENT = Credentials("AKIDEXAMPLE", "not-a-secret", "a-session-token")


@dataclass
class Gateway:
    """In the place of urllib3's pool: the status to answer with, and what was sent."""

    status: int = 400
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, url: str, *, body: bytes, headers: dict[str, str], **options: Any) -> Any:
        self.calls.append((method, url, body, options["redirect"], options["retries"]))
        self.headers = headers
        return urllib3.HTTPResponse(status=self.status)


def asked(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, credentials: Callable[[], Credentials] = lambda: LENT
) -> Probed:
    monkeypatch.setattr(urllib3.PoolManager, "request", lambda _, *given, **options: gateway.request(*given, **options))
    clock = datetime(2026, 11, 24, 12, tzinfo=UTC)
    return probe(URL, "eu-west-1", seconds=60, credentials=credentials, clock=lambda: clock)


def test_it_is_one_signed_post_of_an_empty_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is signed for API Gateway in the stack's region; no redirect is followed, and nothing is sent again."""
    gateway = Gateway()
    assert asked(monkeypatch, gateway) == Probed(400)
    assert gateway.calls == [("POST", URL, b"{}", False, False)]
    assert "20261124/eu-west-1/execute-api/aws4_request" in gateway.headers["authorization"]
    assert gateway.headers["host"] == "abc.execute-api.eu-west-1.amazonaws.com"
    assert gateway.headers["x-amz-security-token"] == "a-session-token"
    assert "not-a-secret" not in repr(gateway.headers)


@pytest.mark.parametrize(("status", "good"), [(400, True), (200, False), (301, False), (403, False), (502, False)])
def test_only_the_functions_own_answer_is_good(monkeypatch: pytest.MonkeyPatch, status: int, *, good: bool) -> None:
    """400 is the function's status for a body without a request; API Gateway's own answers have others."""
    found = asked(monkeypatch, Gateway(status))
    assert (found.status, found.good, found.error) == (status, good, "")


@pytest.mark.parametrize("error", [urllib3.exceptions.ProtocolError("secret"), OSError("secret"), ValueError("secret")])
def test_a_probe_that_fails_is_named_by_its_error(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Only the class is kept, since a message may quote what was sent."""

    class Failing(Gateway):
        def request(self, *_: Any, **__: Any) -> Any:
            raise error

    found = asked(monkeypatch, Failing())
    assert found == Probed(0, type(error).__name__)
    assert not found.good


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on, and its log has the reason."""

    def none() -> Credentials:
        raise NoCredentialsError("none")

    gateway = Gateway()
    assert asked(monkeypatch, gateway, none) == Probed(0, "NoCredentialsError")
    assert gateway.calls == []
