"""The environment variables of a deployment, and the contradictions that stop its start."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from retention.errors import ConfigurationError
from retention.settings import KNOWN_LEAVES, Deployment

from console.simulator.authority import Authority

TEST_ROOT = base64.b64encode(Path(__file__).parents[4].joinpath("events/ca/root.der").read_bytes()).decode()
REHEARSAL = Authority.create("Rehearsal Root CA")
GOOD = {
    "RETENTION_TABLE": "retention-sandbox-Table-1ABC",
    "RETENTION_ENVIRONMENT": "Sandbox",
    "RETENTION_APP_APPLE_IDS": "6745974591,531412",
    "RETENTION_KEY_PREFIX": "/retention/sandbox",
    "RETENTION_TRUST_ANCHOR": "",
    "RETENTION_KNOWN_LEAVES": "",
    "RETENTION_CLOCK": "",
}
DEPLOYED = {"AWS_LAMBDA_FUNCTION_NAME": "retention-sandbox"}
LOCAL = {**DEPLOYED, "AWS_SAM_LOCAL": "true"}


def test_a_complete_environment_is_read() -> None:
    """Every variable is read into the type that the function uses."""
    deployment = Deployment.from_env({**GOOD, **DEPLOYED})
    assert deployment.table == "retention-sandbox-Table-1ABC"
    assert deployment.environment == "Sandbox"
    assert deployment.app_apple_ids == {6745974591, 531412}
    assert deployment.key_prefix == "/retention/sandbox"
    assert deployment.trust_anchor is None
    assert abs(deployment.clock() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETENTION_TABLE", ""),
        ("RETENTION_TABLE", "a b"),
        ("RETENTION_TABLE", "ab"),
        ("RETENTION_TABLE", "a" * 256),
        ("RETENTION_TABLE", "tablé"),
        ("RETENTION_TABLE", "table\n"),
        ("RETENTION_ENVIRONMENT", "production"),
        ("RETENTION_ENVIRONMENT", "Xcode"),
        ("RETENTION_ENVIRONMENT", "LocalTesting"),
        ("RETENTION_APP_APPLE_IDS", ""),
        ("RETENTION_APP_APPLE_IDS", "1, 2"),
        ("RETENTION_APP_APPLE_IDS", "com.example.app"),
        ("RETENTION_APP_APPLE_IDS", "1,,2"),
        ("RETENTION_APP_APPLE_IDS", "1,"),
        ("RETENTION_APP_APPLE_IDS", "\N{FULLWIDTH DIGIT ONE}"),
        ("RETENTION_APP_APPLE_IDS", "\N{SUPERSCRIPT TWO}"),
        ("RETENTION_APP_APPLE_IDS", "1" * 20),
        ("RETENTION_KEY_PREFIX", "retention"),
        ("RETENTION_KEY_PREFIX", "/"),
        ("RETENTION_KEY_PREFIX", "/" + "a" * 901),
        ("RETENTION_KEY_PREFIX", "/retention sandbox"),
        ("RETENTION_TRUST_ANCHOR", "not base64!"),
        ("RETENTION_TRUST_ANCHOR", "clé"),
        ("RETENTION_KNOWN_LEAVES", "4C" * 32),
        ("RETENTION_KNOWN_LEAVES", "ab" * 31),
        ("RETENTION_KNOWN_LEAVES", "ab" * 32 + ","),
        ("RETENTION_KNOWN_LEAVES", "ab" * 32 + ", " + "cd" * 32),
        ("RETENTION_CLOCK", "noon"),
        ("RETENTION_CLOCK", "2026-11-24T12:00:00"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    """A variable that is missing or malformed stops the start, and the error names it."""
    with pytest.raises(ConfigurationError, match=name) as caught:
        Deployment.from_env({**GOOD, name: value})
    assert caught.value.evidence == {"variable": name}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETENTION_TABLE", "a.b"),
        ("RETENTION_TABLE", "a" * 255),
        ("RETENTION_APP_APPLE_IDS", "1" * 19 + ",0"),
        ("RETENTION_KEY_PREFIX", "//"),
        ("RETENTION_KEY_PREFIX", "/" + "a" * 900),
        ("RETENTION_KNOWN_LEAVES", "ab" * 32 + "," + "cd" * 32),
    ],
)
def test_the_longest_and_the_shortest_values_are_accepted(name: str, value: str) -> None:
    """What AWS and Apple allow is accepted, to the last character."""
    Deployment.from_env({**GOOD, name: value})


def test_production_trusts_apple_alone() -> None:
    """A production deployment with a trust anchor does not start, deployed or local."""
    for place in (DEPLOYED, LOCAL, {}):
        env = {**GOOD, **place, "RETENTION_ENVIRONMENT": "Production", "RETENTION_TRUST_ANCHOR": TEST_ROOT}
        with pytest.raises(ConfigurationError) as caught:
            Deployment.from_env(env)
        assert caught.value.code == "anchor_in_production"


def test_the_committed_test_authority_is_refused_in_every_deployed_stack() -> None:
    """The test authority, whose key is public, is trusted on a developer's machine and in no deployed stack."""
    with pytest.raises(ConfigurationError) as caught:
        Deployment.from_env({**GOOD, **DEPLOYED, "RETENTION_TRUST_ANCHOR": TEST_ROOT})
    assert caught.value.code == "test_authority_deployed"
    assert Deployment.from_env({**GOOD, **LOCAL, "RETENTION_TRUST_ANCHOR": TEST_ROOT}).trust_anchor


