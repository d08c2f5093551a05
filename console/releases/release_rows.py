"""The rows that a release is made of: its sheets, its texts, the file; and `settings`, which vouches for them all."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from retention import table as rows
from retention.table import Item

from console.file.release import CompiledRelease
from console.releases.read import ReleaseError, manifest_of

_CHUNK: Final = 350_000
# DynamoDB takes 400 KB; the compiler holds sheets to 350, other documents are far smaller.
_MAX_ROW: Final = 390_000


def content_of(release: CompiledRelease) -> dict[str, Item]:
    """Return every row of the release but `claim` and `settings`, by sort key."""
    served = sorted({name for sheet in release.sheets.values() for name in sheet["sets"]})
    content: dict[str, Item] = {
        rows.PRODUCT + product: rows.document_attributes(sheet) for product, sheet in release.sheets.items()
    }
    content[rows.TEXTS] = rows.document_attributes({"texts": release.texts, "served": served})
    packed = zlib.compress(release.source, 9)
    for chunk, start in enumerate(range(0, len(packed), _CHUNK)):
        content[f"{rows.SOURCE}{chunk}"] = {"document": {"B": packed[start : start + _CHUNK]}}
    for sk, item in content.items():
        if len(rows.binary(item, "document")) > _MAX_ROW:
            raise ReleaseError("row_too_large", f"the row {sk} would not fit into DynamoDB ({_MAX_ROW} bytes)")
    return content


def settings_of(release: CompiledRelease, content: Mapping[str, Item], who: str, commit: str, now: datetime) -> Item:
    """Return the release's `settings`, with who made it of what, and the manifest of all its rows."""
    products = [product for product in release.sheets if product != rows.ANY_PRODUCT]
    first = _first(products, content)
    attributes = rows.settings_attributes(release.settings, release.format, products, first)
    source = rows.digest_of(release.source)
    counts = {
        "rows": len(content),
        "rules": len({rule["name"] for sheet in release.sheets.values() for rule in sheet["rules"]}),
        "messages": len(release.messages),
        "images": len(release.images),
        "productCount": len(products),
    }
    return {
        **attributes,
        **{name: {"N": str(count)} for name, count in counts.items()},
        "sourceDigest": {"S": source},
        "manifest": {"S": manifest_of(content, source, rows.string(attributes, "digest"))},
        "publishedBy": {"S": who},
        "publishedAt": {"S": now.isoformat()},
        "commit": {"S": commit},
    }


def _first(products: list[str], content: Mapping[str, Item]) -> list[str]:
    """Return the products, in the file's order, whose sheets a function reads before a request needs one.

    As many as pack into 64 KB together: one answer of DynamoDB, which comes while a starting function still imports.
    """
    first: list[str] = []
    room = rows.READ_AHEAD_BYTES
    for product in products:
        room -= len(rows.binary(content[rows.PRODUCT + product], "document"))
        if room < 0 or len(first) == rows.BATCH_KEYS - 1:
            break
        first.append(product)
    return first
