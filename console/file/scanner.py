"""ruamel's scanner, with the tabs of YAML 1.2: they separate tokens and belong to texts, but never indent a block."""

from __future__ import annotations

import re
from typing import Any, Final

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.scanner import Scanner, ScannerError

_BLANK: Final = " \t"
_BREAK: Final = "\r\n"
_END: Final = "\0\r\n"
_INDICATORS: Final = re.compile("([-+])([1-9])?|([1-9])?([-+])?")


class TabIndentsError(MarkedYAMLError):
    """A line of a block begins with a tab."""


class TabScanner(Scanner):
    """Sections 6.1 and 6.2 of the specification: s-indent is blanks alone, s-separate-in-line blanks and tabs."""

    def scan_to_next_token(self) -> None:
        """Skip blanks, tabs, comments and line breaks up to the next token."""
        reader = self.reader
        while True:
            tab = self._skip_blanks()
            if reader.peek() == "#":
                while reader.peek() not in _END:
                    reader.forward()
            if self.scan_line_break():
                if not self.flow_level:
                    self.allow_simple_key = True
                continue
            if tab is not None and not self.flow_level and reader.peek() != "\0":
                if self._begins_line(tab.index) and tab.column <= self.indent:
                    raise TabIndentsError(problem="a tab indents this line", problem_mark=tab)
                # Section 8.2: what a compact block follows is indentation, which a tab cannot be. A text may follow it.
                self.allow_simple_key = False
            return

    def _begins_line(self, index: int) -> bool:
        """Return whether nothing but blanks stands before this place of its line."""
        text = self.reader.stream.text
        start = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
        return not text[start:index].strip(" ")

    def _skip_blanks(self) -> Any:  # noqa: ANN401  # a mark of ruamel's
        """Skip blanks and tabs; return the place of the first tab, or None."""
        reader, tab = self.reader, None
        while (character := reader.peek()) in _BLANK:
            if tab is None and character == "\t":
                tab = reader.get_mark()
            reader.forward()
        return tab

    def scan_plain_spaces(self, indent: Any, start_mark: Any) -> Any:  # noqa: ANN401, ARG002  # as ruamel declares it
        """Return what stands between two words of a plain text; a tab between them is a part of it."""
        reader, length = self.reader, 0
        while reader.peek(length) in _BLANK:
            length += 1
        blanks = reader.prefix(length)
        reader.forward(length)
        if reader.peek() not in _BREAK:
            return [blanks] if blanks else []
        self.scan_line_break()
        self.allow_simple_key = True
        breaks: list[str] = []
        while not self._document_ends():
            self._skip_indent(indent)
            if reader.peek() not in _BREAK:
                return breaks or [" "]
            breaks.append(self.scan_line_break())
        return None

    def _document_ends(self) -> bool:
        reader = self.reader
        return reader.prefix(3) in {"---", "..."} and reader.peek(3) in "\0 \t\r\n"

    def _skip_indent(self, indent: int) -> None:
        """Skip what a text's next line begins with. A tab counts only behind the blanks that indent it."""
        reader, length = self.reader, 0
        while reader.peek(length) == " ":
            length += 1
        ends = length
        while reader.peek(ends) in _BLANK:
            ends += 1
        if self.flow_level or reader.column + length >= indent or reader.peek(ends) in _BREAK:
            length = ends
        reader.forward(length)

    def scan_block_scalar_indicators(self, start_mark: Any) -> Any:  # noqa: ANN401  # as ruamel declares it
        """Return the signs behind `|` and `>`: whether to keep the last line's end, and how far the text stands in."""
        reader, length = self.reader, 0
        while reader.peek(length) not in " \t\0\r\n":
            length += 1
        signs = _INDICATORS.fullmatch(reader.prefix(length))
        if signs is None:
            problem = "expected nothing but chomping or indentation indicators behind `|` or `>`"
            raise ScannerError("while scanning a block scalar", start_mark, problem, reader.get_mark())
        reader.forward(length)
        chomping, increment = signs[1] or signs[4], signs[2] or signs[3]
        return (chomping == "+" if chomping else None), (int(increment) if increment else None)

    def scan_block_scalar_ignored_line(self, start_mark: Any) -> Any:  # noqa: ANN401  # as ruamel declares it
        """Skip what may follow `|` and `>` on their line: blanks, tabs, a comment."""
        self._skip_blanks()
        return super().scan_block_scalar_ignored_line(start_mark)
