"""Which environment variables of the shell the programs of this project use.

Programs that run on this machine only use paths and the settings of the terminal. They ignore everything that decides
where AWS, Apple or a proxy is, which credentials are used, or how Python behaves, so that a sample gets the same answer
in every shell. Programs that download also use the settings of the network. Commands that call AWS and Apple use all
variables, but never a proxy for an address of this machine.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping, MutableMapping
from typing import Final
from urllib.parse import urlsplit

# The shell's variables, before any of our programs changes them.
GIVEN: Final[Mapping[str, str]] = dict(os.environ)

# Paths.
PLACES: Final = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"),
        *("JAVA_HOME", "PYENV_ROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCALE_ARCHIVE"),
        *("SYSTEMROOT", "COMSPEC", "PATHEXT", "USERPROFILE", "LOCALAPPDATA", "APPDATA"),
        "RETENTION_SIMULATOR",  # where the simulator keeps its data
    }
)
# The terminal's appearance, the user's language and time zone.
LOOKS: Final = frozenset({"TERM", "COLORTERM", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "LANG", "LANGUAGE", "TZ"})
# Root certificates for TLS, for a simulator that calls a real endpoint.
TRUST: Final = frozenset({"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})

# Replaces all of the shell's settings for AWS, so that no keys of a real account are used on this machine.
LOCAL_AWS: Final[Mapping[str, str]] = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

# Programs that download must not get our own settings, Python's, or those of a `make` that runs us.
_NOT_FOR_FETCHING: Final = ("AWS_", "RETENTION_", "POWERTOOLS_", "LAMBDA_", "PYTHON", "MAKE", "MFLAGS")

# Names of this machine in NO_PROXY: urllib and botocore compare with the brackets of IPv6, requests and httpx without.
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1", "[::1]")


def local(given: Mapping[str, str] = GIVEN) -> dict[str, str]:
    """Return the environment variables for a program that uses this machine only."""
    wanted = PLACES | LOOKS | TRUST
    kept = {name: value for name, value in given.items() if name in wanted or name.startswith("LC_")}
    return {**kept, **LOCAL_AWS, "NO_PROXY": "*", "no_proxy": "*"}


def fetching(given: Mapping[str, str] = GIVEN) -> dict[str, str]:
    """Return the environment variables for a program that downloads (pip, npm, SAM): proxies and roots stay."""
    return {name: value for name, value in given.items() if not name.startswith(_NOT_FOR_FETCHING)}


def stay_local() -> None:
    """Give this process the variables of `local`. Call it before boto3 or the function is imported."""
    kept = local(dict(os.environ))
    os.environ.clear()
    os.environ.update(kept)


def is_this_machine(host: str | None) -> bool:
    """Return whether a URL's host (without brackets) is this machine, which no proxy can reach for us.

    It accepts more than `addresses.UrlParts.is_loopback`, which decides where a key may be sent: names that end in
    `.localhost`, 0.0.0.0, and any spelling that a variable can have.
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
    """Use no proxy for this machine, nor for those hosts of `urls` that are this machine. All other proxies stay.

    It sets NO_PROXY, which all HTTP clients here read. If `environ` has no proxy, it changes nothing: on macOS,
    NO_PROXY alone would hide the system's proxies.
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
