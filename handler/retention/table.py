"""The DynamoDB table: the key and the shape of every row, how it is read, and the requests that fetch it. Pure.

    app#<appAppleId>
        head                          which release is live, and under which version
        message#<uuid>                review state, its images' states folded in
        image#<uuid>                  review state, size, file name
        default#<productId>#<locale>  the default message configured there
    app#<appAppleId>#release#<n>
        claim                         who reserved the number, and when
        settings                      written last: a release that has it is complete
        product#<productId>           a sheet; `*` is for products outside the file
        texts                         set → locale → ids, for the console
        source#<k>                    the file itself, compressed, in chunks
    app#<appAppleId>#customer#<originalTransactionId>
        profile                       facts about one customer, written by the owner's systems
        subscription                  what Apple's notifications and lists teach about the customer's subscription
    app#<appAppleId>#notifications
        pull                          up to which instant the notification history has been read
        test                          the last TEST notification that arrived
        backfill#<YYYY-MM-DD>         how far a backfill has read one day of the notification history

A `document` is compressed canonical JSON, stored with the `digest` of the JSON, so that a row that was edited by hand
is detected. Attribute values are DynamoDB's own low-level form: {"S": …}, {"N": "…"}, {"B": …}.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from retention.catalog import UNKNOWN, MessageState
from retention.errors import UnreadableRowError
from retention.rules import NO_FACTS, Fact

Item: TypeAlias = Mapping[str, Mapping[str, Any]]
Key: TypeAlias = dict[str, dict[str, str]]
Request: TypeAlias = dict[str, Any]

HEAD: Final = "head"
SETTINGS: Final = "settings"
CLAIM: Final = "claim"
TEXTS: Final = "texts"
PROFILE: Final = "profile"
SUBSCRIPTION: Final = "subscription"
PULL: Final = "pull"
TEST: Final = "test"
MESSAGE: Final = "message#"
DEFAULT: Final = "default#"
IMAGE: Final = "image#"
PRODUCT: Final = "product#"
SOURCE: Final = "source#"
BACKFILL: Final = "backfill#"
ANY_PRODUCT: Final = "*"

# DynamoDB's own limits: keys of one BatchGetItem, bytes of a sort key.
BATCH_KEYS: Final = 100
_MAX_SORT_KEY = 1024

# What a document may hold once unpacked. A sheet at its limits (350 KB compressed, 500 rules) stays well below.
MAX_DOCUMENT: Final = 16 * 1024 * 1024

# How many compressed bytes of a release are read before a request names a product: as many sheets as fit, and the sheet
# for products outside the file if it fits. More would make starts wait.
READ_AHEAD_BYTES: Final = 64 * 1024

# Four bytes of a product id's digest show whether the release has the product and its row is missing.
_ROLL_BYTES = 4


# Documents ----------------------------------------------------------------------------------------------------------


def canonical(document: object) -> bytes:
    """Return the one JSON text of `document`: sorted keys, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest_of(content: bytes) -> str:
    """Return SHA-256 in lower hex."""
    return hashlib.sha256(content).hexdigest()


def pack(content: bytes) -> bytes:
    """Compress. On sheets zlib unpacks in 20 µs what bz2 and lzma need 150 for, to be 10 % smaller."""
    if len(content) > MAX_DOCUMENT:
        raise ValueError(f"{len(content)} bytes are more than a document may hold ({MAX_DOCUMENT})")
    return zlib.compress(content, 9)


def unpack(packed: bytes, limit: int = MAX_DOCUMENT) -> bytes:
    """Return what `pack` was given. Raises UnreadableRowError for anything else, and before exceeding `limit` bytes."""
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(packed, limit)
    except zlib.error as error:
        raise UnreadableRowError("not compressed by us") from error
    if not inflate.eof or inflate.unused_data:
        raise UnreadableRowError("compressed content is cut off, followed by something, or larger than allowed")
    return content


def document_attributes(document: object) -> dict[str, dict[str, Any]]:
    """Return the attributes that carry a document."""
    content = canonical(document)
    return {"document": {"B": pack(content)}, "digest": {"S": digest_of(content)}}


def content_of(item: Item) -> bytes:
    """Return a row's document as JSON text. Raises UnreadableRowError unless it is the one that was written."""
    content = unpack(binary(item, "document"))
    if digest_of(content) != string(item, "digest"):
        raise UnreadableRowError("the document is not the one its digest was taken of")
    return content


def is_light(item: Item) -> bool:
    """Return whether a row has a document, packed, of a size to be read ahead."""
    document = item.get("document")
    packed = document.get("B") if isinstance(document, Mapping) else None
    return isinstance(packed, bytes) and len(packed) <= READ_AHEAD_BYTES


def document_of(item: Item) -> Any:  # noqa: ANN401  # JSON: its readers judge its shape
    """Return a row's document, checked likewise."""
    return parse(content_of(item))


def parse(content: bytes) -> Any:  # noqa: ANN401  # as above
    if b"\\u" in content and re.search(_HALF_CHARACTER, content):
        raise UnreadableRowError("the document holds half a character")
    try:
        return json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UnreadableRowError("the document is not JSON") from error


