"""The table's rows as they are written and read back, and rows that were edited by hand."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from retention import table as rows
from retention.catalog import UNKNOWN, MessageState
from retention.errors import UnreadableRowError

from tests.support.fake_table import APP, HERO, KEEP_EN, SETTINGS


def test_keys_are_the_ones_the_design_draws() -> None:
    """Each kind of row has the documented partition and sort key, with ids in lower case."""
    documented = {
        ("app#1", "head"): rows.head_key(1),
        ("app#1", "message#ab"): rows.message_key(1, "AB"),
        ("app#1", "image#ab"): rows.image_key(1, "AB"),
        ("app#1", "default#pro.annual#fr-FR"): rows.default_key(1, "pro.annual", "fr-FR"),
        ("app#1#release#7", "settings"): rows.settings_key(1, 7),
        ("app#1#release#7", "claim"): rows.claim_key(1, 7),
        ("app#1#release#7", "texts"): rows.texts_key(1, 7),
        ("app#1#release#7", "product#pro.annual"): rows.sheet_key(1, 7, "pro.annual"),
        ("app#1#customer#99371282", "profile"): rows.profile_key(1, "99371282"),
        ("app#1#customer#99371282", "subscription"): rows.subscription_key(1, "99371282"),
        ("app#1#notifications", "pull"): rows.pull_key(1),
        ("app#1#notifications", "test"): rows.last_test_key(1),
        ("app#1#notifications", "backfill#2026-11-30"): rows.backfill_key(1, "2026-11-30"),
    }
    assert all(key == {"pk": {"S": pk}, "sk": {"S": sk}} for (pk, sk), key in documented.items())


def test_canonical_json_is_one_text_for_equal_documents() -> None:
    """Order and spacing of the source do not matter; letters such as é are not escaped."""
    assert rows.canonical({"b": 1, "a": ["é"]}) == '{"a":["é"],"b":1}'.encode()


def test_canonical_json_has_no_infinities() -> None:
    """A number that JSON does not have is refused when a document is written."""
    with pytest.raises(ValueError, match="JSON"):
        rows.canonical(float("nan"))


def test_documents_survive_the_table() -> None:
    """A document is unpacked as it was packed, and its digest is of the JSON, not of the compressed bytes."""
    item = rows.document_attributes({"rules": ["é"] * 100})
    assert rows.document_of(item) == {"rules": ["é"] * 100}
    assert rows.string(item, "digest") == rows.digest_of(rows.content_of(item))


@pytest.mark.parametrize("text", [b'["\\ud800"]', b'["\\\\\\uDFFF"]', b"[NaN]", b"[-Infinity]", b"[", b"[" * 100_000])
def test_a_document_with_a_lone_surrogate_or_nan_is_unreadable(text: bytes) -> None:
    """It fails when it is read, not when an answer is written from it."""
    with pytest.raises(UnreadableRowError):
        rows.parse(text)


def test_an_escaped_backslash_is_an_ordinary_character() -> None:
    """An owner may write `\\ud800` as text; only a real escape makes a lone surrogate."""
    assert rows.parse(rows.canonical(["\\ud800", "\\\\ud800"])) == ["\\ud800", "\\\\ud800"]


def test_a_compression_bomb_is_refused() -> None:
    """At most MAX_DOCUMENT bytes are unpacked, however small the packed row is."""
    packed = zlib.compress(bytes(rows.MAX_DOCUMENT + 1))
    with pytest.raises(UnreadableRowError):
        rows.unpack(packed)
    assert len(rows.unpack(zlib.compress(bytes(rows.MAX_DOCUMENT)))) == rows.MAX_DOCUMENT


def test_a_document_over_the_limit_cannot_be_written() -> None:
    """The error reaches the publisher, and not the function."""
    with pytest.raises(ValueError, match="more than a document may hold"):
        rows.pack(bytes(rows.MAX_DOCUMENT + 1))


@pytest.mark.parametrize("packed", [b"", b"{}", zlib.compress(b"{}")[:-1], zlib.compress(b"{}") + b"x"])
def test_damaged_compression_is_unreadable(packed: bytes) -> None:
    """Content that is not compressed, cut off, or followed by more bytes is refused."""
    with pytest.raises(UnreadableRowError):
        rows.unpack(packed)


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b"\xff"])
def test_content_that_is_not_json_is_unreadable(content: bytes) -> None:
    """Broken JSON, very deep JSON and bytes that are not UTF-8 raise the same error."""
    with pytest.raises(UnreadableRowError):
        rows.parse(content)


def test_settings_list_the_products_of_a_release() -> None:
    """With four bytes for each product, a missing row differs from an unknown product without another read."""
    row = rows.read_settings(rows.settings_attributes(SETTINGS, 1, ["pro.monthly", "pro.annual"]))
    assert (row.format, row.document) == (1, SETTINGS)
    assert row.names("pro.annual")
    assert not row.names("pro.weekly")
    assert not row.names("\ud800")


def test_a_head_before_the_first_publishing_has_no_release() -> None:
    """Reserving a number or importing states makes a head without a release."""
    head = rows.read_head({"lastReserved": {"N": "1"}})
    assert (head.current, head.version, head.paused) == (None, 0, False)


def test_the_customer_key_is_in_no_repr_of_head() -> None:
    """`repr` of a head does not show the customer key."""
    head = rows.read_head({"current": {"N": "1"}, "customerKey": {"B": b"secretsecret"}})
    assert "secret" not in repr(head)


def test_a_message_row_has_its_state_and_those_of_its_images() -> None:
    """The states of a message's images are in its row, by image id."""
    item: dict[str, Any] = {"state": {"S": "APPROVED"}, "images": {"M": {HERO: {"S": "PENDING"}}}}
    assert rows.read_message(item) == MessageState("APPROVED", {HERO: "PENDING"})
    assert rows.read_message({"state": {"S": "APPROVED"}}) == MessageState("APPROVED")


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"state": {"N": "1"}},
        {"state": "APPROVED"},
        {"state": {"S": "APPROVED"}, "images": {"S": "none"}},
        {"state": {"S": "APPROVED"}, "images": 7},
        {"state": {"S": "APPROVED"}, "images": {"M": {HERO: 7}}},
    ],
)
def test_a_message_row_edited_into_nonsense_is_not_servable(item: Any) -> None:
    """A state or an image state that is not a text is read as UNKNOWN."""
    state = rows.read_message(item)
    assert not state.servable
    assert UNKNOWN in {state.message, *state.images.values()}


