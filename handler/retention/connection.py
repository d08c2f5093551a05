"""One AWS client: one attempt, explicit timeouts, and connections that can be shut while somebody waits on them."""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import zlib
from collections.abc import Mapping
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from botocore.session import Session
    from urllib3 import HTTPConnectionPool

# botocore makes a client's class from a service's description when it runs.
Client: TypeAlias = Any

# They end what was abandoned; what a request waits is its deadline's business.
CONNECT_SECONDS: Final = 0.3
READ_SECONDS: Final = 0.5

# One request at a time in Lambda; a few in `make serve`.
_MAX_CONNECTIONS = 4

_OK = 200


class CallFailedError(Exception):
    """A call to AWS failed. `code` is the service's error code, or the name of what the SDK raised."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Connection:
    """A low-level client, and, by thread, the sockets its calls are waiting on, where somebody notes them."""

    def __init__(self, client: Client, sockets: dict[int, socket.socket] | None = None) -> None:
        self.client = client
        self._sockets = {} if sockets is None else sockets

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request, e.g. `call("get_item", {…})`. Raises CallFailedError for whatever goes wrong."""
        try:
            answer: dict[str, Any] = getattr(self.client, operation)(**request)
        except Exception as error:  # the SDK's parsers raise almost anything on an answer that is not AWS's
            raise CallFailedError(_code_of(error)) from error
        finally:
            self._sockets.pop(get_ident(), None)
        return answer

    def abandon(self, thread: int) -> None:
        """Shut the socket `thread` waits on, so that it ends, and drop the idle ones: they lead to the same place."""
        waiting = self._sockets.pop(thread, None)
        if waiting is not None:
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)
        self.close()

    def close(self) -> None:
        """Drop idle connections. The next call opens a new one."""
        self.client.close()


def connect(service: str) -> Connection:
    """Return a connection to `dynamodb` or `ssm`.

    Region, credentials and endpoint come from the standard environment (AWS_REGION, AWS_ENDPOINT_URL, …).
    """
    # Half of a cold start is this import; it happens when the first connection is made, and not to those who only test.
    from botocore.config import Config  # noqa: PLC0415  # as said above

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=_MAX_CONNECTIONS,
        parameter_validation=False,
        tcp_keepalive=True,
        account_id_endpoint_mode="disabled",
    )
    client = _session().create_client(service, config=config)
    client.meta.events.register("before-parse", _check_body)
    sockets: dict[int, socket.socket] = {}
    _watch(client, sockets)
    return Connection(client, sockets)


@functools.cache
def _session() -> Session:
    """One session for all clients: a second client then costs a tenth of the first."""
    from botocore.session import get_session  # noqa: PLC0415  # see connect

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


def _code_of(error: Exception) -> str:
    if isinstance(error, CallFailedError):
        return error.code
    response = getattr(error, "response", None)
    details = response.get("Error") if isinstance(response, dict) else None
    code = details.get("Code") if isinstance(details, dict) else None
    return code if isinstance(code, str) and code else type(error).__name__


def _watch(client: Client, sockets: dict[int, socket.socket]) -> None:
    """Note in `sockets` which socket each thread sends on.

    botocore has no way to end a call from outside. In a version without these names of its inside, abandoned calls
    still end by their timeouts, and only a server that drips keeps its worker.
    """
    try:
        manager = client._endpoint.http_session._manager  # noqa: SLF001  # see above
        classes = manager.pool_classes_by_scheme
    except AttributeError:
        return
    manager.pool_classes_by_scheme = {scheme: _noting(pool, sockets) for scheme, pool in classes.items()}


def _noting(pool: type[HTTPConnectionPool], sockets: dict[int, socket.socket]) -> type[HTTPConnectionPool]:
    """Return a subclass of a connection pool whose connections note the socket they send on."""

    class NotingConnection(pool.ConnectionCls):  # type: ignore[misc, name-defined]  # the base is botocore's, known at run time only
        def connect(self) -> None:
            super().connect()
            sockets[get_ident()] = self.sock

        def request(self, *args: object, **kwargs: object) -> None:
            if self.sock is not None:
                sockets[get_ident()] = self.sock
            super().request(*args, **kwargs)

    return type(pool.__name__, (pool,), {"ConnectionCls": NotingConnection})
