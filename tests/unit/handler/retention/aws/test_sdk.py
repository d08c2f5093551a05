"""The SDK's clients as the console and the sync use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from retention.aws.connection import CallFailedError
from retention.aws.sdk import SdkConnection, _check_body, client


class Bare:
    """A client that answers, or fails as it is told."""

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
    connection.abandon(0)
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


@pytest.mark.parametrize(
    ("body", "headers", "whole"),
    [
        (b"{}", {}, True),
        (b"[]", {}, False),
        (b"{}", {"x-amz-crc32": "2745614147"}, True),
        (b"{}", {"x-amz-crc32": "1"}, False),
    ],
)
def test_an_answer_must_have_arrived_whole(body: bytes, headers: Mapping[str, str], *, whole: bool) -> None:
    """botocore would take a damaged answer for an empty one."""
    answer: dict[str, Any] = {"status_code": 200, "body": body, "headers": headers}
    if whole:
        _check_body(answer)
    else:
        with pytest.raises(CallFailedError):
            _check_body(answer)
    _check_body({**answer, "status_code": 400})


def test_a_client_is_made_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Region and endpoint are the standard variables'."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert client("dynamodb").meta.endpoint_url == "http://127.0.0.1:9"
