"""The variables of the functions that no customer waits for: the sync, those for Apple's notifications, the relay.

They are read and checked as `settings` does it, and stand here so that a cold start does not pay for them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

from retention.errors import ConfigurationError
from retention.request import PRODUCTION, SANDBOX
from retention.settings import (
    KNOWN_LEAVES,
    checked,
    is_deployed,
    read_apps,
    read_clock,
    read_environment,
    read_key_prefix,
    read_known_leaves,
    read_table,
    read_trust_anchor,
)

# ASCII that can be seen, without the backslash, which some programs take for a slash.
_PRINTED: Final = r"[!-\[\]-~]*"
# How URLs in our variables name this machine. Three names, compared as text: what else 127.0.0.0/8 holds
# (`console.terminal.addresses` takes it all) is not needed here, and `ipaddress` is one more import.
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")

# Recommended since 2026-05-05 (RM/retention-messaging-changelog).
_APPLE = {
    PRODUCTION: "https://api.storekit.apple.com",
    SANDBOX: "https://api.storekit-sandbox.apple.com",
}


@dataclass(frozen=True, slots=True)
class SyncDeployment:
    """The same stack as its sync sees it. `apple_url`: where Apple's API is, without a slash at its end.

    `probe_url` is the stack's own URL in `region`, which each run asks; empty where there is none to ask.
    """

    table: str
    app_apple_ids: tuple[int, ...]
    key_prefix: str
    apple_url: str
    probe_url: str = ""
    region: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> SyncDeployment:
        """Read the RETENTION_* variables. Raises ConfigurationError naming the variable and what it should be."""
        return cls(
            table=read_table(env),
            app_apple_ids=read_apps(env),
            key_prefix=read_key_prefix(env),
            apple_url=_apple_url(env, read_environment(env), deployed=is_deployed(env)),
            probe_url=_probe_url(env),
            region=env.get("AWS_REGION", ""),
        )


# How the stack learns of subscriptions: from Apple's notification history alone, or from notifications as well.
PULL: Final = "pull"
PUSH: Final = "push"


@dataclass(frozen=True, slots=True)
class NotificationsDeployment:
    """The same stack as its functions for Apple's notifications see it.

    `mode` is PULL or PUSH. The three queues are named by their URLs. `queue_url`, whose messages are notifications, is
    empty without PUSH; `parking_queue_url` takes what is authentic and not understood; `relay_queue_url` is empty where
    nothing is relayed. All else is as in the two classes above.
    """

    table: str
    environment: str
    app_apple_ids: tuple[int, ...]
    key_prefix: str
    apple_url: str
    trust_anchor: bytes | None
    clock: Callable[[], datetime]
    mode: str
    queue_url: str = ""
    parking_queue_url: str = ""
    relay_queue_url: str = ""
    known_leaves: frozenset[str] = KNOWN_LEAVES

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> NotificationsDeployment:
        """Read the RETENTION_* variables. Raises ConfigurationError naming the variable and what it should be."""
        deployed, environment = is_deployed(env), read_environment(env)
        mode = checked(env, "RETENTION_NOTIFICATIONS", lambda value: value in {PULL, PUSH}, "pull or push")
        return cls(
            table=read_table(env),
            environment=environment,
            app_apple_ids=read_apps(env),
            key_prefix=read_key_prefix(env),
            apple_url=_apple_url(env, environment, deployed=deployed),
            trust_anchor=read_trust_anchor(env.get("RETENTION_TRUST_ANCHOR", ""), environment, deployed=deployed),
            clock=read_clock(env.get("RETENTION_CLOCK", ""), deployed=deployed),
            mode=mode,
            queue_url=_queue_url(env, "RETENTION_QUEUE_URL", needed=mode == PUSH),
            parking_queue_url=_queue_url(env, "RETENTION_PARKING_QUEUE_URL", needed=True),
            relay_queue_url=_queue_url(env, "RETENTION_RELAY_QUEUE_URL"),
            known_leaves=KNOWN_LEAVES | read_known_leaves(env),
        )


@dataclass(frozen=True, slots=True)
class RelayDeployment:
    """The same stack as its relay sees it: the owner's receiver, the queue for it, and the queue where bodies end.

    The receiver's URL may hold a secret of the owner's, so `repr` leaves it out.
    """

    url: str = field(repr=False)
    queue_url: str
    dead_letters_url: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> RelayDeployment:
        """Read the RETENTION_* variables. Raises ConfigurationError naming the variable and what it should be."""
        return cls(
            url=_relay_url(env),
            queue_url=_queue_url(env, "RETENTION_RELAY_QUEUE_URL", needed=True),
            dead_letters_url=_queue_url(env, "RETENTION_RELAY_DEAD_LETTERS_URL", needed=True),
        )


def _apple_url(env: Mapping[str, str], environment: str, *, deployed: bool) -> str:
    """Return the address of Apple's API in the environment, or that of the simulator.

    One key signs for sandbox and production alike, so a token must go to Apple or stay on this machine: the simulator
    is on the loopback, in every environment. A deployed production stack takes review states from Apple alone.
    """
    given = env.get("RETENTION_APPLE_URL", "")
    if not given:
        return _APPLE[environment]
    name = "RETENTION_APPLE_URL"
    if environment == PRODUCTION and deployed:
        raise ConfigurationError(
            "apple_url_in_production", f"Production asks Apple alone: unset {name}.", variable=name
        )
    try:
        parts = _split(given)
        local = parts.scheme == "http" and keeps_secrets(parts) and not parts.query and not parts.username
    except ValueError:
        local = False
    if not local:
        raise ConfigurationError(
            "variable_invalid", f"{name} must be on this machine, like http://127.0.0.1:8081/sandbox.", variable=name
        )
    return given.rstrip("/")


def keeps_secrets(parts: SplitResult) -> bool:
    """Return whether only the receiver can read what is sent to a URL: it is https, or http to this machine."""
    host = parts.hostname
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _split(url: str) -> SplitResult:
    # urlsplit drops line ends, tabs and outer blanks before it parses; the URL that is sent would still have them.
    if not re.fullmatch(_PRINTED, url):
        raise ValueError("a character that no URL holds")
    return urlsplit(url)


def _probe_url(env: Mapping[str, str]) -> str:
    """Return the address to probe, or nothing. The probe is signed: it goes over TLS, or stays on this machine."""
    name = "RETENTION_PROBE_URL"
    given = env.get(name, "")
    try:
        parts = _split(given)
        good = keeps_secrets(parts) and not parts.query and not parts.fragment and not parts.username
    except ValueError:
        good = False
    if given and not good:
        raise ConfigurationError(
            "variable_invalid", f"{name} must be the stack's own URL, with https://, or empty.", variable=name
        )
    return given


def _queue_url(env: Mapping[str, str], name: str, *, needed: bool = False) -> str:
    """Return the URL by which SQS names a queue; the SDK sends to its own endpoint, not to this URL.

    Raises ConfigurationError where it is empty and `needed`.
    """
    given = env.get(name, "")
    try:
        parts = _split(given)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query and not parts.username
    except ValueError:
        good = False
    if (given and not good) or (needed and not given):
        raise ConfigurationError("variable_invalid", f"{name} must be the URL of an SQS queue.", variable=name)
    return given


def _relay_url(env: Mapping[str, str]) -> str:
    """Return the URL of the owner's receiver; it may have a query, since vendors name an app by one."""
    name = "RETENTION_RELAY_URL"
    given = env.get(name, "")
    try:
        parts = _split(given)
        good = keeps_secrets(parts) and not parts.fragment and not parts.username
    except ValueError:
        good = False
    if not good:
        raise ConfigurationError(
            "variable_invalid", f"{name} must be the receiver's URL, with https://.", variable=name
        )
    return given
