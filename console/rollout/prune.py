"""`retention prune`: delete messages and images at Apple that nothing names any more.

Apple never accepts a deleted id again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from retention.review.snapshot import follow

from console.appstore.errors import IMAGE_IN_USE, AppleError
from console.deployment.session import Session
from console.file.compile import Compiled
from console.releases.cleanup import ABANDONED_AFTER
from console.releases.listing import list_releases
from console.releases.read import texts_of
from console.rollout.observed import Observed, read_apple_lists
from console.terminal.failure import Failure
from console.terminal.output import ReportProgress


@dataclass(frozen=True, slots=True)
class Prunable:
    """What can be deleted: id → state. `never_published` are the messages that no release of this table ever named."""

    messages: Mapping[str, str]
    images: Mapping[str, str]
    never_published: frozenset[str]

    @property
    def empty(self) -> bool:
        return not (self.messages or self.images)

    def document(self) -> dict[str, Any]:
        return {
            "messages": dict(self.messages),
            "images": dict(self.images),
            "neverPublished": sorted(self.never_published),
        }


def find_prunable(seen: Observed, kept: frozenset[str], compiled: Compiled) -> Prunable:
    """Return what neither the file, nor a kept release, nor a default names. `kept` are the kept releases' messages."""
    file_messages = {message.identifier for message in compiled.content.all_messages()}
    wanted = kept | file_messages | {recorded.message for recorded in seen.table.defaults.values()}
    used = {image.identifier for image in compiled.content.images.values()}
    for message in wanted & seen.table.message_rows.keys():
        used |= {image.lower() for image in seen.table.message_rows[message].state.images}
    messages = {name: state for name, state in seen.messages.items() if name not in wanted}
    images = {name: image.state for name, image in seen.images.items() if name not in used}
    never_published = frozenset(name for name in messages if not _published(name, seen))
    return Prunable(messages, images, never_published)


def _published(message: str, seen: Observed) -> bool:
    """Return whether a release ever named the message: publishing marks the row of each message that it names."""
    row = seen.table.message_rows.get(message)
    return row is not None and row.published


def kept_messages(session: Session) -> frozenset[str]:
    """Return the ids that the table's releases name, predecessors included.

    Raises Failure while a release is being published, or if a release's texts cannot be read.
    """
    target = session.target
    found: set[str] = set()
    for release in list_releases(target.app_table):
        texts = texts_of(target.app_table, release.number)
        if texts is not None:
            found |= texts.names
        elif release.complete:
            raise Failure(
                f"The texts of release {release.number} are missing, so it is not known which messages it needs."
                " Nothing was deleted: try again when later publishes have removed that release."
            )
        elif not _is_old(release.published_at):
            raise Failure(
                f"Release {release.number} is being published by {release.published_by or 'another run'}, or was left"
                " unfinished within the last hour: try again later."
            )
    return frozenset(found)


def _is_old(begun: datetime | None) -> bool:
    return begun is None or begun + ABANDONED_AFTER < datetime.now(UTC)


def delete_prunable(session: Session, prunable: Prunable, report: ReportProgress) -> list[str]:
    """Delete messages, then images, at Apple; then import Apple's lists. Return the images that Apple still needs."""
    for number, message in enumerate(prunable.messages, 1):
        session.apple.delete_message(message)
        report("deleting messages", number, len(prunable.messages))
    kept = []
    for number, image in enumerate(prunable.images, 1):
        try:
            session.apple.delete_image(image)
        except AppleError as error:
            if error.error_code != IMAGE_IN_USE:
                raise
            kept.append(image)
        report("deleting images", number, len(prunable.images))
    target = session.target
    follow(target.app_table, lambda: read_apple_lists(session))
    return kept
