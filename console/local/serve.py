"""`make serve`: the endpoint over HTTP on this machine, on the real clock, with the sample app behind it.

The function's own log and metrics lines go to standard output, as they would to CloudWatch. With --environments it is
the built artefact under Lambda's own runtime that answers, in as many environments as there are requests at a time.
"""

from __future__ import annotations

import argparse
import base64
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from console.failure import sentence
from console.local.environments import lambda_environments, say
from console.local.sample_events import PATH
from console.local.samples import SAMPLE
from console.local.surroundings import LocalTable, embedded_dynamodb, function_environment, load_function
from console.rehearsal_authority import read_anchor

# What API Gateway itself refuses to take in; the function's own limit is far below.
_MAX_BYTES = 10 * 1024 * 1024

# Each is a Python of its own, of some 60 MB.
_MAX_ENVIRONMENTS = 200

Function = Callable[[dict[str, Any], None], dict[str, Any]]


class Gateway(BaseHTTPRequestHandler):
    """What API Gateway's HTTP API does for the function: payload format 2.0 in, status, headers and body out."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body leave together; apart, each answer waits for the peer's delayed ACK
    disable_nagle_algorithm = True
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


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # a burst waits its turn; the default turns the sixth caller away for a second


def listen(function: Function, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server, not yet serving, that gives each request a thread of its own. Port 0 finds a free one."""
    gateway = type("FunctionGateway", (Gateway,), {"function": staticmethod(function)})
    return _Server((host, port), gateway)


@dataclass(frozen=True, slots=True)
class Options:
    """`environments` 0: the function runs in this process. `endpoint_url` None: the table is embedded."""

    port: int
    dynamodb_port: int
    file: Path
    environments: int = 0
    endpoint_url: str | None = None
    trust_anchor: bytes | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    try:
        serve(_options(arguments))
    except KeyboardInterrupt:
        return 0
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        sys.stderr.write(f"{said}\n")
        return 1
    return 0


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="make serve", description="The endpoint over HTTP on this machine.")
    parser.add_argument("--port", type=int, default=8080, help="0 finds a free one (default: 8080)")
    parser.add_argument("--dynamodb-port", type=int, default=8000, help="likewise, of the table (default: 8000)")
    parser.add_argument("--file", type=Path, default=SAMPLE, help="the retention.yaml to serve")
    parser.add_argument(
        "--environments",
        type=_environments,
        default=0,
        metavar="N",
        help="run the built artefact under Lambda's runtime instead, up to N environments started on demand",
    )
    parser.add_argument(
        "--endpoint-url", metavar="URL", help="a DynamoDB of yours, such as DynamoDB Local, instead of the embedded one"
    )
    parser.add_argument(
        "--trust-anchor",
        metavar="FILE",
        help="the root to trust instead of the test authority's: a file, or base64 of its DER;"
        " `retention rehearse --anchor` prints it",
    )
    given = parser.parse_args(arguments)
    anchor = None if given.trust_anchor is None else read_anchor(given.trust_anchor)
    file = given.file.resolve()
    return Options(given.port, given.dynamodb_port, file, given.environments, given.endpoint_url, anchor)


def _environments(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_ENVIRONMENTS:
        raise argparse.ArgumentTypeError(f"a number up to {_MAX_ENVIRONMENTS}")
    return int(text)


def serve(options: Options) -> None:
    """Serve until interrupted."""
    with ExitStack() as parts:
        endpoint_url = options.endpoint_url or parts.enter_context(embedded_dynamodb(options.dynamodb_port))
        table = LocalTable(endpoint_url, options.file)
        compiled, published = table.publish(datetime.now(UTC))
        table.import_states(compiled)
        table.write_customers(compiled.release.app_apple_id)
        function = parts.enter_context(_function(options, endpoint_url, compiled.release.app_apple_id))
        server = parts.enter_context(listen(function, "127.0.0.1", options.port))
        url = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
        product = next(iter(compiled.release.sheets))
        say(f"Release {published.number} of {options.file.name} is live; its table is at {endpoint_url}.")
        say(f"Answering at {url} until Ctrl-C. {_hint(options, compiled.release.app_apple_id, product, url)}")
        server.serve_forever()


@contextmanager
def _function(options: Options, endpoint_url: str, app_apple_id: int) -> Iterator[Function]:
    """Give the function: in this process, or in environments of its own."""
    if not options.environments:
        app = load_function(endpoint_url, app_apple_id, trust_anchor=options.trust_anchor)
        yield app.get_retention_message
        return
    variables = function_environment(endpoint_url, app_apple_id, trust_anchor=options.trust_anchor)
    with lambda_environments(variables, options.environments, log=sys.stdout, tell=say) as environments:
        yield environments


def _hint(options: Options, app_apple_id: int, product: str, url: str) -> str:
    if options.trust_anchor is not None:
        return f"From another terminal, the rehearsal:\n\n  .venv/bin/retention rehearse {url} --product {product}\n"
    return (
        "From another terminal, a freshly signed request:\n\n"
        f"  .venv/bin/retention sign-request --app {app_apple_id} --product {product} | curl -sS -d @- {url}\n"
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # environments do not end by themselves
    raise SystemExit(main())
