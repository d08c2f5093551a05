"""Where the function gets its credentials: from the environment, or lent by Lambda's endpoint."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator

import pytest
from retention.aws.credentials import CredentialSource, NoCredentialsError
from retention.aws.deadline import Deadline
from retention.aws.sigv4 import Credentials

URL = "http://169.254.170.23:80/2021/credentials"
LENT = {"AccessKeyId": "ASIA1", "SecretAccessKey": "secret", "Token": "token", "Expiration": "1970-01-01T01:00:00Z"}
ENDPOINT = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": URL, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "pass"}
Lend = Callable[..., list[bytes]]


@pytest.fixture
def lend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lend]:
    """Return a function that prepares the endpoint's answers, and returns the list of what it is sent."""
    opened: list[socket.socket] = []

    def prepare(*answers: bytes) -> list[bytes]:
        waiting, asked = list(answers), []

        class Noting(socket.socket):
            def sendall(self, data: bytes, flags: int = 0) -> None:  # type: ignore[override]  # bytes are all it gets
                asked.append(data)
                super().sendall(data, flags)

        def connected(address: tuple[str, int], seconds: float) -> socket.socket:
            assert address == ("169.254.170.23", 80)
            assert 0 < seconds <= 1
            ours, theirs = socket.socketpair()
            opened.append(theirs)
            theirs.sendall(waiting.pop(0))
            theirs.shutdown(socket.SHUT_WR)
            return Noting(fileno=ours.detach())

        monkeypatch.setattr(socket, "create_connection", connected)
        return asked

    yield prepare
    for wire in opened:
        wire.close()


def answer(document: object, status: int = 200) -> bytes:
    body = json.dumps(document).encode()
    return f"HTTP/1.1 {status} OK\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def test_lambdas_environment_has_them() -> None:
    """Without SnapStart, Lambda sets the credentials in three variables of the environment."""
    env = {"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    assert CredentialSource(env).get() == Credentials("ASIA", "s", "t")


@pytest.mark.parametrize(
    "env",
    [{}, {"AWS_ACCESS_KEY_ID": "only"}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://169.254.170.23/x"}],
)
def test_without_credentials_there_are_none(env: dict[str, str]) -> None:
    """Half of the credentials, or an endpoint that is not plain HTTP on the loopback, counts as none."""
    with pytest.raises(NoCredentialsError):
        CredentialSource(env).get()


def test_lent_credentials_are_kept_until_shortly_before_they_end(lend: Lend) -> None:
    """They are asked for with Lambda's own authorization, and renewed five minutes before they end."""
    now = [0.0]
    asked = lend(answer(LENT), answer({**LENT, "AccessKeyId": "ASIA2"}))
    source = CredentialSource(ENDPOINT, lambda: now[0])
    now[0] = 3600 - 301
    assert source.get() == source.get() == Credentials("ASIA1", "secret", "token")
    assert len(asked) == 1
    now[0] = 3600 - 299
    assert source.get() == Credentials("ASIA2", "secret", "token")
    assert asked[0].split(b"\r\n")[:3] == [
        b"GET /2021/credentials HTTP/1.1",
        b"host: 169.254.170.23",
        b"authorization: pass",
    ]


def test_forgotten_credentials_are_in_no_snapshot(lend: Lend) -> None:
    """A restored process borrows new ones."""
    lend(answer(LENT), answer({**LENT, "AccessKeyId": "ASIA2"}))
    source = CredentialSource(ENDPOINT, lambda: 0.0)
    source.get()
    source.forget()
    assert "ASIA1" not in repr(vars(source))
    assert source.get().access_key == "ASIA2"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (answer(LENT, 500), "ValueError"),
        (answer([]), "TypeError"),
        (answer({"AccessKeyId": "ASIA1"}), "KeyError"),
        (answer({**LENT, "Expiration": "soon"}), "ValueError"),
        (b"", "ConnectionResetError"),
    ],
)
def test_a_lender_that_fails_is_named_by_the_kind_of_failure(lend: Lend, content: bytes, cause: str) -> None:
    """The error holds nothing that was read, also not by way of an earlier error."""
    lend(content)
    with pytest.raises(NoCredentialsError, match=rf"the credentials endpoint failed \({cause}") as caught:
        CredentialSource(ENDPOINT).get()
    assert caught.value.__context__ is None


@pytest.mark.parametrize("changes", [{"AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nb: c"}, {}])
def test_nothing_is_asked_that_cannot_be_used(lend: Lend, changes: dict[str, str]) -> None:
    """An authorization with a line end is no header's value; and after the deadline nothing is asked."""
    asked = lend(answer(LENT))
    with pytest.raises(NoCredentialsError):
        CredentialSource({**ENDPOINT, **changes}).get(Deadline.after(60 if changes else 0))
    assert asked == []
