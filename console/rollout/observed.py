"""What Apple and the table said when a command last looked: everything a plan is made from, besides the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import ABSENT, MessageState
from retention.review.snapshot import ImageState, Lists
from retention.table import Item

from console.deployment.session import Session, app_store
from console.file.compile import PreviousTexts
from console.file.document import read
from console.file.mistakes import Mistakes
from console.terminal.failure import Failure

_DEFAULT = "default#"


@dataclass(frozen=True, slots=True)
class Live:
    """The live release. `experiments` is `Document.experiments` of its source."""

    number: int
    format: int
    settings: Mapping[str, Any]
    sheets: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]
    experiments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of a message or an image; `since` is when that state was first seen, empty if unknown.

    `published`: a release named it, which is when its images are noted, even if it has none.
    """

    state: MessageState
    since: str = ""
    published: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """The default message we configured somewhere, and when (ISO 8601)."""

    message: str
    configured_at: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """`messages` and `images` are Apple's lists; everything else is of the table. Ids are lower case."""

    environment: str
    messages: Mapping[str, str]
    images: Mapping[str, ImageState]
    live: Live | None = None
    message_rows: Mapping[str, Row] = field(default_factory=dict)
    image_rows: Mapping[str, Row] = field(default_factory=dict)
    defaults: Mapping[tuple[str, str], Recorded] = field(default_factory=dict)

    def state(self, message: str, images: tuple[str, ...]) -> MessageState:
        """Return where Apple stands with a message that uses these images; ABSENT is what it does not have."""
        return MessageState(self.messages.get(message, ABSENT), {image: self._image(image) for image in images})

    def _image(self, image: str) -> str:
        found = self.images.get(image)
        return ABSENT if found is None else found.state

    def known(self, message: str) -> MessageState:
        """Return where Apple stands with a message, its images being those that the table knows of."""
        row = self.message_rows.get(message)
        return self.state(message, () if row is None else tuple(image.lower() for image in row.state.images))

    @property
    def previous(self) -> PreviousTexts:
        """What compiling needs to keep predecessors, by Apple's word and not by what the table last heard of it."""
        texts = {} if self.live is None else self.live.texts
        states = {message: self.known(message) for message in self.message_rows}
        return PreviousTexts(texts, states, {} if self.live is None else self.live.experiments)

    @property
    def behind(self) -> int:
        """How many rows of the table do not say yet what Apple's lists say."""
        messages = {*self.messages, *self.message_rows}
        images = {*self.images, *self.image_rows}
        return sum(self._lags(message) for message in messages) + sum(
            image not in self.image_rows or self.image_rows[image].state.message != self._image(image)
            for image in images
        )

    def _lags(self, message: str) -> bool:
        row = self.message_rows.get(message)
        return row is None or row.state != self.known(message)


def apples_lists(session: Session) -> Lists:
    """Ask Apple for its two lists. In this order no image is missing for having come later than its message."""
    return session.apple.messages(), session.apple.images()


def look(session: Session, lists: Lists | None = None) -> Seen:
    """Ask Apple for its two lists, unless given, and the table for all it knows.

    Raises AppleError, ReleaseError, AWS's errors.
    """
    messages, images = lists or apples_lists(session)
    seen = look_at_table(session.target.app_table)
    return replace(seen, environment=app_store(session.target), messages=messages, images=images)


def look_at_table(app_table: AppTable) -> Seen:
    """Read the table alone: Apple's lists stay empty."""
    items = {rows.string(item, "sk"): item for item in app_table.of_app()}
    head = rows.read_head(items.get(rows.HEAD, {}))
    return Seen(
        environment="",
        messages={},
        images={},
        live=None if head.current is None else _live(app_table, head.current),
        message_rows=_rows(items, rows.MESSAGE),
        image_rows=_rows(items, rows.IMAGE),
        defaults=_defaults(items),
    )


def _rows(items: Mapping[str, Item], prefix: str) -> dict[str, Row]:
    return {
        rows.id_of(item): Row(rows.read_message(item), str(item.get("since", {}).get("S", "")), "images" in item)
        for sk, item in items.items()
        if sk.startswith(prefix)
    }


def _defaults(items: Mapping[str, Item]) -> dict[tuple[str, str], Recorded]:
    found = {}
    for sk, item in items.items():
        if sk.startswith(_DEFAULT):
            # A locale has no `#`; a product id may.
            product, _, locale = sk.removeprefix(_DEFAULT).rpartition("#")
            at = str(item.get("configuredAt", {}).get("S", ""))
            found[product, locale] = Recorded(str(item.get("messageIdentifier", {}).get("S", "")).lower(), at)
    return found


def _live(app_table: AppTable, number: int) -> Live:
    from console.releases import source_of, verify  # noqa: PLC0415  # boto3's half second is due by now, not before

    found = verify(app_table, number)
    texts = rows.document_of(found[rows.TEXTS])["texts"]
    try:
        experiments = read(source_of(found)).experiments
    except Mistakes:  # published by a console with another idea of YAML
        experiments = {}
    try:
        return Live(
            number=number,
            format=rows.format_of(found[rows.SETTINGS]),
            settings=rows.document_of(found[rows.SETTINGS]),
            sheets={
                sk.removeprefix(rows.PRODUCT): rows.document_of(item)
                for sk, item in found.items()
                if sk.startswith(rows.PRODUCT)
            },
            texts={name: {locale: tuple(ids) for locale, ids in by.items()} for name, by in texts.items()},
            experiments=experiments,
        )
    except (AttributeError, TypeError) as error:
        raise Failure(f"Release {number} is damaged ({error}): roll back to another one first.") from None
