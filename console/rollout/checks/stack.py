"""What `retention doctor` finds about the deployed stack itself: alias, layer, alarms, and the account's limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from retention.request import PRODUCTION

from console.deployment.alias import ALIAS, configurations, differences
from console.deployment.layer_machine import machine_of
from console.deployment.stack import Stack
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN, Finding, not_looked

# Returns the client of an AWS service, in the stack's region.
Connect = Callable[[str], Any]

# All functions of the region share the account's limit of concurrent executions. New accounts
# begin with 10; AWS's documented default is 1 000.
_ENOUGH: Final = {PRODUCTION: 1000}
_ENOUGH_FOR_TESTS: Final = 50
_HIGHER_THROUGHPUT: Final = "/ssm/parameter-store/high-throughput-enabled"
_NO_PERSON: Final = "none"  # the value of AlarmEmail if alarms should reach no person
# Values instead of a subscription's ARN. SNS lists a deleted subscription for some days.
_PENDING: Final = "PendingConfirmation"
_GONE: Final = "Deleted"


def alias(stack: Stack, connect: Connect) -> Iterator[Finding]:
    """Compare the version that Apple's requests reach with what was deployed."""
    live, latest = configurations(connect("lambda"), stack.function)
    behind = differences(live, latest)
    if behind:
        yield Finding(
            "alias-behind",
            BAD,
            f"Apple's requests reach version {live['Version']} of {stack.function}, which differs from what was"
            f" deployed last in: {', '.join(behind)}.",
            "`make deploy` publishes it; while a canary deployment is under way, wait for its end.",
        )
    else:
        yield Finding("alias", GOOD, f"`{ALIAS}` serves what was deployed last, version {live['Version']}.")


def architecture(stack: Stack, connect: Connect) -> Iterator[Finding]:
    """Compare the architecture of the layer with that of the function."""
    aws = connect("lambda")
    live, _ = configurations(aws, stack.function)
    (declared,) = live.get("Architectures", ["x86_64"])  # Lambda's default
    for arn in (layer["Arn"] for layer in live.get("Layers", [])):
        name, _, version = arn.rpartition(":")
        if name.rpartition(":")[2] != f"{stack.name}-layer":
            continue  # another layer, such as a monitoring extension
        found = machine_of(aws.get_layer_version(LayerName=name, VersionNumber=int(version))["Content"]["Location"])
        if found == declared:
            yield Finding("architecture", GOOD, f"The layer is built for {declared}, as the function is declared.")
        else:
            yield Finding(
                "wrong-architecture",
                BAD,
                f"The function runs on {declared}, and its layer is built for {found or 'none'}: it cannot start.",
                "`make deploy` builds for the Architecture in samconfig.toml.",
            )
        return
    yield not_looked("architecture", "what the layer is built for", "a layer that `make deploy` made")


def alarms(stack: Stack, connect: Connect) -> Iterator[Finding]:
    """Find out whether alarms reach a person."""
    if stack.alarm_email is None:
        yield not_looked("alarms", "whom alarms reach", "a stack of this template")
    elif not stack.alarm_topic:
        if stack.alarm_email == _NO_PERSON:
            yield Finding("alarms", UNKNOWN, "Alarms reach no person, as AlarmEmail=none asks.")
        elif stack.alarm_email:
            yield not_looked("alarms", "whom alarms reach", "the output AlarmTopicArn: `make deploy` adds it")
        else:
            yield Finding(
                "alarms-reach-nobody",
                BAD,
                "Alarms reach no person: neither AlarmEmail nor AlarmTopicArn is set.",
                "Set one in samconfig.toml, then `make deploy`.",
            )
    else:
        yield from _subscriptions(stack.alarm_topic, connect("sns"))


def _subscriptions(topic: str, sns: Any) -> Iterator[Finding]:  # noqa: ANN401  # boto3 makes clients at run time
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    listed = [one for page in pages for one in page.get("Subscriptions", [])]
    found = [one for one in listed if one["SubscriptionArn"] != _GONE]
    waiting = [f"{one['Endpoint']} ({one['Protocol']})" for one in found if one["SubscriptionArn"] == _PENDING]
    hearing = len(found) - len(waiting)
    confirm = "Open the message that SNS sent there, and confirm; or deploy again with another address."
    if not found:
        yield Finding(
            "alarms-reach-nobody",
            BAD,
            f"Alarms reach no person: the topic {topic} has no subscription.",
            "Subscribe an address to it, and confirm.",
        )
    elif not hearing:
        unconfirmed = f"Alarms reach no person: never confirmed by {', '.join(waiting)}."
        yield Finding("alarms-reach-nobody", BAD, unconfirmed, confirm)
    elif waiting:
        yield Finding("alarm-unconfirmed", BAD, f"Alarms do not reach {', '.join(waiting)}: never confirmed.", confirm)
    else:
        yield Finding("alarms", GOOD, f"Alarms reach {hearing} confirmed subscription{'s' * (hearing != 1)}.")


def concurrency(stack: Stack, connect: Connect) -> Iterator[Finding]:
    """Check the account's limit of concurrent executions."""
    limits = connect("lambda").get_account_settings()["AccountLimit"]
    limit = int(limits["ConcurrentExecutions"])
    enough = _ENOUGH.get(stack.environment, _ENOUGH_FOR_TESTS)
    allowed = f"The account may run {limit} functions at once in this region"
    if limit >= enough:
        yield Finding("account-concurrency", GOOD, f"{allowed}.")
    else:
        yield Finding(
            "account-concurrency",
            BAD,
            f"{allowed}, all of its functions together; {enough} is enough for {stack.environment or 'this stack'}.",
            "Ask AWS for more (Service Quotas, Lambda, Concurrent executions) before Apple gets the URL.",
        )


def parameter_store(_: Stack, connect: Connect) -> Iterator[Finding]:
    """Check how many parameters (signing keys) per second the account may read."""
    setting = connect("ssm").get_service_setting(SettingId=_HIGHER_THROUGHPUT)["ServiceSetting"]["SettingValue"]
    if str(setting).lower() == "true":
        yield Finding("key-throughput", GOOD, "Parameter Store's higher throughput is on.")
    else:
        yield Finding(
            "key-throughput",
            UNKNOWN,
            "Parameter Store gives out 40 parameters a second: enough for some 30 environments that start at once.",
            "Where more may start, switch on its higher throughput, at a price a request.",
        )
