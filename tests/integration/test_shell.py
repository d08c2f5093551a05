"""What programs take from the shell: local ones nothing that steers them, commands no proxy for this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import pytest
import requests
from botocore.utils import get_environ_proxies
from requests.utils import get_environ_proxies as requests_proxies

from console.terminal import shell
from tests.support.sam_template import ROOT
from tests.support.waiting import PATIENCE

# Each a sibling that a shell may hold: none of them is for what runs on this machine alone.
STEERING = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "ftp_proxy"), "http://127.0.0.1:9"),
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_PROFILE": "nonexistent",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_ACCESS_KEY_ID": "AKIDREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_ENDPOINT_URL": "localhost:8000",
    "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:9",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_CA_BUNDLE": "/nonexistent",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_RETRY_MODE": "sometimes",
    "AWS_DEFAULTS_MODE": "odd",
    "AWS_STS_REGIONAL_ENDPOINTS": "odd",
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
    "LAMBDA_TASK_ROOT": "/nonexistent",
    "RETENTION_TABLE": "-",
    "RETENTION_CLOCK": "never",
    "RETENTION_APPLE_URL": "https://example.com",
    "RETENTION_TRUST_ANCHOR": "-",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_DEV": "true",
    "LOG_LEVEL": "CRITICAL",
    "MOTO_PORT": "1",
    "NETRC": "/nonexistent",
    "BOTO_CONFIG": "/nonexistent",
    **dict.fromkeys(("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), "/nonexistent"),
    "PYTHONWARNINGS": "error",
    "PYTHONPATH": "/nonexistent",
    "PYTHONHOME": "/nonexistent",
    "PYTHONUTF8": "0",
    "PYTHONOPTIMIZE": "2",
    "COLUMNS": "30",
    "FORCE_COLOR": "1",
    "GITHUB_ACTIONS": "true",
    "LC_ALL": "C",
    "TZ": "Asia/Kolkata",
}


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """What is changed here is as it was afterwards."""
    with patch.dict(os.environ):
        yield


@pytest.fixture(scope="module")
def plain() -> list[str]:
    return _answers({})


def _answers(more: dict[str, str]) -> list[str]:
    """Run `make run`'s program as the Makefile does; return the requests with their statuses."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "console.local.demo"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **more},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = re.sub("\x1b\\[[0-9;]*m", "", done.stdout)
    return [f"{name} {status}" for name, status in re.findall(r"^(\S+) .* (\d{3}) +[\d.]+$", shown, re.MULTILINE)]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_the_samples_are_answered_alike_in_every_shell(plain: list[str], one_by_one: bool) -> None:  # noqa: FBT001  # a parameter
    """All at once, and, since one could hide another, the ones that broke a run by themselves."""
    alone = ("HTTP_PROXY", "ALL_PROXY", "AWS_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_MAX_ATTEMPTS")
    shells = [{name: STEERING[name]} for name in alone] if one_by_one else [STEERING]
    assert len(plain) > 10
    for variables in shells:
        assert _answers(variables) == plain


def test_a_local_environment_is_made_from_an_allow_list() -> None:
    """Nothing of the shell's that steers is kept, whatever its name; places and looks are."""
    kept = shell.local({**STEERING, "NEW_AND_UNKNOWN": "x", "PATH": "/bin", "NO_COLOR": "1", "LC_CTYPE": "C.UTF-8"})
    steering = {name for name in STEERING if kept.get(name) == STEERING[name]}
    assert steering <= shell.LOOKS | shell.TRUST | {"LC_ALL"}
    assert (kept["PATH"], kept["NO_COLOR"], kept["LC_CTYPE"]) == ("/bin", "1", "C.UTF-8")
    assert (kept["AWS_ACCESS_KEY_ID"], kept["AWS_REGION"], kept["NO_PROXY"]) == ("local", "us-east-1", "*")
    assert "NEW_AND_UNKNOWN" not in kept


def test_what_fetches_keeps_the_networks_settings() -> None:
    """pip, npm and SAM need the proxy, the index and the roots; they get no credentials, no PYTHON*."""
    given = {**STEERING, "PIP_CERT": "/c", "npm_config_cafile": "/c", "MAKEFLAGS": "-j"}
    kept = shell.fetching(given)
    assert {"HTTPS_PROXY", "https_proxy", "PIP_CERT", "npm_config_cafile", "SSL_CERT_FILE"} <= set(kept)
    assert not [name for name in kept if name.startswith(("AWS_", "RETENTION_", "PYTHON", "MAKE"))]


