"""`retention status`: the review state of every text and image of the file, and the rules that wait for it."""

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
    """One message set in one locale. `since` is when the table first had that state (ISO 8601), empty if unknown.

    `image_states` are the states of its images that are not approved, by id. `rules` are the rules that name the set.
    `serves` is the id that the function serves now, by the states in the table: this one, a predecessor, or None.
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
    """One image of the file. `used_by` are the sets and locales that show it. `since` is as in TextStatus."""

    name: str
    identifier: str
    size: str
    state: str
    since: str
    used_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What `retention status` reports.

    `others` is state → number of messages at Apple that the file does not name; `behind` the number of states that the
    table does not have yet.
    """

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
    """Return the status of a file that was compiled with the predecessors of `seen.previous`."""
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
    holdout = document.holdout
    if holdout is not None and holdout.answer is not None and holdout.answer.messages:
        found[holdout.answer.messages].append(f"the holdout {holdout.key}")
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
        state=_displayed_state(state.message),
        since=_since(seen.table.message_rows.get(message.identifier), state.message),
        image_states={image: _displayed_state(found) for image, found in state.images.items() if found != APPROVED},
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
            state=_displayed_state(state),
            since=_since(seen.table.image_rows.get(upload.identifier), state),
            used_by=tuple(used[upload.identifier]),
        )


def _displayed_state(state: str) -> str:
    return NOT_UPLOADED if state == ABSENT else state


def _since(row: StateRow | None, state: str) -> str:
    """Return since when the table has this state, "" if it does not have it yet."""
    return row.since if row is not None and row.state.message == state else ""


def show(status: Status, out: Output) -> None:
    """Print the status, texts that are not ready first."""
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
            f"\nThe table, from which the function answers, lacks {plural(status.behind, 'review state')} of Apple's"
            " lists: the next sync, or `retention apply`, imports them."
        )
    if any(text.state == REJECTED for text in status.texts):
        out.print("\nA REJECTED message needs another text, or another `revision` to be reviewed again.", "red")
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
