"""`notifications`: whether Apple's notifications reach the stack, and what waits."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.options import PENDING, Apple, AtStack, Out, Yes, verb

if TYPE_CHECKING:
    from console.deployment.target import Target
    from console.deployment.where import Where

verbs = typer.Typer()
notifications = typer.Typer(help="Apple's notifications, and how the stack takes them in.", no_args_is_help=True)
verbs.add_typer(notifications, name="notifications")


@verb(notifications, "url", "retention notifications url --env sandbox")
def notifications_url(where: AtStack, out: Out) -> None:
    """Show the URL to enter in App Store Connect, and in which field."""
    from console.deployment.target import find_target
    from console.rollout.notification_url import notification_url, show

    show(notification_url(find_target(where)), out)


@verb(notifications, "test", "retention notifications test --env sandbox")
def notifications_test(
    patience: Annotated[int, typer.Option("--timeout", min=0, metavar="SECONDS", help="How long to wait.")] = 60,
    *,
    where: AtStack,
    access: Apple,
    out: Out,
) -> None:
    """Have Apple send a TEST notification, and wait until the stack has taken it in.

    Exit code 0: it has. 3: it has not within the time. With Notifications=pull, wait some minutes: --timeout 600.
    """
    from console.deployment.session import open_session
    from console.rollout.delivery_test import run, show
    from console.rollout.notification_url import check_learns

    with open_session(where, access, out) as session, out.progress() as report:
        check_learns(session.target)
        found = run(session.apple, session.target.app_table, patience, report)
    show(found, out)
    if not found.passed:
        raise typer.Exit(PENDING)


@verb(notifications, "status", "retention notifications status --env production")
def notifications_status(where: AtStack, out: Out) -> None:
    """Show how far Apple's history is read, what waits in the queues, and which alarms are raised."""
    from functools import partial

    from console.deployment.target import find_target
    from console.rollout.notification_status import read_status
    from console.rollout.notification_status_report import show
    from console.rollout.notification_url import notification_url

    target = find_target(where)
    notification_url(target)  # raises Failure where there is nothing to look at
    show(read_status(target, partial(_aws, where, target), datetime.now(UTC)), out)


@verb(notifications, "replay", "retention notifications replay --env production --yes")
def notifications_replay(
    where: AtStack,
    *,
    relay: Annotated[
        bool, typer.Option("--relay", help="Instead, send again to your receiver what it never took.")
    ] = False,
    yes: Yes = False,
    out: Out,
) -> None:
    """Hand parked notifications to the queue again, once an updated stack understands them.

    If it is stopped, run it again: nothing is lost, and what is taken in twice changes nothing.
    """
    from console.deployment.queues import count_messages
    from console.deployment.target import confirm, find_target
    from console.rollout.notification_replay import queues_of, replay, show

    target = find_target(where)
    source, queue = queues_of(target.stack, relay=relay)
    sqs = _aws(where, target, "sqs")
    expected = count_messages(sqs, source).messages
    if expected:
        confirm(target, f"replay {expected} notifications", yes=yes)
    with out.progress() as report:
        done = replay(sqs, source, queue, expected=expected, now=time.time, report=report)
    show(done, out)


def _aws(where: Where, target: Target, service: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
    from console.deployment.aws import client

    return client(service, region=target.dynamodb.meta.region_name, endpoint_url=where.endpoint_url)
