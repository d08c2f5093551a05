"""The state of messages and images at Apple and in the table, as read: with the file, all that a plan is made from."""

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
    """`messages` and `images` are Apple's lists: lower-case id → state. `table` is what the table has for the app.

    `environment` is the App Store environment, "Sandbox" or "Production". `learns`: whether the stack takes in Apple's
    notifications; None where that is not known.
    """

    environment: str
    messages: Mapping[str, str]
    images: Mapping[str, ImageState]
    table: TableOverview = field(default_factory=TableOverview)
    learns: bool | None = None

    def state(self, message: str, images: tuple[str, ...]) -> MessageState:
        """Return the review state at Apple of a message that uses these images; ABSENT for what Apple does not have."""
        return MessageState(self.messages.get(message, ABSENT), {image: self._image(image) for image in images})

    def _image(self, image: str) -> str:
        found = self.images.get(image)
        return ABSENT if found is None else found.state

    def known(self, message: str) -> MessageState:
        """Return the review state at Apple of a message, with the images that the table has for it."""
        row = self.table.message_rows.get(message)
        return self.state(message, () if row is None else tuple(image.lower() for image in row.state.images))

    @property
    def previous(self) -> PreviousTexts:
        """The live release's texts with their states at Apple, from which compiling keeps predecessors."""
        return self.table.previous({message: self.known(message) for message in self.table.message_rows})

    @property
    def behind(self) -> int:
        """The number of states in Apple's lists that the table does not have yet."""
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
    """Read Apple's two lists, messages first: an image of a listed message is then never missing. Raises AppleError."""
    return session.apple.messages(), session.apple.images()


def observe(session: Session, lists: Lists | None = None) -> Observed:
    """Read Apple's two lists, unless they are given, and the app's rows of the table.

    Raises AppleError, ReleaseError and AWS's errors.
    """
    messages, images = lists or read_apple_lists(session)
    overview = look_at_table(session.target.app_table)
    return Observed(app_store(session.target), messages, images, overview, session.target.stack.learns)
