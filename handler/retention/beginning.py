"""How a cold start begins: it connects to the table and reads it while the other modules are still being imported.

Imports need the processor and calls wait for the network: at the same time they take as long as the longer of both. So
`app` imports this module first, with the few that reading needs, and all others within a `Beginning`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Self

from retention.aws.clock import PassedTime
from retention.aws.connection import Connection, connect
from retention.aws.credentials import CredentialSource
from retention.aws.deadline import Deadline
from retention.errors import ConfigurationError
from retention.lookup.store import INIT_SECONDS, Store
from retention.settings import Deployment

if TYPE_CHECKING:
    from retention.catalog import Settings


@dataclass(frozen=True, slots=True)
class Reach:
    """How one deployment reaches AWS. `passed` measures all ages."""

    credentials: CredentialSource = field(repr=False)
    passed: PassedTime
    store: Store
    ssm: Connection

    @classmethod
    def of(cls, deployment: Deployment) -> Reach:
        """Build it from the environment's variables. Raises ConfigurationError; opens no connection."""
        credentials, passed = CredentialSource(), PassedTime()
        dynamodb, ssm = connect("dynamodb", credentials, passed), connect("ssm", credentials, passed)
        store = Store(
            lambda: dynamodb, deployment.table, monotonic=passed, clock=lambda: deployment.clock().timestamp()
        )
        return cls(credentials, passed, store, ssm)


class Beginning:
    """Reads the table in a thread while the body of the `with` runs, and waits for the thread at most INIT_SECONDS.

    INIT_SECONDS begin at the end of the `with`: the imports in it take their own time. `reach` is None where the
    environment makes no deployment; `app.start` then raises the reason. `releases` are the live settings that could be
    read, and `deadline` is what they left of INIT_SECONDS.
    """

    def __init__(self) -> None:
        self.reach: Reach | None = None
        self.releases: dict[int, Settings] = {}
        self.deadline = Deadline.after(INIT_SECONDS)
        self._ended: float | None = None
        self._thread: Thread | None = None
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        try:
            deployment = Deployment.from_env()
            self.reach = Reach.of(deployment)
        except ConfigurationError:
            return self
        arguments = self.reach.store, deployment.app_apple_ids
        self._thread = Thread(target=self._read, args=arguments, name="retention-ahead", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended = time.monotonic()
        self.deadline = Deadline.after(INIT_SECONDS)
        if self._thread is not None:
            self._thread.join(self.deadline.left())
        if self._error is not None:
            raise self._error

    def _read(self, store: Store, app_apple_ids: frozenset[int]) -> None:
        try:
            self.releases = store.warm(app_apple_ids, Deadline(INIT_SECONDS, self._waited))
        except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
            self._error = error

    def _waited(self) -> float:
        return 0.0 if self._ended is None else time.monotonic() - self._ended
