"""`retention import` killed at every write: readers see all of it or nothing, and the next run ends it."""

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
def test_killed_at_any_write_it_can_be_typed_again(tmp_path: Path, *, replace: bool, after: bool) -> None:
    """Readers see what they saw before until all is there; the second run ends where the first would have."""
    with two_tables() as client:
        lived = fill_table(client)
        exported(lived, tmp_path / "file")
        count = KillableClient(lived)
        imported(count, tmp_path / "file")
        wanted = everything(lived, TO)
        for last in range(1, count.writes + 1):
            again = f"{TO}-{last}"
            create_table(lived, again)
            seen = None
            if replace:
                imported(lived, tmp_path / "file", again)
                damage(lived, 1, again)
                rollback(AppTable(lived, again, APP), 3)
                seen = 3
            with pytest.raises(KilledError):
                imported(KillableClient(lived, last, after=after), tmp_path / "file", again, replace=replace)
            current = head(lived, again).get("current", {"N": None})["N"]
            assert current == (None if seen is None else str(seen)) or (after and last == count.writes)
            imported(lived, tmp_path / "file", again, replace=replace)
            assert everything(lived, again) == wanted
        assert count.writes > 20
