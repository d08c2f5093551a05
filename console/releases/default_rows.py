"""The rows of default messages: our own record of what we configured at Apple, which has no list of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.table import Item


@dataclass(frozen=True, slots=True)
class RecordedDefault:
    """The default message we configured for a product in a locale, and when (ISO 8601)."""

    message: str
    configured_at: str = ""


def read_defaults(items: Mapping[str, Item]) -> dict[tuple[str, str], RecordedDefault]:
    """Return the recorded defaults among an app's rows, which are by sort key: (product id, locale) → record."""
    found = {}
    for sk, item in items.items():
        if sk.startswith(rows.DEFAULT):
            # A locale has no `#`; a product id may.
            product, _, locale = sk.removeprefix(rows.DEFAULT).rpartition("#")
            at = str(item.get("configuredAt", {}).get("S", ""))
            found[product, locale] = RecordedDefault(str(item.get("messageIdentifier", {}).get("S", "")).lower(), at)
    return found


def record_default(app_table: AppTable, product_id: str, locale: str, message_id: str, now: datetime) -> None:
    """Note that `message_id` is the default message of a product in one of Apple's locales."""
    item = {"messageIdentifier": {"S": message_id.lower()}, "configuredAt": {"S": now.isoformat()}}
    app_table.put({"Item": {**rows.default_key(app_table.app_apple_id, product_id, locale), **item}})


def forget_default(app_table: AppTable, product_id: str, locale: str) -> None:
    """Note that a product has no default message in a locale any more."""
    app_table.delete(rows.default_key(app_table.app_apple_id, product_id, locale))
