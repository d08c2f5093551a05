"""What goes into the table comes out of it."""

from __future__ import annotations

from typing import Any

from botocore.session import get_session
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from retention import table as rows
from retention.aws.app_table import AppTable

from console.local.rows import create_table
from console.releases.listing import list_releases
from console.releases.read import read
from tests.support.fake_table import APP
from tests.support.small_release import put, release

json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=15)
@given(st.binary(max_size=5000))
def test_a_loaded_release_s_source_has_the_digest_of_the_published_one(source: bytes) -> None:
    """Byte for byte, whatever the file held."""
    with mock_aws():
        client = get_session().create_client("dynamodb", region_name="us-east-1")
        create_table(client, "retention")
        put(client, "retention", release=release(source=source))
        assert read(AppTable(client, "retention", APP), 1).source == source
        assert list_releases(AppTable(client, "retention", APP))[0].source_digest == rows.digest_of(source)


@given(json_documents)
def test_every_document_survives_its_row(document: Any) -> None:
    """Packed, digested, unpacked, compared."""
    assert rows.document_of(rows.document_attributes(document)) == document


@given(st.binary(max_size=400))
def test_no_bytes_make_a_document_by_accident(packed: bytes) -> None:
    """What was not written by us is one kind of error."""
    try:
        rows.document_of({"document": {"B": packed}, "digest": {"S": "0" * 64}})
    except rows.UnreadableRowError:
        return
    raise AssertionError("read a document that nobody wrote")


attribute_values = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none() | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["S", "N", "L", "M", "SS"]), inner),
)


@given(st.dictionaries(st.sampled_from(["state", "images", "plan", "expiresAt", "pk"]), attribute_values))
def test_reading_messages_and_profiles_is_total(item: Any) -> None:
    """No row, however it was edited, is more than unservable or without facts."""
    rows.read_message(item)
    rows.read_profile(item, 0.0)
