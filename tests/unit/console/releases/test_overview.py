"""Default messages as the table records them, tested on moto in this process."""

from __future__ import annotations

from typing import Any

from retention.aws.app_table import AppTable

from console.releases.default_rows import record_default
from console.releases.live import load_live
from tests.support.fake_table import APP, KEEP_EN
from tests.support.release_table import TABLE
from tests.support.small_release import NOW, put


def test_a_recorded_default_is_found_by_the_function(client: Any) -> None:
    """The function finds a default record by product and locale."""
    put(client, TABLE)
    record_default(AppTable(client, TABLE, APP), "pro.monthly", "en-US", KEEP_EN.upper(), NOW)
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "en-US").has_default is True
    assert load_live(AppTable(client, TABLE, APP), "pro.monthly", "fr-FR").has_default is False
