"""A handler of `http.server` on a connection of bytes: what a client sends is prepared, what it gets is returned."""

from __future__ import annotations

import io
from http.server import BaseHTTPRequestHandler
from typing import Any


class _Kept(io.BytesIO):
    """Keeps its bytes when the handler closes it."""

    def close(self) -> None: ...


class _Connection:
    """In the place of a socket: the bytes of a client, and the bytes for it."""

    def __init__(self, sent: bytes) -> None:
        self._sent, self.received = io.BytesIO(sent), _Kept()

    def makefile(self, mode: str, _size: int = 0) -> io.BytesIO:
        return self._sent if mode.startswith("r") else self.received

    def setsockopt(self, *_: object) -> None: ...


def exchange(handler: type[BaseHTTPRequestHandler], sent: bytes) -> bytes:
    """Return all that `handler` answers to the bytes of a connection, until it closes the connection or they end."""
    connection: Any = _Connection(sent)
    server: Any = None
    handler(connection, ("192.0.2.7", 54321), server)
    return bytes(connection.received.getvalue())
