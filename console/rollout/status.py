"""`retention status`: where every text and image of the file stands at Apple, and who is waiting for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from retention.catalog import ABSENT, APPROVED, REJECTED

from console.file.compile import Compiled
from console.file.content import MessageUpload
from console.file.entries import Document
from console.releases.overview import StateRow
from console.rollout.observed import Observed
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import plural

NOT_UPLOADED: Final = "not uploaded"


@dataclass(frozen=True, slots=True)
class TextStatus:
    """One set in one locale. `since` is when we first saw that state, empty where nobody noted it.

    `image_states` are those of its images that are not approved; `rules` name the set; `serves` is the id that answers
    now, by the table, which is what the function reads: this one, a predecessor, or None.
    """

    set: str
    locale: str
    identifier: str
    state: str
    since: str
    image_states: dict[str, str]
    rules: tuple[str, ...]
    serves: str | None

    @property
    def ready(self) -> bool:
        return self.serves == self.identifier

    @property
    def waiting_rules(self) -> tuple[str, ...]:
        return () if self.ready else self.rules


@dataclass(frozen=True, slots=True)
class ImageStatus:
    """One image of the file; `used_by` are the sets and locales that show it."""

    name: str
    identifier: str
    size: str
    state: str
    since: str
    used_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """`others` counts messages at Apple that the file does not name, by state; `behind` rows that lag Apple's lists."""

    texts: tuple[TextStatus, ...]
    images: tuple[ImageStatus, ...]
    others: dict[str, int]
    behind: int

    @property
    def settled(self) -> bool:
        return all(text.ready for text in self.texts)

    def document(self) -> dict[str, Any]:
        return {
            "settled": self.settled,
            "messages": [{**form_of(text), "waitingRules": text.waiting_rules} for text in self.texts],
            "images": [form_of(image) for image in self.images],
            "others": self.others,
            "statesToImport": self.behind,
        }


def make_status(document: Document, compiled: Compiled, seen: Observed) -> Status:
    """Return where everything stands; `compiled` with `seen.previous`."""
    rules = _rules(document)
    ours = {message.identifier for message in compiled.content.all_messages()}
    others: dict[str, int] = defaultdict(int)
    for identifier, state in seen.messages.items():
        if identifier not in ours:
            others[state] += 1
    return Status(
        texts=tuple(
            _text(name, locale, message, rules.get(name, ()), compiled, seen)
            for name, texts in compiled.content.messages.items()
            for locale, message in texts.items()
        ),
        images=tuple(_images(compiled, seen)),
        others=dict(others),
        behind=seen.behind,
    )


def _rules(document: Document) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for rule in document.rules:
        for name in dict.fromkeys(answer.messages for answer in rule.answers if answer.messages):
            found[name].append(rule.name)
    return {name: tuple(rules) for name, rules in found.items()}


def _text(
    name: str, locale: str, message: MessageUpload, rules: tuple[str, ...], compiled: Compiled, seen: Observed
) -> TextStatus:
    state = seen.state(message.identifier, message.images)
    ids = compiled.release.texts[name][locale]
    return TextStatus(
        set=name,
        locale=locale,
        identifier=message.identifier,
        state=_told(state.message),
        since=_since(seen.table.message_rows.get(message.identifier), state.message),
        image_states={image: _told(found) for image, found in state.images.items() if found != APPROVED},
        rules=rules,
        serves=next((each for each in ids if _is_served(each, seen)), None),
    )


def _is_served(message: str, seen: Observed) -> bool:
    row = seen.table.message_rows.get(message)
    return row is not None and row.state.servable


def _images(compiled: Compiled, seen: Observed) -> Iterator[ImageStatus]:
    used = defaultdict(list)
    for name, texts in compiled.content.messages.items():
        for locale, message in texts.items():
            for image in message.images:
                used[image].append(f"{name} {locale}")
    for name, upload in compiled.content.images.items():
        at_apple = seen.images.get(upload.identifier)
        state = ABSENT if at_apple is None else at_apple.state
        yield ImageStatus(
            name=name,
            identifier=upload.identifier,
            size=upload.size,
            state=_told(state),
            since=_since(seen.table.image_rows.get(upload.identifier), state),
            used_by=tuple(used[upload.identifier]),
        )


def _told(state: str) -> str:
    return NOT_UPLOADED if state == ABSENT else state


def _since(row: StateRow | None, state: str) -> str:
    """Return when the state was first seen, if the table has seen it already."""
    return row.since if row is not None and row.state.message == state else ""


def show(status: Status, out: Output) -> None:
    """Print it, what is not ready first."""
    _show_texts(status, out)
    if status.images:
        _show_images(status, out)
    if status.others:
        counted = ", ".join(f"{number} {state}" for state, number in sorted(status.others.items()))
        out.print(
            f"\nApple also has messages that the file does not name: {counted}. `retention prune --show` lists those"
            " of them that no kept release and no default needs."
        )
    if status.behind:
        out.print(
            f"\nThe table, by which the function answers, is behind Apple's lists by {plural(status.behind, 'state')}:"
            " the next sync, or `retention apply`, brings them."
        )
    if any(text.state == REJECTED for text in status.texts):
        out.print("\nWhat is REJECTED needs another text, or another `revision` to be reviewed again.", "red")
    out.document(status.document())


def _show_texts(status: Status, out: Output) -> None:
    out.table(
        ("message", "locale", "state", "since (UTC)", "serves now", "rules that wait", "id"),
        [
            (
                text.set,
                text.locale,
                _complete_state(text),
                _minute(text.since),
                "yes" if text.ready else text.serves or "no",
                ", ".join(text.waiting_rules),
                text.identifier,
            )
            for text in sorted(status.texts, key=lambda text: text.ready)
        ],
    )


def _show_images(status: Status, out: Output) -> None:
    out.print("")
    out.table(
        ("image", "size", "state", "since (UTC)", "used by", "id"),
        [
            (image.name, image.size, image.state, _minute(image.since), ", ".join(image.used_by), image.identifier)
            for image in sorted(status.images, key=lambda image: image.state == APPROVED)
        ],
    )


def _complete_state(text: TextStatus) -> str:
    if text.state == APPROVED and text.image_states:
        return f"{text.state}, an image {' and '.join(sorted(set(text.image_states.values())))}"
    return text.state


def _minute(since: str) -> str:
    return since[:16].replace("T", " ")
