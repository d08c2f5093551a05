"""The objects of an analysis bucket, as S3 lists them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final
from unittest.mock import Mock

from console.deployment.stored_lines import EXPOSURES, OUTCOMES, StoredObject, day_prefix, list_day, list_days
from tests.contract.test_analysis_template import STREAMS

DAY: Final = date(2026, 12, 1)
AT: Final = datetime(2026, 12, 1, 10, 30, tzinfo=UTC)


def listing(*pages: list[tuple[str, int]]) -> Any:
    """Return an S3 client that lists these (key, size), page by page."""
    s3 = Mock()
    s3.get_paginator.return_value.paginate.return_value = [
        {"Contents": [{"Key": key, "ETag": '"abc"', "Size": size, "LastModified": AT} for key, size in page]}
        for page in pages
    ]
    return s3


def test_the_folders_are_those_of_the_streams() -> None:
    """The prefixes are the ones that the template's streams write to."""
    assert {EXPOSURES, OUTCOMES} == {f"{folder}/" for folder in STREAMS.values()}
    assert day_prefix(EXPOSURES, DAY) == "exposures/day=2026-12-01/"


def test_every_page_of_a_day_is_listed() -> None:
    """All objects of all pages, with their ETag without quotes; only the day's prefix is asked for."""
    s3 = listing([("exposures/day=2026-12-01/a.json.gz", 5)], [("exposures/day=2026-12-01/b.json.gz", 6)])
    found = list(list_day(s3, "lines", EXPOSURES, DAY))
    assert found == [
        StoredObject("exposures/day=2026-12-01/a.json.gz", "abc", 5, AT),
        StoredObject("exposures/day=2026-12-01/b.json.gz", "abc", 6, AT),
    ]
    assert [each.name for each in found] == ["a.json.gz", "b.json.gz"]
    s3.get_paginator.return_value.paginate.assert_called_once_with(Bucket="lines", Prefix="exposures/day=2026-12-01/")


def test_many_days_are_one_list() -> None:
    """From before the first day's folder on, until the first object of a later day than the last."""
    days = [f"exposures/day={day}/a.json.gz" for day in ("2026-12-01", "2026-12-31", "2027-01-01")]
    s3 = listing([(days[0], 5)], [(days[1], 6), (days[2], 7)])
    found = list(list_days(s3, "lines", EXPOSURES, DAY, date(2026, 12, 31)))
    assert [each.key for each in found] == days[:2]
    assert [each.folder for each in found] == ["exposures/day=2026-12-01/", "exposures/day=2026-12-31/"]
    s3.get_paginator.return_value.paginate.assert_called_once_with(
        Bucket="lines", Prefix="exposures/day=", StartAfter="exposures/day=2026-12-01"
    )


def test_an_empty_object_is_no_object_of_ours() -> None:
    """S3's console makes an empty object for a folder; a day without objects has none."""
    assert list(list_day(listing([("exposures/day=2026-12-01/", 0)]), "lines", EXPOSURES, DAY)) == []
    s3 = Mock()
    s3.get_paginator.return_value.paginate.return_value = [{}]
    assert list(list_day(s3, "lines", OUTCOMES, DAY)) == []
