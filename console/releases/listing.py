"""Which releases a table has, in the order and with the facts of `retention releases`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.table import Item

from console.releases.attributes import count, current_in, instant, text


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of `retention releases`. An incomplete one has only a number and when, and by whom, it was begun.

    One that is complete and never `went_live` is what a publisher left that died between the two.
    """

    number: int
    live: bool
    complete: bool
    went_live: bool
    published_at: datetime | None
    published_by: str
    commit: str
    digest: str
    source_digest: str
    format: int
    products: int
    rules: int
    messages: int


def list_releases(app_table: AppTable) -> list[Listed]:
    """Return every release with rows in the table, newest first, incomplete ones too."""
    app, head = app_table.app_apple_id, app_table.head()
    last = rows.number(head, "lastReserved") if "lastReserved" in head else 0
    wanted = [key(app, number) for number in range(1, last + 1) for key in (rows.claim_key, rows.settings_key)]
    found = {(rows.string(item, "pk"), rows.string(item, "sk")): item for item in app_table.batch(wanted)}
    listed = []
    for number in range(last, 0, -1):
        pk = rows.release_pk(app, number)
        claim, settings = found.get((pk, rows.CLAIM)), found.get((pk, rows.SETTINGS))
        if claim is not None or settings is not None:
            listed.append(_listed(number, current_in(head), claim or {}, settings))
    return listed


def _listed(number: int, current: int | None, claim: Item, settings: Item | None) -> Listed:
    row = settings or claim
    return Listed(
        number=number,
        live=number == current,
        complete=settings is not None and "collecting" not in claim,
        went_live="wentLive" in row,
        published_at=instant(text(row, "publishedAt")),
        published_by=text(row, "publishedBy"),
        commit=text(row, "commit"),
        digest=text(row, "manifest"),
        source_digest=text(row, "sourceDigest"),
        format=count(row, "format"),
        products=count(row, "productCount"),
        rules=count(row, "rules"),
        messages=count(row, "messages"),
    )
