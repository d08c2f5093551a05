"""What the table has of an app, except customers: the live release, review states, default messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import MessageState
from retention.table import Item

from console.file.compile import PreviousTexts
from console.file.edition import Standing
from console.releases.default_rows import RecordedDefault, read_defaults
from console.releases.read import StoredRelease, read_live


@dataclass(frozen=True, slots=True)
class StateRow:
    """The table's row of a message or an image. `since` is when its state was first seen, empty if unknown.

    `published`: a release named it, which is when its images are noted, even if it has none.
    """

    state: MessageState
    since: str = ""
    published: bool = False


@dataclass(frozen=True, slots=True)
class TableOverview:
    """Rows of messages and images by lower-case id; `defaults` by (product id, locale)."""

    live: StoredRelease | None = None
    message_rows: Mapping[str, StateRow] = field(default_factory=dict)
    image_rows: Mapping[str, StateRow] = field(default_factory=dict)
    defaults: Mapping[tuple[str, str], RecordedDefault] = field(default_factory=dict)
    paused: bool = False

    @property
    def standing(self) -> Standing:
        """What editions are judged with, by the states that the table holds."""
        states = {message: row.state for message, row in self.message_rows.items()}
        return Standing(
            states=states,
            defaults={place: recorded.message for place, recorded in self.defaults.items()},
            release=None if self.live is None else self.live.number,
            paused=self.paused,
            previous=self.previous(states),
        )

    def previous(self, states: Mapping[str, MessageState]) -> PreviousTexts:
        """Return what compiling needs to keep predecessors, with these review states."""
        if self.live is None:
            return PreviousTexts({}, states)
        return PreviousTexts(self.live.texts, states, self.live.running)


def look_at_table(app_table: AppTable, known: StoredRelease | None = None) -> TableOverview:
    """Read everything but customers. Raises ReleaseError where the live release is damaged, and AWS's errors.

    `known` is a release that was read before. If it is live, it is not read again: a release does not change.
    """
    items = {rows.string(item, "sk"): item for item in app_table.of_app()}
    head = rows.read_head(items.get(rows.HEAD, {}))
    is_known = known is not None and known.number == head.current
    live = known if is_known or head.current is None else read_live(app_table, head.current)
    return TableOverview(
        live=None if head.current is None else live,
        message_rows=_rows(items, rows.MESSAGE),
        image_rows=_rows(items, rows.IMAGE),
        defaults=read_defaults(items),
        paused=head.paused,
    )


def _rows(items: Mapping[str, Item], prefix: str) -> dict[str, StateRow]:
    return {
        rows.id_of(item): StateRow(rows.read_message(item), str(item.get("since", {}).get("S", "")), "images" in item)
        for sk, item in items.items()
        if sk.startswith(prefix)
    }
