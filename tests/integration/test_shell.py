"""Which of the shell's variables programs get: local ones none that steer them, and commands no proxy for loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

import pytest
import requests
from botocore.utils import get_environ_proxies
from requests.utils import get_environ_proxies as requests_proxies

from console.terminal import shell
from tests.support.sam_template import ROOT
from tests.support.waiting import PATIENCE


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Restore the environment after each test."""
    with patch.dict(os.environ):
        yield


PROXY_VARIABLES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy")


class Proxy(BaseHTTPRequestHandler):
    """Answers every request with 200, and records its path."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name for it
        del format, args


@pytest.fixture
def servers() -> Iterator[tuple[type[Proxy], str, type[Proxy], str]]:
    """A proxy and a server on this machine, each with its URL."""
    started = []
    for name in ("Proxy", "Server"):
        kind = type(name, (Proxy,), {"asked": []})
        server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        started.append((kind, f"http://127.0.0.1:{server.server_address[1]}", server, thread))
    (proxy, proxy_url, *_), (server_kind, server_url, *_) = started
    yield proxy, proxy_url, server_kind, server_url
    for _, _, server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("variable", PROXY_VARIABLES)
@pytest.mark.parametrize(
    "exempt", [{}, {"NO_PROXY": "example.org"}, {"no_proxy": ""}, {"NO_PROXY": "", "no_proxy": "a"}]
)
def test_no_client_uses_a_proxy_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
    servers: tuple[type[Proxy], str, type[Proxy], str],
    variable: str,
    exempt: dict[str, str],
) -> None:
    """urllib, requests and botocore reach the loopback directly by each of its names; earlier exceptions are kept."""
    proxy, proxy_url, server, server_url = servers
    monkeypatch.setenv(variable, proxy_url)
    for name, value in exempt.items():
        monkeypatch.setenv(name, value)
    port = server_url.rpartition(":")[2]
    shell.reach_directly(f"http://127.3.2.1:{port}", "not a url", "http://[", f"http://0.0.0.0:{port}")
    opener = urllib.request.build_opener()
    for host in ("127.0.0.1", "localhost", "127.3.2.1", "0.0.0.0"):  # noqa: S104  # nothing is bound
        assert get_environ_proxies(f"http://{host}:{port}") == requests_proxies(f"http://{host}:{port}") == {}
    for host in ("127.0.0.1", "localhost"):
        with opener.open(f"http://{host}:{port}/", timeout=PATIENCE) as response:
            assert response.status == 200
        assert requests.get(f"http://{host}:{port}/", timeout=PATIENCE).ok
    assert (proxy.asked, len(server.asked)) == ([], 4)
    assert get_environ_proxies("http://[::1]:1") == requests_proxies("http://[::1]:1") == {}
    for value in filter(None, exempt.values()):
        assert value in os.environ["no_proxy"] + os.environ["NO_PROXY"]


def test_a_proxy_is_still_used_for_other_hosts(
    monkeypatch: pytest.MonkeyPatch, servers: tuple[type[Proxy], str, type[Proxy], str]
) -> None:
    """The proxy is still used for AWS, Apple and every other host."""
    proxy, proxy_url, _, _ = servers
    monkeypatch.setenv("http_proxy", proxy_url)
    monkeypatch.setenv("HTTPS_PROXY", proxy_url)
    shell.reach_directly("https://dynamodb.us-east-1.amazonaws.com", "http://10.0.0.1")
    assert requests.get("http://api.example.invalid/x", timeout=PATIENCE).ok
    assert proxy.asked == ["http://api.example.invalid/x"]
    for url in ("https://dynamodb.us-east-1.amazonaws.com", "https://api.storekit.apple.com"):
        assert get_environ_proxies(url)["https"] == proxy_url


def test_the_tests_have_none_of_our_own_variables() -> None:
    """The tests' environment has no RETENTION_ variable, also in what `terminal.shell` keeps: one changes messages."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import tests.support.clean_environment; from console.terminal import shell; print(*shell.GIVEN)",
        ],
        cwd=ROOT,
        env={**os.environ, "RETENTION_TRACEBACK": "1", "RETENTION_API_KEY": "x"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PATH" in done.stdout.split()
    assert "RETENTION_" not in done.stdout
