"""What programs of this project take from the shell they are started in.

What runs on this machine alone takes the places of things and the look of a terminal, and nothing that decides where
AWS, Apple or a proxy is, whose credentials are used, or how Python behaves: the same sample gets the same answer in
every shell. What fetches from the network takes the network's settings too. Commands that ask AWS and Apple take
everything, but ask no proxy for an address of this machine.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping, MutableMapping
from typing import Final
from urllib.parse import urlsplit

# As the shell gave it, before any of our programs changes its own.
GIVEN: Final[Mapping[str, str]] = dict(os.environ)

# Where things are.
PLACES: Final = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"),
        *("JAVA_HOME", "PYENV_ROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCALE_ARCHIVE"),
        *("SYSTEMROOT", "COMSPEC", "PATHEXT", "USERPROFILE", "LOCALAPPDATA", "APPDATA"),
    }
)
# How the terminal looks, and which language and hour its reader has.
LOOKS: Final = frozenset({"TERM", "COLORTERM", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "LANG", "LANGUAGE", "TZ"})
# Whom TLS trusts, for calls that leave this machine: those of a simulator that is pointed at a real endpoint.
TRUST: Final = frozenset({"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})

# In place of everything about AWS: what is held on this machine is no account's, and no account's keys are sent to it.
LOCAL_AWS: Final[Mapping[str, str]] = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

# What the programs that fetch must not have: our own settings, Python's, and those of a make that we run under.
_NOT_FOR_FETCHING: Final = ("AWS_", "RETENTION_", "POWERTOOLS_", "LAMBDA_", "PYTHON", "MAKE", "MFLAGS")

# How each client spells this machine: urllib and botocore compare texts, with the brackets of IPv6; requests and httpx
# without.
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1", "[::1]")


def local(given: Mapping[str, str] = GIVEN) -> dict[str, str]:
    """Return the environment of what runs on this machine alone."""
    wanted = PLACES | LOOKS | TRUST
    kept = {name: value for name, value in given.items() if name in wanted or name.startswith("LC_")}
    return {**kept, **LOCAL_AWS, "NO_PROXY": "*", "no_proxy": "*"}


def fetching(given: Mapping[str, str] = GIVEN) -> dict[str, str]:
    """Return the environment of a program that fetches (pip, npm, SAM): proxies, indexes and roots stay."""
    return {name: value for name, value in given.items() if not name.startswith(_NOT_FOR_FETCHING)}


def stay_local() -> None:
    """Make this process one that runs on this machine alone. To be called before boto3 or the function is imported."""
    kept = local(dict(os.environ))
    os.environ.clear()
    os.environ.update(kept)


def is_this_machine(host: str | None) -> bool:
    """Return whether a URL's host (without brackets) is this machine, so that no proxy can reach it for us.

    More than `addresses.UrlParts.is_loopback`, which judges where a key may be sent: names below `localhost` and
    0.0.0.0 also lead here, and a variable may have any spelling.
    """
    if not host:
        return False
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def reach_directly(*urls: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Ask no proxy for this machine, nor for the host of any of `urls` that is on it. Other proxies stay as they are.

    Every HTTP client here reads NO_PROXY, so it is the one place for all of them. Without a proxy in `environ` nothing
    is written: on macOS a NO_PROXY alone would hide the system's proxies.
    """
    if not any(name.lower().endswith("_proxy") and name.lower() != "no_proxy" for name in environ if environ[name]):
        return
    hosts = dict.fromkeys(_THIS_MACHINE)
    for url in urls:
        host = _host(url)
        if is_this_machine(host):
            hosts |= dict.fromkeys((host, f"[{host}]") if ":" in host else (host,))
    for name in ("no_proxy", "NO_PROXY"):
        present = [part.strip() for part in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(",")]
        if "*" not in present:
            environ[name] = ",".join(dict.fromkeys([*filter(None, present), *hosts]))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
