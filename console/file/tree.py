"""YAML 1.2 as a tree that remembers lines: the only thing about a file that `console.file.document` has to know.

Scalars have YAML's types, but a date stays the text it was. What YAML allows and an owner's file should not hold is a
mistake: duplicate keys, merge keys, tags, keys that are no scalars, numbers that are not finite.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from console.file.core_schema import TAG, CoreResolver, number
from console.file.identifiers import nfc
from console.file.mistakes import CONTROL, Mistakes, Notes, Place
from console.file.not_yaml import UNSPACED_COMMENT, syntax_mistake, yaml_text
from console.file.scanner import TabScanner
from console.terminal.characters import describe_character, invisible_in_name, show_invisible
from console.terminal.output import ReportProgress, no_progress

FileScalar: TypeAlias = str | int | float | bool
Value: TypeAlias = "FileScalar | tuple[Node, ...] | Mapping[str, Node] | None"

# Aliases make a small file a large tree; no owner writes this much by hand, and ten thousand rules need a tenth.
_MAX_NODES: Final = 2_000_000
# What neither DynamoDB nor a person counts in: NaN, infinity, more than an int64.
_NUMBERS: Final = (-(2**63), 2**63)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# In column 1 nothing else begins so: content stands further in.
_OTHER_VERSION = re.compile(r"^%YAML[ \t]+(?!1\.2\b).*", re.MULTILINE)
_COMMENT_AS_VALUE = re.compile(rf"[ \t]*:{UNSPACED_COMMENT.pattern}")
# An UNSPACED_COMMENT on the next line, which stands further in than what the text belongs to: a text goes on so.
_NEXT_LINE = re.compile(r"[ \t]*(?:\r\n|\r|\n)([ \t]*)(#+[^\s#][^\r\n]*)")
_SHOWN: Final = 40
_HALF_A_CHARACTER: Final = (
    "This text holds half a character (a lone surrogate).",
    "Write the character itself.",
)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file and its place; below a key, the place is the key's.

    `written` is a scalar as it stands in the file: `0123` and `1.50` are numbers, but not to whom they are ids.
    `comment` is what follows it on its line as a comment and probably was meant as a part of it.
    """

    at: Place
    value: Value
    written: str = ""
    comment: str = ""

    @property
    def entries(self) -> Mapping[str, Node]:
        """The entries of a mapping; none for anything else."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """The items of a list; none for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def kind(self) -> str:
        """What an owner would call it."""
        if self.value is None:
            return "nothing"
        if isinstance(self.value, bool):
            return f"the truth value `{self.written}`"
        if isinstance(self.value, str):
            return f"the text `{self.value}`"
        if isinstance(self.value, int | float):
            return f"the number `{self.written}`"
        return "a list" if isinstance(self.value, tuple) else "a mapping"


def parse(source: bytes, file: str, notes: Notes, progress: ReportProgress = no_progress) -> Node:
    """Return the tree of a file. Raises `Mistakes` where it is not UTF-8 YAML at all."""
    text = yaml_text(source, file)
    try:
        _check_version(text, notes)
        yaml = YAML(typ="safe", pure=True)
        yaml.Resolver, yaml.Scanner = CoreResolver, TabScanner
        root = yaml.compose(_Watched(text, progress))
        return _Builder(notes, text).tree(root)
    except (YAMLError, RecursionError, ValueError) as error:
        raise Mistakes(file, [syntax_mistake(error, text)]) from None


def _check_version(text: str, notes: Notes) -> None:
    """Note a directive for another YAML, in which `yes` is a truth value and `010` is eight."""
    directive = _OTHER_VERSION.search(text)
    if directive is not None:
        line = text.count("\n", 0, directive.start()) + 1
        notes.add(Place(line, ""), f"`{directive[0].strip()}` asks for another YAML than 1.2.", "Leave this line out.")


class _Watched(io.StringIO):
    """A text that reports how much of it was read: ten thousand rules take several seconds."""

    def __init__(self, text: str, progress: ReportProgress) -> None:
        super().__init__(text, newline="")
        self.text = text
        self._progress, self._total = progress, len(text)

    def read(self, size: int | None = -1) -> str:
        part = super().read(size)
        if self._total:
            self._progress("reading", self.tell(), self._total)
        return part


