"""The apps of the stack that have a live release: whose notifications are ours, and the key that hashes customers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.aws.sdk import Client, code_of, is_unreached
from retention.catalog import Settings
from retention.errors import UnreadableRowError
from retention.review.stored import read_settings

# A bundle id and a customer key change with an import of another history alone, so a minute late is early enough.
KEPT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class LiveApp:
    """An app and its live release. `customer_key` is the key of customers' hashes in logs."""

    table: AppTable = field(repr=False)
    settings: Settings
    customer_key: bytes = field(repr=False)

    @property
    def app_apple_id(self) -> int:
        return self.table.app_apple_id


@dataclass(frozen=True, slots=True)
class AppsRead:
    """The live apps by id, and why others could not be read: a code by id. An app without a release is in neither."""

    live: dict[int, LiveApp] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)


def live_app(app_table: AppTable) -> LiveApp | None:
    """Return an app's live release, None before the first publishing.

    Raises UnreadableRowError for damaged rows, and the SDK's own errors.
    """
    head = rows.read_head(app_table.head())
    if head.current is None:
        return None
    _, settings = read_settings(app_table.get(rows.settings_key(app_table.app_apple_id, head.current)))
    return LiveApp(app_table, settings, head.customer_key)


class LiveApps:
    """Reads the live apps of a deployment, each at most once in KEPT_SECONDS, of which there is one copy a process."""

    def __init__(
        self,
        dynamodb: Client,
        table: str,
        app_apple_ids: Iterable[int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tables = [AppTable(dynamodb, table, app) for app in app_apple_ids]
        self._monotonic = monotonic
        self._known: dict[int, tuple[float, LiveApp]] = {}

    @property
    def ids(self) -> tuple[int, ...]:
        """The apps of the deployment, live or not."""
        return tuple(app_table.app_apple_id for app_table in self._tables)

    def read(self) -> AppsRead:
        """Return all apps with a live release that can be read now; raises nothing.

        Where the table cannot be reached for one app it is asked for no other: each would wait as long.
        """
        found = AppsRead()
        unreached = ""
        for app_table in self._tables:
            app = app_table.app_apple_id
            if unreached:
                found.unread[app] = unreached
                continue
            try:
                known = self._kept_or_read(app_table)
            except UnreadableRowError:
                found.unread[app] = "release_unreadable"
            except Exception as error:  # noqa: BLE001  # the SDK raises almost anything
                found.unread[app] = code_of(error)
                unreached = code_of(error) if is_unreached(error) else ""
            else:
                if known is not None:
                    found.live[app] = known
        return found

    def _kept_or_read(self, app_table: AppTable) -> LiveApp | None:
        app, now = app_table.app_apple_id, self._monotonic()
        kept = self._known.get(app)
        if kept is not None and now - kept[0] < KEPT_SECONDS:
            return kept[1]
        found = live_app(app_table)
        if found is not None:
            self._known[app] = (now, found)
        return found
