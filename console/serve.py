"""`make serve`: the endpoint over HTTP on this machine, on the real clock, with the sample app behind it.

The function's own log and metrics lines go to standard output, as they would to CloudWatch.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from console.failure import sentence
from console.local import LocalTable, embedded_dynamodb, load_function
from console.sample_events import PATH
from console.samples import SAMPLE

# What API Gateway itself refuses to take in; the function's own limit is far below.
_MAX_BYTES = 10 * 1024 * 1024

Function = Callable[[dict[str, Any], None], dict[str, Any]]


class Gateway(BaseHTTPRequestHandler):
    """What API Gateway's HTTP API does for the function: payload format 2.0 in, status, headers and body out."""

    protocol_version = "HTTP/1.1"
    function: Function

    def do_POST(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self._send(404, {"content-type": "application/json"}, b'{"message":"Not Found"}')
            return
        length = self.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _MAX_BYTES:
            self.close_connection = True
            self._send(413, {}, b"")
            return
        answer = self.function(self._event(self.rfile.read(int(length))), None)
        self._send(answer["statusCode"], answer["headers"], answer.get("body", "").encode())

    do_GET = do_PUT = do_DELETE = do_PATCH = do_POST  # noqa: N815  # http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name for it
        """Say nothing: the function writes a line for each request."""

    def _event(self, body: bytes) -> dict[str, Any]:
        return {
            "version": "2.0",
            "routeKey": f"POST {PATH}",
            "rawPath": PATH,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "requestContext": {"http": {"method": self.command, "path": PATH, "sourceIp": self.client_address[0]}},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:  # noqa: PLR2004  # No Content has no length either
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def listen(function: Function, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server, not yet serving, that gives each request a thread of its own. Port 0 finds a free one."""
    gateway = type("FunctionGateway", (Gateway,), {"function": staticmethod(function)})
    server = ThreadingHTTPServer((host, port), gateway)
    server.daemon_threads = True
    return server


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="make serve", description="The endpoint over HTTP on this machine.")
    parser.add_argument("--port", type=int, default=8080, help="0 finds a free one (default: 8080)")
    parser.add_argument("--dynamodb-port", type=int, default=8000, help="likewise, of the table (default: 8000)")
    parser.add_argument("--file", type=Path, default=SAMPLE, help="the retention.yaml to serve")
    options = parser.parse_args(arguments)
    try:
        serve(options.port, options.dynamodb_port, options.file.resolve())
    except KeyboardInterrupt:
        return 0
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        sys.stderr.write(f"{said}\n")
        return 1
    return 0


def serve(port: int, dynamodb_port: int, file: Path) -> None:
    """Serve until interrupted."""
    with embedded_dynamodb(dynamodb_port) as endpoint_url:
        table = LocalTable(endpoint_url, file)
        compiled, published = table.publish(datetime.now(UTC))
        table.import_states(compiled)
        table.write_customers(compiled.release.app_apple_id)
        app = load_function(endpoint_url, compiled.release.app_apple_id)
        with listen(app.get_retention_message, "127.0.0.1", port) as server:
            url = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
            product = next(iter(compiled.release.sheets))
            sys.stderr.write(
                f"Release {published.number} of {file.name} is live; its table is at {endpoint_url}.\n"
                f"Answering at {url} until Ctrl-C. From another terminal, a freshly signed request:\n\n"
                f"  .venv/bin/retention sign-request --app {compiled.release.app_apple_id} --product {product}"
                f" | curl -sS -d @- {url}\n\n"
            )
            sys.stderr.flush()
            server.serve_forever()


if __name__ == "__main__":
    raise SystemExit(main())
