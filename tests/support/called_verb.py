"""A verb of `retention`, called in this process with its words read as on a command line, and its room replaced.

No process and no server is started: the verb reads its options, calls its room, prints and gives an exit code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from console.cli.verbs import Verbs, find


@dataclass(frozen=True)
class Ended:
    """How a verb ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Ended]


def caller(capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that calls a verb by its words. Errors are raised as the verb raises them."""

    def call(*words: str) -> Ended:
        code = find(Verbs(), words).run(standalone=False)
        printed = capsys.readouterr()
        return Ended(code if isinstance(code, int) else 0, printed.out, printed.err)

    return call


@dataclass
class Recorded:
    """Stands in for a room's function: notes what it is handed, and returns `answer` or raises `error`."""

    answer: Any = None
    error: Exception | None = None
    given: list[tuple[Any, ...]] = field(default_factory=list)
    named: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.given.append(given)
        self.named.append(named)
        if self.error is not None:
            raise self.error
        return self.answer
