"""The HTTP server of `make serve` and `make sandbox`, which does what API Gateway does in front of the stack.

A request for a message is the function's. A notification goes into the queue as it came, before any code judges it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from console.local.sample_events import NOTIFICATIONS_PATH, PATH
from console.simulator.http_body import BodyError, read_body

# In bytes: API Gateway refuses larger bodies. The function's own limit is far below.
_MAX_BYTES: Final = 10 * 1024 * 1024

Function = Callable[[dict[str, Any], None], dict[str, Any]]
# Puts the body of a notification into the queue.
Enqueue = Callable[[str], None]

_NOT_FOUND: Final = b'{"message":"Not Found"}'
_FAILED: Final = b'{"message":"Internal Server Error"}'
_JSON: Final = {"content-type": "application/json"}


def gateway_event(body: bytes, headers: Mapping[str, str], method: str = "POST", source: str = "") -> dict[str, Any]:
    """Return the event that API Gateway makes of a request (payload format 2.0); header names are in lower case."""
    return {
        "version": "2.0",
        "routeKey": f"POST {PATH}",
        "rawPath": PATH,
        "headers": dict(headers),
        "requestContext": {"http": {"method": method, "path": PATH, "sourceIp": source}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


class Gateway(BaseHTTPRequestHandler):
    """Does what API Gateway's HTTP API does: makes an event (payload format 2.0), and sends the function's answer."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one packet; separately, each answer would wait for the peer's delayed ACK
    disable_nagle_algorithm = True
    function: Function
    enqueue: Enqueue | None = None

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        takes_in = path == NOTIFICATIONS_PATH and self.command == "POST" and self.enqueue is not None
        if path != PATH and not takes_in:
            self.close_connection = True  # its body is not read
            self._send(404, _JSON, _NOT_FOUND)
            return
        try:
            body = read_body(self.headers, self.rfile, _MAX_BYTES)
        except BodyError as error:
            self.close_connection = True
            self._send(error.status, {}, b"")
            return
        if takes_in:
            self._take_in(body)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.function(gateway_event(body, headers, self.command, self.client_address[0]), None)
        self._send(answer["statusCode"], answer["headers"], answer.get("body", "").encode())

    # Any method: the function refuses those that it does not answer.
    do_GET = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_POST  # noqa: N815  # http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name for it
        """Print nothing: the function writes a log line for each request."""

    def _take_in(self, body: bytes) -> None:
        """Answer 200 once the queue has the body, and 500 where it does not take it, as API Gateway does."""
        try:
            if self.enqueue is not None:
                self.enqueue(body.decode("utf-8", "replace"))
        except Exception:  # noqa: BLE001  # the queue's client raises almost anything
            self._send(500, _JSON, _FAILED)
        else:
            self._send(200, _JSON, b"{}")

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:  # noqa: PLR2004  # No Content has no length either
            self.send_header("content-length", str(len(body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = (
        256  # a burst of connections waits; with the default of 5, a sixth would be refused for a second
    )


def listen(function: Function, host: str, port: int, enqueue: Enqueue | None = None) -> ThreadingHTTPServer:
    """Return a server, not yet serving, that answers each request in its own thread. Port 0 finds a free port.

    Without `enqueue` there is no path for notifications.
    """
    queued = None if enqueue is None else staticmethod(enqueue)
    gateway = type("FunctionGateway", (Gateway,), {"function": staticmethod(function), "enqueue": queued})
    return _Server((host, port), gateway)
