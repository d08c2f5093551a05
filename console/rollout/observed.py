"""Where a message stands at Apple and in the table, when a command last looked: all that a plan needs but the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from retention.catalog import ABSENT, MessageState
from retention.review.snapshot import ImageState, Lists

from console.deployment.session import Session, app_store
from console.file.compile import PreviousTexts
from console.releases.overview import TableOverview, look_at_table


@dataclass(frozen=True, slots=True)
class Observed:
    """`messages` and `images` are Apple's lists by lower-case id; `table` is the app's part of the table."""

    environment: str
    messages: Mapping[str, str]
    images: Mapping[str, ImageState]
    table: TableOverview = field(default_factory=TableOverview)

    def state(self, message: str, images: tuple[str, ...]) -> MessageState:
        """Return where Apple stands with a message that uses these images; ABSENT is what it does not have."""
        return MessageState(self.messages.get(message, ABSENT), {image: self._image(image) for image in images})

    def _image(self, image: str) -> str:
        found = self.images.get(image)
        return ABSENT if found is None else found.state

    def known(self, message: str) -> MessageState:
        """Return where Apple stands with a message, its images being those that the table knows of."""
        row = self.table.message_rows.get(message)
        return self.state(message, () if row is None else tuple(image.lower() for image in row.state.images))

    @property
    def previous(self) -> PreviousTexts:
        """What compiling needs to keep predecessors, by Apple's word and not by what the table last heard of it."""
        return self.table.previous({message: self.known(message) for message in self.table.message_rows})

    @property
    def behind(self) -> int:
        """How many rows of the table do not say yet what Apple's lists say."""
        messages = {*self.messages, *self.table.message_rows}
        images = {*self.images, *self.table.image_rows}
        return sum(self._lags(message) for message in messages) + sum(
            image not in self.table.image_rows or self.table.image_rows[image].state.message != self._image(image)
            for image in images
        )

    def _lags(self, message: str) -> bool:
        row = self.table.message_rows.get(message)
        return row is None or row.state != self.known(message)


def read_apple_lists(session: Session) -> Lists:
    """Ask Apple for its two lists. In this order no image is missing for having come later than its message."""
    return session.apple.messages(), session.apple.images()


def observe(session: Session, lists: Lists | None = None) -> Observed:
    """Ask Apple for its two lists, unless given, and the table for all it knows.

    Raises AppleError, ReleaseError, AWS's errors.
    """
    messages, images = lists or read_apple_lists(session)
    return Observed(app_store(session.target), messages, images, look_at_table(session.target.app_table))
