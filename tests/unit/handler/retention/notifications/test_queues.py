"""What is sent to the queues, what comes back later, and how often the owner's receiver gets a copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from boto3 import client as aws
from moto import mock_aws
from retention.aws.connection import CallFailedError
from retention.notifications import queues
from retention.notifications.queues import LONGEST_WAIT, Parking, QueuedMessage, Relay, postpone

BODY = '{"signedPayload": "a.b.c"}'


@pytest.fixture
def sqs() -> Iterator[Any]:
    with mock_aws():
        yield aws("sqs")


@pytest.fixture
def url(sqs: Any) -> str:
    made: str = sqs.create_queue(QueueName="queue")["QueueUrl"]
    return made


class Away:
    """An SQS that answers no call."""

    def __getattr__(self, operation: str) -> Any:
        def fail(**_request: Any) -> None:
            raise ConnectionError(f"secret {operation}")

        return fail


def message(number: int, body: str = BODY, receipt: str = "", count: int = 1) -> QueuedMessage:
    return QueuedMessage(f"m{number}", body, receipt, count)


def bodies(sqs: Any, url: str) -> list[str]:
    """Return the bodies of all messages in a queue, which then has none."""
    found: list[str] = []
    while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for each in received:
            found.append(each["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return found


def test_a_record_of_lambda_is_a_message() -> None:
    """The receive count decides how long a message waits; a record without one is received for the first time."""
    record = {
        "messageId": "m1",
        "body": BODY,
        "receiptHandle": "handle",
        "attributes": {"ApproximateReceiveCount": "3"},
    }
    assert QueuedMessage.from_record(record) == QueuedMessage("m1", BODY, "handle", 3)
    assert QueuedMessage.from_record({"messageId": "m1", "body": BODY}) == QueuedMessage("m1", BODY, "", 1)


def test_neither_a_body_nor_a_receipt_is_in_a_repr() -> None:
    """A body names a customer."""
    shown = repr(message(1, receipt="handle"))
    assert "signedPayload" not in shown
    assert "handle" not in shown


@pytest.mark.parametrize(("count", "seconds"), [(1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (1000, 3600)])
def test_each_receipt_doubles_the_wait_up_to_an_hour(count: int, seconds: int) -> None:
    """So a failure of minutes is repaired within minutes, and one of hours costs few attempts."""
    assert message(1, count=count).wait == seconds


def test_the_relay_gets_every_body_once(sqs: Any, url: str) -> None:
    """A message that comes back to the queue is not handed on again by the process that has done so."""
    relay = Relay(sqs, url)
    sent = [message(number, f"{BODY} {number}") for number in range(23)]
    assert relay.hand_on(sent) == frozenset()
    assert relay.hand_on(sent[:3]) == frozenset()
    assert sorted(bodies(sqs, url)) == sorted(each.body for each in sent)


def test_large_bodies_are_sent_in_calls_that_sqs_takes(sqs: Any, url: str) -> None:
    """SQS bounds the bytes of all bodies of one call together."""
    sent = [message(number, f"{number}" * 100_000) for number in range(1, 6)]
    assert Relay(sqs, url).hand_on(sent) == frozenset()
    assert sorted(bodies(sqs, url)) == sorted(each.body for each in sent)


def test_a_stack_without_a_relay_sends_nothing() -> None:
    """Without a relay queue no call is made."""
    assert Relay(Away(), "").hand_on([message(1)]) == frozenset()


def test_what_could_not_be_handed_on_is_handed_on_again(sqs: Any, url: str) -> None:
    """A body that the relay queue did not take is named, and is sent when the message comes back."""
    assert Relay(Away(), url).hand_on([message(1), message(2)]) == {"m1", "m2"}
    relay, send = Relay(sqs, url), sqs.send_message_batch
    sqs.send_message_batch = lambda **_: {"Successful": [{"Id": "1"}], "Failed": [{"Id": "0"}]}
    assert relay.hand_on([message(1), message(2)]) == {"m1"}
    sqs.send_message_batch = send
    assert relay.hand_on([message(1), message(2)]) == frozenset()
    assert bodies(sqs, url) == [BODY]


def test_a_process_remembers_a_bounded_number(sqs: Any, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the number of notifications; what was forgotten may be sent a second time."""
    monkeypatch.setattr(queues, "_REMEMBERED", 2)
    relay = Relay(sqs, url)
    relay.hand_on([message(1), message(2), message(3)])
    relay.hand_on([message(1), message(3)])
    assert len(bodies(sqs, url)) == 4


def test_a_parked_body_has_its_reason(sqs: Any, url: str) -> None:
    """The operator sees why a body is parked without reading it; the body is as Apple sent it."""
    Parking(sqs, url).park(BODY, "claim_type")
    [parked] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert parked["Body"] == BODY
    assert parked["MessageAttributes"]["reason"]["StringValue"] == "claim_type"


def test_a_body_that_cannot_be_parked_is_an_error_without_its_text() -> None:
    """The caller keeps the message; the SDK's text may quote the request."""
    with pytest.raises(CallFailedError) as caught:
        Parking(Away(), "https://example.com/queue").park(BODY, "claim_type")
    assert caught.value.code == "ConnectionError"
    assert "secret" not in str(caught.value)


def test_messages_come_back_after_their_wait(sqs: Any, url: str) -> None:
    """Each message is hidden from the queue for the time of its receive count."""
    for _ in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=BODY)
    received = [
        each for _ in range(2) for each in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    ]
    late = [message(number, receipt=each["ReceiptHandle"], count=20) for number, each in enumerate(received)]
    assert late[0].wait == LONGEST_WAIT
    assert postpone(sqs, url, late) == frozenset()
    assert not sqs.receive_message(QueueUrl=url).get("Messages")


def test_a_message_that_cannot_be_postponed_keeps_the_queue_s_time(sqs: Any, url: str) -> None:
    """Postponing saves attempts; without it nothing is lost."""
    assert postpone(Away(), url, [message(1), message(2)]) == {"m1", "m2"}
    sqs.change_message_visibility_batch = lambda **_: {"Successful": [{"Id": "1"}], "Failed": [{"Id": "0"}]}
    assert postpone(sqs, url, [message(1), message(2)]) == {"m1"}
