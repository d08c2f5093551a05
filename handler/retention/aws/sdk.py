"""Clients of boto3, all made here, for what is not in the path of a request: the console, and the sync.

boto3 is imported on first use: the real-time function's modules lead here, and it must not pay half a second for it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from retention.aws.connection import CallFailedError, service_code
from retention.aws.deadline import Deadline, Workers

# boto3 makes a client's class from a service's description when it runs.
Client: TypeAlias = Any

# Is called with each answer before botocore parses it, and raises what the caller of the client is to see.
AnswerCheck: TypeAlias = Callable[..., None]

# Fields of botocore's Config. No customer waits for the sync, so a busy table is asked again, but for seconds, never
# minutes; eight threads write at a time. Hosts are those of `retention.aws.service_address`.
SCHEDULED: Final[Mapping[str, Any]] = {
    "connect_timeout": 2.0,
    "read_timeout": 5.0,
    "retries": {"total_max_attempts": 3, "mode": "standard"},
    "max_pool_connections": 8,
    "account_id_endpoint_mode": "disabled",
}

_FIRST_OTHER_THAN_SUCCESS = 300


class SdkConnection:
    """A client of boto3 in the place of a `retention.aws.connection.Connection`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._workers = Workers(lambda _thread: self.close())

    def call(self, operation: str, request: Mapping[str, Any], deadline: Deadline | None = None) -> dict[str, Any]:
        """Send one request, e.g. `call("get_item", {…}, deadline)`; without a deadline, within the client's timeouts.

        Raises OutOfTimeError where the deadline comes first, and CallFailedError for every other failure.
        """
        if deadline is None:
            return self._call(operation, request)
        return self._workers.run(lambda: self._call(operation, request), deadline)

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**request)
        except Exception as error:  # the SDK's parsers raise almost anything on an answer that is not AWS's
            raise CallFailedError(code_of(error)) from error
        return answer

    def close(self) -> None:
        """Drop idle connections; a call on its way ends by its timeouts."""
        self._client.close()


def check_answer(response_dict: Mapping[str, Any], operation_model: Any, **_: object) -> None:  # noqa: ANN401  # botocore's
    """Raise CallFailedError for an answer that `is_answer` refuses: the check of a client that has no other."""
    if not is_answer(response_dict, operation_model):
        raise CallFailedError("DamagedAnswer")


def client(
    service: str,
    *,
    config: Mapping[str, Any] = SCHEDULED,
    check: AnswerCheck = check_answer,
    region: str | None = None,
    endpoint_url: str | None = None,
    verify: str | None = None,
) -> Client:
    """Return a client of boto3 for a service by its name there, such as `dynamodb`.

    `config` are fields of botocore's Config. `region`, `endpoint_url` and `verify` (a file of roots to trust) come from
    the standard environment where they are None. `check` is called with every answer that arrives.
    """
    from botocore.config import Config  # noqa: PLC0415  # see the module

    made = session().client(
        service, region_name=region, endpoint_url=endpoint_url, verify=verify, config=Config(**config)
    )
    made.meta.events.register("before-parse", check)
    return made


def session() -> Any:  # noqa: ANN401  # a boto3.Session, which takes a service's name as a literal alone
    """Return boto3's default session: one for all clients, since a second client then costs a tenth of the first."""
    import boto3  # noqa: PLC0415  # see the module

    if boto3.DEFAULT_SESSION is None:
        boto3.setup_default_session()
    return boto3.DEFAULT_SESSION


def is_answer(response: Mapping[str, Any], operation: Any) -> bool:  # noqa: ANN401  # botocore's OperationModel
    """Return whether an AWS service answered, and its answer arrived complete; an error status is accepted as it is.

    botocore takes JSON that is cut off, or a proxy's sign-in page, for a success without content, and an item that
    could not be read would be an item that does not exist. `response` is botocore's: `status_code`, `headers`, `body`.
    """
    if response["status_code"] >= _FIRST_OTHER_THAN_SUCCESS:
        return True
    body, checksum = bytes(response["body"]), response["headers"].get("x-amz-crc32")
    if checksum is not None:  # DynamoDB sends one
        return bool(str(zlib.crc32(body)) == checksum)
    if speaks_json(operation):
        return is_object(body)
    return f"<{operation.name}Response".encode() in body


def speaks_json(operation: Any) -> bool:  # noqa: ANN401  # botocore's OperationModel
    """Return whether the operation's service answers in JSON, not in XML.

    A service may speak several protocols: what counts is the one that botocore has chosen, not the one listed first.
    """
    return "json" in str(operation.service_model.resolved_protocol)


def is_object(body: bytes) -> bool:
    """Return whether `body` is a JSON object."""
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def is_unreached(error: Exception) -> bool:
    """Return whether the service gave no answer that is AWS's, after all waits and attempts: the next call had none.

    What the SDK raises for an answer has that answer as its `response`.
    """
    if isinstance(error, (CallFailedError, OSError)):
        return True
    of_the_sdk = type(error).__module__.partition(".")[0] in {"botocore", "urllib3"}
    return of_the_sdk and not isinstance(getattr(error, "response", None), dict)


def code_of(error: Exception) -> str:
    """Return the service's error code, or the name of what the SDK raised."""
    if isinstance(error, CallFailedError):
        return error.code
    response = getattr(error, "response", None)
    details = response.get("Error") if isinstance(response, dict) else None
    code = details.get("Code") if isinstance(details, dict) else None
    return service_code(code) or type(error).__name__
