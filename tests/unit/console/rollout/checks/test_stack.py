"""`retention doctor` on the deployed stack: alias, layer, alarms and the account's limits, by AWS's answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from retention.request import PRODUCTION, SANDBOX

from console.deployment.stack import Stack
from console.rollout.checks import stack
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN, Finding
from tests.support.lambda_versions import LATEST, live

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
STACK = Stack("retention-sandbox", "t", "", SANDBOX, function="f", alarm_topic=TOPIC, alarm_email="me@example.com")


class Aws:
    """Lambda, SNS and Parameter Store, as far as `doctor` asks them; what is not given raises AccessDenied."""

    class exceptions:  # noqa: N801  # botocore's spelling
        ResourceNotFoundException = KeyError

    def __init__(self, **given: Any) -> None:
        self.given = given

    def __call__(self, _: str) -> Aws:
        return self

    def get_function_configuration(self, **_: str) -> Any:
        return self._of("configuration")

    def get_layer_version(self, LayerName: str, VersionNumber: int) -> Any:  # noqa: N803  # botocore's spelling
        assert (LayerName.rpartition(":")[2], VersionNumber) == ("retention-sandbox-layer", 3)
        return {"Content": {"Location": self._of("layer")}}

    def get_account_settings(self) -> Any:
        return {"AccountLimit": {"ConcurrentExecutions": self._of("limit")}}

    def get_service_setting(self, SettingId: str) -> Any:  # noqa: N803
        assert SettingId == "/ssm/parameter-store/high-throughput-enabled"
        return {"ServiceSetting": {"SettingValue": self._of("throughput")}}

    def get_paginator(self, name: str) -> Aws:
        assert name == "list_subscriptions_by_topic"
        return self

    def paginate(self, TopicArn: str) -> Any:  # noqa: N803
        assert TopicArn == TOPIC
        return [{"Subscriptions": [one]} for one in self._of("subscriptions")] or [{}]

    def _of(self, name: str) -> Any:
        if name not in self.given:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, name)
        return self.given[name]


@pytest.mark.parametrize(
    ("declared", "built", "code"),
    [
        ("arm64", "arm64", "architecture"),
        ("x86_64", "arm64", "wrong-architecture"),
        ("arm64", "x86_64", "wrong-architecture"),
        ("arm64", None, "wrong-architecture"),
    ],
)
def test_a_layer_of_another_machine(
    declared: str, built: str | None, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Doctor compares the declared architecture with the stack's own layer, and does not fetch another layer."""
    monkeypatch.setattr(stack, "machine_of", {"https://layer": built}.__getitem__)
    arn = "arn:aws:lambda:us-east-1:123456789012:layer"
    layers = [{"Arn": f"{arn}:monitor:9"}, {"Arn": f"{arn}:retention-sandbox-layer:3"}]
    aws = Aws(configuration={"Architectures": [declared], "Layers": layers}, layer="https://layer")
    (found,) = stack.architecture(STACK, aws)
    assert (found.code, found.verdict) == (code, GOOD if code == "architecture" else BAD)


def test_a_function_without_our_layer_is_unknown() -> None:
    """A stack of another template has no layer that could be compared."""
    (found,) = stack.architecture(STACK, Aws(configuration={"Layers": []}))
    assert (found.code, found.verdict) == ("architecture", UNKNOWN)


@pytest.mark.parametrize(
    ("latest", "code", "verdict"),
    [(LATEST, "alias", GOOD), ({**LATEST, "MemorySize": 512}, "alias-behind", BAD)],
    ids=["the same", "another memory size"],
)
def test_the_alias_serves_what_was_deployed_last(latest: dict[str, Any], code: str, verdict: str) -> None:
    """A deployment that published no version leaves Apple's requests at the version before."""

    class Two(Aws):
        def get_function_configuration(self, **asked: str) -> Any:
            return live() if "Qualifier" in asked else latest

    (found,) = stack.alias(STACK, Two())
    assert (found.code, found.verdict) == (code, verdict)
    assert "version 7" in found.found


def subscription(state: str, endpoint: str = "me@example.com", protocol: str = "email") -> dict[str, str]:
    return {"SubscriptionArn": state, "Endpoint": endpoint, "Protocol": protocol}


CONFIRMED = f"{TOPIC}:0f3c2a10-cd1e-11f0-9a3b-0e1f2a3b4c5d"


@pytest.mark.parametrize(
    ("subscriptions", "code", "verdict", "expected"),
    [
        ([], "alarms-reach-nobody", BAD, f"the topic {TOPIC} has no subscription"),
        (
            [subscription("PendingConfirmation")],
            "alarms-reach-nobody",
            BAD,
            "never confirmed by me@example.com (email)",
        ),
        ([subscription("Deleted")], "alarms-reach-nobody", BAD, f"the topic {TOPIC} has no subscription"),
        ([subscription("Deleted"), subscription(CONFIRMED)], "alarms", GOOD, "reach 1 confirmed subscription."),
        (
            [subscription(CONFIRMED), subscription("PendingConfirmation", "you@example.com")],
            "alarm-unconfirmed",
            BAD,
            "Alarms do not reach you@example.com (email)",
        ),
        ([subscription(CONFIRMED)], "alarms", GOOD, "reach 1 confirmed subscription."),
        ([subscription(CONFIRMED), subscription(CONFIRMED)], "alarms", GOOD, "reach 2 confirmed subscriptions."),
    ],
)
def test_the_addresses_of_alarms(subscriptions: list[dict[str, str]], code: str, verdict: str, expected: str) -> None:
    """Doctor reads every page of the topic's subscriptions: none, unconfirmed ones and confirmed ones."""
    (found,) = stack.alarms(STACK, Aws(subscriptions=subscriptions))
    assert (found.code, found.verdict) == (code, verdict)
    assert expected in found.found


@pytest.mark.parametrize(
    ("email", "verdict", "code"),
    [
        ("", BAD, "alarms-reach-nobody"),
        ("none", UNKNOWN, "alarms"),
        ("me@example.com", UNKNOWN, "alarms"),  # of a stack deployed before it had the output
        (None, UNKNOWN, "alarms"),
    ],
)
def test_a_stack_without_a_topic(email: str | None, verdict: str, code: str) -> None:
    """A stack without a topic is bad if its alarm address is empty, and unknown if the address is none or unnamed."""
    (found,) = stack.alarms(replace(STACK, alarm_topic="", alarm_email=email), Aws())
    assert (found.code, found.verdict) == (code, verdict)


@pytest.mark.parametrize(
    ("limit", "environment", "verdict"),
    [(10, PRODUCTION, BAD), (400, PRODUCTION, BAD), (1000, PRODUCTION, GOOD), (10, SANDBOX, BAD), (400, SANDBOX, GOOD)],
)
def test_how_many_functions_the_account_may_run(limit: int, environment: str, verdict: str) -> None:
    """An account's limit of concurrent executions is bad below what the environment needs; a new account has ten."""
    (found,) = stack.concurrency(replace(STACK, environment=environment), Aws(limit=limit))
    assert (found.code, found.verdict) == ("account-concurrency", verdict)
    assert f"may run {limit} functions at once" in found.found


@pytest.mark.parametrize(("value", "verdict"), [("true", GOOD), ("false", UNKNOWN)])
def test_how_many_keys_a_second_the_account_may_fetch(value: str, verdict: str) -> None:
    """The standard throughput of Parameter Store is reported as unknown, the higher one as good."""
    (found,) = stack.parameter_store(STACK, Aws(throughput=value))
    assert (found.code, found.verdict) == ("key-throughput", verdict)
    assert isinstance(found, Finding)
