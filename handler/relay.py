"""The entry point of the relay: it sends Apple's notifications on to the owner's own receiver, as they arrived.

SQS hands over up to ten of them at a time. Each is sent once; what the receiver did not take goes back into the queue
by itself, and the others of the batch are done. A log line has the host of the receiver alone: its URL may hold a
secret of the owner's, and a body holds Apple's tokens.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from retention.aws import sdk
from retention.background_settings import RelayDeployment
from retention.errors import ConfigurationError, RetentionError
from retention.notifications.relaying import DEAD, DELIVERED, WAITING, OwnerRelay, Receiver, Relayed, RelayMessage

# No `location`: each text is logged at one place, and an exception of another library may quote what was sent.
LOGGER: Final = Logger(location=None, log_uncaught_exceptions=False)
METRICS: Final = Metrics()
# A batch of which nothing was delivered is no error of the function: Lambda would call it less and less often.
PROCESSOR: Final = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

_COUNTED: Final = {DELIVERED: "RelayDelivered", WAITING: "RelayFailed", DEAD: "RelayDead"}


class NotDeliveredError(RetentionError):
    """The receiver did not take a notification: it stays in the queue, and is sent again."""


def start() -> OwnerRelay:
    """Build the relay from the environment's variables, without a call. Logs and raises ConfigurationError."""
    for library in ("botocore", "urllib3"):  # their lines are not from our allow-list
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        deployment = RelayDeployment.from_env()
    except ConfigurationError as error:
        LOGGER.critical("refused to start", reason=error.code, explanation=str(error))
        raise
    sqs = sdk.SdkConnection(sdk.client("sqs"))
    return OwnerRelay(Receiver(deployment.url), sqs, deployment.queue_url, deployment.dead_letters_url)


RELAY: Final = start()


def relay_one(record: SQSRecord) -> None:
    """Send one message of the queue. Raises NotDeliveredError if it has to stay there."""
    message = RelayMessage.of(record.body, record.receipt_handle, record.raw_event.get("attributes", {}))
    relayed = RELAY.take(message)
    METRICS.add_metric(_COUNTED[relayed.fate], MetricUnit.Count, 1)
    if relayed.fate == DELIVERED:
        return
    _report(relayed, message, record.message_id)
    if relayed.fate == WAITING:
        raise NotDeliveredError("not_delivered", "the receiver did not take the notification")


def _report(relayed: Relayed, message: RelayMessage, message_id: str) -> None:
    posted = relayed.posted
    fields: dict[str, Any] = {
        "host": RELAY.receiver.host,
        "reason": posted.reason,
        "status": posted.status or None,
        "error": posted.error,
        "attempt": message.attempts,
        "nextSeconds": relayed.wait,
        "call": relayed.call,
        "messageId": message_id,
    }
    shown = {name: value for name, value in fields.items() if value}
    if relayed.fate == DEAD:
        LOGGER.error("relay gave up", **shown)
    else:
        LOGGER.warning("relay failed", **shown)


@METRICS.log_metrics
def forward(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401  # Lambda's, and Powertools' own answer
    """Send every message of a batch, and return which of them SQS has to keep."""
    for name in _COUNTED.values():  # also as zero: an alarm compares them, and one over a missing metric never fires
        METRICS.add_metric(name, MetricUnit.Count, 0)
    return process_partial_response(event=event, record_handler=relay_one, processor=PROCESSOR, context=context)