class _Builder:
    def __init__(self, notes: Notes, source: str) -> None:
        self._notes = notes
        self._source = source
        self._count = 0
        self._anchors: dict[str, tuple[Place, int]] = {}

    def tree(self, root: Any) -> Node:  # noqa: ANN401  # ruamel's nodes carry no types
        """Return the tree of a document, which may be empty."""
        if root is None:
            return Node(Place(1, ""), None)
        tree = self.build(root, Place(1, ""))
        self._warn_of_unused_anchors()
        return tree

    def _warn_of_unused_anchors(self) -> None:
        """Note each anchor that no alias asks for: `&1 deal` is the text `deal` to YAML."""
        for anchor, (at, uses) in self._anchors.items():
            if uses == 1:
                wrong = f"`&{anchor}` is a name for what follows it to YAML, and no part of it."
                self._notes.warn(at, wrong, "Put quotes around all of the text if it belongs to it; else leave it out.")

    def build(self, node: Any, at: Place) -> Node:  # noqa: ANN401  # ruamel's nodes carry no types
        self._count += 1
        if node.anchor is not None and isinstance(node, ScalarNode):
            first, uses = self._anchors.get(str(node.anchor), (at, 0))
            self._anchors[str(node.anchor)] = (first, uses + 1)
        if self._count > _MAX_NODES:
            raise ValueError("its aliases unfold to more than two million values")
        if isinstance(node, MappingNode):
            self._check_tag(node, "map", at)
            return Node(at, dict(self._entries(node, at)))
        if isinstance(node, SequenceNode):
            self._check_tag(node, "seq", at)
            return Node(at, tuple(self._items(node, at)))
        text = _with_pairs_joined(str(node.value))
        comment = self._comment(node)
        value = self._scalar(text, node, at)
        if comment and isinstance(value, str):
            self._warn_of_comment(at, text, comment)
        return Node(at, value, text, comment)

    def _entries(self, node: Any, at: Place) -> Iterator[tuple[str, Node]]:  # noqa: ANN401  # as above
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                self._notes.add(Place(line, at.where), "A key must be a plain name.", "Write `name: value`.")
                continue
            # A file may come from a system that takes names apart into letters and accents.
            name = nfc(_with_pairs_joined(str(key.value)))
            if _SURROGATE.search(name):
                self._notes.add(Place(line, at.where), *_HALF_A_CHARACTER)
                continue
            place = at.inside(show_invisible(name), line)
            unseen = invisible_in_name(name)
            if unseen is not None:
                self._notes.add_last(place, *_unseen(unseen))
            comment = self._comment(key)
            if comment:
                self._warn_of_comment(place, name, comment)
            if str(key.tag).endswith(":merge"):
                self._notes.add(place, "Merge keys are not part of YAML 1.2.", "Write the entries out.")
            elif name in seen:
                first = f"Keep one of the two: the first is on line {seen[name]}."
                self._notes.add(place, f"The key `{name}` stands here twice.", first)
            else:
                seen[name] = line
                built = self.build(value, place)
                yield name, built if built.value is not None else replace(built, comment=self._comment_as_value(key))

    def _items(self, node: Any, at: Place) -> Iterator[Node]:  # noqa: ANN401  # as above
        for index, item in enumerate(node.value, 1):
            yield self.build(item, Place(item.start_mark.line + 1, f"{at.where}[{index}]"))

    def _scalar(self, text: str, node: Any, at: Place) -> FileScalar | None:  # noqa: ANN401  # as above
        kind = str(node.tag).removeprefix(TAG)
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        if kind in {"int", "float"}:
            return self._number(text, at)
        if kind == "bool":  # tagged so
            self._notes.add_last(at, f"`{text}` is no truth value.", "Write `true` or `false`.")
            return None
        if kind != "str":
            self._no_tag(node, at)
        elif self._source.startswith(("! ", "!\t"), node.start_mark.index):
            wrong = f"The `!` before `{text[:_SHOWN]}` is a tag to YAML, and no part of the text."
            self._notes.warn(at, wrong, "Put quotes around all of the text if it belongs to it; else leave it out.")
        if _SURROGATE.search(text):
            self._notes.add_last(at, *_HALF_A_CHARACTER)
            return None
        return text

    def _comment(self, node: Any) -> str:  # noqa: ANN401  # as above
        """Return what follows an unquoted scalar as a comment that its writer probably meant as a part of it."""
        if node.style is not None:
            return ""
        end = node.end_mark.index
        found = UNSPACED_COMMENT.match(self._source, end)
        if found is not None:
            return found[1].rstrip()
        found = _NEXT_LINE.match(self._source, end)
        goes_on = found is not None and node.value and len(found[1]) > self._indent(node.start_mark.index)
        return found[2].rstrip() if found is not None and goes_on else ""

    def _comment_as_value(self, key: Any) -> str:  # noqa: ANN401  # as above
        """Return the comment that stands in the place of a key's value, if no blank follows its #."""
        found = _COMMENT_AS_VALUE.match(self._source, key.end_mark.index)
        return "" if found is None else found[1].rstrip()

    def _indent(self, index: int) -> int:
        """Return how far in the content of the line at this place begins, behind the dashes of lists."""
        start = max(self._source.rfind("\n", 0, index), self._source.rfind("\r", 0, index)) + 1
        line = self._source[start:index]
        return len(line) - len(line.lstrip(" -"))

    def _warn_of_comment(self, at: Place, text: str, comment: str) -> None:
        shown = comment if len(comment) <= _SHOWN else f"{comment[:_SHOWN]}…"
        self._notes.warn(
            at,
            f"This text ends with `{text[-_SHOWN:]}`: `{shown}` behind it is a comment to YAML.",
            "Put quotes around all of the text if that belongs to it; else write a blank behind the #.",
        )

    def _check_tag(self, node: Any, kind: str, at: Place) -> None:  # noqa: ANN401  # as above
        if str(node.tag) != TAG + kind:
            self._no_tag(node, at)

    def _no_tag(self, node: Any, at: Place) -> None:  # noqa: ANN401  # as above
        self._notes.add(at, f"The tag `{node.tag}` means nothing here.", "Leave it out.")

    def _number(self, text: str, at: Place) -> FileScalar | None:
        try:
            found = number(text)
        except ValueError:
            found = float("nan")
        least, above = _NUMBERS
        if least <= found < above:
            return found
        self._notes.add_last(at, f"`{text[:30]}` is no usable number.", "Write a number, or put quotes around a text.")
        return None


def _unseen(character: str) -> tuple[str, str]:
    if character == " ":
        return "This name begins or ends with a blank (U+0020 SPACE).", "Write it without."
    if CONTROL.match(character):
        return (
            "This name has a control character in it.",
            f"Write the name without {describe_character(character)}, on one line.",
        )
    return f"This name has the character {describe_character(character)} in it.", "Write the name without it."


def _with_pairs_joined(text: str) -> str:
    r"""Return `text` with each pair of surrogates as its character: JSON writes an emoji as `"\ud83d\ude00"`."""
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
