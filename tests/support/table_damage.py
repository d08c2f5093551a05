"""Damages to a table that people edit by hand: rows changed, deleted, or complete but not as we write them.

A damage is done to a table without any: `head(current={"S": "one"})(client, table)`. Damages to a
release publish one first: what is in memory is then of the release before.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from retention import table as rows

from tests.support.endpoint_with_faults import CASES, CUSTOMER, fill
from tests.support.fake_table import APP

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

Damage: TypeAlias = "Callable[[Any, str], None]"

GIBBERISH: Final = {"B": b"\x00gibberish"}

# Replacements for a value: of every type, and texts that are hard to print.
ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1.5, 10**30, float("nan"), "", "\ud800", "x" * 3000, "a#b", "\0"),
    *([], {}, [[]], [None], {"": {}}, {"kind": "fallback"}, ["is", "customer.x", [1]], ["not", ["present", 1]]),
)


def edit(client: Any, table: str, key: rows.Key, *gone: str, **attributes: Any) -> None:
    """Change attributes of a row as one does in AWS's console, or take them away."""
    item = client.get_item(**rows.get(table, key))["Item"]
    kept = {name: value for name, value in {**item, **attributes}.items() if name not in gone}
    client.put_item(TableName=table, Item=kept)


def drop(client: Any, table: str, *keys: rows.Key) -> None:
    for key in keys:
        client.delete_item(TableName=table, Key=key)


def live(client: Any, table: str) -> int:
    return rows.number(client.get_item(**rows.get(table, rows.head_key(APP)))["Item"], "current")


def document(text: bytes) -> dict[str, Any]:
    """Return the attributes of a document with a matching digest, valid or not."""
    return {"document": {"B": rows.pack(text)}, "digest": {"S": rows.digest_of(text)}}


def head(*gone: str, **attributes: Any) -> Damage:
    return lambda client, table: edit(client, table, rows.head_key(APP), *gone, **attributes)


def no_head(client: Any, table: str) -> None:
    drop(client, table, rows.head_key(APP))


def settings(*gone: str, **attributes: Any) -> Damage:
    def damage(client: Any, table: str) -> None:
        fill(client, table)
        edit(client, table, rows.settings_key(APP, live(client, table)), *gone, **attributes)

    return damage


def no_settings(client: Any, table: str) -> None:
    fill(client, table)
    drop(client, table, rows.settings_key(APP, live(client, table)))


def every_sheet(*gone: str, **attributes: Any) -> Damage:
    def damage(client: Any, table: str) -> None:
        fill(client, table)
        for case in CASES:
            edit(client, table, rows.sheet_key(APP, live(client, table), case), *gone, **attributes)

    return damage


def no_sheets(client: Any, table: str) -> None:
    fill(client, table)
    drop(client, table, *(rows.sheet_key(APP, live(client, table), case) for case in CASES))


def messages(*names: str, gone: str = "", **attributes: Any) -> Damage:
    def damage(client: Any, table: str) -> None:
        for name in names:
            edit(client, table, rows.message_key(APP, name), gone, **attributes)

    return damage


def no_messages(*names: str) -> Damage:
    return lambda client, table: drop(client, table, *(rows.message_key(APP, name) for name in names))


def profile(**attributes: Any) -> Damage:
    return lambda client, table: edit(client, table, rows.profile_key(APP, CUSTOMER), **attributes)


def reported(*gone: str, **attributes: Any) -> Damage:
    return lambda client, table: edit(client, table, rows.subscription_key(APP, CUSTOMER), *gone, **attributes)


def empty(client: Any, table: str) -> None:
    for item in client.scan(TableName=table)["Items"]:
        drop(client, table, {name: item[name] for name in ("pk", "sk")})


def no_table(client: Any, table: str) -> None:
    client.delete_table(TableName=table)


# --- at random ---


def edited(value: Any, chance: random.Random) -> bytes:
    """Return `value` as JSON with one to three of its parts removed, replaced or moved to another place."""
    value = copy.deepcopy(value)
    for _ in range(chance.choice((1, 1, 2, 3))):
        holder, name = chance.choice(list(_places(value)))
        match chance.randrange(3):
            case 0:
                del holder[name]
            case 1:
                holder[name] = copy.deepcopy(chance.choice(ODD))
            case _:
                other, its_name = chance.choice(list(_places(value)))
                holder[name] = copy.deepcopy(other[its_name])
    return json.dumps(value).encode()


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a document: what holds it, and under which name or number."""
    names = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for name in names:
        yield part, name
        yield from _places(part[name])
