"""The list of releases, tested on moto in this process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from retention.aws.app_table import AppTable

from console.releases.listing import list_releases
from tests.support.fake_table import APP
from tests.support.release_table import TABLE
from tests.support.small_release import NOW, put


def test_releases_are_listed_newest_first_with_who_when_and_what(client: Any) -> None:
    """Each entry has publisher, time and contents, and the live release is marked."""
    put(client, TABLE)
    put(client, TABLE, "two", who="bob", now=NOW + timedelta(days=1))
    newest, oldest = list_releases(AppTable(client, TABLE, APP))
    assert (newest.number, newest.live, newest.published_by, newest.published_at) == (
        2,
        True,
        "bob",
        NOW + timedelta(days=1),
    )
    assert (oldest.number, oldest.live, oldest.complete, oldest.commit) == (1, False, True, "abc123")
    assert (oldest.products, oldest.rules, oldest.messages, oldest.format) == (1, 1, 3, 1)
    assert list_releases(AppTable(client, TABLE, 42)) == []


def test_all_releases_are_listed_when_dynamodb_answers_in_parts(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that DynamoDB did not process are requested again."""
    monkeypatch.setattr("retention.aws.app_table._PAUSE", 0.0)
    for name in ("one", "two", "three"):
        put(client, TABLE, name)
    batch_get_item = client.batch_get_item

    def one_at_a_time(*, RequestItems: Any) -> Any:  # noqa: N803  # DynamoDB's name
        keys = RequestItems[TABLE]["Keys"]
        answer = batch_get_item(RequestItems={TABLE: {**RequestItems[TABLE], "Keys": keys[:1]}})
        left = {TABLE: {**RequestItems[TABLE], "Keys": keys[1:]}} if keys[1:] else {}
        return {**answer, "UnprocessedKeys": left}

    monkeypatch.setattr(client, "batch_get_item", one_at_a_time)
    assert [found.number for found in list_releases(AppTable(client, TABLE, APP))] == [3, 2, 1]
