"""`retention import` killed at every write: readers see all of it or nothing, and the next run completes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from retention.aws.app_table import AppTable

from console.local.rows import create_table
from console.releases.head import rollback
from tests.support.exported_app import (
    TO,
    damage,
    everything,
    exported,
    fill_table,
    head,
    imported,
    two_tables,
)
from tests.support.fake_table import APP
from tests.support.killed_client import KillableClient, KilledError


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("replace", [False, True], ids=["empty", "replace"])
def test_an_import_killed_at_any_write_can_be_repeated(tmp_path: Path, *, replace: bool, after: bool) -> None:
    """Readers see what they saw before until the import is complete; the second run ends where the first would have."""
    with two_tables() as client:
        filled = fill_table(client)
        exported(filled, tmp_path / "file")
        count = KillableClient(filled)
        imported(count, tmp_path / "file")
        wanted = everything(filled, TO)
        for last in range(1, count.writes + 1):
            again = f"{TO}-{last}"
            create_table(filled, again)
            seen = None
            if replace:
                imported(filled, tmp_path / "file", again)
                damage(filled, 1, again)
                rollback(AppTable(filled, again, APP), 3)
                seen = 3
            with pytest.raises(KilledError):
                imported(KillableClient(filled, last, after=after), tmp_path / "file", again, replace=replace)
            current = head(filled, again).get("current", {"N": None})["N"]
            assert current == (None if seen is None else str(seen)) or (after and last == count.writes)
            imported(filled, tmp_path / "file", again, replace=replace)
            assert everything(filled, again) == wanted
        assert count.writes > 20
