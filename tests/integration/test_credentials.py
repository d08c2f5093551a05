"""Where the function gets its credentials, and what happens when it gets none."""

from __future__ import annotations

import json
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from retention.aws.credentials import CredentialSource, NoCredentialsError
from retention.aws.deadline import Deadline
from retention.aws.sigv4 import Credentials

from tests.support.waiting import PATIENCE

LENT = {
    "AccessKeyId": "ASIA1",
    "SecretAccessKey": "secret",
    "Token": "token",
    "Expiration": "1970-01-01T01:00:00Z",
}


class Lender(BaseHTTPRequestHandler):
    """Lambda's credentials endpoint under SnapStart."""

    answers: list[tuple[int, bytes]] = []  # noqa: RUF012  # the tests fill it
    asked: list[str | None] = []  # noqa: RUF012  # likewise

    def do_GET(self) -> None:
        self.asked.append(self.headers["authorization"])
        status, body = self.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[dict[str, str]]:
    Lender.answers, Lender.asked = [], []
    with HTTPServer(("127.0.0.1", 0), Lender) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.server_address[1]}/2021/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "pass",
        }
        server.shutdown()
        thread.join()


def test_under_snapstart_credentials_are_borrowed(endpoint: dict[str, str]) -> None:
    """A snapshot has no credentials: Lambda's endpoint lends them, and they are renewed 299 s before they end."""
    now = [0.0]
    renewed = {**LENT, "AccessKeyId": "ASIA2", "Expiration": "1970-01-01T02:00:00Z"}
    Lender.answers = [(200, json.dumps(LENT).encode()), (200, json.dumps(renewed).encode())]
    source = CredentialSource(endpoint, lambda: now[0])
    assert source.get() == source.get() == Credentials("ASIA1", "secret", "token")
    now[0] = 3600 - 299
    assert source.get() == Credentials("ASIA2", "secret", "token")
    assert Lender.asked == ["pass", "pass"]


@pytest.mark.parametrize(
    "answer",
    [(500, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}"), (200, json.dumps({**LENT, "Expiration": "x"}).encode())],
)
def test_a_lender_that_fails_is_named_and_not_quoted(endpoint: dict[str, str], answer: tuple[int, bytes]) -> None:
    """If Lambda's endpoint fails, the error quotes nothing that was read, also not in its traceback's variables."""
    Lender.answers = [answer]
    with pytest.raises(NoCredentialsError) as caught:
        CredentialSource(endpoint).get()
    assert "secret" not in str(caught.value)
    assert "secret" not in "".join(variables_of(caught.value))


def variables_of(error: BaseException | None) -> Iterator[str]:
    """Yield the variables of each function of ours in the tracebacks of an error and of those before it."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename != __file__:
                yield repr([*frame.f_locals.values()])
        error = error.__context__


def drip(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        client.sendall(b"x")
        time.sleep(0.02)


def hang(client: socket.socket) -> None:
    client.recv(1)
    threading.Event().wait(PATIENCE)


@pytest.mark.parametrize("behave", [drip, hang])
def test_a_lender_that_does_not_answer_is_given_up_at_the_deadline(behave: Callable[[socket.socket], None]) -> None:
    """An endpoint that hangs, or sends a byte at a time, keeps a request waiting only until the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client, suppress(OSError):
                behave(client)

        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/2021/credentials"
        with pytest.raises(NoCredentialsError, match="TimeoutError"):
            CredentialSource({"AWS_CONTAINER_CREDENTIALS_FULL_URI": url}).get(Deadline.after(0.2))


def test_nothing_is_asked_of_the_lender_after_the_deadline(endpoint: dict[str, str]) -> None:
    """After the deadline, Lambda's endpoint is not asked: no call could use the credentials."""
    with pytest.raises(NoCredentialsError, match="TimeoutError"):
        CredentialSource(endpoint).get(Deadline.after(0))
    assert Lender.asked == []