# `canonical` escapes control characters alone; half of a surrogate pair can only have come in as `\ud800`.
# Few documents have an escape, so the pattern is text: compiling it costs a start more than reading a document.
_HALF_CHARACTER: Final = rb"(?<!\\)(?:\\\\)*\\u[dD]"


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


# Attributes ---------------------------------------------------------------------------------------------------------


def string(item: Item, name: str) -> str:
    return str(_attribute(item, name, "S", str))


def binary(item: Item, name: str) -> bytes:
    return bytes(_attribute(item, name, "B", bytes))


def number(item: Item, name: str) -> int:
    try:
        return int(_attribute(item, name, "N", str))
    except ValueError as error:
        raise UnreadableRowError(f"{name} is not an integer") from error


def _attribute(item: Item, name: str, kind: str, held: type) -> Any:  # noqa: ANN401  # narrowed by its three callers
    value = item.get(name)
    found = value.get(kind) if isinstance(value, Mapping) else None
    if not isinstance(found, held):
        raise UnreadableRowError(f"{name} is missing or not of type {kind}")
    return found


# Keys ---------------------------------------------------------------------------------------------------------------


def key(pk: str, sk: str) -> Key:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def app_pk(app_apple_id: int) -> str:
    return f"app#{app_apple_id}"


def release_pk(app_apple_id: int, release: int) -> str:
    return f"app#{app_apple_id}#release#{release}"


def head_key(app_apple_id: int) -> Key:
    return key(app_pk(app_apple_id), HEAD)


def message_key(app_apple_id: int, message: str) -> Key:
    return key(app_pk(app_apple_id), MESSAGE + message.lower())


def image_key(app_apple_id: int, image: str) -> Key:
    return key(app_pk(app_apple_id), IMAGE + image.lower())


def default_key(app_apple_id: int, product_id: str, locale: str) -> Key:
    return key(app_pk(app_apple_id), f"{DEFAULT}{product_id}#{locale}")


def settings_key(app_apple_id: int, release: int) -> Key:
    return key(release_pk(app_apple_id, release), SETTINGS)


def claim_key(app_apple_id: int, release: int) -> Key:
    return key(release_pk(app_apple_id, release), CLAIM)


def texts_key(app_apple_id: int, release: int) -> Key:
    return key(release_pk(app_apple_id, release), TEXTS)


def sheet_key(app_apple_id: int, release: int, product_id: str) -> Key:
    return key(release_pk(app_apple_id, release), PRODUCT + product_id)


def customer_pk(app_apple_id: int, original_transaction_id: str) -> str:
    return f"app#{app_apple_id}#customer#{original_transaction_id}"


def profile_key(app_apple_id: int, original_transaction_id: str) -> Key:
    return key(customer_pk(app_apple_id, original_transaction_id), PROFILE)


def subscription_key(app_apple_id: int, original_transaction_id: str) -> Key:
    return key(customer_pk(app_apple_id, original_transaction_id), SUBSCRIPTION)


def notifications_pk(app_apple_id: int) -> str:
    return f"app#{app_apple_id}#notifications"


def pull_key(app_apple_id: int) -> Key:
    return key(notifications_pk(app_apple_id), PULL)


def last_test_key(app_apple_id: int) -> Key:
    return key(notifications_pk(app_apple_id), TEST)


def backfill_key(app_apple_id: int, day: str) -> Key:
    """Return the key of a backfill's day in UTC, written `2026-11-30`."""
    return key(notifications_pk(app_apple_id), BACKFILL + day)


def names_row(wanted: Key) -> bool:
    """Return whether DynamoDB takes this key: well-formed text, and not longer than a sort key may be."""
    try:
        return len(wanted["sk"]["S"].encode()) <= _MAX_SORT_KEY
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def id_of(item: Item) -> str:
    """Return the id at the end of a message's or an image's sort key."""
    return string(item, "sk").partition("#")[2]


# Requests -----------------------------------------------------------------------------------------------------------


def get(table: str, wanted: Key, *, consistent: bool = True) -> Request:
    """Return a GetItem request."""
    return {"TableName": table, "Key": wanted, "ConsistentRead": consistent}


def batch_get(table: str, keys: Iterable[Key], *, consistent: bool = True) -> Request:
    """Return a BatchGetItem request; at most BATCH_KEYS keys, none twice."""
    return {"RequestItems": {table: {"Keys": list(keys), "ConsistentRead": consistent}}}


def query(table: str, pk: str, prefix: str = "") -> Request:
    """Return a consistent Query for the rows of a partition whose sort keys begin with `prefix`."""
    condition, values = "pk = :pk", {":pk": {"S": pk}}
    if prefix:
        condition, values[":prefix"] = "pk = :pk AND begins_with(sk, :prefix)", {"S": prefix}
    return {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ConsistentRead": True,
    }


# Rows ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Head:
    """Which release is live. Every change of what is served raises `version`: when it differs, all is read again."""

    current: int | None
    version: int
    paused: bool
    customer_key: bytes = field(repr=False)


