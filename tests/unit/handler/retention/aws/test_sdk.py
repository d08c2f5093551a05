"""The SDK's clients as the console and the sync use them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError
from retention.aws.sdk import SdkConnection, check_answer, client, is_answer, session

from tests.support.waiting import PATIENCE


class Bare:
    """A client that answers, or fails as it is asked to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure, self.closed = failure, False

    def get_item(self, **request: object) -> dict[str, object]:
        if self.failure is not None:
            raise self.failure
        return request

    def close(self) -> None:
        self.closed = True


def test_calls_go_through() -> None:
    """Operation and request are the client's own."""
    bare = Bare()
    connection = SdkConnection(bare)
    assert connection.call("get_item", {"a": 1}) == {"a": 1}
    connection.close()
    assert bare.closed


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "GetItem"), "ThrottlingException"),
        (ClientError({"Error": {"Code": "Throttled: customer#2000000900000180"}}, "GetItem"), "ClientError"),
        (ValueError("anything"), "ValueError"),
        (CallFailedError("DamagedAnswer"), "DamagedAnswer"),
    ],
)
def test_whatever_the_sdk_raises_is_one_error_with_a_code(failure: Exception, code: str) -> None:
    """The service's own code where there is one, or the name of what was raised."""
    with pytest.raises(CallFailedError) as caught:
        SdkConnection(Bare(failure)).call("get_item", {})
    assert caught.value.code == code


DYNAMODB = Loader().load_service_model("dynamodb", "service-2")
CLOUDFORMATION = Loader().load_service_model("cloudformation", "service-2")


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
    """botocore would take a damaged answer for an empty one."""
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
    """CloudFormation answers so; a proxy's page does not."""
    operation = ServiceModel(CLOUDFORMATION).operation_model("DescribeStacks")
    assert is_answer({"status_code": 200, "body": body, "headers": {}}, operation) == complete


def test_a_client_is_made_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Region and endpoint are the standard variables', unless the caller names them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert client("dynamodb").meta.endpoint_url == "http://127.0.0.1:9"
    named = client("dynamodb", region="eu-west-1", endpoint_url="http://127.0.0.1:8")
    assert (named.meta.endpoint_url, named.meta.region_name) == ("http://127.0.0.1:8", "eu-west-1")


def test_a_caller_may_check_answers_itself() -> None:
    """Its check raises what its users read: the console raises a sentence."""

    def refuse(**_: object) -> None:
        raise LookupError

    made = client("dynamodb", check=refuse, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(LookupError):
        made.meta.events.emit("before-parse", response_dict={}, operation_model=None, customized_response_dict={})


def test_all_clients_share_one_session() -> None:
    """The second client of a session costs a tenth of the first."""
    assert session() is session()


def test_a_call_of_the_sdk_is_given_up_at_its_deadline() -> None:
    """boto3 takes no deadline for a call: a worker makes it, and its connections are dropped."""
    let_go = threading.Event()

    class Hanging(Bare):
        def get_item(self, **_: object) -> dict[str, object]:
            let_go.wait(PATIENCE)
            return {}

    client = Hanging()
    with pytest.raises(OutOfTimeError):
        SdkConnection(client).call("get_item", {}, Deadline.after(0.1))
    assert client.closed
    let_go.set()