# Proxies of the operator's shell

PROXY_VARIABLES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy")


class Proxy(BaseHTTPRequestHandler):
    """Answers whatever it is asked, and notes it."""

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
    """A proxy and a server of this machine, each with its URL."""
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
def test_no_client_asks_a_proxy_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
    servers: tuple[type[Proxy], str, type[Proxy], str],
    variable: str,
    exempt: dict[str, str],
) -> None:
    """urllib, requests and botocore, by every name of the loopback; the exceptions that were there stay."""
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


def test_a_proxy_for_the_rest_of_the_world_is_still_asked(
    monkeypatch: pytest.MonkeyPatch, servers: tuple[type[Proxy], str, type[Proxy], str]
) -> None:
    """AWS and Apple are behind it."""
    proxy, proxy_url, _, _ = servers
    monkeypatch.setenv("http_proxy", proxy_url)
    monkeypatch.setenv("HTTPS_PROXY", proxy_url)
    shell.reach_directly("https://dynamodb.us-east-1.amazonaws.com", "http://10.0.0.1")
    assert requests.get("http://api.example.invalid/x", timeout=PATIENCE).ok
    assert proxy.asked == ["http://api.example.invalid/x"]
    for url in ("https://dynamodb.us-east-1.amazonaws.com", "https://api.storekit.apple.com"):
        assert get_environ_proxies(url)["https"] == proxy_url


def test_without_a_proxy_nothing_is_written() -> None:
    """A NO_PROXY alone would hide the proxies that macOS has in its settings."""
    environ = {"NO_PROXY": "example.org", "https_proxy": ""}
    shell.reach_directly("http://127.0.0.1:8000", environ=environ)
    assert environ == {"NO_PROXY": "example.org", "https_proxy": ""}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0"])  # noqa: S104  # no socket
def test_hosts_of_this_machine(host: str) -> None:
    assert shell.is_this_machine(host)


@pytest.mark.parametrize(
    "host", ["", None, "localhost.example.com", "10.0.0.1", "128.0.0.1", "fe80::1", "notlocalhost"]
)
def test_hosts_of_other_machines(host: str | None) -> None:
    assert not shell.is_this_machine(host)


# The tests' own environment

INSIDE = """
import locale, os, sys, time, warnings

def test_inside():
    assert not [name for name in os.environ if name.startswith(("PYTHON", "RETENTION_", "POWERTOOLS_"))]
    assert not [name for name in os.environ if name.lower().endswith("_proxy")]
    assert not {"FORCE_COLOR", "GITHUB_ACTIONS", "SSL_CERT_FILE", "LOG_LEVEL", "NETRC"} & set(os.environ)
    assert (os.environ["AWS_REGION"], os.environ["AWS_ACCESS_KEY_ID"]) == ("us-east-1", "test")
    assert (os.environ["COLUMNS"], os.environ["TZ"], time.timezone) == ("80", "UTC", 0)
    assert locale.getpreferredencoding(False).lower() == "utf-8"
    assert os.path.basename(os.environ["HOME"]) == "home"
    assert os.environ["REQUIRE_REAL_PARTS"] == "1"
    mask = os.umask(0)
    os.umask(mask)
    assert mask == 0o022
"""


@pytest.mark.parametrize(
    "variables",
    [
        {name: value for name, value in STEERING.items() if name not in {"PYTHONHOME", "PYTHONOPTIMIZE"}},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii", "TERM": "dumb"},
    ],
)
def test_tests_see_nothing_of_the_shell(tmp_path: Path, variables: dict[str, str]) -> None:
    """Whatever it holds, and with a umask and a folder for temporary files that are not the usual ones."""
    (tmp_path / "test_inside.py").write_text(INSIDE)
    blanks = tmp_path / "temporary é files"
    blanks.mkdir()
    options = ["-q", "-p", "no:cacheprovider", "-c", "pyproject.toml", "--rootdir", "."]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path / "test_inside.py")],
        env={"PATH": os.environ["PATH"], "REQUIRE_REAL_PARTS": "1", "TMPDIR": str(blanks), **variables},
        cwd=ROOT,
        umask=0o077,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")


def test_the_tests_know_none_of_our_own_variables() -> None:
    """Not even in what `terminal.shell` keeps of the shell: a traceback asked for there would be in every sentence."""
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
