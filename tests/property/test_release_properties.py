"""Rows of the table are read back as they were written, and edited rows are refused."""

from __future__ import annotations

import itertools
import json
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import APPROVED, Catalog, MessageState, Settings, Sheet
from retention.decision import decide
from retention.errors import UnreadableRowError
from retention.request import RetentionRequest
from retention.rules import NO_SUBSCRIPTION, UNREADABLE, Customer, Reported, Subscription

from console.local.rows import create_table
from console.releases.listing import list_releases
from console.releases.read import read_release
from console.simulator.authority import request_claims
from tests.support.endpoint_on_fakes import NOW
from tests.support.fake_table import APP
from tests.support.moto_client import dynamodb_client
from tests.support.random_edits import restructured
from tests.support.small_release import put, release

json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=15)
@given(st.binary(max_size=5000))
def test_a_loaded_release_s_source_has_the_digest_of_the_published_one(source: bytes) -> None:
    """A release's source is read back byte for byte, and the list of releases has its digest."""
    with mock_aws():
        client = dynamodb_client()
        create_table(client, "retention")
        put(client, "retention", release=release(source=source))
        assert read_release(AppTable(client, "retention", APP), 1).source == source
        assert list_releases(AppTable(client, "retention", APP))[0].source_digest == rows.digest_of(source)


@given(json_documents)
def test_every_document_survives_its_row(document: Any) -> None:
    """Any JSON document is read back from its row unchanged."""
    assert rows.document_of(rows.document_attributes(document)) == document


@given(st.binary(max_size=400))
def test_random_bytes_are_no_document(packed: bytes) -> None:
    """Bytes that our code did not write raise UnreadableRowError."""
    try:
        rows.document_of({"document": {"B": packed}, "digest": {"S": "0" * 64}})
    except UnreadableRowError:
        return
    raise AssertionError("read a document that no program had published")


attribute_values = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none() | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["S", "N", "L", "M", "SS"]), inner),
)


@given(st.dictionaries(st.sampled_from(["state", "images", "plan", "expiresAt", "pk"]), attribute_values))
def test_reading_messages_and_profiles_never_raises(item: Any) -> None:
    """However a row was edited, a message is unservable at worst, and a profile has no facts."""
    rows.read_message(item)
    rows.read_profile(item, 0.0)


SETTINGS = {
    "appAppleId": APP,
    "bundleId": "com.example.app",
    "issuerId": "57246542-96fe-1a63-e053-0824d011072a",
    "keyId": "ABC123DEFG",
    "signs": True,
    "locales": {"default": "en-US", "fallbacks": {"fr": ["de-DE"], "pt-BR": ["en-US"]}},
}
ARMS = [["plain", 4_000, {"kind": "message", "set": "plain"}], ["none", 6_000, {"kind": "fallback"}]]
EXPERIMENT = {
    "key": "k",
    "arms": ARMS,
    "layer": {"name": "l", "slots": [0, 9_000]},
    "traffic": [[1, 500], [2.5, 9_000]],
}
CHANGE = {"changeItems": [{"currentSKU": "a", "SKU": "b"}], "requestInfo": {}}
ANSWERS: list[dict[str, Any]] = [
    {"kind": "alternateProduct", "set": "text", "productId": "p", "group": "g", "billingPlanType": "MONTHLY"},
    {"kind": "promotionalOffer", "set": "text", "productId": "p", "offerIdentifier": "o", "signature": "v2"},
    {
        "kind": "promotionalOffer",
        "set": "text",
        "productId": "p",
        "offerIdentifier": "o",
        "signature": "v2",
        "limit": {"times": 2, "days": 90, "of": "this"},
    },
    {"kind": "advancedCommerce", "set": "text", "request": CHANGE},
]
CONDITION = ["all", ["any", ["is", "customer.plan", ["a", 1, True]], ["not", ["starts", "productId", ["pro."]]]]]
SHEET = {
    "product": {"productId": "p", "group": "g", "advancedCommerce": True, "bundle": False},
    "rules": [
        {"name": "split", "when": None, "from": 1, "until": None, "experiment": EXPERIMENT},
        *(
            {"name": answer["kind"], "when": CONDITION, "from": None, "until": None, "answer": answer}
            for answer in ANSWERS
        ),
        {"name": "late", "when": ["above", "customer.age", 3], "from": None, "until": None, "answer": ARMS[0][2]},
        {"name": "long", "when": ["least", "subscription.days", 9], "from": None, "until": None, "answer": ARMS[0][2]},
        {"name": "known", "when": ["present", "customer.age"], "from": None, "until": None, "answer": ARMS[0][2]},
    ],
    "sets": {"plain": {"en-US": ["m1", "m2"], "fr-FR": ["m3"]}, "text": {"de-DE": ["m4"]}},
    "pictured": ["m1"],
    "holdout": {"key": "h", "slots": 5_000, "answer": {"kind": "message", "set": "plain"}},
}
REQUEST = RetentionRequest.from_claims(json.loads(json.dumps(request_claims(app_apple_id=APP))))


@pytest.mark.parametrize("first", range(0, 4_000, 500))
def test_an_edited_sheet_is_refused_or_can_be_decided_with(first: int) -> None:
    """Each of 4 000 random edits raises DocumentError when the sheet is read, or no later step raises at all."""
    for seed in range(first, first + 500):
        random = Random(seed)
        documents = [rows.canonical(SETTINGS), rows.canonical(SHEET)]
        edited = random.randrange(2)
        documents[edited] = restructured(documents[edited], random)
        try:
            settings = Settings.from_document(rows.parse(documents[0]))
            sheet = Sheet.from_document(rows.parse(documents[1]), settings.locales)
        except UnreadableRowError:
            continue
        states = {message: MessageState(APPROVED) for message in sheet.plan("pt_br").message_ids}
        catalog = Catalog(sheet, settings, states, 1, b"key")
        customers: tuple[Customer, ...] = UNREADABLE, {"plan": "a", "age": 4}
        reports: tuple[Subscription, ...] = UNREADABLE, NO_SUBSCRIPTION, Reported({"days": 9}, (("o", 0), (None, 1)))
        unheld = replace(catalog, sheet=replace(sheet, holdout=None))
        for judged, customer, reported in itertools.product((catalog, unheld), customers, reports):
            decide(REQUEST, judged, NOW, customer, subscription=reported)


def test_a_condition_of_any_depth_is_read_or_refused() -> None:
    """A condition deeper than Python's stack is refused like a damaged row."""
    for depth in (1, 100, 2_000, 50_000):
        condition = b'["not",' * depth + b'["present","customer.a"]' + b"]" * depth
        document = rows.canonical(SHEET).replace(b'["present","customer.age"]', condition)
        assert condition in document
        with suppress(UnreadableRowError):
            Sheet.from_document(rows.parse(document), Settings.from_document(SETTINGS).locales)
