"""Which messages and images `retention prune` may delete."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from retention.catalog import MessageState
from retention.review.snapshot import ImageState

from console.releases.default_rows import RecordedDefault
from console.releases.overview import StateRow
from console.rollout.prune import find_prunable
from tests.support.planned_file import _with, everything, written


def test_prune_keeps_everything_in_use(folder: Path) -> None:
    """Messages of the file, kept releases and defaults stay, with their images; all others may be deleted."""
    _, compiled = written(folder)
    seen = everything(compiled)
    rows = {
        **seen.table.message_rows,
        "kept": StateRow(MessageState("APPROVED", {"kept-image": "APPROVED"}), published=True),
        "old": StateRow(MessageState("APPROVED"), published=True),
    }
    seen = replace(
        seen,
        messages={**seen.messages, **dict.fromkeys(("kept", "old", "default", "stranger"), "APPROVED")},
        images={**seen.images, "kept-image": ImageState("APPROVED"), "old-image": ImageState("PENDING")},
    )
    seen = _with(seen, message_rows=rows, defaults={**seen.table.defaults, ("p", "ja"): RecordedDefault("default")})
    found = find_prunable(seen, frozenset({"kept"}), compiled)
    assert (set(found.messages), dict(found.images)) == ({"old", "stranger"}, {"old-image": "PENDING"})
    assert found.never_published == {"stranger"}
