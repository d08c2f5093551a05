"""The functions' environment variables: read and checked here, so that a contradiction stops the start."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from retention.errors import ConfigurationError
from retention.request import ENVIRONMENTS, PRODUCTION, SANDBOX
from retention.verification.known_chains import KNOWN_CHAINS

if TYPE_CHECKING:
    from urllib.parse import SplitResult

# The leaves that the App Store signed with when this release was made. Another one under Apple's root is accepted too:
# the log line names it, and the metric NewLeaf counts it.
KNOWN_LEAVES: Final = frozenset(chain.leaf_fingerprint for chain in KNOWN_CHAINS.values())

# Every start checks the variables, and compiling one pattern costs it a part in 400. So names are compared with sets of
# characters, and the patterns that few starts need are compiled then.
_NAME: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_TABLE_LENGTHS: Final = range(3, 256)
_PREFIX_LENGTHS: Final = range(2, 902)
_APP_ID_LENGTHS: Final = range(1, 20)
_FINGERPRINTS: Final = r"[0-9a-f]{64}(,[0-9a-f]{64})*"
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
class Deployment:
    """Where this function runs and for whom.

    `trust_anchor` is the DER of one root in addition to Apple's, or None. `known_leaves` are the App Store's signing
    certificates that this release or the owner knows: SHA-256, lower-case hex. `clock` is the
    server's time, aware; fixed where samples are judged. `function_version` is Lambda's number for this code, or
    `$LATEST`; None outside Lambda.
    """

    table: str
    environment: str
    app_apple_ids: frozenset[int]
    key_prefix: str
    trust_anchor: bytes | None
    clock: Callable[[], datetime]
    initialization: str  # how Lambda brings environments up: on-demand, provisioned-concurrency or snap-start
    known_leaves: frozenset[str] = KNOWN_LEAVES
    function_version: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Deployment:
        """Read the RETENTION_* variables. Raises ConfigurationError naming the variable and what it should be."""
        deployed, environment = _deployed(env), _environment(env)
        return cls(
            table=_table(env),
            environment=environment,
            app_apple_ids=frozenset(_apps(env)),
            key_prefix=_key_prefix(env),
            trust_anchor=_trust_anchor(env.get("RETENTION_TRUST_ANCHOR", ""), environment, deployed=deployed),
            known_leaves=KNOWN_LEAVES | _known_leaves(env),
            clock=_clock(env.get("RETENTION_CLOCK", ""), deployed=deployed),
            initialization=env.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            function_version=env.get("AWS_LAMBDA_FUNCTION_VERSION") or None,
        )

    @property
    def init_is_waited_for(self) -> bool:
        """Whether a customer waits for init: not while Lambda prepares provisioned environments or snapshots."""
        return self.initialization == "on-demand"

    @property
    def snapshot(self) -> bool:
        """Whether what init leaves in memory goes into a snapshot."""
        return self.initialization == "snap-start"


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
            table=_table(env),
            app_apple_ids=_apps(env),
            key_prefix=_key_prefix(env),
            apple_url=_apple_url(env, _environment(env), deployed=_deployed(env)),
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
        deployed, environment = _deployed(env), _environment(env)
        mode = _checked(env, "RETENTION_NOTIFICATIONS", lambda value: value in {PULL, PUSH}, "pull or push")
        return cls(
            table=_table(env),
            environment=environment,
            app_apple_ids=_apps(env),
            key_prefix=_key_prefix(env),
            apple_url=_apple_url(env, environment, deployed=deployed),
            trust_anchor=_trust_anchor(env.get("RETENTION_TRUST_ANCHOR", ""), environment, deployed=deployed),
            clock=_clock(env.get("RETENTION_CLOCK", ""), deployed=deployed),
            mode=mode,
            queue_url=_queue_url(env, "RETENTION_QUEUE_URL", needed=mode == PUSH),
            parking_queue_url=_queue_url(env, "RETENTION_PARKING_QUEUE_URL", needed=True),
            relay_queue_url=_queue_url(env, "RETENTION_RELAY_QUEUE_URL"),
            known_leaves=KNOWN_LEAVES | _known_leaves(env),
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


def _deployed(env: Mapping[str, str]) -> bool:
    # Lambda sets the function's name. `sam local` and all that runs samples set AWS_SAM_LOCAL as well.
    return bool(env.get("AWS_LAMBDA_FUNCTION_NAME")) and env.get("AWS_SAM_LOCAL") != "true"


def _environment(env: Mapping[str, str]) -> str:
    return _checked(env, "RETENTION_ENVIRONMENT", lambda value: value in ENVIRONMENTS, "Production or Sandbox")


def _table(env: Mapping[str, str]) -> str:
    def fits(value: str) -> bool:
        return len(value) in _TABLE_LENGTHS and _NAME.issuperset(value)

    return _checked(env, "RETENTION_TABLE", fits, "the name of a DynamoDB table")


def _apps(env: Mapping[str, str]) -> tuple[int, ...]:
    def fits(value: str) -> bool:
        return value.isascii() and all(id_.isdigit() and len(id_) in _APP_ID_LENGTHS for id_ in value.split(","))

    apps = _checked(env, "RETENTION_APP_APPLE_IDS", fits, "app ids, digits separated by commas")
    return tuple(dict.fromkeys(map(int, apps.split(","))))


def _key_prefix(env: Mapping[str, str]) -> str:
    def fits(value: str) -> bool:
        return value.startswith("/") and len(value) in _PREFIX_LENGTHS and _NAME.issuperset(value.replace("/", ""))

    return _checked(env, "RETENTION_KEY_PREFIX", fits, "an SSM path such as /retention/sandbox").rstrip("/")


def _known_leaves(env: Mapping[str, str]) -> frozenset[str]:
    def fits(value: str) -> bool:
        return not value or re.fullmatch(_FINGERPRINTS, value) is not None

    wanted = "SHA-256 fingerprints, 64 lower-case hex digits each, separated by commas"
    return frozenset(filter(None, _checked(env, "RETENTION_KNOWN_LEAVES", fits, wanted).split(",")))


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
    # Only the sync's variables hold URLs: the real-time function must not import their parser.
    from urllib.parse import urlsplit  # noqa: PLC0415  # see above

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


def _checked(env: Mapping[str, str], name: str, fits: Callable[[str], bool], wanted: str) -> str:
    value = env.get(name, "")
    if not fits(value):
        raise ConfigurationError("variable_invalid", f"{name} must be {wanted}.", variable=name)
    return value


def _trust_anchor(encoded: str, environment: str, *, deployed: bool) -> bytes | None:
    if not encoded:
        return None
    name = "RETENTION_TRUST_ANCHOR"
    if environment == PRODUCTION:
        raise ConfigurationError("anchor_in_production", f"Production trusts Apple alone: unset {name}.", variable=name)
    try:
        anchor = base64.b64decode(encoded, validate=True)
    except ValueError:  # binascii's own error, and what is not ASCII
        raise ConfigurationError(
            "variable_invalid", f"{name} must be base64 of a DER certificate.", variable=name
        ) from None
    # Only stacks with an anchor import X.509, and cryptography before everything else.
    from retention.jws import TEST_AUTHORITY_KEYS  # noqa: PLC0415  # likewise
    from retention.verification.certificates import anchor_key  # noqa: PLC0415  # see above

    if anchor_key(anchor) in TEST_AUTHORITY_KEYS and deployed:
        # A private key of it is in a public repository.
        raise ConfigurationError(
            "test_authority_deployed", f"{name} is the committed test CA, or has a key of it: unset it.", variable=name
        )
    return anchor


def _clock(fixed: str, *, deployed: bool) -> Callable[[], datetime]:
    if not fixed:
        return lambda: datetime.now(UTC)
    name = "RETENTION_CLOCK"
    if deployed:
        raise ConfigurationError("clock_deployed", f"A deployed stack keeps real time: unset {name}.", variable=name)
    try:
        instant = datetime.fromisoformat(fixed)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ConfigurationError("variable_invalid", f"{name} must be like 2026-11-24T12:00:00Z.", variable=name)
    return lambda: instant
