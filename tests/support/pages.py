"""Pages of a Query or Scan, for a client that stands in for boto3's and has an operation of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Pages:
    """What `get_paginator` returns: boto3's own paginator would call boto3's client, past the one that stands in."""

    ask: Callable[..., dict[str, Any]]

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """Yield one answer for each page."""
        while True:
            answer = self.ask(**request)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}
