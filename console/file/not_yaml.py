"""What is no YAML in a file, as mistakes for its owner: another format, odd characters, errors of the parser.

A parser reports where it could not go on. What was meant to be a blank, a colon or a dash, and is another character,
has its cause on that line or the one before; a merge conflict has it where git wrote its markers.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from ruamel.yaml.error import MarkedYAMLError

from console.file.mistakes import Mistake, Mistakes
from console.file.scanner import TabIndentsError
from console.terminal.characters import describe_character, unfit_in_file

_FORMATS: Final = (
    (
        rb"version (https://git-lfs\.github\.com/spec|http://git-media\.io)/v",
        "a Git LFS pointer",
        "Run `git lfs pull`.",
    ),
    (rb"\x00GITCRYPT\x00", "encrypted by git-crypt", "Run `git-crypt unlock`."),
    (rb"\s*(<!doctype|<html|<\?xml)", "a page of HTML or XML", "Fetch the file itself, as text."),
    (rb"\x1f\x8b", "packed by gzip", "Unpack it first."),
    (rb"PK\x03\x04", "a ZIP archive", "Unpack it first."),
    (rb"%PDF|\{\\rtf|\xd0\xcf\x11\xe0", "a word processor's document", "Save it as plain text in UTF-8."),
)
_OURS: Final = re.compile("^<{7} ", re.MULTILINE)
_THEIRS: Final = re.compile("^>{7} ", re.MULTILINE)

_BLANKS: Final = "\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000"
_DASHES: Final = "\u2010-\u2015\u2022\u2212\uff0d"
# Where only YAML's own signs do: what a line begins with, and what follows a key.
_SIGN: Final = re.compile(
    f"^[ -]*([{_BLANKS}]|[{_DASHES}](?=[ {_BLANKS}]))|^[ -]*[^\\s:'\"]+(?::([{_BLANKS}])|(\uff1a))"
)

# Two or four bytes for each character: with the mark of it, or a first character of ASCII next to its zeros.
_WIDE = re.compile(rb"\xff\xfe|\xfe\xff|\0\0\xfe\xff|\0\0?\0?[\t\n\r -~]\0|[\t\n\r -~]\0[^\0]?\0", re.DOTALL)
_TABBED = re.compile(" *\t[ \t]*[^ \t#]")
_LINE_END = re.compile("\r\n|\r|\n")
# What YAML takes for a comment behind an unquoted text, and its writer probably did not: no blank follows the #.
UNSPACED_COMMENT: Final = re.compile(r"[ \t]+(#+[^\s#][^\r\n]*)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')
_SHOWN: Final = 40
_MOST_CHARACTERS: Final = 20
_NO_COLON: Final = "could not find expected ':'"
_INDENT: Final = (
    "Check quotes, colons and indentation there; text with `: ` or ` #` in it, or a sign such as @ * & % [ at its"
    " beginning, needs quotes."
)


def yaml_text(source: bytes, file: str) -> str:
    """Return the text of a file in UTF-8, without a byte order mark. Raises `Mistakes` where it cannot be YAML."""
    other = _other_format(source)
    if other is not None:
        raise Mistakes(file, [other])
    text = _decoded(source, file)
    _check_characters(text, file)
    return text


def syntax_mistake(error: Exception, text: str) -> Mistake:
    """Return the mistake for what parsing `text` raised: an error of ruamel's, a RecursionError or a ValueError."""
    if isinstance(error, MarkedYAMLError):
        return _marked_mistake(error, text)
    if isinstance(error, RecursionError):
        wrong, instead = "This is not YAML: it is nested too deeply.", "An alias may not stand inside itself."
        return Mistake(1, "", wrong, instead)
    wrong = f"This is not YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}."
    return Mistake(1, "", wrong, _INDENT)


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
    found = itertools.islice(unfit_in_file(text), _MOST_CHARACTERS)
    line, position, mistakes = 1, 0, []
    for index, character in found:
        line += len(_LINE_END.findall(text, position, index))
        position = index
        wrong = f"This is not YAML: the character {describe_character(character)} stands in this line."
        mistakes.append(Mistake(line, "", wrong, "Take it out, or write what was meant instead."))
    if mistakes:
        raise Mistakes(file, mistakes)


def _marked_mistake(error: MarkedYAMLError, text: str) -> Mistake:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    lines = _LINE_END.split(text)
    written = lines[line - 1 : line]
    if "flow" in str(error.context) and error.context_mark is not None:
        # The comment swallowed what closes the braces, which is missed further on.
        for number, each in enumerate(lines[error.context_mark.line : line], error.context_mark.line + 1):
            cut = UNSPACED_COMMENT.search(_QUOTED.sub("", each))
            if cut is not None:
                problem = f"This is not YAML: `{cut[1][:_SHOWN]}` is a comment, and the rest of the line with it."
                return Mistake(number, "", problem, "Put quotes around the text that has the # in it.")
    # Behind a tab no block begins, so where one was meant the scanner finds something else wrong.
    if isinstance(error, TabIndentsError) or (written and _TABBED.match(written[0])):
        return Mistake(line, "", "A tab indents this line.", "YAML takes blanks only: use them.")
    known = _conflict(text) or _odd_sign(lines, line)
    if known is not None:
        return known
    if error.problem == _NO_COLON and error.context_mark is not None:
        # The scanner misses it where the next key begins.
        line = error.context_mark.line + 1
        return Mistake(line, "", "This is not YAML: the line has no `key: value`.", _INDENT)
    return Mistake(line, "", f"This is not YAML: {error.problem or error.context}.", _INDENT)


def _other_format(source: bytes) -> Mistake | None:
    """Return the mistake of a file that is something else, or None."""
    for form, what, instead in _FORMATS:
        if re.match(form, source.removeprefix(b"\xef\xbb\xbf"), re.IGNORECASE):
            return Mistake(1, "", f"This is not YAML: the file is {what}.", instead)
    return None


def _conflict(text: str) -> Mistake | None:
    """Return the mistake of a merge that git could not settle, at its first marker, or None."""
    ours = _OURS.search(text)
    if ours is None or _THEIRS.search(text, ours.end()) is None:
        return None
    line = text.count("\n", 0, ours.start()) + 1
    return Mistake(line, "", "A merge conflict begins in this line.", "Settle it, and take git's markers out.")


def _odd_sign(lines: Sequence[str], line: int) -> Mistake | None:
    """Return the mistake of a line that has another character in the place of a blank, a colon or a dash, or None.

    `line`, from 1 on, is where the parser gave up: it and the two before are looked at.
    """
    for number in range(max(1, line - 2), min(line, len(lines)) + 1):
        found = _SIGN.match(lines[number - 1])
        if found is not None:
            sign = describe_character(next(filter(None, found.groups())))
            wrong = f"This is not YAML: {sign} stands in the place of one of its own signs."
            return Mistake(number, "", wrong, "Write a plain blank, colon or hyphen there.")
    return None
