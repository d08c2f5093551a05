"""The probe of the stack's own URL, over HTTP: what counts as an answer, and what is sent."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Borrowed
from retention.aws.sigv4 import Credentials
from retention.background_settings import SyncDeployment
from retention.errors import ConfigurationError
from retention.probe import Probed, probe

from console.simulator.api import HangUp, Request, Response
from console.simulator.server import Server

KEY = Credentials("AKIDEXAMPLE", "not-a-secret", "a-session-token")
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
REGION = "eu-west-1"


def ask(url: str, seconds: float = 5.0) -> Probed:
    return probe(url, REGION, seconds=seconds, credentials=lambda: KEY, clock=lambda: AT)


@contextmanager
def answering(answer: Callable[[Request], Response]) -> Iterator[tuple[str, list[Request]]]:
    asked: list[Request] = []

    def noted(request: Request) -> Response:
        asked.append(request)
        return answer(request)

    with Server(noted) as server:
        yield f"{server.url}/v1/probe", asked


def test_the_functions_400_is_a_good_answer_and_it_is_asked_once() -> None:
    """A 400 is good, and each probe is one POST of an empty object."""
    with answering(lambda _: Response(400)) as (url, asked):
        assert ask(url) == Probed(400)
        assert ask(url).good
    assert [(request.method, request.target, request.body) for request in asked] == [("POST", "/v1/probe", b"{}")] * 2


@pytest.mark.parametrize("status", [200, 204, 301, 302, 401, 403, 404, 429, 500, 502, 503, 504])
def test_every_other_status_is_a_failure_and_is_not_asked_again(status: int) -> None:
    """Every other status is a failure, is asked for once, and no redirect is followed."""
    with answering(lambda _: Response(status, {"location": "http://127.0.0.1:9/"})) as (url, asked):
        assert ask(url) == Probed(status)
        assert not ask(url).good
    assert len(asked) == 2


def test_the_signature_is_the_one_api_gateway_computes() -> None:
    """The probe's signature is the one that botocore computes for execute-api, for routes open to the sync's role."""
    with answering(lambda _: Response(400)) as (url, asked):
        ask(url)
    (request,) = asked
    names = ("host", "content-type", "x-amz-date", "x-amz-security-token")
    theirs = AWSRequest("POST", url, {name: request.headers[name] for name in names}, b"{}")
    signer = SigV4Auth(Borrowed(KEY.access_key, KEY.secret_key, KEY.token), "execute-api", REGION)
    theirs.context["timestamp"] = request.headers["x-amz-date"]
    canonical = signer.canonical_request(theirs)
    signed = signer.signature(signer.string_to_sign(theirs, canonical), theirs)
    assert request.headers["authorization"].endswith(f"Signature={signed}")
    assert f"/{REGION}/execute-api/aws4_request" in request.headers["authorization"]


def hangs_up(_: Request) -> Response:
    raise HangUp


def test_a_probe_without_an_answer_has_the_kind_of_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut connection, a refused one, an unknown name and a server without TLS each fail with their error's kind."""
    with answering(hangs_up) as (url, _):
        assert ask(url) == Probed(0, "ProtocolError")
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        assert ask(f"http://127.0.0.1:{taken.getsockname()[1]}/v1/probe") == Probed(0, "NewConnectionError")
    assert ask("https://nobody.invalid/v1/probe").status == 0
    with answering(lambda _: Response(400)) as (url, _):
        assert ask(url.replace("http:", "https:")) == Probed(0, "SSLError")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert probe("http://127.0.0.1:9/", REGION) == Probed(0, "NoCredentialsError")


class Dripping(BaseHTTPRequestHandler):
    """Sends a header every 0.1 s: no packet is late, and the answer never ends."""

    def do_POST(self) -> None:
        self.send_response(400)
        try:
            while True:
                self.send_header("x-more", "x")
                self.flush_headers()
                time.sleep(0.1)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name for it
        del format, args


def test_an_answer_that_never_ends_is_given_up() -> None:
    """The limit holds for the complete exchange, not for each packet, so the sync goes on."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        assert ask(f"http://127.0.0.1:{server.server_address[1]}/", seconds=0.5) == Probed(0, "OutOfTimeError")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_probe_uses_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe ignores the environment's proxies, because the URL is the stack's own."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with answering(lambda _: Response(400)) as (url, _):
        assert ask(url).good


VARIABLES = {
    "RETENTION_TABLE": "retention",
    "RETENTION_ENVIRONMENT": "Sandbox",
    "RETENTION_APP_APPLE_IDS": "1",
    "RETENTION_KEY_PREFIX": "/retention",
    "AWS_REGION": REGION,
}


@pytest.mark.parametrize(
    "url", ["", "https://a.execute-api.eu-west-1.amazonaws.com/v1/probe", "http://127.0.0.1:8080/v1/retention-message"]
)
def test_an_address_to_probe(url: str) -> None:
    """The sync takes no URL, the deployed one, or one of this machine."""
    deployment = SyncDeployment.from_env({**VARIABLES, "RETENTION_PROBE_URL": url})
    assert (deployment.probe_url, deployment.region) == (url, REGION)


@pytest.mark.parametrize(
    "url",
    [
        "a.example.com/v1/probe",
        "http://a.example.com/v1/probe",
        "https:///v1",
        "https://me:hush@a.example.com/",
        "https://a.example.com/?secret=hush",
        "https://[x/",
    ],
)
def test_no_other_address_is_probed(url: str) -> None:
    """A URL that is not https, has a user or a query, or is none is refused, and the error quotes no part of it."""
    with pytest.raises(ConfigurationError) as refused:
        SyncDeployment.from_env({**VARIABLES, "RETENTION_PROBE_URL": url})
    assert "RETENTION_PROBE_URL" in str(refused.value)
    assert "hush" not in json.dumps([str(refused.value), refused.value.evidence])
