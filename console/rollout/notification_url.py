"""`retention notifications url`: the URL for Apple's notifications, and where in App Store Connect it is entered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from retention.request import PRODUCTION, SANDBOX

from console.appstore.realtime_url import shown
from console.deployment.target import Target
from console.terminal.failure import Failure, Misuse
from console.terminal.output import Output

# The two fields on an app's page App Information, below App Store Server Notifications.
_FIELDS: Final = {PRODUCTION: "Production Server URL", SANDBOX: "Sandbox Server URL"}


def check_learns(target: Target) -> None:
    """Raise Failure for a stack that takes in no notifications; of a table without its stack that is not known."""
    if target.stack.learns is False:
        raise Failure(
            f"The stack {target.stack.name} takes in no notifications: deploy with Notifications=pull or"
            " Notifications=push."
        )


@dataclass(frozen=True, slots=True)
class NotificationUrl:
    """`field` is the field of App Store Connect that takes `url`; `mode` is push or pull.

    With pull, the stack takes in no posted notifications: `url` is empty.
    """

    mode: str
    url: str
    field: str

    def document(self) -> dict[str, str | None]:
        """Return the --json document."""
        return {"notifications": self.mode, "url": self.url or None, "field": self.field, "version": "Version 2"}


def notification_url(target: Target) -> NotificationUrl:
    """Return what to enter for a stack. Raises Failure where it takes in no notifications, or where it is not named."""
    stack = target.stack
    if stack.learns is None:
        raise Misuse("The outputs of the stack are needed: name its environment with --env, instead of the table.")
    check_learns(target)
    field = _FIELDS.get(stack.environment, " or ".join(_FIELDS.values()))
    return NotificationUrl(stack.notifications, shown(stack.notifications_url), field)


def show(found: NotificationUrl, out: Output) -> None:
    """Print the URL alone first, so that it can be copied, then what to do with it."""
    out.document(found.document())
    if not found.url:
        out.print(
            "This stack reads Apple's notification history (Notifications=pull) and needs no URL. Apple's history has"
            f" what was sent: App Store Connect must have a URL as the {found.field}, such as your own receiver's, in"
            " Version 2."
        )
        return
    out.print(found.url)
    out.print(
        "In App Store Connect, open the app's page App Information. Below App Store Server Notifications, enter this"
        f" as the {found.field}, and choose Version 2 notifications."
    )
    if "<" in found.url:
        out.print("In the place of <PathSecret>, write the value of the parameter PathSecret.")
    out.print(
        "If your own receiver's URL is there already, leave it: let the receiver post each body on to this URL, or"
        " deploy with RelayUrl and let this stack send everything on to the receiver."
    )
    out.print("Then `retention notifications test` has Apple send a notification.")