def test_facts_are_read_by_type_and_the_rest_ignored() -> None:
    """Texts, numbers, booleans, and lists and sets of texts are facts; other attributes are ignored."""
    item: dict[str, Any] = {
        "pk": {"S": "x"},
        "sk": {"S": "profile"},
        "plan": {"S": "gold"},
        "days": {"N": "200"},
        "rate": {"N": "0.25"},
        "large": {"N": "1E+2"},
        "vip": {"BOOL": False},
        "tags": {"L": [{"S": "a"}, {"S": "b"}]},
        "set": {"SS": ["c"]},
        "empty": {"L": []},
        "mixed": {"L": [{"S": "a"}, {"N": "1"}]},
        "numbers": {"NS": ["1"]},
        "map": {"M": {}},
        "null": {"NULL": True},
        "bytes": {"B": b"x"},
        "notNumber": {"N": "many"},
        "infinite": {"N": "1e999"},
        "broken": 7,
    }
    assert rows.read_profile(item, 0.0) == {
        "plan": "gold",
        "days": 200,
        "rate": 0.25,
        "large": 100.0,
        "vip": False,
        "tags": ("a", "b"),
        "set": ("c",),
        "empty": (),
    }


@pytest.mark.parametrize(
    ("expires", "known"),
    [({"N": "100.5"}, True), ({"N": "101"}, True), ({"N": "100"}, False), ({"S": "2030-01-01"}, False), ({}, False)],
)
def test_facts_end_when_they_expire(expires: Any, *, known: bool) -> None:
    """Facts end at the second of `expiresAt`; if it is not a time, there are no facts."""
    assert bool(rows.read_profile({"plan": {"S": "gold"}, "expiresAt": expires}, 100.0)) is known


@pytest.mark.parametrize("sk", ["x" * 1017, "\ud800"])
def test_keys_dynamodb_would_refuse_are_known_beforehand(sk: str) -> None:
    """A sort key over 1 024 bytes, or with a lone surrogate, is recognised without a call to DynamoDB."""
    assert not rows.names_row(rows.sheet_key(APP, 1, sk))
    assert rows.names_row(rows.message_key(APP, KEEP_EN))


def test_a_query_names_its_prefix_only_where_it_has_one() -> None:
    """A query without a prefix has no condition on the sort key; queries are consistent."""
    assert rows.query("t", "app#1")["KeyConditionExpression"] == "pk = :pk"
    prefixed = rows.query("t", "app#1", rows.MESSAGE)
    assert prefixed["ExpressionAttributeValues"] == {":pk": {"S": "app#1"}, ":prefix": {"S": "message#"}}
    assert prefixed["ConsistentRead"] is True


@pytest.mark.parametrize("value", [{}, {"n": {"S": "1"}}, {"n": {"N": "1.5"}}, {"n": {"N": 1}}, {"n": "1"}])
def test_an_attribute_of_another_type_is_unreadable(value: Any) -> None:
    """The error names the attribute and does not quote its value."""
    with pytest.raises(UnreadableRowError, match=r"^n is"):
        rows.number(value, "n")
