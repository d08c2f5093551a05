"""Publishing: a release is written under a number of its own, read back, and made live, or deleted again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.table import Item

from console.file.release import CompiledRelease
from console.releases.attributes import current_in
from console.releases.cleanup import condemn, delete_release
from console.releases.head import PublishConflictError, ReleaseLostError, conflict, make_current
from console.releases.message_rows import asset_updates, state_updates
from console.releases.read import ReleaseError, verify
from console.releases.release_rows import content_of, settings_of
from console.terminal.output import ReportProgress, no_progress

_T = TypeVar("_T")

# A publisher whose machine slept writes nothing after this time. `cleanup` deletes releases begun an hour ago, and a
# signed request stays valid for 15 minutes: a row that arrived after the deletion would be left over for good.
_LEASE: Final = timedelta(minutes=40)
_WRITERS: Final = 8
_CUSTOMER_KEY_BYTES: Final = 32


class _AsFound:
    """The value of `based_on` for a release that was compiled without regard to the live one."""


AS_FOUND: Final = _AsFound()


@dataclass(frozen=True, slots=True)
class Published:
    """A release that is live now. `created` counts the rows of messages and images that are new in the table."""

    number: int
    previous: int | None
    digest: str
    sheets: int
    created: int


def publish_release(
    app_table: AppTable,
    release: CompiledRelease,
    *,
    who: str,
    commit: str | None,
    now: datetime,
    based_on: int | _AsFound | None = AS_FOUND,
    progress: ReportProgress = no_progress,
    clock: Callable[[], float] = time.time,
) -> Published:
    """Write `release` under a number of its own and make it live.

    `based_on` is the number of the release whose texts it was compiled with, None for none. `progress(step, done,
    total)`. `clock`, in seconds, goes on while the machine sleeps.
    Raises PublishConflictError when another release went live meanwhile, ReleaseLostError when it took too long,
    ReleaseError when what was written does not read back; in all cases `current` is what it was.
    """
    if release.app_apple_id != app_table.app_apple_id:
        raise ReleaseError("other_app", f"this release is of app {release.app_apple_id}, not {app_table.app_apple_id}")
    return _Publishing(app_table, release, progress, clock).run(who, commit or "", now, based_on)


class _Publishing:
    """One release while it is written."""

    def __init__(
        self, app_table: AppTable, release: CompiledRelease, progress: ReportProgress, clock: Callable[[], float]
    ) -> None:
        self._app_table = app_table
        self._release = release
        self._progress = progress
        self._clock = clock
        self._ends = clock() + _LEASE.total_seconds()
        self._app = release.app_apple_id

    def run(self, who: str, commit: str, now: datetime, based_on: int | _AsFound | None) -> Published:
        content = content_of(self._release)
        number, found = self._reserve()
        previous = found if isinstance(based_on, _AsFound) else based_on
        if previous != found:
            raise conflict(self._app_table, found)
        self._claim(number, who, commit, now)
        settings = settings_of(self._release, content, who, commit, now)
        try:
            created = self._write(number, content, settings)
            make_current(self._app_table, number, previous)
        except (PublishConflictError, ReleaseLostError):
            # Another operator may have rolled forward to it, if it is complete: then it is live, and stays.
            if condemn(self._app_table, number):
                delete_release(self._app_table, number)
            raise
        sheets = len(self._release.sheets)
        return Published(number, previous, rows.string(settings, "manifest"), sheets, created)

    def _write(self, number: int, content: Mapping[str, Item], settings: Item) -> int:
        """Write every row of the release and read it back. Returns how many rows of messages and images are new."""
        pk = rows.release_pk(self._app, number)
        table = self._app_table
        self._send("write", table.put_if_absent, [{**rows.key(pk, sk), **item} for sk, item in content.items()])
        created = self._send("messages", table.update, asset_updates(table, self._release))
        self._send("image states", table.update, state_updates(table, self._release))
        self._complete(number, settings)
        self._progress("read back", 0, 1)
        verify(self._app_table, number)
        self._progress("read back", 1, 1)
        return created

    def _reserve(self) -> tuple[int, int | None]:
        head = self._app_table.update_and_read(
            {
                "Key": rows.head_key(self._app),
                "UpdateExpression": "SET customerKey = if_not_exists(customerKey, :key) ADD lastReserved :one",
                "ExpressionAttributeValues": {":key": {"B": os.urandom(_CUSTOMER_KEY_BYTES)}, ":one": {"N": "1"}},
            }
        )
        return rows.number(head, "lastReserved"), current_in(head)

    def _claim(self, number: int, who: str, commit: str, now: datetime) -> None:
        item = {"publishedBy": {"S": who}, "publishedAt": {"S": now.isoformat()}, "commit": {"S": commit}}
        # False: an attempt of ours succeeded, and its answer was lost.
        self._app_table.put_if_absent({**rows.claim_key(self._app, number), **item})

    def _send(self, step: str, write: Callable[[_T], bool], requests: Sequence[_T]) -> int:
        """Send conditional writes, several at a time. Returns how many found their condition."""
        done = 0
        self._progress(step, 0, len(requests))
        with ThreadPoolExecutor(_WRITERS) as pool:
            written = 0
            for success in pool.map(lambda request: self._sent(write, request), requests):
                done, written = done + 1, written + success
                self._progress(step, done, len(requests))
        return written

    def _sent(self, write: Callable[[_T], bool], request: _T) -> bool:
        if self._clock() > self._ends:
            minutes = _LEASE.seconds // 60
            raise ReleaseLostError("release_lost", f"publishing took over {minutes} minutes; publish again")
        return write(request)

    def _complete(self, number: int, settings: Item) -> None:
        """Write the last row, unless `cleanup` has begun to delete the release as abandoned."""
        claim = {
            "Key": rows.claim_key(self._app, number),
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(collecting)",
        }
        put = {
            "Item": {**rows.settings_key(self._app, number), **settings},
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if not self._app_table.transact({"ConditionCheck": claim}, {"Put": put}):
            raise ReleaseLostError(
                "release_lost", f"release {number} was deleted while it was written; publish again", release=number
            )
