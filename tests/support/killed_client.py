"""A client of DynamoDB that can be killed at any write, and then sends no further call of its process either."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Final

from tests.support.pages import Pages

WRITES: Final = frozenset({"put_item", "update_item", "delete_item", "transact_write_items"})


class KilledError(BaseException):
    """Simulates SIGKILL: no `except Exception` catches it, and nothing more is sent."""


class KillableClient:
    """Hands calls on to `client`, and dies at the write numbered `last` (from 1 on), before it or just after it.

    `between` is called before each write, with its number, to do what another process could do then.
    """

    def __init__(
        self,
        client: Any,
        last: int | None = None,
        *,
        after: bool = False,
        between: Callable[[int], None] = lambda _number: None,
    ) -> None:
        self._client = client
        self._last = last
        self._after = after
        self._between = between
        self._lock = Lock()
        self.dead = False
        self.writes = 0

    def get_paginator(self, operation: str) -> Pages:
        return Pages(getattr(self, operation))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        return found if name in {"exceptions", "meta", "close"} else lambda **request: self._call(name, found, request)

    def _call(self, name: str, send: Callable[..., Any], request: dict[str, Any]) -> Any:
        with self._lock:  # one after the other, so that "the third write" means something
            if self.dead:
                raise KilledError
            if name not in WRITES:
                return send(**request)
            self.writes += 1
            self._between(self.writes)
            self.dead = self.writes == self._last
            if self.dead and not self._after:
                raise KilledError
            answer = send(**request)
            if self.dead:
                raise KilledError
            return answer
