"""`retention import`: write an exported app into a table.

The file is read completely before anything is written. Then its release numbers are reserved, its rows are written, and
every release is read back. Only then does `head` name the release that was live, so until then the function answers as
before. To complete an import that was stopped, run the same command again.

If the table has the app already, nothing is written. With `replace`, each row of the file replaces the row with its key
in the table, and all other rows stay: that repairs a table, or restores an earlier state. File and table must have the
same history: the same customer key, and the same release under each number. Otherwise a running function could mix the
release in its memory with another one of the same number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import RetentionError, UnreadableRowError
from retention.table import Item, Request

from console.backup.archive import Contents, items, release_of
from console.releases.read import ReleaseError, verify
from console.terminal.output import ReportProgress, no_progress

_WRITERS: Final = 8
_BATCH: Final = 200

# Attributes of `head` that are not copied: later numbers stay reserved, and the version must be a new one.
_NOT_COPIED: Final = frozenset({"pk", "sk", "lastReserved", "catalogVersion"})


class ImportRefusedError(RetentionError):
    """The file is of another app or environment, or the table has the app already. Nothing was written."""


class ImportConflictError(RetentionError):
    """Another program changed the live release or the rows meanwhile. `head` was not touched."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What the table has now. `already`: it had all of this before, and nothing was written."""

    release: int
    releases: tuple[int, ...]
    rows: int
    profiles: int
    already: bool = False


def check_place(contents: Contents, app_apple_id: int, environment: str) -> None:
    """Raise ImportRefusedError unless the file is of this app and, if both are known, of this environment."""
    header = contents.header
    if header.app_apple_id != app_apple_id:
        raise ImportRefusedError("other_app", f"this is an export of app {header.app_apple_id}, not of {app_apple_id}")
    if environment and header.environment and header.environment != environment:
        raise ImportRefusedError(
            "other_environment",
            f"this is an export of {header.environment}, whose review states are not those of {environment};"
            " to bring a file from one to the other, use `retention promote`",
        )


def import_app(
    app_table: AppTable,
    path: Path,
    contents: Contents,
    *,
    now: datetime,
    replace: bool = False,
    progress: ReportProgress = no_progress,
) -> Imported:
    """Write the rows of a file that `inspect` accepted. Calls `progress(step, done, total)`.

    Raises ImportRefusedError before anything is written, ImportConflictError if another program wrote meanwhile, and
    ArchiveError if the file changed meanwhile.
    """
    check_place(contents, app_table.app_apple_id, "")
    with ThreadPoolExecutor(_WRITERS) as pool:
        return _Import(app_table, path, contents, now, progress, pool).run(replace=replace)