def read_head(item: Item) -> Head:
    """Read the `head` row. Before the first publishing there is no `current`, and may be no `customerKey`."""
    current = number(item, "current") if "current" in item else None
    return Head(
        current=current,
        version=number(item, "catalogVersion") if "catalogVersion" in item else 0,
        paused=_attribute(item, "paused", "BOOL", bool) if "paused" in item else False,
        customer_key=b"" if current is None else binary(item, "customerKey"),
    )


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release's `settings` row. `document` is for `retention.catalog.Settings.from_document`.

    `first`: the products whose sheets are worth reading before a request names one, a line each; None for a release
    that was published without. One text, since every cold start reads this row and few need the list.
    """

    format: int
    document: Mapping[str, Any]
    roll: frozenset[bytes]
    first: str | None = None

    def names(self, product_id: str) -> bool:
        """Return whether the release has a sheet for this product (false positives: one in 4 billion a product)."""
        return _roll_entry(product_id) in self.roll

    def products_ahead(self) -> tuple[str, ...] | None:
        """Return the products of `first`, each once; what cannot be a product's name is left out."""
        if self.first is None:
            return None
        names = dict.fromkeys(self.first.split("\n"))
        return tuple(name for name in names if name not in {"", ANY_PRODUCT} and names_row(key("", PRODUCT + name)))


def settings_attributes(
    document: Mapping[str, Any], version: int, product_ids: Iterable[str], first: Iterable[str] | None = None
) -> dict[str, Any]:
    """Return what the function reads of a `settings` row; the console adds who, when and how many."""
    roll = b"".join(sorted(_roll_entry(product_id) for product_id in product_ids))
    ahead = {} if first is None else {"first": {"S": "\n".join(first)}}
    return {"format": {"N": str(version)}, "products": {"B": roll}, **ahead, **document_attributes(document)}


def format_of(item: Item) -> int:
    """Return a release's format, before anything else of it is read."""
    return number(item, "format")


def read_settings(item: Item) -> ReleaseRow:
    roll = binary(item, "products")
    entries = frozenset(roll[start : start + _ROLL_BYTES] for start in range(0, len(roll), _ROLL_BYTES))
    return ReleaseRow(format_of(item), document_of(item), entries, _first(item))


def _first(item: Item) -> str | None:
    """Return the text of `first`, None where it is no text: it only makes starts faster."""
    return _text(item.get("first"))


def _roll_entry(product_id: str) -> bytes:
    return hashlib.sha256(product_id.encode("utf-8", "surrogatepass")).digest()[:_ROLL_BYTES]


def read_message(item: Item) -> MessageState:
    """Read a message row. Never raises: what is not a state becomes UNKNOWN, so that the message is not served."""
    images: object = item.get("images")
    if images is None:
        return MessageState(state_of(item))
    held = images.get("M") if isinstance(images, Mapping) else None
    if not isinstance(held, Mapping):
        return MessageState(UNKNOWN)
    return MessageState(state_of(item), {image: _state(value) for image, value in held.items()})


def state_of(item: Item) -> str:
    return _state(item.get("state"))


def _state(value: object) -> str:
    found = _text(value)
    return UNKNOWN if found is None else found


def read_profile(item: Item, now: float) -> Mapping[str, Fact]:
    """Return the facts of a profile: every attribute that is text, a number, a truth value or a list or set of texts.

    Once it has expired there are none.
    """
    if has_expired(item, now):
        return NO_FACTS
    facts = {name: _plain(value) for name, value in item.items() if name not in {"pk", "sk", "expiresAt"}}
    return {name: fact for name, fact in facts.items() if fact is not None}


def has_expired(item: Item, now: float) -> bool:
    """Return whether a customer's row is past its `expiresAt` (UTC epoch seconds, DynamoDB's time to live).

    DynamoDB deletes the row later. What is not a number has expired: it is unknown whether the row still holds.
    """
    if "expiresAt" not in item:
        return False
    expires = _plain(item["expiresAt"])
    return isinstance(expires, (str, bool, tuple)) or expires is None or expires <= now


def _plain(value: object) -> Fact | None:
    """Return an attribute value as a fact, None where it is of a type no condition can compare."""
    match value:
        case {"S": str(text)}:
            return text
        case {"BOOL": bool(truth)}:
            return truth
        case {"N": str(digits)}:
            return _number(digits)
        case {"SS": [*texts]} if all(isinstance(text, str) for text in texts):
            return tuple(texts)
        case {"L": [*values]}:
            texts = [held for member in values if (held := _text(member)) is not None]
            return tuple(texts) if len(texts) == len(values) else None
        case _:
            return None


def _text(value: object) -> str | None:
    """Return what an attribute value of type S holds, None for any other."""
    held = value.get("S") if isinstance(value, Mapping) else None
    return held if isinstance(held, str) else None


def _number(digits: str) -> int | float | None:
    try:
        return int(digits)
    except ValueError:
        pass
    try:
        real = float(digits)
    except ValueError:
        return None
    return real if math.isfinite(real) else None
