"""What to enter in App Store Connect, by stack."""

from __future__ import annotations

from typing import Any

import pytest
from retention.request import PRODUCTION, SANDBOX

from console.rollout.notification_url import NotificationUrl, check_learns, notification_url, show
from console.terminal.failure import Failure, Misuse
from console.terminal.output import Output
from tests.support.apple_in_memory import target_in_memory

URL = "https://api.example.com/v1/notifications"


@pytest.mark.parametrize(
    ("environment", "field"), [(SANDBOX, "Sandbox Server URL"), (PRODUCTION, "Production Server URL")]
)
def test_a_stack_that_is_pushed_has_a_url(environment: str, field: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The URL stands alone on the first line; then come the field of the environment and the version."""
    target = target_in_memory(environment=environment, name="s", notifications="push", notifications_url=URL)
    found = notification_url(target)
    assert found == NotificationUrl("push", URL, field)
    show(found, Output())
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == URL
    assert field in printed
    assert "Version 2" in printed
    assert found.document() == {"notifications": "push", "url": URL, "field": field, "version": "Version 2"}


def test_a_secret_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """In the place of the PathSecret stands its name, and a sentence on it."""
    target = target_in_memory(name="s", notifications="push", notifications_url=f"{URL}/hush")
    show(notification_url(target), Output())
    printed = capsys.readouterr().out
    assert "hush" not in printed
    assert printed.count("<PathSecret>") == 2


def test_a_stack_that_pulls_needs_no_url(capsys: pytest.CaptureFixture[str]) -> None:
    """What is needed is that App Store Connect has some URL."""
    found = notification_url(target_in_memory(name="s", notifications="pull"))
    show(found, Output())
    assert "needs no URL" in capsys.readouterr().out
    assert found.document()["url"] is None


@pytest.mark.parametrize("outputs", [{"notifications": "off"}, {}, {"notifications": ""}])
def test_without_notifications_there_is_nothing_to_enter(outputs: dict[str, Any]) -> None:
    """The failure names the parameter to deploy with."""
    for check in (notification_url, check_learns):
        with pytest.raises(Failure, match="Notifications=pull"):
            check(target_in_memory(name="s", **outputs))


def test_a_table_without_its_stack_has_no_url() -> None:
    """What takes in notifications is an output of the stack; whether one does is not known of a table."""
    target = target_in_memory(name="", notifications="")
    with pytest.raises(Misuse, match="--env"):
        notification_url(target)
    check_learns(target)
