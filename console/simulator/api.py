"""Answer one call of Apple's API: check token, access and rate, run the operation, and write errors as Apple's JSON."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs

from console.simulator import problems
from console.simulator.app_data import ENVIRONMENTS
from console.simulator.notification_operations import NOTIFICATION_OPERATIONS
from console.simulator.operations import OPERATIONS, AuthorizedCall, Document, Operation
from console.simulator.performance import PerformanceTests
from console.simulator.problems import Problem
from console.simulator.rates import RateLimitExceeded
from console.simulator.simulator import Simulator
from console.simulator.subscription_operations import SUBSCRIPTION_OPERATIONS
from console.simulator.tokens import UnauthorizedError, authorize


class HangUp(Exception):  # noqa: N818  # it is an outcome
    """Raised instead of an answer: the server closes the connection without one. For tests of such failures."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. `target` is path and query as received; header names are in lower case.

    A caller with a real API key sends a token that Apple would accept, so no `repr` shows headers.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response. `note` goes into the simulator's log only."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    note: str = ""


Answer = Callable[[Request], Response]

# Apple's Python library compares this header for equality, so it has no charset.
_JSON: Final = {"content-type": "application/json"}
_PREFIXES: Final = {environment.lower(): environment for environment in ENVIRONMENTS}
_UNAUTHORIZED: Final = b"Unauthenticated\n"
_NOT_FOUND: Final = b"<html><body><h1>404 Not Found</h1></body></html>\n"


@dataclass(frozen=True, slots=True)
class Api:
    """The Retention Messaging API of a simulator, and what it has of the App Store Server API.

    The paths /sandbox and /production stand for Apple's two hosts.
    """

    simulator: Simulator
    tests: PerformanceTests

    def __call__(self, request: Request) -> Response:
        """Return Apple's answer to a request. Never raises."""
        try:
            return self._answer(request)
        except UnauthorizedError as refused:
            return Response(401, {"content-type": "text/plain"}, _UNAUTHORIZED, f"unauthorized: {refused}")
        except RateLimitExceeded as refused:
            return _error_response(refused, {"retry-after": str(refused.retry_after_ms)})
        except Problem as problem:
            return _error_response(problem)
        except Exception:  # noqa: BLE001  # the client sees a bug of the simulator as Apple's 500
            traceback.print_exc(file=sys.stderr)
            return _error_response(Problem(problems.GENERAL_INTERNAL))

    def _answer(self, request: Request) -> Response:
        path, _, query = request.target.partition("?")
        prefix, _, rest = path.removeprefix("/").partition("/")
        environment = _PREFIXES.get(prefix, "")
        found = _find(request.method, f"/{rest}", environment)
        if found is None:
            return Response(404, {"content-type": "text/html"}, _NOT_FOUND, "not a path of the API")
        operation, parameters = found
        app = authorize(request.headers.get("authorization"), self.simulator.accounts, self.simulator.wall())
        if operation.needs_access and not app.access:
            return Response(404, note=f"{app.bundle_id} has no access to the API")
        self.simulator.rates.count(app.app_apple_id, environment, operation.name, self.simulator.now())
        values = parse_qs(query, keep_blank_values=True)
        call = AuthorizedCall(
            self.simulator,
            self.tests,
            app,
            environment,
            parameters,
            {name: given[-1] for name, given in values.items()},
            values,
            request.headers.get("content-type", ""),
            request.body,
        )
        with self.simulator.database.transaction():
            document = operation.run(call)
        return _success_response(operation, document)


def _find(method: str, path: str, environment: str) -> tuple[Operation, dict[str, str]] | None:
    for operation in (*OPERATIONS, *NOTIFICATION_OPERATIONS, *SUBSCRIPTION_OPERATIONS):
        below = path.removeprefix(operation.base)
        if below == path or operation.method != method or environment not in operation.environments:
            continue
        parameters = operation.match(below)
        if parameters is not None:
            return operation, parameters
    return None


def _success_response(operation: Operation, document: Document | None) -> Response:
    if document is None:
        return Response(200, note=operation.name)
    return Response(200, _JSON, json.dumps(document).encode(), operation.name)


def _error_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    body = {"errorCode": problem.code, "errorMessage": str(problem)}
    return Response(
        problem.status, {**_JSON, **(headers or {})}, json.dumps(body).encode(), f"{problem.code} {problem}"
    )
