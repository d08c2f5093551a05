"""Editions out of a table: the live one, those kept of earlier, and the texts that only these have."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from retention.aws.app_table import AppTable
from retention.errors import RetentionError

from console.file.edition import Edition
from console.file.wording import text_fields
from console.releases.listing import list_releases
from console.releases.read import read_release
from console.terminal.failure import Failure


class KeptEditions:
    """The editions of a table, by number, as far as they are still kept; of no table, none."""

    def __init__(self, app_table: AppTable | None) -> None:
        self._app_table = app_table

    def __call__(self, number: int) -> Edition | None:
        if self._app_table is None:
            return None
        try:
            return read_release(self._app_table, number).edition()
        except (Failure, RetentionError):  # deleted, or published by another console
            return None


def earlier_texts(app_table: AppTable, wanted: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the texts of messages, by id, from the newest kept release that has each; some may be in none."""
    found: dict[str, dict[str, Any]] = {}
    if not wanted:
        return found
    editions = KeptEditions(app_table)
    for listed in list_releases(app_table):
        edition = editions(listed.number) if listed.complete else None
        known = {} if edition is None else edition.wording()
        found = {**{name: text_fields(known[name]) for name in wanted if name in known}, **found}
        if len(found) == len(wanted):
            break
    return found
