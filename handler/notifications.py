"""The entry points of Apple's notifications: `take_in` for what waits in the queue, `pull` for Apple's own history.

Both take in by one pipeline (`retention.notifications.intake`). Neither is in the path of a customer's request: what
one leaves undone is done minutes later, from the queue or from the history.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from retention.appstore.transport import Transport
from retention.aws import sdk
from retention.aws.deadline import Deadline
from retention.background_settings import PUSH as PUSH_MODE
from retention.background_settings import NotificationsDeployment
from retention.errors import ConfigurationError
from retention.jws import SignedPayloadVerifier, apple_root
from retention.log.telemetry import Telemetry
from retention.notifications.intake import PUSH, DelayedError, Intake
from retention.notifications.live_apps import LiveApps
from retention.notifications.queues import Parking, QueuedMessage, Relay, postpone
from retention.notifications.scheduled_pull import ScheduledPull
from retention.signing.keys import KeyRing
from retention.signing.signer import Signer

# As in app: cryptography warns of certificates that any caller may post, and stderr is part of the log.
warnings.filterwarnings("ignore", category=UserWarning, module=r"retention\.verification\.certificates")

# What is left of an invocation's time to park, to postpone and to answer.
RESERVE_SECONDS: Final = 15.0
# How long a pull takes at most where no Lambda sets a limit.
OUTSIDE_LAMBDA_SECONDS: Final = 600.0


class Context(Protocol):
    """What Lambda passes with an event, as far as it is read."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends this invocation."""


@dataclass(frozen=True, slots=True)
class TakeIn:
    """Takes in what the queue holds, and returns to it what cannot be taken in now."""

    intake: Intake
    relay: Relay
    sqs: sdk.Client
    queue_url: str
    telemetry: Telemetry

    def run(self, event: Mapping[str, Any], context: Context | None) -> dict[str, Any]:
        """Process one batch of an event source mapping. Returns which messages failed, and so are received again.

        The relay comes first, and independent of what we make of a body: the owner's receiver must not depend on it.
        """
        messages = [QueuedMessage.from_record(record) for record in event.get("Records", ())]
        not_sent = self.relay.hand_on(messages)
        verdicts = self.intake.take_all([message.body for message in messages], PUSH, _deadline(context))
        late = [
            message
            for message, verdict in zip(messages, verdicts, strict=True)
            if not verdict.settled or message.message_id in not_sent
        ]
        if not_sent:
            counts = {"NotificationsNotRelayed": len(not_sent)}
            self.telemetry.report("not relayed", "error", {"number": len(not_sent)}, counts)
        if late and (kept := postpone(self.sqs, self.queue_url, late)):
            self.telemetry.report("not postponed", "warning", {"number": len(kept)}, {})
        return _partial_response(event, frozenset(message.message_id for message in late))


def _partial_response(event: Mapping[str, Any], late: frozenset[str]) -> dict[str, Any]:
    """Return the batch's answer to the event source mapping, as Powertools makes it.

    The function does not fail where all messages do: its metric of errors is for what we do not understand.
    """

    def settle(record: Mapping[str, Any]) -> None:
        if record["messageId"] in late:
            raise DelayedError("delayed", "the message is received again")

    if not event.get("Records"):
        return {"batchItemFailures": []}
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event=dict(event), record_handler=settle, processor=processor))


def _deadline(context: Context | None) -> Deadline | None:
    """Return until when work may begin; None outside Lambda."""
    if context is None:
        return None
    return Deadline.after(context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS)


@dataclass(frozen=True, slots=True)
class Notifications:
    """The parts of one deployment."""

    deployment: NotificationsDeployment
    telemetry: Telemetry
    dynamodb: sdk.Client
    sqs: sdk.Client
    intake: Intake
    take_in: TakeIn
    pull: ScheduledPull


def wire(deployment: NotificationsDeployment, telemetry: Telemetry) -> Notifications:
    """Build one deployment's parts. Raises ConfigurationError; makes no call."""
    roots = [apple_root(), *([deployment.trust_anchor] if deployment.trust_anchor else [])]
    dynamodb, sqs = sdk.client("dynamodb"), sdk.client("sqs")
    intake = Intake(
        SignedPayloadVerifier(roots),
        LiveApps(dynamodb, deployment.table, deployment.app_apple_ids),
        Parking(sqs, deployment.parking_queue_url),
        telemetry,
        deployment.environment,
        deployment.known_leaves,
        deployment.clock,
    )
    relay = Relay(sqs, deployment.relay_queue_url)
    return Notifications(
        deployment,
        telemetry,
        dynamodb,
        sqs,
        intake,
        TakeIn(intake, relay, sqs, deployment.queue_url, telemetry),
        ScheduledPull(
            intake,
            Transport(deployment.apple_url),
            partial(_keys, deployment),
            telemetry,
            deployment.clock,
            deployment.mode == PUSH_MODE,
        ),
    )


def _keys(deployment: NotificationsDeployment) -> KeyRing[Signer]:
    """Make a new client for each run of the pull: the connections of the last one are five minutes old."""
    ssm = partial(sdk.client, "ssm")
    return KeyRing(lambda: sdk.SdkConnection(ssm()), deployment.key_prefix, Signer.from_pem)


def start() -> Notifications:
    """Build the parts from the environment's variables. Logs and raises ConfigurationError."""
    telemetry = Telemetry()
    try:
        return wire(NotificationsDeployment.from_env(), telemetry)
    except ConfigurationError as error:
        telemetry.refused_to_start(error.code, str(error))
        raise


NOTIFICATIONS: Final = start()


def take_in(event: Mapping[str, Any], context: Context | None) -> dict[str, Any]:
    """Take in one batch of messages; see `TakeIn.run`."""
    return NOTIFICATIONS.take_in.run(event, context)


def pull(_event: object, context: Context | None) -> dict[str, Any]:
    """Read Apple's history of notifications once, as the schedule asks; see `ScheduledPull.run`."""
    return NOTIFICATIONS.pull.run(_deadline(context) or Deadline.after(OUTSIDE_LAMBDA_SECONDS))
