"""`retention import-states`: write the review states of saved lists into the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from retention.review.snapshot import ImageState, SnapshotRefusedError, SnapshotReport, apply_snapshot

from console.appstore.saved_lists import advised
from console.deployment.target import Target
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import plural

SavedLists: TypeAlias = tuple[Mapping[str, str], Mapping[str, ImageState]]


def import_states(target: Target, lists: SavedLists, *, allow_silencing: bool) -> SnapshotReport:
    """Write the states of all messages and images into the table. Raises Failure at the safety stop.

    `lists` are message id → state and image id → state.
    """
    try:
        return apply_snapshot(target.app_table, *lists, allow_silencing=allow_silencing)
    except SnapshotRefusedError as error:
        raise advised(error, "nothing was imported") from None


def show(report: SnapshotReport, lists: SavedLists, target: Target, out: Output) -> None:
    """Print how many states were imported."""
    messages, images = (plural(len(states), noun) for states, noun in zip(lists, ("message", "image"), strict=True))
    out.print(f"{messages} and {images}: their states are in {target.table}.", "green")
    out.document(form_of(report))
