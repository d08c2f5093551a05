"""The variables of the real-time function, read and checked here, so that a contradiction stops the start.

`background_settings` has those of the other functions, which no customer waits for.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from retention.errors import ConfigurationError
from retention.request import ENVIRONMENTS, PRODUCTION
from retention.verification.known_chains import KNOWN_CHAINS

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
        deployed, environment = is_deployed(env), read_environment(env)
        return cls(
            table=read_table(env),
            environment=environment,
            app_apple_ids=frozenset(read_apps(env)),
            key_prefix=read_key_prefix(env),
            trust_anchor=read_trust_anchor(env.get("RETENTION_TRUST_ANCHOR", ""), environment, deployed=deployed),
            known_leaves=KNOWN_LEAVES | read_known_leaves(env),
            clock=read_clock(env.get("RETENTION_CLOCK", ""), deployed=deployed),
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


def is_deployed(env: Mapping[str, str]) -> bool:
    """Return whether this is a deployed function, and not one on a developer's machine."""
    # Lambda sets the function's name. `sam local` and all that runs samples set AWS_SAM_LOCAL as well.
    return bool(env.get("AWS_LAMBDA_FUNCTION_NAME")) and env.get("AWS_SAM_LOCAL") != "true"


def read_environment(env: Mapping[str, str]) -> str:
    """Return the App Store environment. Like the readers that follow, raises ConfigurationError with the variable."""
    return checked(env, "RETENTION_ENVIRONMENT", lambda value: value in ENVIRONMENTS, "Production or Sandbox")


def read_table(env: Mapping[str, str]) -> str:
    """Return the name of the table."""

    def fits(value: str) -> bool:
        return len(value) in _TABLE_LENGTHS and _NAME.issuperset(value)

    return checked(env, "RETENTION_TABLE", fits, "the name of a DynamoDB table")


def read_apps(env: Mapping[str, str]) -> tuple[int, ...]:
    """Return the appAppleIds of the stack's apps, each once, in order."""

    def fits(value: str) -> bool:
        return value.isascii() and all(id_.isdigit() and len(id_) in _APP_ID_LENGTHS for id_ in value.split(","))

    apps = checked(env, "RETENTION_APP_APPLE_IDS", fits, "app ids, digits separated by commas")
    return tuple(dict.fromkeys(map(int, apps.split(","))))


def read_key_prefix(env: Mapping[str, str]) -> str:
    """Return the path in Parameter Store under which the signing keys are."""

    def fits(value: str) -> bool:
        return value.startswith("/") and len(value) in _PREFIX_LENGTHS and _NAME.issuperset(value.replace("/", ""))

    return checked(env, "RETENTION_KEY_PREFIX", fits, "an SSM path such as /retention/sandbox").rstrip("/")


def read_known_leaves(env: Mapping[str, str]) -> frozenset[str]:
    """Return the fingerprints of signing certificates that the owner has acknowledged."""

    def fits(value: str) -> bool:
        return not value or re.fullmatch(_FINGERPRINTS, value) is not None

    wanted = "SHA-256 fingerprints, 64 lower-case hex digits each, separated by commas"
    return frozenset(filter(None, checked(env, "RETENTION_KNOWN_LEAVES", fits, wanted).split(",")))


def checked(env: Mapping[str, str], name: str, fits: Callable[[str], bool], wanted: str) -> str:
    """Return a variable, empty where it is not set, or raise ConfigurationError: it must be `wanted`."""
    value = env.get(name, "")
    if not fits(value):
        raise ConfigurationError("variable_invalid", f"{name} must be {wanted}.", variable=name)
    return value


def read_trust_anchor(encoded: str, environment: str, *, deployed: bool) -> bytes | None:
    """Return the DER of the root to trust next to Apple's, None for an empty variable."""
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


def read_clock(fixed: str, *, deployed: bool) -> Callable[[], datetime]:
    """Return the server's clock, or one that stands still at the instant `fixed` (ISO 8601)."""
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
