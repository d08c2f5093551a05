"""An app in a table on moto: exported to a file, and imported into another table."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.review.snapshot import ImageState, apply_snapshot

from console.backup.archive import inspect
from console.backup.export import Exported, export
from console.backup.restore import (
    Imported,
    import_app,
)
from console.local.rows import create_table, write_profile
from console.releases.default_rows import record_default
from console.releases.head import pause, rollback
from tests.support.fake_table import APP, HERO, KEEP_EN, KEEP_FR
from tests.support.moto_client import dynamodb_client
from tests.support.small_release import NOW, put, release

FROM, TO = "retention", "restored"


LATER = NOW + timedelta(days=1)


def exported(client: Any, path: Path, table: str = FROM, **options: Any) -> Exported:
    given = {"environment": "Sandbox", "now": NOW, **options}
    return export(AppTable(client, table, APP), path, **given)


def imported(client: Any, path: Path, table: str = TO, **options: Any) -> Imported:
    return import_app(AppTable(client, table, APP), path, inspect(path), **{"now": LATER, **options})


def everything(client: Any, table: str, *, profiles: bool = False) -> dict[tuple[str, str], Any]:
    """Return all rows of the app by key, but what is new in every table: the version."""
    found = {(item["pk"]["S"], item["sk"]["S"]): item for item in client.scan(TableName=table)["Items"]}
    for item in found.values():
        item.pop("catalogVersion", None)
    return {
        (pk, sk): item
        for (pk, sk), item in found.items()
        if (pk + "#").startswith(f"app#{APP}#") and (profiles or sk != "profile")
    }


def head(client: Any, table: str) -> Any:
    return client.get_item(**rows.get(table, rows.head_key(APP))).get("Item", {})


def damage(client: Any, number: int, table: str = FROM) -> None:
    client.delete_item(TableName=table, Key=rows.sheet_key(APP, number, "pro.monthly"))


def resealed(path: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Change a file's rows and give it the matching digest, so that it counts as undamaged."""
    first, *between, _ = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    made = change([each["Item"] for each in between])
    body = b"".join(rows.canonical(line) + b"\n" for line in [first, *({"Item": item} for item in made)])
    end = {"rows": len(made), "digest": rows.digest_of(body)}
    path.write_bytes(gzip.compress(body + rows.canonical(end) + b"\n"))


@contextmanager
def two_tables() -> Iterator[Any]:
    """Give a client of a moto that has the tables FROM and TO, both empty."""
    with mock_aws():
        client = dynamodb_client()
        for table in (FROM, TO):
            create_table(client, table)
        yield client


def _publish_app(client: Any) -> None:
    """Publish an app in FROM."""
    for name in ("one", "two", "three"):
        put(client, FROM, name, release=release(name, products=3))
    rollback(AppTable(client, FROM, APP))
    apply_snapshot(
        AppTable(client, FROM, APP), {KEEP_EN: "APPROVED", KEEP_FR: "REJECTED"}, {HERO: ImageState("APPROVED")}
    )
    record_default(AppTable(client, FROM, APP), "pro.monthly", "en-US", KEEP_EN, NOW)
    pause(AppTable(client, FROM, APP))
    facts: Any = {"tenureDays": 412, "inTrial": False, "segments": ["hikers"]}
    write_profile(AppTable(client, FROM, APP), "2000000900000180", facts)
    write_profile(AppTable(client, FROM, APP), "2000000900000181", facts, expires_at=int(NOW.timestamp()) - 1)
    write_profile(AppTable(client, FROM, APP + 1), "1", facts)


_items: list[Any] = []


def fill_table(client: Any) -> Any:
    """Write an app into FROM: three releases, the second live, reviewed, with a default, paused; two customers.

    It is published once, and its rows are copied afterwards: publishing takes a hundred calls.
    """
    if _items:
        for start in range(0, len(_items), 25):
            requests = [{"PutRequest": {"Item": item}} for item in _items[start : start + 25]]
            client.batch_write_item(RequestItems={FROM: requests})
    else:
        _publish_app(client)
        _items.extend(client.scan(TableName=FROM)["Items"])
    return client
