"""The section `holdout`: the customers whom no rule answers, so that all rules together can be compared with none."""

from __future__ import annotations

from typing import Final

from console.file.entries import AnswerEntry, HoldoutEntry
from console.file.experiments import check_reported, read_key
from console.file.fields import Fields
from console.file.mistakes import Notes
from console.file.percentages import read_slots
from console.file.tree import Node

_MOST: Final = 50  # percent: with more, most customers would get no answer


def read_holdout(node: Node | None, notes: Notes) -> HoldoutEntry | None:
    """Return the holdout; None where the file has none."""
    if node is None:
        return None
    fields = Fields.of(node, notes, "a holdout", ("key", "percent", "answer"))
    key = read_key(fields, "key")
    check_reported(fields, key)
    return HoldoutEntry(
        key=key or "",
        slots=_slots(fields),
        answer=_answer(fields),
        at=node.at,
        key_at=fields.place("key"),
    )


def _slots(fields: Fields) -> int | None:
    percent = fields.entries.get("percent")
    if percent is not None:
        return read_slots(percent, fields.notes, "The share of a holdout", _MOST)
    if fields.is_mapping:
        fields.notes.add(fields.at, "`percent` is missing.", "Write the share of customers, such as `percent: 5`.")
    return None


def _answer(fields: Fields) -> AnswerEntry | None:
    """Return the one answer for all who are held out; one that offers something would be an effect of its own."""
    node = fields.entries.get("answer")
    if node is None:
        if fields.is_mapping:
            instead = "Write `answer: fallback`, or the name of a message set."
            fields.notes.add(fields.at, "`answer` is missing.", instead)
        return None
    if not isinstance(node.value, str):
        message = node.entries.get("message")
        only = len(node.entries) == 1 and message is not None and isinstance(message.value, str)
        instead = f"Write `answer: {message.value}`." if only and message else "Write `answer: fallback`."
        wrong = f"The answer of a holdout is `fallback` or the name of a message set, not {node.kind}."
        fields.notes.add(node.at, wrong, instead)
        return None
    name = fields.text("answer")
    if name is None:
        return None
    return (
        AnswerEntry("fallback", "", node.at, node.at)
        if name == "fallback"
        else AnswerEntry("message", name, node.at, node.at)
    )
