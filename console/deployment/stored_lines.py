"""The objects that Firehose stores in a stack's analysis bucket: one folder for each day on which lines arrived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
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


def day_prefix(prefix: str, day: date) -> str:
    """Return the prefix of the objects of one day of arrival, in UTC. `prefix` is EXPOSURES or OUTCOMES."""
    return f"{prefix}day={day.isoformat()}/"


def list_day(s3: Any, bucket: str, prefix: str, day: date) -> Iterator[StoredObject]:  # noqa: ANN401  # boto3's client
    """Yield the objects of one day, in the order of their keys. An object without a byte in it is not one of ours."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=day_prefix(prefix, day))
    for page in pages:
        for found in page.get("Contents", ()):
            if found["Size"]:
                yield StoredObject(found["Key"], found["ETag"].strip('"'), found["Size"], found["LastModified"])
