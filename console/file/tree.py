"""YAML 1.2 as a tree that remembers lines: the only thing about a file that `console.file.document` has to know.

Scalars have YAML's types, but a date stays the text it was. What YAML allows and an owner's file should not hold is a
mistake: duplicate keys, merge keys, tags, keys that are no scalars, numbers that are not finite.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from console.file.core_schema import TAG, CoreResolver, number
from console.file.mistakes import CONTROL, Mistake, Mistakes, Notes, Place

Scalar: TypeAlias = str | int | float | bool
Progress: TypeAlias = Callable[[str, int, int], None]
Value: TypeAlias = "Scalar | tuple[Node, ...] | Mapping[str, Node] | None"

# Aliases make a small file a large tree; nobody writes this much by hand, and ten thousand rules need a tenth.
_MAX_NODES: Final = 2_000_000
# What neither DynamoDB nor a person counts in: NaN, infinity, more than an int64.
_NUMBERS: Final = (-(2**63), 2**63)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# In column 1 nothing else begins so: content stands further in.
_OTHER_VERSION = re.compile(r"^%YAML[ \t]+(?!1\.2\b).*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file and its place; below a key, the place is the key's.

    `written` is a scalar as it stands in the file: `0123` and `1.50` are numbers, but not to whom they are ids.
    """

    at: Place
    value: Value
    written: str = ""

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


def parse(source: bytes, file: str, notes: Notes, progress: Progress | None = None) -> Node:
    """Return the tree of a file. Raises `Mistakes` with one mistake where it is not UTF-8 YAML at all."""
    try:
        text = source.decode("utf-8-sig")
        _check_version(text, notes)
        yaml = YAML(typ="safe", pure=True)
        yaml.Resolver = CoreResolver
        root = yaml.compose(_Watched(text, progress))
        return _Builder(notes).build(root, Place(1, "")) if root is not None else Node(Place(1, ""), None)
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise Mistakes(file, [Mistake(line, "", "This is not UTF-8 text.", "Save the file as UTF-8.")]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"This is not YAML: {error.problem or error.context}."
        raise Mistakes(file, [Mistake(mark.line + 1 if mark else 1, "", problem, _INDENT)]) from None
    except RecursionError:
        problem, instead = "This is not YAML: it is nested too deeply.", "An alias may not stand inside itself."
        raise Mistakes(file, [Mistake(1, "", problem, instead)]) from None
    except (YAMLError, ValueError) as error:
        problem = f"This is not YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}."
        raise Mistakes(file, [Mistake(1, "", problem, _INDENT)]) from None


_HALF_A_CHARACTER: Final = (
    "This text holds half a character (a lone surrogate).",
    "Write the character itself.",
)
_INVISIBLE: Final = ("This name has a control character in it.", "Write the name without it, on one line.")
_INDENT: Final = "Check quotes, colons and indentation there; text with `: ` or ` #` in it needs quotes."


def _check_version(text: str, notes: Notes) -> None:
    """Note a directive for another YAML, in which `yes` is a truth value and `010` is eight."""
    directive = _OTHER_VERSION.search(text)
    if directive is not None:
        line = text.count("\n", 0, directive.start()) + 1
        notes.add(Place(line, ""), f"`{directive[0].strip()}` asks for another YAML than 1.2.", "Leave this line out.")


class _Watched(io.StringIO):
    """A text that tells how much of it was read: ten thousand rules take several seconds."""

    def __init__(self, text: str, progress: Progress | None) -> None:
        super().__init__(text, newline="")
        self._progress, self._total = progress, len(text)

    def read(self, size: int | None = -1) -> str:
        part = super().read(size)
        if self._progress is not None and self._total:
            self._progress("reading", self.tell(), self._total)
        return part


class _Builder:
    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._count = 0

    def build(self, node: Any, at: Place) -> Node:  # noqa: ANN401  # ruamel's nodes carry no types
        self._count += 1
        if self._count > _MAX_NODES:
            raise ValueError("its aliases unfold to more than two million values")
        if isinstance(node, MappingNode):
            self._check_tag(node, "map", at)
            return Node(at, dict(self._entries(node, at)))
        if isinstance(node, SequenceNode):
            self._check_tag(node, "seq", at)
            return Node(at, tuple(self._items(node, at)))
        text = _whole(str(node.value))
        return Node(at, self._scalar(text, node, at), text)

    def _entries(self, node: Any, at: Place) -> Iterator[tuple[str, Node]]:  # noqa: ANN401  # as above
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                self._notes.add(Place(line, at.where), "A key must be a plain name.", "Write `name: value`.")
                continue
            name = _whole(str(key.value))
            if _SURROGATE.search(name):
                self._notes.add(Place(line, at.where), *_HALF_A_CHARACTER)
                continue
            place = at.inside(CONTROL.sub("\ufffd", name), line)
            if CONTROL.search(name):
                self._notes.add_last(place, *_INVISIBLE)
            if str(key.tag).endswith(":merge"):
                self._notes.add(place, "Merge keys are not part of YAML 1.2.", "Write the entries out.")
            elif name in seen:
                first = f"Keep one of the two: the first is on line {seen[name]}."
                self._notes.add(place, f"The key `{name}` stands here twice.", first)
            else:
                seen[name] = line
                yield name, self.build(value, place)

    def _items(self, node: Any, at: Place) -> Iterator[Node]:  # noqa: ANN401  # as above
        for index, item in enumerate(node.value, 1):
            yield self.build(item, Place(item.start_mark.line + 1, f"{at.where}[{index}]"))

    def _scalar(self, text: str, node: Any, at: Place) -> Scalar | None:  # noqa: ANN401  # as above
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
        if _SURROGATE.search(text):
            self._notes.add_last(at, *_HALF_A_CHARACTER)
            return None
        return text

    def _check_tag(self, node: Any, kind: str, at: Place) -> None:  # noqa: ANN401  # as above
        if str(node.tag) != TAG + kind:
            self._no_tag(node, at)

    def _no_tag(self, node: Any, at: Place) -> None:  # noqa: ANN401  # as above
        self._notes.add(at, f"The tag `{node.tag}` means nothing here.", "Leave it out.")

    def _number(self, text: str, at: Place) -> Scalar | None:
        try:
            found = number(text)
        except ValueError:
            found = float("nan")
        least, above = _NUMBERS
        if least <= found < above:
            return found
        self._notes.add_last(at, f"`{text[:30]}` is no usable number.", "Write a number, or put quotes around a text.")
        return None


def _whole(text: str) -> str:
    r"""Return `text` with each pair of surrogates as its character: JSON writes an emoji as `"\ud83d\ude00"`."""
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
