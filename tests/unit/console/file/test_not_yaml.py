"""A file that is no YAML is one mistake, which names the cause."""

# ruff: noqa: RUF001  # names of characters quote them

from __future__ import annotations

import pytest
from ruamel.yaml.error import MarkedYAMLError, StringMark

from console.file.document import read_document
from console.file.mistakes import Mistakes
from console.file.not_yaml import syntax_mistake, yaml_text
from tests.support.owner_file import FULL, character, document_of, line_of


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("  pro.monthly", "\u00a0\u00a0pro.monthly", "pro.monthly:", "U+00A0 NO-BREAK SPACE"),
        ("  pro.monthly", "\u3000pro.monthly", "pro.monthly:", "U+3000 IDEOGRAPHIC SPACE"),
        ("name: one", "name:\u00a0one", "name:", "U+00A0 NO-BREAK SPACE"),
        ("name: one", "name:\u2009one", "name:", "U+2009 THIN SPACE"),
        ("name: one", "name\uff1aone", "name", "U+FF1A FULLWIDTH COLON"),
        ("  - name: one", "  \u2013 name: one", "name:", "U+2013 EN DASH"),
        ("  - name: one", "  \u2022 name: one", "name:", "U+2022 BULLET"),
        ("  - name: one", "  -\u00a0name: one", "name:", "U+00A0 NO-BREAK SPACE"),
        ("locales: {default: en-US}", "locales:en-US", "locales:", "the line has no `key: value`"),
        ("rules:", "<<<<<<< HEAD\nrules:\n=======\nrules:\n>>>>>>> b", "<<<<", "A merge conflict begins in this line."),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_character_that_stops_the_parser_is_named_at_its_line(
    old: str, new: str, line: str, expected: str, ends: str
) -> None:
    """A pasted no-break space looks like a space, and the parser fails only one line later."""
    text = FULL.replace(old, new, 1)
    with pytest.raises(Mistakes) as refused:
        document_of(text.replace("\n", ends))
    (mistake,) = refused.value.mistakes
    assert expected in mistake.wrong
    assert text.splitlines()[mistake.line - 1].lstrip(" -\u00a0\u3000\u2013\u2022").startswith(line)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Run `git lfs pull`."),
        (b"\0GITCRYPT\0\1", "Run `git-crypt unlock`."),
        (b"\n<!DOCTYPE html>\n<title>Sign in</title>", "Fetch the file itself, as text."),
        (b"\x1f\x8b\x08\0", "Unpack it first."),
        (b"PK\x03\x04", "Unpack it first."),
        (b"{\\rtf1\\ansi", "Save it as plain text in UTF-8."),
    ],
)
def test_a_file_of_another_kind_is_one_mistake(content: bytes, expected: str) -> None:
    """The mistake names what to do, and missing sections are not reported as well."""
    with pytest.raises(Mistakes) as refused:
        read_document(content)
    (mistake,) = refused.value.mistakes
    assert mistake.instead == expected


@pytest.mark.parametrize("text", ["\u2014 one", "\u2022 one", "\uff1aone", "<<<<<<< x", "\u00a0one"])
def test_the_same_characters_in_a_text_are_allowed(text: str) -> None:
    """These characters are searched for only if the file is not YAML."""
    changed = FULL.replace("body: Please}", "body: |\n").replace("body: |\n", f'body: "{text}"}}')
    assert document_of(changed).mistakes == ()


def test_good_text_is_decoded_without_its_byte_order_mark() -> None:
    """Line ends stay as they are, since a release stores the file byte for byte."""
    assert yaml_text("\ufeffa: é\r\n".encode(), "case") == "a: é\r\n"


@pytest.mark.parametrize(
    ("text", "line", "wrong"),
    [
        ("a: 1\n<<<<<<< HEAD\nb: 2\n=======\n>>>>>>> other\nc\n", 2, "A merge conflict begins in this line."),
        ("a: 1\n<<<<<<< HEAD\nb: 2\nc\n", 4, "This is not YAML: here."),
        ("a: 1\n\u00a0b: 2\nc: 3\nd\n", 2, "U+00A0 NO-BREAK SPACE"),
        ("\u00a0a: 1\nb: 2\nc: 3\nd\n", 4, "This is not YAML: here."),
    ],
)
def test_the_cause_of_a_parsers_error_is_searched_in_the_lines_before_it(text: str, line: int, wrong: str) -> None:
    """A conflict needs both of git's markers, and an odd sign is a cause only within two lines of the failure."""
    last = text.count("\n") - 1
    found = syntax_mistake(MarkedYAMLError(problem="here", problem_mark=StringMark("case", 0, last, 0, text, 0)), text)
    assert found.line == line
    assert wrong in found.wrong


