"""Releases in the table: publish, list, roll back, pause, collect.

Publishing reserves a number, writes under it what nobody reads yet, reads it all back, and only then moves `current`,
on the condition that it is still what the publisher started from. What stops half way leaves rows that nothing points
to; `collect` takes them away. A release's `claim` is its birth certificate, `settings` its last row: transactions
check both, so that collecting and publishing or rolling back cannot meet in the middle.

Each part is a module of its own; what the commands need of them is here.
"""

from __future__ import annotations

from console.releases.cleanup import ABANDONED_AFTER, KEEP, collect, delete_release
from console.releases.live_release import (
    Moved,
    PublishConflictError,
    ReleaseLostError,
    make_current,
    pause,
    resume,
    rollback,
)
from console.releases.publishing import AS_FOUND, Progress, Published, publish
from console.releases.read import (
    Current,
    Listed,
    ReleaseError,
    current_texts,
    judge,
    list_releases,
    load_live,
    read_source,
    source_of,
    verify,
)

__all__ = [
    "ABANDONED_AFTER",
    "AS_FOUND",
    "KEEP",
    "Current",
    "Listed",
    "Moved",
    "Progress",
    "PublishConflictError",
    "Published",
    "ReleaseError",
    "ReleaseLostError",
    "collect",
    "current_texts",
    "delete_release",
    "judge",
    "list_releases",
    "load_live",
    "make_current",
    "pause",
    "publish",
    "read_source",
    "resume",
    "rollback",
    "source_of",
    "verify",
]
