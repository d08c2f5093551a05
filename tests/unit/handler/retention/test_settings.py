"""The environment variables of a deployment, and the contradictions that stop its start."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from retention.errors import ConfigurationError
from retention.settings import KNOWN_LEAVES, Deployment, NotificationsDeployment, RelayDeployment, SyncDeployment

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


# The sync's part

ENDPOINT_ALONE = {"RETENTION_TRUST_ANCHOR", "RETENTION_KNOWN_LEAVES", "RETENTION_CLOCK"}
SYNC = {name: GOOD[name] for name in GOOD if name not in ENDPOINT_ALONE}


@pytest.mark.parametrize(
    ("environment", "host"),
    [("Sandbox", "https://api.storekit-sandbox.apple.com"), ("Production", "https://api.storekit.apple.com")],
)
def test_each_environment_calls_its_own_host_of_apple(environment: str, host: str) -> None:
    """Sandbox and production have different hosts, messages and reviews."""
    deployment = SyncDeployment.from_env({**SYNC, **DEPLOYED, "RETENTION_ENVIRONMENT": environment})
    assert deployment.apple_url == host
    assert deployment.app_apple_ids == (6745974591, 531412)
    assert (deployment.table, deployment.key_prefix) == ("retention-sandbox-Table-1ABC", "/retention/sandbox")


@pytest.mark.parametrize("environ", [{}, DEPLOYED, LOCAL])
@pytest.mark.parametrize("url", ["http://127.0.0.1:8081/sandbox/", "http://localhost:8081/sandbox", "http://[::1]:1"])
def test_a_simulator_on_this_machine_may_stand_in_for_apple(url: str, environ: dict[str, str]) -> None:
    """In rehearsals the token for Apple's API stays on the machine."""
    assert SyncDeployment.from_env({**SYNC, **environ, "RETENTION_APPLE_URL": url}).apple_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.storekit.apple.com.example.com",
        "https://127.0.0.1:8081",
        "http://192.0.2.7:8081",
        "http://127.0.0.1@example.com",
        "http://user@127.0.0.1:8081",
        "http://127.0.0.1:8081/?next=",
        "http://[::1",
        "file:///etc/passwd",
        "127.0.0.1:8081",
        "http://127.0.0.1:8081/sandbox\n",
        " http://127.0.0.1:8081/sandbox",
        "http://127.0.0.1:8081/sand\tbox",
        "http://127.0.0.1:8081\\@example.com/",
    ],
)
@pytest.mark.parametrize("environment", ["Sandbox", "Production"])
def test_no_token_goes_to_another_host(environment: str, url: str) -> None:
    """One key signs for sandbox and production, so a token goes to Apple or stays on this machine."""
    with pytest.raises(ConfigurationError, match="RETENTION_APPLE_URL"):
        SyncDeployment.from_env({**SYNC, "RETENTION_ENVIRONMENT": environment, "RETENTION_APPLE_URL": url})


def test_deployed_production_reads_states_from_apple_alone() -> None:
    """A simulator's states are no reviews; it may stand in for Apple only on a developer's machine."""
    given = {**SYNC, "RETENTION_ENVIRONMENT": "Production", "RETENTION_APPLE_URL": "http://127.0.0.1:8081/production"}
    with pytest.raises(ConfigurationError) as caught:
        SyncDeployment.from_env({**given, **DEPLOYED})
    assert caught.value.code == "apple_url_in_production"
    assert SyncDeployment.from_env({**given, **LOCAL}).apple_url == "http://127.0.0.1:8081/production"


# The part of the functions for Apple's notifications

QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/retention-Queue-1ABC"
PULLED = {"RETENTION_NOTIFICATIONS": "pull", "RETENTION_PARKING_QUEUE_URL": f"{QUEUE}-parking"}
PUSHED = {**PULLED, "RETENTION_NOTIFICATIONS": "push", "RETENTION_QUEUE_URL": QUEUE}


def test_notifications_are_pulled_without_a_queue_of_their_own() -> None:
    """Only what is pushed needs a queue; what is authentic and not understood is parked in either mode."""
    deployment = NotificationsDeployment.from_env({**SYNC, **DEPLOYED, **PULLED})
    assert (deployment.mode, deployment.queue_url, deployment.relay_queue_url) == ("pull", "", "")
    assert deployment.parking_queue_url == f"{QUEUE}-parking"
    assert deployment.apple_url == "https://api.storekit-sandbox.apple.com"
    assert deployment.app_apple_ids == (6745974591, 531412)
    assert deployment.known_leaves == KNOWN_LEAVES


RELAY = {
    "RETENTION_RELAY_QUEUE_URL": f"{QUEUE}-relay",
    "RETENTION_RELAY_DEAD_LETTERS_URL": f"{QUEUE}-dead",
    "RETENTION_RELAY_URL": "https://example.com/asn?pk=a1",
}


def test_notifications_are_relayed_to_the_owner_s_receiver() -> None:
    """A receiver's URL may have a query, since vendors name an app by one; it may be a secret, so no repr shows it."""
    deployment = NotificationsDeployment.from_env({**SYNC, **DEPLOYED, **PUSHED, **RELAY})
    assert (deployment.queue_url, deployment.relay_queue_url) == (QUEUE, f"{QUEUE}-relay")
    relay = RelayDeployment.from_env(RELAY)
    assert relay == RelayDeployment("https://example.com/asn?pk=a1", f"{QUEUE}-relay", f"{QUEUE}-dead")
    assert "a1" not in repr(relay)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETENTION_RELAY_QUEUE_URL", ""),
        ("RETENTION_RELAY_DEAD_LETTERS_URL", ""),
        ("RETENTION_RELAY_DEAD_LETTERS_URL", "queue"),
        ("RETENTION_RELAY_URL", ""),
        ("RETENTION_RELAY_URL", "http://example.com/asn"),
        ("RETENTION_RELAY_URL", "https://user:pass@example.com/asn"),
        ("RETENTION_RELAY_URL", "https://example.com/asn#part"),
        ("RETENTION_RELAY_URL", "https://example.com/asn\n"),
        ("RETENTION_RELAY_URL", "https://[::1"),
    ],
)
def test_a_wrong_setting_of_the_relay_stops_the_start(name: str, value: str) -> None:
    """The error names the variable: no notification is sent where the owner did not mean it to go."""
    with pytest.raises(ConfigurationError, match=name):
        RelayDeployment.from_env({**RELAY, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETENTION_NOTIFICATIONS", ""),
        ("RETENTION_NOTIFICATIONS", "off"),
        ("RETENTION_QUEUE_URL", ""),
        ("RETENTION_QUEUE_URL", "retention-Queue-1ABC"),
        ("RETENTION_PARKING_QUEUE_URL", ""),
        ("RETENTION_PARKING_QUEUE_URL", "https://user@example.com/1/queue"),
        ("RETENTION_PARKING_QUEUE_URL", "https://[::1"),
        ("RETENTION_RELAY_QUEUE_URL", "queue"),
    ],
)
def test_a_wrong_setting_of_notifications_stops_the_start(name: str, value: str) -> None:
    """The error names the variable, so that a function never loses notifications by a mistake in its settings."""
    with pytest.raises(ConfigurationError, match=name) as caught:
        NotificationsDeployment.from_env({**SYNC, **DEPLOYED, **PUSHED, name: value})
    assert caught.value.evidence == {"variable": name}
