"""The objects that Firehose stores in a stack's analysis bucket: one folder for each day on which lines arrived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

# The folders of the bucket. The template's streams write there, and its tables read there.
EXPOSURES: Final = "exposures/"
OUTCOMES: Final = "outcomes/"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as S3 lists it. `etag` is without its quotes, `size` in bytes, `stored_at` aware."""

    key: str
    etag: str
    size: int
    stored_at: datetime

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The key up to the last slash, with it: that of a day."""
        return self.key.removesuffix(self.name)


def day_prefix(prefix: str, day: date) -> str:
    """Return the prefix of the objects of one day of arrival, in UTC. `prefix` is EXPOSURES or OUTCOMES."""
    return f"{prefix}day={day.isoformat()}/"


def list_day(s3: Any, bucket: str, prefix: str, day: date) -> Iterator[StoredObject]:  # noqa: ANN401  # boto3's client
    """Yield the objects of one day, in the order of their keys. An object without a byte in it is not one of ours."""
    return _listed(s3, Bucket=bucket, Prefix=day_prefix(prefix, day))


def list_days(
    s3: Any,  # noqa: ANN401  # boto3's client
    bucket: str,
    prefix: str,
    first_day: date,
    last_day: date,
) -> Iterator[StoredObject]:
    """Yield the objects of the days from first to last, both included, in the order of their keys: by day.

    It asks for a thousand objects at once, whichever day they are of: a year of days is some 40 calls and not 365.
    """
    end = day_prefix(prefix, last_day + timedelta(days=1))
    start = day_prefix(prefix, first_day).rstrip("/")
    for found in _listed(s3, Bucket=bucket, Prefix=f"{prefix}day=", StartAfter=start):
        if found.key >= end:
            return
        yield found


def _listed(s3: Any, **request: str) -> Iterator[StoredObject]:  # noqa: ANN401  # likewise
    for page in s3.get_paginator("list_objects_v2").paginate(**request):
        for found in page.get("Contents", ()):
            if found["Size"]:
                yield StoredObject(found["Key"], found["ETag"].strip('"'), found["Size"], found["LastModified"])
