"""Which of the shell's variables a program uses; addresses of this machine are called without a proxy."""

from __future__ import annotations

import os
from unittest.mock import patch

import pytest

from console.terminal import shell
from tests.support.shell_variables import STEERING


def test_a_local_environment_is_made_from_an_allow_list() -> None:
    """A local program's environment keeps paths, locale and colours, and no variable that would steer it."""
    kept = shell.local({**STEERING, "NEW_AND_UNKNOWN": "x", "PATH": "/bin", "NO_COLOR": "1", "LC_CTYPE": "C.UTF-8"})
    steering = {name for name in STEERING if kept.get(name) == STEERING[name]}
    assert steering <= shell.LOOKS | shell.TRUST | {"LC_ALL"}
    assert (kept["PATH"], kept["NO_COLOR"], kept["LC_CTYPE"]) == ("/bin", "1", "C.UTF-8")
    assert (kept["AWS_ACCESS_KEY_ID"], kept["AWS_REGION"], kept["NO_PROXY"]) == ("local", "us-east-1", "*")
    assert "NEW_AND_UNKNOWN" not in kept


def test_a_local_program_knows_where_the_simulator_is() -> None:
    """`--help` names the variable, and it is a path of this machine."""
    assert shell.local({"RETENTION_SIMULATOR": "/srv/simulator"})["RETENTION_SIMULATOR"] == "/srv/simulator"


def test_a_fetching_program_keeps_the_networks_settings() -> None:
    """pip, npm and SAM keep the proxy, the index and the roots; they get no credentials and no PYTHON variables."""
    given = {**STEERING, "PIP_CERT": "/c", "npm_config_cafile": "/c", "MAKEFLAGS": "-j"}
    kept = shell.fetching(given)
    assert {"HTTPS_PROXY", "https_proxy", "PIP_CERT", "npm_config_cafile", "SSL_CERT_FILE"} <= set(kept)
    assert not [name for name in kept if name.startswith(("AWS_", "RETENTION_", "PYTHON", "MAKE"))]


def test_without_a_proxy_nothing_is_written() -> None:
    """Without a proxy, NO_PROXY is not changed: alone, it would hide the proxies of macOS's settings."""
    environ = {"NO_PROXY": "example.org", "https_proxy": ""}
    shell.reach_directly("http://127.0.0.1:8000", environ=environ)
    assert environ == {"NO_PROXY": "example.org", "https_proxy": ""}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0"])  # noqa: S104  # no socket
def test_hosts_of_this_machine(host: str) -> None:
    """`localhost`, its subdomains, and loopback addresses are this machine."""
    assert shell.is_this_machine(host)


@pytest.mark.parametrize(
    "host", ["", None, "localhost.example.com", "10.0.0.1", "128.0.0.1", "fe80::1", "notlocalhost"]
)
def test_hosts_of_other_machines(host: str | None) -> None:
    """A name that only contains `localhost`, a private address, and no host at all are not this machine."""
    assert not shell.is_this_machine(host)


@pytest.mark.parametrize(
    ("given", "url", "exempt"),
    [
        ({}, "http://127.0.0.1:8000", "localhost,127.0.0.1,::1,[::1]"),
        ({"NO_PROXY": "a.example, b.example"}, "", "a.example,b.example,localhost,127.0.0.1,::1,[::1]"),
        ({}, "http://127.3.2.1:8000", "localhost,127.0.0.1,::1,[::1],127.3.2.1"),
        ({}, "https://api.example.com", "localhost,127.0.0.1,::1,[::1]"),
        ({"no_proxy": "*"}, "http://127.3.2.1:8000", "*"),
    ],
)
def test_this_machine_is_added_to_the_exceptions_of_a_proxy(given: dict[str, str], url: str, exempt: str) -> None:
    """The owner's own exceptions stay, other hosts are not added, and both spellings of the variable agree."""
    environ = {"HTTPS_PROXY": "http://proxy.example.com:3128", **given}
    shell.reach_directly(url, environ=environ)
    names = [name for name in ("no_proxy", "NO_PROXY") if name in environ]
    assert {environ[name] for name in names} == {exempt}
    assert environ["HTTPS_PROXY"] == "http://proxy.example.com:3128"


def test_a_process_that_stays_local_loses_what_would_steer_it() -> None:
    """It keeps the path, and AWS's credentials are replaced, so that no real account is called."""
    with patch.dict(os.environ, {**STEERING, "PATH": "/bin"}):
        shell.stay_local()
        assert os.environ["PATH"] == "/bin"
        assert {name: os.environ[name] for name in shell.LOCAL_AWS} == shell.LOCAL_AWS
        assert not {"HTTPS_PROXY", "https_proxy", "AWS_PROFILE"} & set(os.environ)
