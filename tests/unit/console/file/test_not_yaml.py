"""A file that is no YAML is one mistake, which names the cause."""

from __future__ import annotations

import pytest

from console.file.document import read_document
from console.file.mistakes import Mistakes
from tests.support.owner_file import FULL, document_of


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
    spoilt = FULL.replace("body: Please}", "body: |\n").replace("body: |\n", f'body: "{text}"}}')
    assert document_of(spoilt).mistakes == ()
