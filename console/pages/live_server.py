"""The server of `retention preview --watch`: the page and its changes, to browsers of this machine, and nothing else.

It listens on the loopback. A `Host` of another name is refused, so that no web page can have its own name resolved to
this address and then read what is served (DNS rebinding). It opens no file: it has the page in memory. Each client has
a thread of its own, and one that neither sends nor takes anything is dropped.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any, Final
from urllib.parse import parse_qs

from console.pages.live import LiveVersion

LOOPBACK: Final = "127.0.0.1"
PAGE, CHANGES = "/", "/changes"

# How long a client may take to send a request, or to take a part of an answer.
_PATIENCE_SECONDS: Final = 10
# How often a connection that waits for changes is tried: one whose browser is gone then ends.
_PULSE_SECONDS: Final = 15.0
_HTTP_PORT: Final = 80  # which browsers leave out of `Host`
_POLL_SECONDS: Final = 0.05

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Connection": "close",
}
_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"


@dataclass(slots=True)
class ShownVersion:
    """The version that browsers are shown, for one thread that changes it and many that wait for the next."""

    _current: LiveVersion
    _changed: Condition = field(default_factory=Condition)

    @property
    def current(self) -> LiveVersion:
        return self._current

    def show(self, version: LiveVersion) -> None:
        with self._changed:
            self._current = version
            self._changed.notify_all()

    def next_after(self, name: str, seconds: float) -> LiveVersion | None:
        """Return the version once it is another than `name`; None if it still is after `seconds`."""
        with self._changed:
            other = self._changed.wait_for(lambda: self._current.name != name, seconds)
            return self._current if other else None


class PageHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of two paths."""

    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE_SECONDS
    shown: ShownVersion

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if not self._is_for_us():
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "This server answers by its own address only.")
        elif self.command not in {"GET", "HEAD"}:
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "This server only shows a page: use GET.", Allow="GET, HEAD")
        elif path == PAGE:
            version = self.shown.current
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", version.html, version.policy)
        elif path == CHANGES:
            self._send_changes(query)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "This server has one page: /.")

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Return what answers any other method, which the parent looks for by its name."""
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what is no HTTP, without repeating any of it."""
        # Until a request is understood, the parent takes it for one of HTTP 0.9, whose answers have no headers.
        self.request_version = self.protocol_version
        self._refuse(HTTPStatus(code), "This is no request that this server understands.")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name for it
        """Print nothing: the terminal has a line for each version of the page."""

    def version_string(self) -> str:
        return "retention"

    def _is_for_us(self) -> bool:
        port = self.connection.getsockname()[1]
        given = self.headers.get_all("Host") or []
        names = {f"{LOOPBACK}:{port}", f"localhost:{port}", *((LOOPBACK, "localhost") if port == _HTTP_PORT else ())}
        return len(given) == 1 and given[0].lower() in names

    def _send_changes(self, query: str) -> None:
        """Send an event for each version that the client does not have, until either side ends."""
        after = parse_qs(query).get("after", [""])[0]
        name = self.headers.get("Last-Event-ID") or after
        self._send_head(HTTPStatus.OK, "text/event-stream", _NOTHING)
        if self.command == "HEAD":
            return
        self.wfile.write(b"retry: 1000\n\n")
        while True:
            version = self.shown.next_after(name, _PULSE_SECONDS)
            if version is None:
                self.wfile.write(b":\n\n")
            else:
                name = version.name
                self.wfile.write(b"id: " + name.encode() + b"\ndata: " + version.event + b"\n\n")

    def _refuse(self, status: HTTPStatus, why: str, **headers: str) -> None:
        self._send(status, "text/plain; charset=utf-8", f"{why}\n".encode(), _NOTHING, **headers)

    def _send(self, status: HTTPStatus, kind: str, body: bytes, rules: str, **headers: str) -> None:
        self._send_head(status, kind, rules, **headers, **{"Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_head(self, status: HTTPStatus, kind: str, rules: str, **headers: str) -> None:
        self.close_connection = True
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Security-Policy": rules, **_HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()


class _PageServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # the parent's types
        """Ignore a client that went away or was too slow; of any other error, print what the parent does."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving(shown: ShownVersion, port: int) -> Iterator[str]:
    """Serve what is shown on a port of the loopback until the block ends, 0 on a free one; give the page's address.

    Raises OSError where the port cannot be used.
    """
    server = _PageServer((LOOPBACK, port), type("ShownPageHandler", (PageHandler,), {"shown": shown}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": _POLL_SECONDS}, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
