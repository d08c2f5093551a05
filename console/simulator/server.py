"""The simulator as an HTTP server on this machine.

It uses the standard library's server, as `make serve` does. Werkzeug would save a dozen lines, but it is installed only
with moto, which an operator's installation does not need.
"""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Final, Self

from console.simulator.api import Answer, Api, HangUp, Request, Response
from console.simulator.delivery_loop import DeliveryLoop
from console.simulator.http_body import BodyError, read_body
from console.simulator.notification_delivery import Couriers, Mishaps
from console.simulator.performance import PerformanceTests
from console.simulator.ports import LOOPBACK
from console.simulator.simulator import Simulator

# Apple documents no limit of an image file's size; this limit only protects the memory from a mistaken client.
_MAX_BYTES: Final = 64 * 1024 * 1024
_NO_BODY: Final = 204

Log = Callable[[str], None]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one packet; separately, each answer would wait for the peer's delayed ACK
    disable_nagle_algorithm = True
    answer: Answer
    log: Log

    def _serve(self) -> None:
        try:
            body = read_body(self.headers, self.rfile, _MAX_BYTES)
        except BodyError as error:
            self.close_connection = True
            self._send(Response(error.status))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, body)
        try:
            response = self.answer(request)
        except HangUp:
            self.close_connection = True
            return
        self.log(f"{self.command} {self.path} {response.status} {response.note}".rstrip())
        self._send(response)

    do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815  # the parent's names

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != _NO_BODY:
            self.send_header("content-length", str(len(response.body)))
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name for it
        """Print nothing: `log` gets a line for each answer."""


class Server:
    """An HTTP server on a port of this machine that calls `answer` for each request. Port 0 finds a free port."""

    def __init__(self, answer: Answer, *, host: str = LOOPBACK, port: int = 0, log: Log = lambda _: None) -> None:
        members = {"answer": staticmethod(answer), "log": staticmethod(log)}
        self._server = ThreadingHTTPServer((host, port), type("SimulatorHandler", (_Handler,), members))
        self._server.daemon_threads = True
        self._host = host
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._server.server_address[1]}"

    def base_url(self, environment: str) -> str:
        """Return the base URL for Apple's client in the environment "Sandbox" or "Production"."""
        return f"{self.url}/{environment.lower()}"

    def serve_forever(self) -> None:
        self._server.serve_forever()

    def start(self) -> None:
        """Serve in a separate thread until `stop`."""
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class SimulatorServer(Server):
    """A simulator's API on a port of this machine.

    With `mishaps`, it delivers notifications too, with these mishaps on the way. `wrap` is for tests: it gets the API's
    answer function, and returns the one to use instead.
    """

    def __init__(
        self,
        simulator: Simulator,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        log: Log = lambda _: None,
        wrap: Callable[[Answer], Answer] = lambda answer: answer,
        mishaps: Mishaps | None = None,
    ) -> None:
        self.simulator = simulator
        self.tests = PerformanceTests(simulator)
        super().__init__(wrap(Api(simulator, self.tests)), host=host, port=port, log=log)
        self.tests.abandon()
        self._loop = None if mishaps is None else DeliveryLoop(Couriers(simulator, mishaps), log)
        if self._loop is not None:
            self._loop.start()

    def stop(self) -> None:
        """Stop the server, its deliveries and its performance tests; the simulator stays open."""
        if self._loop is not None:
            self._loop.stop()
        super().stop()
        self.tests.close()
