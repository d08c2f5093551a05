"""A failure to reach AWS, or another server in its place, is reported in one sentence."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import boto3
import pytest

from console.deployment import stack, target
from console.deployment.aws import client
from console.deployment.failures import sentence
from console.deployment.where import Where
from console.terminal.failure import Failure

HUSH = "hush-hush"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A shell with credentials and a region, and no session of an earlier test."""
    with patch.dict(os.environ):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        monkeypatch.delenv("AWS_CONFIG_FILE")
        yield


def test_a_proxy_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the proxy cannot be reached, the sentence names HTTPS_PROXY and leaves out the proxy's password."""
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{HUSH}@127.0.0.1:9")
    made = client("ssm", region="us-east-1", endpoint_url=None)
    with pytest.raises(Exception, match="proxy") as failed:
        made.get_parameter(Name="/x")
    text = sentence(failed.value)
    assert text is not None
    assert "HTTPS_PROXY" in text
    assert HUSH not in text


@contextmanager
def answering(status: int, body: str) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name for it
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(service: str, url: str) -> None:
    if service == "cloudformation":
        stack.find_stack("retention-sandbox", region="us-east-1", endpoint_url=url)
    else:
        calls: Mapping[str, tuple[str, dict[str, object]]] = {
            "dynamodb": ("get_item", {"TableName": "t", "Key": {"pk": {"S": "a"}}}),
            "ssm": ("get_parameter", {"Name": "/x"}),
            "logs": ("filter_log_events", {"logGroupName": "g"}),
        }
        operation, request = calls[service]
        getattr(client(service, region="us-east-1", endpoint_url=url), operation)(**request)


@pytest.mark.parametrize("service", ["cloudformation", "dynamodb", "ssm", "logs"])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>Sign in</html>"),
        (200, "<!DOCTYPE html><p>Sign in"),
        (200, ""),
        (200, "nonsense"),
        (200, "[]"),
        (200, '{"cut'),
        (200, "<x/>"),
        (403, "<html>Sign in</html>"),
        (407, "<html>Proxy</html>"),
        (404, "[]"),
        (400, '{"cut'),
    ],
)
@pytest.mark.parametrize("proxy", [{}, {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}])
def test_a_server_that_is_not_aws_is_reported(
    monkeypatch: pytest.MonkeyPatch, service: str, status: int, body: str, proxy: dict[str, str]
) -> None:
    """A sign-in page, nonsense or half an answer in AWS's place is one sentence, for each service and any proxy."""
    for name, value in proxy.items():
        monkeypatch.setenv(name, value)
    with answering(status, body) as url, pytest.raises(Exception) as failed:  # noqa: PT011  # any
        ask(service, url)
    text = sentence(failed.value)
    assert text is not None
    assert "JSON" not in text
    assert "proxy" in text or "AWS refused" in text
    if status == 200 and body != '{"cut':
        assert "What answers there is not" in text


def test_a_command_with_an_address_of_the_shells_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An AWS_ENDPOINT_URL that is no address is reported when the table is looked for."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:8000")
    with pytest.raises(Failure, match="AWS_ENDPOINT_URL=localhost:8000 is not an address"):
        target.find_target(Where(table="t", app=1, file=tmp_path / "none.yaml"))
