"""Lambda's scaling on this machine: an execution environment takes one request, and a new one starts if all are busy.

So cold starts happen as in Lambda. Two things differ: the environments share this machine's cores, while in Lambda each
has its own; and when the limit is reached a request waits, while Lambda would start one more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Condition
from types import TracebackType
from typing import IO, Any, Final, Protocol, Self

from console.local.artefact import build_artefact, machine
from console.local.emulator import Emulator, InvocationError, prepare
from console.terminal.program import write_error

Answer = dict[str, Any]

# API Gateway's answer when the function gives none.
_FAILED: Final[Answer] = {
    "statusCode": 500,
    "headers": {"content-type": "application/json"},
    "body": json.dumps({"message": "Internal Server Error"}),
}


class ExecutionEnvironment(Protocol):
    """One execution environment, which starts with its first request."""

    def invoke(self, event: object) -> Answer: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...


class Environments:
    """At most `limit` environments, made by `make` when they are needed. Many threads can call it. Close it."""

    def __init__(
        self, make: Callable[[], ExecutionEnvironment], limit: int, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._make, self._limit, self._report = make, limit, report
        self._changed = Condition()
        self._idle: list[ExecutionEnvironment] = []
        self._all: list[ExecutionEnvironment] = []
        self._starting = 0
        self._closed = False

    def __call__(self, event: object, _context: object = None) -> Answer:
        """Return the function's answer to one event, or API Gateway's 500 if its environment fails."""
        try:
            environment = self._idle_or_new()
        except RuntimeError as error:
            self._report(f"An environment did not start: {error}")
            return _FAILED
        try:
            answer = environment.invoke(event)
        except InvocationError as error:
            self._end(environment)
            self._report(f"An environment failed and was ended: {error}")
            return _FAILED
        self._rest(environment)
        return answer

    @property
    def number(self) -> int:
        """The number of environments now."""
        with self._changed:
            return len(self._all)

    def close(self) -> None:
        """End all environments, even busy ones."""
        with self._changed:
            self._closed = True
            ended, self._all, self._idle = self._all, [], []
            self._changed.notify_all()
        for environment in ended:
            environment.__exit__(None, None, None)

    def _idle_or_new(self) -> ExecutionEnvironment:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._idle or self._has_room)
            if self._closed:
                raise RuntimeError("the server is stopping")
            if self._idle:
                return self._idle.pop()  # the one used last, as in Lambda
            self._starting += 1
            number = len(self._all) + self._starting
        self._report(f"Environment {number} of at most {self._limit} starts.")
        return self._new()

    @property
    def _has_room(self) -> bool:
        return len(self._all) + self._starting < self._limit

    def _new(self) -> ExecutionEnvironment:
        environment = None
        try:
            environment = self._make().__enter__()
        finally:
            with self._changed:
                self._starting -= 1
                late = self._closed and environment is not None
                if environment is not None and not late:
                    self._all.append(environment)
                self._changed.notify()
            if late and environment is not None:
                environment.__exit__(None, None, None)
        if late:
            raise RuntimeError("the server is stopping")
        return environment

    def _rest(self, environment: ExecutionEnvironment) -> None:
        with self._changed:
            if environment in self._all:
                self._idle.append(environment)
                self._changed.notify()

    def _end(self, environment: ExecutionEnvironment) -> None:
        with self._changed:
            known = environment in self._all
            if known:
                self._all.remove(environment)
                self._changed.notify()
        if known:
            environment.__exit__(None, None, None)


@contextmanager
def lambda_environments(
    variables: Mapping[str, str], limit: int, *, log: IO[Any], report: Callable[[str], None]
) -> Iterator[Environments]:
    """Give environments that run the built artefact under Lambda's runtime; end them on leaving.

    Builds the artefact first, unless the same sources were built before. Functions and runtime write to `log`. Raises
    PartMissingError.
    """
    prepare()
    report(f"Building the artefact for {machine()}, unless these sources were built before …")
    artefact = build_artefact(machine())
    environments = Environments(lambda: Emulator(artefact, variables, log=log), limit, report)
    try:
        yield environments
    finally:
        environments.close()


def print_line(text: str) -> None:
    """Write a line to standard error, for the person who runs the server."""
    write_error(text)