@pytest.mark.parametrize(
    ("anchor", "code"),
    [
        (b"some other file", "trust_anchor_malformed"),
        (REHEARSAL.intermediate_der, "trust_anchor_not_root"),
        (REHEARSAL.leaf_der, "trust_anchor_not_root"),
        (REHEARSAL.root_der[:-1] + bytes([REHEARSAL.root_der[-1] ^ 1]), "trust_anchor_not_root"),
    ],
)
@pytest.mark.parametrize("place", [DEPLOYED, LOCAL])
def test_an_anchor_is_a_root(anchor: bytes, code: str, place: dict[str, str]) -> None:
    """A trust anchor must have signed itself: with Apple's intermediate as one, Apple's requests would fail."""
    with pytest.raises(ConfigurationError) as caught:
        Deployment.from_env({**GOOD, **place, "RETENTION_TRUST_ANCHOR": base64.b64encode(anchor).decode()})
    assert caught.value.code == code


def test_a_deployed_sandbox_accepts_a_rehearsal_anchor() -> None:
    """A sandbox stack may trust a root made for a rehearsal."""
    anchor = base64.b64encode(REHEARSAL.root_der).decode()
    assert Deployment.from_env({**GOOD, **DEPLOYED, "RETENTION_TRUST_ANCHOR": anchor}).trust_anchor


def test_acknowledged_leaves_are_added_to_those_of_the_release() -> None:
    """Certificates that the owner acknowledges add to those known when this release was made, and replace none."""
    assert Deployment.from_env({**GOOD, **DEPLOYED}).known_leaves == KNOWN_LEAVES
    two = {**GOOD, **DEPLOYED, "RETENTION_KNOWN_LEAVES": f"{'ab' * 32},{'cd' * 32}"}
    assert Deployment.from_env(two).known_leaves == KNOWN_LEAVES | {"ab" * 32, "cd" * 32}


def test_a_fixed_clock_stands_still() -> None:
    """With RETENTION_CLOCK, samples are always judged at the same instant."""
    deployment = Deployment.from_env({**GOOD, **LOCAL, "RETENTION_CLOCK": "2026-11-24T12:00:00Z"})
    assert deployment.clock() == deployment.clock() == datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_no_deployed_stack_takes_a_fixed_clock() -> None:
    """With a fixed clock the age limit of requests would not hold, so a deployed stack refuses one."""
    with pytest.raises(ConfigurationError) as caught:
        Deployment.from_env({**GOOD, **DEPLOYED, "RETENTION_CLOCK": "2026-11-24T12:00:00Z"})
    assert caught.value.code == "clock_deployed"


@pytest.mark.parametrize(
    ("kind", "waited"), [("on-demand", True), ("provisioned-concurrency", False), ("snap-start", False)]
)
def test_only_on_demand_init_is_waited_for(kind: str, waited: bool) -> None:  # noqa: FBT001  # a column of the table
    """A customer waits for init only where Lambda starts environments on demand."""
    env = {**GOOD, **DEPLOYED, "AWS_LAMBDA_INITIALIZATION_TYPE": kind}
    assert Deployment.from_env(env).init_is_waited_for is waited
