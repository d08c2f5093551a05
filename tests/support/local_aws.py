"""DynamoDB Local and a Parameter Store with one key, at one address of this process.

with AwsFront(dynamodb_url, PEM) as aws:     # AWS_ENDPOINT_URL=aws.url
    aws.calls                                # what was called so far: "GetItem head", "BatchGetItem", "GetParameter"
    aws.hang_up()                            # every connection ends, as those of a frozen process do
    aws.away = True                          # no call is answered any more
"""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Final, Self
from urllib.parse import urlsplit

from tests.support.waiting import PATIENCE

_SECONDS: Final = PATIENCE
_PASSED_ON: Final = ("authorization", "content-type", "x-amz-date", "x-amz-target")


class AwsFront:
    """Answers GetParameter with `pem`, and passes everything else on to the DynamoDB at `dynamodb`."""

    def __init__(self, dynamodb: str, pem: bytes) -> None:
        self.pem = pem
        self.away = False
        self.calls: list[str] = []
        self.lines: set[socket.socket] = set()
        self.lock = Lock()
        self.dynamodb = urlsplit(dynamodb).netloc
        front = self

        class Handler(_Handler):
            aws = front

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self.hang_up()
        self._server.server_close()
        self._thread.join(_SECONDS)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def hang_up(self) -> None:
        """End every connection there is; new ones are taken."""
        with self.lock:
            for line in self.lines:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def answer(self, target: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of one call."""
        operation = target.partition(".")[2]
        row = json.loads(body)["Key"]["sk"]["S"] if operation == "GetItem" else ""
        self.calls.append(f"{operation} {row}".rstrip())
        if operation == "GetParameter":
            return 200, {}, json.dumps({"Parameter": {"Value": self.pem.decode()}}).encode()
        connection = http.client.HTTPConnection(self.dynamodb, timeout=_SECONDS)
        try:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower().startswith("x-amz")}
            return answer.status, kept, answer.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    aws: AwsFront
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.aws.lock:
            self.aws.lines.add(self.connection)

    def finish(self) -> None:
        with self.aws.lock:
            self.aws.lines.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.aws.away:
            self.close_connection = True
            return
        passed_on = {name: self.headers[name] for name in _PASSED_ON}
        status, headers, content = self.aws.answer(self.headers["x-amz-target"], passed_on, body)
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def handle(self) -> None:
        with suppress(OSError):  # the client hung up, or we did
            super().handle()

    def log_message(self, *_: object) -> None:
        pass
