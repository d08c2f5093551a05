"""boto3's clients as the console and the sync use them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError
from retention.aws.sdk import SdkConnection, check_answer, client, is_answer, is_unreached, session

from tests.support.waiting import PATIENCE


class FakeClient:
    """A client of an SDK that returns the request, or raises the given exception."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure, self.closed = failure, False

    def get_item(self, **request: object) -> dict[str, object]:
        if self.failure is not None:
            raise self.failure
        return request

    def close(self) -> None:
        self.closed = True


def test_calls_are_passed_to_the_client() -> None:
    """`call` passes operation and request to the client, and `close` closes it."""
    fake = FakeClient()
    connection = SdkConnection(fake)
    assert connection.call("get_item", {"a": 1}) == {"a": 1}
    connection.close()
    assert fake.closed


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "GetItem"), "ThrottlingException"),
        (ClientError({"Error": {"Code": "Throttled: customer#2000000900000180"}}, "GetItem"), "ClientError"),
        (ValueError("anything"), "ValueError"),
        (CallFailedError("DamagedAnswer"), "DamagedAnswer"),
    ],
)
def test_every_exception_of_the_sdk_becomes_one_error_with_a_code(failure: Exception, code: str) -> None:
    """The code is the service's own, or the exception's class name where there is none that is safe to log."""
    with pytest.raises(CallFailedError) as caught:
        SdkConnection(FakeClient(failure)).call("get_item", {})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("failure", "unreached"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "GetItem"), False),
        (EndpointConnectionError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com"), True),
        (ReadTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com"), True),
        (CallFailedError("DamagedAnswer"), True),
        (ConnectionResetError(), True),
        (KeyError("a bug of ours"), False),
    ],
    ids=["throttled", "no connection", "no answer in time", "a proxy's page", "reset", "a bug"],
)
def test_a_service_that_did_not_answer_differs_from_one_that_refused(failure: Exception, *, unreached: bool) -> None:
    """After an answer, also a refusal, the next call may succeed; without one it would wait as long."""
    assert is_unreached(failure) is unreached


DYNAMODB = Loader().load_service_model("dynamodb", "service-2")
CLOUDFORMATION = Loader().load_service_model("cloudformation", "service-2")
CLOUDWATCH = Loader().load_service_model("cloudwatch", "service-2")


@pytest.mark.parametrize(
    ("body", "headers", "complete"),
    [
        (b"{}", {}, True),
        (b"[]", {}, False),
        (b'{"Item":', {}, False),
        (b"<html>Sign in</html>", {}, False),
        (b"{}", {"x-amz-crc32": "2745614147"}, True),
        (b"{}", {"x-amz-crc32": "1"}, False),
    ],
)
def test_an_answer_must_have_arrived_complete(body: bytes, headers: Mapping[str, str], *, complete: bool) -> None:
    """botocore would read a damaged answer as an empty one, so DamagedAnswer is raised before it parses."""
    operation = ServiceModel(DYNAMODB).operation_model("GetItem")
    answer: dict[str, Any] = {"status_code": 200, "body": body, "headers": headers}
    assert is_answer(answer, operation) == complete
    if complete:
        check_answer(answer, operation)
    else:
        with pytest.raises(CallFailedError, match="DamagedAnswer"):
            check_answer(answer, operation)
    check_answer({**answer, "status_code": 400}, operation)


@pytest.mark.parametrize(
    ("body", "complete"),
    [(b"<DescribeStacksResponse xmlns='x'>", True), (b"<html>Sign in</html>", False), (b"", False)],
)
def test_an_answer_in_xml_names_its_operation(body: bytes, *, complete: bool) -> None:
    """CloudFormation's answer begins with the operation's name; a proxy's error page does not."""
    operation = ServiceModel(CLOUDFORMATION).operation_model("DescribeStacks")
    assert is_answer({"status_code": 200, "body": body, "headers": {}}, operation) == complete


def test_of_several_protocols_the_one_that_botocore_chooses_counts() -> None:
    """CloudWatch lists a binary protocol first; botocore asks it in JSON, and so are its answers judged."""
    operation = ServiceModel(CLOUDWATCH).operation_model("DescribeAlarms")
    assert is_answer({"status_code": 200, "body": b"{}", "headers": {}}, operation)
    assert not is_answer({"status_code": 200, "body": b"<html>", "headers": {}}, operation)


def test_a_client_is_made_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Region and endpoint come from the standard variables, unless the caller passes them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert client("dynamodb").meta.endpoint_url == "http://127.0.0.1:9"
    named = client("dynamodb", region="eu-west-1", endpoint_url="http://127.0.0.1:8")
    assert (named.meta.endpoint_url, named.meta.region_name) == ("http://127.0.0.1:8", "eu-west-1")


def test_a_caller_may_check_answers_itself() -> None:
    """A check that the caller passes decides what a damaged answer raises: the console's has a text for people."""

    def refuse(**_: object) -> None:
        raise LookupError

    made = client("dynamodb", check=refuse, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(LookupError):
        made.meta.events.emit("before-parse", response_dict={}, operation_model=None, customized_response_dict={})


def test_all_clients_share_one_session() -> None:
    """To make a second client of the same session costs a tenth of the first."""
    assert session() is session()


def test_a_call_of_the_sdk_is_given_up_at_its_deadline() -> None:
    """boto3 takes no deadline for a call, so a worker makes it, and at the deadline its connections are closed."""
    released = threading.Event()

    class Hanging(FakeClient):
        def get_item(self, **_: object) -> dict[str, object]:
            released.wait(PATIENCE)
            return {}

    client = Hanging()
    with pytest.raises(OutOfTimeError):
        SdkConnection(client).call("get_item", {}, Deadline.after(0.1))
    assert client.closed
    released.set()
