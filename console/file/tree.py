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
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from console.file.core_schema import TAG, CoreResolver, number
from console.file.foreign import conflict, odd_sign, other_format
from console.file.identifiers import nfc
from console.file.mistakes import CONTROL, Mistake, Mistakes, Notes, Place
from console.file.scanner import TabIndentsError, TabScanner
from console.terminal.characters import describe_character, invisible_in_name, show_invisible, unfit_in_file
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
# Two or four bytes for each character: with the mark of it, or a first character of ASCII next to its zeros.
_WIDE = re.compile(rb"\xff\xfe|\xfe\xff|\0\0\xfe\xff|\0\0?\0?[\t\n\r -~]\0|[\t\n\r -~]\0[^\0]?\0", re.DOTALL)
_TABBED = re.compile(" *\t[ \t]*[^ \t#]")
_LINE_END = re.compile("\r\n|\r|\n")
# What YAML takes for a comment behind an unquoted text, and its writer probably did not: no blank follows the #.
_NO_COMMENT = re.compile(r"[ \t]+(#+[^\s#][^\r\n]*)")
_INSTEAD = re.compile(rf"[ \t]*:{_NO_COMMENT.pattern}")
# The same on the next line, which stands further in than what the text belongs to: a text goes on so.
_NEXT_LINE = re.compile(r"[ \t]*(?:\r\n|\r|\n)([ \t]*)(#+[^\s#][^\r\n]*)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')
_SHOWN: Final = 40
_MOST_CHARACTERS: Final = 20


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
    other = other_format(source)
    if other is not None:
        raise Mistakes(file, [other])
    text = _decoded(source, file)
    _check_characters(text, file)
    try:
        _check_version(text, notes)
        yaml = YAML(typ="safe", pure=True)
        yaml.Resolver, yaml.Scanner = CoreResolver, TabScanner
        root = yaml.compose(_Watched(text, progress))
        return _Builder(notes, text).tree(root)
    except MarkedYAMLError as error:
        raise Mistakes(file, [_marked(error, text)]) from None
    except RecursionError:
        problem, instead = "This is not YAML: it is nested too deeply.", "An alias may not stand inside itself."
        raise Mistakes(file, [Mistake(1, "", problem, instead)]) from None
    except (YAMLError, ValueError) as error:
        problem = f"This is not YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}."
        raise Mistakes(file, [Mistake(1, "", problem, _INDENT)]) from None


def _marked(error: MarkedYAMLError, text: str) -> Mistake:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    lines = _LINE_END.split(text)
    written = lines[line - 1 : line]
    if "flow" in str(error.context) and error.context_mark is not None:
        # The comment swallowed what closes the braces, which is missed further on.
        for number, each in enumerate(lines[error.context_mark.line : line], error.context_mark.line + 1):
            cut = _NO_COMMENT.search(_QUOTED.sub("", each))
            if cut is not None:
                problem = f"This is not YAML: `{cut[1][:_SHOWN]}` is a comment, and the rest of the line with it."
                return Mistake(number, "", problem, "Put quotes around the text that has the # in it.")
    # Behind a tab no block begins, so where one was meant the scanner finds something else wrong.
    if isinstance(error, TabIndentsError) or (written and _TABBED.match(written[0])):
        return Mistake(line, "", "A tab indents this line.", "YAML takes blanks only: use them.")
    known = conflict(text) or odd_sign(lines, line)
    if known is not None:
        return known
    if error.problem == _NO_COLON and error.context_mark is not None:
        # The scanner misses it where the next key begins.
        line = error.context_mark.line + 1
        return Mistake(line, "", "This is not YAML: the line has no `key: value`.", _INDENT)
    return Mistake(line, "", f"This is not YAML: {error.problem or error.context}.", _INDENT)


def _decoded(source: bytes, file: str) -> str:
    """Return the text of a file in UTF-8, without the byte order mark that it may begin with. Raises `Mistakes`."""
    if _WIDE.match(source):
        raise Mistakes(file, [Mistake(1, "", "This is UTF-16 or UTF-32, not UTF-8 text.", "Save the file as UTF-8.")])
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(_LINE_END.findall(source[: error.start].decode("latin-1"))) + 1
        instead = f"Save the file as UTF-8: the byte 0x{source[error.start]:02X} stands in this line."
        raise Mistakes(file, [Mistake(line, "", "This is not UTF-8 text.", instead)]) from None


def _check_characters(text: str, file: str) -> None:
    """Raise `Mistakes` with the characters that no YAML file holds, each at its line."""
    found = unfit_in_file(text)[:_MOST_CHARACTERS]
    line, position, mistakes = 1, 0, []
    for index, character in found:
        line += len(_LINE_END.findall(text, position, index))
        position = index
        wrong = f"This is not YAML: the character {describe_character(character)} stands in this line."
        mistakes.append(Mistake(line, "", wrong, "Take it out, or write what was meant instead."))
    if mistakes:
        raise Mistakes(file, mistakes)


_HALF_A_CHARACTER: Final = (
    "This text holds half a character (a lone surrogate).",
    "Write the character itself.",
)
_NO_COLON: Final = "could not find expected ':'"
_INDENT: Final = (
    "Check quotes, colons and indentation there; text with `: ` or ` #` in it, or a sign such as @ * & % [ at its"
    " beginning, needs quotes."
)


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
        text = _whole(str(node.value))
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
            name = nfc(_whole(str(key.value)))
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
                yield name, built if built.value is not None else replace(built, comment=self._all_comment(key))

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
        found = _NO_COMMENT.match(self._source, end)
        if found is not None:
            return found[1].rstrip()
        found = _NEXT_LINE.match(self._source, end)
        goes_on = found is not None and node.value and len(found[1]) > self._indent(node.start_mark.index)
        return found[2].rstrip() if found is not None and goes_on else ""

    def _all_comment(self, key: Any) -> str:  # noqa: ANN401  # as above
        """Return the comment that stands in the place of a key's value, if no blank follows its #."""
        found = _INSTEAD.match(self._source, key.end_mark.index)
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


def _whole(text: str) -> str:
    r"""Return `text` with each pair of surrogates as its character: JSON writes an emoji as `"\ud83d\ude00"`."""
    return _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
