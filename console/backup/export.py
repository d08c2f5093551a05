"""`retention export`: write all rows of an app into one file.

The file has everything that the function answers from: the complete releases, the review states of messages and images,
the default records, `head`, and with `--profiles` the customers' profiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.errors import RetentionError
from retention.table import Item

from console.backup.archive import Header, Writer
from console.releases.listing import list_releases
from console.releases.read import ReleaseError, verify
from console.terminal.output import ReportProgress, no_progress

_ATTEMPTS: Final = 3
# Progress is reported every so many rows.
_REPORTED: Final = 500


class ExportError(RetentionError):
    """The app cannot be exported as it is now. No file was written."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What is in the file. `left_out` is release number → reason, for releases that are incomplete or damaged."""

    release: int
    releases: tuple[int, ...]
    rows: int
    profiles: int
    digest: str
    left_out: dict[int, str]


def export(
    app_table: AppTable,
    path: Path,
    *,
    environment: str,
    now: datetime,
    profiles: bool = False,
    progress: ReportProgress = no_progress,
) -> Exported:
    """Write the app's rows into `path`, which exists only when it is complete. Calls `progress(step, done, total)`.

    Raises ReleaseError if no release is live or the live one is damaged, ExportError if other programs changed the app
    during every attempt.
    """
    header = Header(app_table.app_apple_id, app_table.name, environment, now.isoformat(timespec="seconds"), profiles)
    export = _Export(app_table, now, progress)
    for _ in range(_ATTEMPTS):
        exported = export.attempt(path, header)
        if exported is not None:
            return exported
    raise ExportError(
        "export_conflict", f"other programs published or imported review states during all of {_ATTEMPTS} attempts"
    )


class _Export:
    """One export while it is written."""

    def __init__(self, app_table: AppTable, now: datetime, progress: ReportProgress) -> None:
        self._app_table = app_table
        self._now = now
        self._progress = progress

    def attempt(self, path: Path, header: Header) -> Exported | None:
        """Write the file. Returns what was written, None if another program changed the app meanwhile."""
        head = self._app_table.head()
        current = rows.read_head(head).current
        if current is None:
            raise ReleaseError("no_release", "nothing has been published for this app")
        left_out: dict[int, str] = {}
        kept: list[int] = []
        with Writer(path, header) as archive:
            for number, found in self._releases(current, left_out):
                kept.append(number)
                archive.extend(_in_order(found))
            archive.extend(self._states())
            profiles = archive.extend(self._profiles()) if header.profiles else 0
            if _version(self._app_table.head()) != _version(head):  # rows from before and after would be in one file
                archive.discard()
                return None
            archive.extend([head])
        return Exported(current, tuple(kept), archive.rows, profiles, archive.digest, left_out)

    def _releases(self, current: int, left_out: dict[int, str]) -> Iterator[tuple[int, dict[str, Item]]]:
        """Yield number and rows of each complete release, oldest first; note in `left_out` why others are left out."""
        listed = sorted(release.number for release in list_releases(self._app_table))
        for done, number in enumerate(sorted({*listed, current})):
            self._progress("releases", done, len(listed))
            try:
                yield number, verify(self._app_table, number)
            except ReleaseError as error:
                if number == current:
                    raise
                left_out[number] = str(error)
        self._progress("releases", len(listed), len(listed))

    def _states(self) -> Iterator[Item]:
        """Yield messages, images and default messages."""
        for item in self._counted("states", self._app_table.of_app()):
            if item["sk"] != {"S": rows.HEAD}:
                yield item

    def _profiles(self) -> Iterator[Item]:
        """Yield the profiles that have not expired. Each has its own partition, so this scans the table."""
        found = self._app_table.scan(
            {
                "FilterExpression": "begins_with(pk, :customers) AND sk = :profile",
                "ExpressionAttributeValues": {
                    ":customers": {"S": rows.profile_key(self._app_table.app_apple_id, "")["pk"]["S"]},
                    ":profile": {"S": rows.PROFILE},
                },
            }
        )
        for item in self._counted("profiles", found):
            if rows.read_profile(item, self._now.timestamp()):
                yield item

    def _counted(self, step: str, found: Iterable[Item]) -> Iterator[Item]:
        """Yield rows, and report their number so far; the total is known only at the end."""
        done = 0
        for done, item in enumerate(found, 1):
            yield item
            if done % _REPORTED == 0:
                self._progress(step, done, done)
        self._progress(step, done, done)


def _in_order(found: Mapping[str, Item]) -> list[Item]:
    """Return a release's rows as publishing writes them: the claim first, `settings` last."""
    return [found[sk] for sk in sorted(found, key=lambda sk: (sk == rows.SETTINGS, sk != rows.CLAIM, sk))]


def _version(head: Item) -> tuple[object, ...]:
    return tuple(head.get(name) for name in ("current", "lastReserved", "catalogVersion"))