@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        (b"a: [1,\n b: }", 2, "This is not YAML"),
        (b"a: \xff", 1, "This is not UTF-8 text."),
        (b"a: &a [*a]", 1, "This is not YAML"),
        (b"a: 1\n---\nb: 2", 2, "This is not YAML"),
        (b"[" * 5000, 1, "This is not YAML"),
        (b"\x00", 1, "This is not YAML"),
    ],
)
def test_what_is_not_yaml_is_one_mistake(source: bytes, line: int, expected: str) -> None:
    """A file that cannot be parsed is one mistake with its line, and never a traceback."""
    with pytest.raises(Mistakes) as caught:
        read_document(source)
    [mistake] = caught.value.mistakes
    assert mistake.line == line
    assert expected in mistake.wrong


@pytest.mark.parametrize("source", [b"a: " + b"[" * 2000, b"a: &a [*a]\n"])
def test_a_very_deep_file_is_one_mistake(source: bytes) -> None:
    """A file that is nested very deeply, or inside itself, is one mistake."""
    with pytest.raises(Mistakes, match="nested too deeply"):
        read_document(source)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "named",
    [
        "U+0092 PRIVATE USE TWO (a `’` of Windows-1252)",
        "U+000B LINE TABULATION",
        "U+0000 NULL",
        "U+007F DELETE",
        "U+0085 NEXT LINE",
        "U+2028 LINE SEPARATOR",
        "U+2029 PARAGRAPH SEPARATOR",
        "U+FEFF ZERO WIDTH NO-BREAK SPACE",
        "U+FFFE no character",
        "U+001B ESCAPE",
    ],
)
def test_a_raw_control_character_is_named_at_its_line(named: str, ends: str) -> None:
    """The mistake names the character, and gives no advice about quotes and indentation."""
    text = FULL.replace("header: Stay", f"header: St{character(named)}ay").replace("\n", ends)
    with pytest.raises(Mistakes) as caught:
        read_document(text.encode("utf-8", "surrogatepass"))
    (found,) = caught.value.mistakes
    assert (found.line, named in found.wrong) == (line_of(FULL, "header: Stay"), True)
    assert "quotes" not in str(found)


def test_all_control_characters_are_reported_at_once() -> None:
    """Two control characters on two lines are two mistakes."""
    with pytest.raises(Mistakes) as caught:
        read_document(FULL.replace("one", "o\x01e").replace("two", "t\x02o").encode())
    assert [mistake.line for mistake in caught.value.mistakes] == [
        line_of(FULL, "name: one"),
        line_of(FULL, "name: two"),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_named(encoding: str) -> None:
    """UTF-16 and UTF-32 are named as such; the file is not reported as one of control characters."""
    with pytest.raises(Mistakes, match=r"UTF-16 or UTF-32.*Save the file as UTF-8"):
        read_document(FULL.encode(encoding))


def test_a_byte_that_is_no_utf8_is_reported_at_its_line() -> None:
    """An apostrophe of Windows-1252 is a byte that is not valid in UTF-8."""
    with pytest.raises(Mistakes, match=f":{line_of(FULL, 'header: Stay')}: This is not UTF-8 text.*0x92"):
        read_document(FULL.encode().replace(b"Stay", b"Don\x92t"))


def test_a_byte_order_mark_may_begin_a_file() -> None:
    """Some editors on Windows write a byte order mark."""
    assert read_document(b"\xef\xbb\xbf" + FULL.encode()).mistakes == ()


def test_a_hash_that_hides_a_brace_is_reported_at_its_line() -> None:
    """The parser reports the missing brace one line later, where nothing is wrong."""
    with pytest.raises(Mistakes) as caught:
        document_of(FULL.replace("{header: Stay, body: Please}", "{header: We are #1 in hiking, body: Please}"))
    (found,) = caught.value.mistakes
    assert found.line == line_of(FULL, "header: Stay")
    assert "#1 in hiking" in found.wrong
    with pytest.raises(Mistakes, match="expected"):
        document_of(FULL.replace("{header: Stay, body: Please}", '{header: "We are #1", body: Please'))
