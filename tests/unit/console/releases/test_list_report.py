"""`retention releases` prints a row for each release, the live one marked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from console.releases.list_report import show
from console.releases.listing import Listed
from tests.support.printed import json_document, printed

LIVE = Listed(
    number=12, live=True, complete=True, went_live=True, published_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
    published_by="ada", commit="0123456789abcdef-dirty", digest="d", source_digest="s", format=1, products=1, rules=2,
    messages=3,
)  # fmt: skip


@pytest.mark.parametrize(
    ("one", "row"),
    [
        (LIVE, "* 12 2026-11-24 12:00 ada 0123456789 2 rules, 1 product, 3 messages"),
        (replace(LIVE, live=False), "12 2026-11-24 12:00 ada 0123456789 2 rules, 1 product, 3 messages"),
        (replace(LIVE, live=False, went_live=False, commit=""),
         "12 2026-11-24 12:00 ada 2 rules, 1 product, 3 messages; never live"),
        (replace(LIVE, live=False, complete=False, published_at=None, published_by="", commit=""), "12 incomplete"),
    ],
    ids=["live", "earlier", "never live", "incomplete"],
)  # fmt: skip
def test_a_release_is_one_row(one: Listed, row: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A row has the number, time, publisher, the beginning of the commit, and counts of the contents."""
    heading, line = printed(partial(show, [one]), capsys).splitlines()
    assert heading.split() == "release published (UTC) by commit what".split()
    assert line.split() == row.split()


def test_without_a_release_a_sentence_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty table has no heading."""
    assert printed(partial(show, []), capsys) == "Nothing has been published for this app.\n"


def test_the_document_has_every_fact_of_each_release(capsys: pytest.CaptureFixture[str]) -> None:
    """In the given order, with the complete commit and the time in ISO 8601; without any release it is []."""
    first, second = json_document(partial(show, [LIVE, replace(LIVE, number=11, published_at=None)]), capsys)
    assert (first["number"], first["live"], first["wentLive"]) == (12, True, True)
    assert (first["publishedAt"], first["commit"]) == ("2026-11-24T12:00:00+00:00", "0123456789abcdef-dirty")
    assert (second["number"], second["publishedAt"]) == (11, None)
    assert json_document(partial(show, []), capsys) == []