class _Import:
    """One import while it is written."""

    def __init__(
        self,
        app_table: AppTable,
        path: Path,
        contents: Contents,
        now: datetime,
        progress: ReportProgress,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._app_table = app_table
        self._path = path
        self._contents = contents
        self._app = app_table.app_apple_id
        self._now = now
        self._progress = progress
        self._pool = pool
        self._done = 0

    def run(self, *, replace: bool) -> Imported:
        head = self._app_table.head()
        if "current" in head and not replace:
            if self._is_done(head):
                return self._imported(already=True)
            raise ImportRefusedError(
                "already_there",
                "the table has this app already; with --replace, the rows of the file replace those of the table",
            )
        if "current" in head:
            self._check_history(head)
        self._reserve()
        # `number` is None for rows of no release: messages, images, default records, profiles.
        for number, group in groupby(items(self._path, self._contents), key=self._release_of):
            written = [sk for batch in _batches(group) for sk in self._put(batch)]
            if number is not None:
                self._complete(number, written)
        self._write_head(head)
        return self._imported()

    # What the table has already

    def _is_done(self, head: Item) -> bool:
        """Return whether the table has everything that the file has, for example after an earlier run."""
        with suppress(UnreadableRowError):
            return self._is_wanted(head) and all(self._has(number) for number in self._contents.releases)
        return False

    def _is_wanted(self, head: Item) -> bool:
        there, wanted = rows.read_head(head), rows.read_head(self._contents.head)
        return (there.current, there.paused, there.customer_key) == (
            wanted.current,
            wanted.paused,
            wanted.customer_key,
        )

    def _has(self, number: int) -> bool:
        """Return whether the table has this release, complete.

        Raises ImportRefusedError if it has another release with this number.
        """
        try:
            found = verify(self._app_table, number)
        except ReleaseError:
            return False
        if rows.string(found[rows.SETTINGS], "manifest") == self._contents.releases[number]:
            return True
        raise ImportRefusedError(
            "other_history", f"release {number} of this table differs from that in the file; nothing was changed"
        )

    def _check_history(self, head: Item) -> None:
        """Raise ImportRefusedError if table and file have different histories."""
        there, wanted = head.get("customerKey"), self._contents.head["customerKey"]
        if isinstance(there, dict) and "B" in there and there != wanted:
            raise ImportRefusedError(
                "other_history", "the customerKey of this table differs from that in the file; nothing was changed"
            )
        for number in self._contents.releases:
            self._has(number)

    # Writing

    def _reserve(self) -> None:
        """Reserve the file's release numbers, so that no publish uses one. To readers, such a `head` counts as none."""
        request: Request = {
            "Key": rows.head_key(self._app),
            "UpdateExpression": "SET lastReserved = :last",
            "ConditionExpression": "attribute_not_exists(lastReserved) OR lastReserved < :last",
            "ExpressionAttributeValues": {":last": self._contents.head["lastReserved"]},
        }
        self._app_table.update(request)  # False if higher numbers are reserved already

    def _release_of(self, item: Item) -> int | None:
        return release_of(self._app, rows.string(item, "pk"))

    def _put(self, batch: Sequence[Item]) -> list[str]:
        """Write the rows of a batch, except `head`; return the sort keys of all."""
        list(self._pool.map(self._put_one, batch))
        self._done += len(batch)
        self._progress("import", self._done, self._contents.rows)
        return [rows.string(item, "sk") for item in batch]

    def _put_one(self, item: Item) -> None:
        if item["sk"] == {"S": rows.PROFILE}:
            if rows.read_profile(item, self._now.timestamp()):
                # A profile that the owner's systems have written since the export is newer.
                self._app_table.put_if_absent(item)
        elif item["sk"] != {"S": rows.HEAD}:
            self._app_table.put({"Item": item})

    def _complete(self, number: int, written: Iterable[str]) -> None:
        """Delete rows that the file's release does not have, and read the release back. Raises ImportConflictError."""
        pk = rows.release_pk(self._app, number)
        found = {rows.string(item, "sk") for item in self._app_table.of_release(number, attributes="sk")}
        for sk in found - set(written):
            self._app_table.delete(rows.key(pk, sk))
        with suppress(ImportRefusedError):
            if self._has(number):
                return
        raise ImportConflictError(
            "import_conflict", f"release {number} was changed while it was written; import again", release=number
        )

    def _write_head(self, seen: Item) -> None:
        """Write the file's `head`, unless another release went live meanwhile. Raises ImportConflictError."""
        wanted = {name: value for name, value in self._contents.head.items() if name not in _NOT_COPIED}
        wanted["catalogVersion"] = {"N": str(self._version(seen))}
        gone = sorted(set(seen) - set(wanted) - _NOT_COPIED)
        names = {f"#n{index}": name for index, name in enumerate([*wanted, *gone])}
        values = {f":v{index}": value for index, value in enumerate(wanted.values())}
        pairs = ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=False))
        removed = ", ".join(list(names)[len(wanted) :])
        update: Request = {
            "Key": rows.head_key(self._app),
            "UpdateExpression": f"SET {pairs}" + (f" REMOVE {removed}" if removed else ""),
            "ConditionExpression": "#current = :seen" if "current" in seen else "attribute_not_exists(#current)",
            "ExpressionAttributeNames": {**names, "#current": "current"},
            "ExpressionAttributeValues": {**values, **({":seen": seen["current"]} if "current" in seen else {})},
        }
        complete: Request = {
            "Key": rows.settings_key(self._app, rows.number(wanted, "current")),
            "ConditionExpression": "attribute_exists(pk)",
        }
        moved = self._app_table.transact({"ConditionCheck": complete}, {"Update": update})
        if not moved and not self._is_written(wanted):
            raise ImportConflictError("import_conflict", "another release went live meanwhile; import again")

    def _is_written(self, wanted: Item) -> bool:
        """Return whether `head` is as written: an attempt can succeed although its response is lost."""
        found = self._app_table.head()
        return all(found.get(name) == value for name, value in wanted.items())

    def _version(self, seen: Item) -> int:
        """Return a catalog version that no function has in memory: versions count changes, and seconds are far more."""
        used = [0]
        for head in (seen, self._contents.head):
            with suppress(UnreadableRowError):
                used.append(rows.number(head, "catalogVersion"))
        return max(int(self._now.timestamp()), max(used) + 1)

    def _imported(self, *, already: bool = False) -> Imported:
        contents = self._contents
        current = rows.number(contents.head, "current")
        return Imported(current, tuple(sorted(contents.releases)), contents.rows, contents.profiles, already)


def _batches(group: Iterable[Item]) -> Iterator[list[Item]]:
    left = iter(group)
    while batch := list(islice(left, _BATCH)):
        yield batch
