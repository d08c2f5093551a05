"""One mapping of the file being read: typed access to its fields, and a note for each that is wrong, missing or new."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.file import periods
from console.file.identifiers import nfc
from console.file.mistakes import CONTROL, Notes, Place, suggestion
from console.file.tree import Node
from console.terminal.characters import (
    describe_character,
    invisible_in_name,
    is_invisible_text,
    non_ascii_hint,
    unfit_in_text,
)

# `"6745974591"`, `id6745974591` and `6 745 974 591` are numbers to the person who wrote them.
_DIGITS = re.compile(r"(?:id)?([0-9]{1,3}(?:[ _,'][0-9]{3})+|[0-9]{1,18})(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class Fields:
    """The entries of one mapping. Every reader returns None, or its default, where it has noted a mistake."""

    at: Place
    entries: Mapping[str, Node]
    notes: Notes
    is_mapping: bool = True

    @classmethod
    def of(cls, node: Node, notes: Notes, what: str, known: Sequence[str]) -> Fields:
        """Read `node` as `what` (with its article), whose fields are `known`; note those that are not."""
        if not isinstance(node.value, Mapping):
            example = f"Write `{known[0]}: …` and so on below it."
            notes.add(node.at, f"{what[0].upper()}{what[1:]} is a mapping, not {node.kind}.", example)
        for key, entry in node.entries.items():
            if key not in known:
                notes.unknown_field(entry.at, what, key, known)
        return cls(node.at, node.entries, notes, isinstance(node.value, Mapping))

    def prose(self, key: str, *, required: bool = True) -> str | None:
        """Return a text for people in which something can be seen, on as many lines as it likes."""
        found = self._filled(key, required=required)
        unfit = None if found is None else unfit_in_text(found)
        if unfit is not None:
            self._has(key, unfit, "the text without")
        return found

    def line(self, key: str, *, required: bool = True) -> str | None:
        """Return a text for people that fits on a line."""
        found = self.prose(key, required=required)
        if found is not None and CONTROL.search(found) and unfit_in_text(found) is None:
            self.notes.add(self.place(key), f"`{key}` has more than one line, or a tab in it.", "Write it on one line.")
        return found

    def text(self, key: str, *, required: bool = True) -> str | None:
        """Return a name or an id: on a line, in NFC, with nothing in it that cannot be seen.

        One with a mistake of that kind is returned all the same, since a release that is live may have it; nothing more
        is noted of it. One with a control character is not.
        """
        found = self._filled(key, required=required)
        if found is None:
            return None
        name = nfc(found)
        unseen = invisible_in_name(name)
        if unseen is not None and CONTROL.match(unseen):
            self._has(key, unseen, "it without")
            return None
        if unseen == " ":
            wrong = f"`{key}` begins or ends with a blank (U+0020 SPACE)."
            self.notes.add_last(self.place(key), wrong, "Write it without.")
        elif unseen is not None:
            wrong = f"`{key}` has the character {describe_character(unseen)} in it."
            self.notes.add_last(self.place(key), wrong, f"Write it without {describe_character(unseen)}.")
        return name

    def path(self, key: str) -> str | None:
        """Return the name of a file, in which every character may stand that a line can hold."""
        found = self._filled(key, required=True)
        control = None if found is None else CONTROL.search(found)
        if control is not None:
            self._has(key, control[0], "it without")
            return None
        return found

    def _has(self, key: str, character: str, write: str) -> None:
        """Note a character that does not belong into a name or a text."""
        control = CONTROL.match(character) is not None
        wrong = "a control character in it" if control else f"the character {describe_character(character)} in it"
        self.notes.add(self.place(key), f"`{key}` has {wrong}.", f"Write {write} {describe_character(character)}.")

    def _filled(self, key: str, *, required: bool) -> str | None:
        """Return a text that is not blank."""
        node = self._entry(key, required=required)
        if node is None:
            return None
        if isinstance(node.value, str) and node.value.strip():
            if not is_invisible_text(node.value):
                return node.value
            first = describe_character(node.value.strip()[0])
            self.notes.add(node.at, f"Nothing of `{key}` can be seen: it is {first} and the like.", "Write a text.")
            return None
        if node.value is None and node.comment:
            wrong = f"`{key}` is empty: `{node.comment}` is a comment to YAML."
            self.notes.add(node.at, wrong, "Put quotes around the text.")
            return None
        quoted = f'Write `{key}: "{node.written}"`.' if isinstance(node.value, int | float) else f"Write `{key}: …`."
        self.notes.add(node.at, f"`{key}` is a text, not {_or_empty(node)}.", quoted)
        return None

    def integer(self, key: str, *, least: int, like: int, required: bool = True) -> int | None:
        """Return a whole number from `least` on; `like` is one that could stand here."""
        node = self._entry(key, required=required)
        if node is None:
            return None
        if isinstance(node.value, int) and not isinstance(node.value, bool) and node.value >= least:
            return node.value
        meant = _DIGITS.fullmatch(node.written.strip())
        digits = int(re.sub("[^0-9]", "", meant[1])) if meant is not None else 0
        instead = f"Write `{key}: {digits}`." if meant and digits >= least else f"Write one like `{key}: {like}`."
        self.notes.add(node.at, f"`{key}` is a whole number from {least} on, not {node.kind}.", instead)
        return None

    def flag(self, key: str, *, required: bool = False) -> bool:
        node = self._entry(key, required=required)
        if node is None:
            return False
        if isinstance(node.value, bool):
            return node.value
        self.notes.add(node.at, f"`{key}` is `true` or `false`, not {node.kind}.", f"Write `{key}: true`.")
        return False

    def choice(self, key: str, choices: Sequence[str], *, default: str | None = None, required: bool = False) -> Any:  # noqa: ANN401  # one of `choices` or `default`
        node = self._entry(key, required=required)
        if node is None:
            return default
        if node.value in choices:
            return node.value
        if isinstance(node.value, str):
            self.notes.unknown(node.at, f"`{key}` called", node.value, choices)
        else:
            self.notes.add(node.at, f"`{key}` is a text, not {node.kind}.", suggestion("", choices))
        return default

    def period(self, key: str, choices: Sequence[str]) -> str | None:
        """Return a required period; what looks alike is not what lasts as long."""
        node = self._entry(key, required=True)
        if node is None:
            return None
        if isinstance(node.value, str) and node.value in choices:
            return node.value
        meant = periods.meant(node.written, choices)
        instead = f"Did you mean `{meant}`?" if meant else suggestion("", choices)
        wrong = (
            f"There is no `{key}` called `{node.value}`.{non_ascii_hint(node.value)}"
            if isinstance(node.value, str)
            else (f"`{key}` is a text, not {node.kind}.")
        )
        self.notes.add(node.at, wrong, instead)
        return None

    def named(self, key: str) -> Mapping[str, Node]:
        """Return the entries of a mapping of names; an absent one has none."""
        node = self.entries.get(key)
        if node is None:
            return {}
        if not isinstance(node.value, Mapping):
            self.notes.add(node.at, f"`{key}` is a mapping, not {node.kind}.", "Write `name: …` below it.")
        return node.entries

    def listed(self, key: str, example: str = "- …", *, required: bool = False) -> tuple[Node, ...]:
        """Return the items of a list, which must not be empty where it stands; an absent one has none."""
        node = self.entries.get(key)
        if node is None:
            return ()
        if not isinstance(node.value, tuple):
            self.notes.add(node.at, f"`{key}` is a list, not {node.kind}.", f"Write `{example}` below it.")
        elif not node.items:
            instead = f"Write `{example}` below it." if required else "Leave it out, or put something in."
            self.notes.add(node.at, f"The list `{key}` is empty.", instead)
        return node.items

    def place(self, key: str) -> Place:
        """Return where `key` stands, or where it would."""
        node = self.entries.get(key)
        return self.at.inside(key) if node is None else node.at

    def _entry(self, key: str, *, required: bool) -> Node | None:
        node = self.entries.get(key)
        if node is None and required and self.is_mapping:
            self.notes.add(self.at, f"`{key}` is missing.", f"Write `{key}: …`.")
        return node


def _or_empty(node: Node) -> str:
    return "an empty one" if isinstance(node.value, str) else node.kind
