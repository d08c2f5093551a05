"""The environment variables of the functions that no customer waits for, and what stops their start."""

from __future__ import annotations

import pytest
from retention.background_settings import NotificationsDeployment, RelayDeployment, SyncDeployment
from retention.errors import ConfigurationError
from retention.settings import KNOWN_LEAVES

from tests.unit.handler.retention.test_settings import DEPLOYED, GOOD, LOCAL

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
