"""The SDK's own clients, for what is not in the path of a request: the console, and the sync of review states."""

from __future__ import annotations

import functools
import json
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from retention.aws.connection import CallFailedError, service_code

if TYPE_CHECKING:
    from botocore.session import Session

# botocore makes a client's class from a service's description when it runs.
Client: TypeAlias = Any

# No customer waits: a busy table is asked again, and eight threads write at a time.
CONNECT_SECONDS: Final = 2.0
READ_SECONDS: Final = 5.0
_ATTEMPTS: Final = 3
_CONNECTIONS: Final = 8

_OK = 200


class SdkConnection:
    """A client made elsewhere, where `retention.lookup.store` wants a `retention.aws.connection.Connection`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request, e.g. `call("get_item", {…})`. Raises CallFailedError for whatever goes wrong."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**request)
        except Exception as error:  # the SDK's parsers raise almost anything on an answer that is not AWS's
            raise CallFailedError(code_of(error)) from error
        return answer

    def abandon(self, _: int) -> None:
        """Drop idle connections; the call itself ends by its timeouts."""
        self.close()

    def close(self) -> None:
        self._client.close()


def client(service: str) -> Client:
    """Return a client for `dynamodb` or `ssm` that waits for seconds, never minutes.

    Region, credentials and endpoint come from the standard environment (AWS_REGION, AWS_ENDPOINT_URL, …).
    """
    # The real-time function's modules lead here, and it must not pay for this import.
    from botocore.config import Config  # noqa: PLC0415  # as said above

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        max_pool_connections=_CONNECTIONS,
        account_id_endpoint_mode="disabled",
    )
    made = _session().create_client(service, config=config)
    made.meta.events.register("before-parse", _check_body)
    return made


@functools.cache
def _session() -> Session:
    """One session for all clients: a second client then costs a tenth of the first."""
    from botocore.session import get_session  # noqa: PLC0415  # see client

    return get_session()


def _check_body(response_dict: Mapping[str, Any], **_: object) -> None:
    """Refuse an answer that did not arrive whole.

    botocore takes JSON that is cut off for an answer without content, and an item that could not be read would be an
    item that does not exist. DynamoDB sends a checksum; SSM does not, and its answers are short.
    """
    if response_dict["status_code"] != _OK:
        return
    body, checksum = response_dict["body"], response_dict["headers"].get("x-amz-crc32")
    whole = str(zlib.crc32(body)) == checksum if checksum else isinstance(json.loads(body), dict)
    if not whole:
        raise CallFailedError("DamagedAnswer")


def code_of(error: Exception) -> str:
    """Return the service's error code, or the name of what the SDK raised."""
    if isinstance(error, CallFailedError):
        return error.code
    response = getattr(error, "response", None)
    details = response.get("Error") if isinstance(response, dict) else None
    code = details.get("Code") if isinstance(details, dict) else None
    return service_code(code) or type(error).__name__
