"""A file's text becomes a tree with lines; what YAML allows and the file must not hold is a mistake."""

# ruff: noqa: RUF001  # names of characters quote them

from __future__ import annotations

import json

import pytest

from console.file.document import read_document
from console.file.mistakes import Mistakes
from tests.support.owner_file import FULL, GOOD, character, document_of, line_of, mistakes_of, only_mistake


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


def test_an_alias_stands_for_its_anchor() -> None:
    """YAML's anchors and aliases can be used, so that a text need not be typed twice."""
    text = GOOD.replace("en-US: {header", "en-US: &text {header").replace("offers:", "    en-GB: *text\noffers:")
    document = document_of(text)
    assert document.mistakes == ()
    assert document.messages["keep"]["en-GB"].header == "Stay"


def test_reading_reports_its_progress() -> None:
    """The last report has as many characters done as in total."""
    seen: list[tuple[str, int, int]] = []
    read_document(GOOD.encode(), progress=lambda what, done, total: seen.append((what, done, total)))
    assert seen[-1] == ("reading", len(GOOD), len(GOOD))


@pytest.mark.parametrize(
    "number",
    [".nan", ".inf", "-.inf", "9" * 400, "1e999", "9" * 5000, str(2**63), str(-(2**63) - 1), "!!int 1_0", "!!float x"],
)
def test_numbers_are_finite_and_within_64_bits(number: str) -> None:
    """A number that the table cannot hold is one mistake."""
    [(_, mistake)] = mistakes_of(GOOD.replace("{productId: pro.monthly}", f"{{customer.x: {{atLeast: {number}}}}}"))
    assert "is no usable number" in mistake


def test_a_file_may_be_json() -> None:
    """JSON is YAML, also with an emoji that is written as two escapes."""
    header, name = "Stay 😀", "half 😀"
    text = GOOD.replace("header: Stay", f"header: {json.dumps(header)}").replace("  half:", f"  {json.dumps(name)}:")
    assert "\\ud83d\\ude00" in text
    document = document_of(text)
    assert document.mistakes == ()
    assert document.messages["keep"]["en-US"].header == header
    assert name in document.offers


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "\\ude00\\ud83d"])
def test_a_lone_surrogate_is_a_mistake(half: str) -> None:
    """Half of a character, or two halves in the wrong order, cannot be uploaded."""
    assert "half a character" in only_mistake("header: Stay", f'header: "Stay {half}"')[1]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("header: Stay", "header: !!bool yes", "`yes` is no truth value. Write `true` or `false`."),
        ("locales: {", "locales: !mine {", "The tag `!mine` means nothing here."),
        ("fr-CA: [", "fr-CA: !!set [", "The tag `tag:yaml.org,2002:set` means nothing here."),
        ("  pro.annual: {", '  "\\ud800": {', "half a character"),
        ("period: P1M", "period: {a: b}", "`period` is a text, not a mapping. Write one of `P1M`"),
        ("  pro.annual: {", f"  {'é' * 200}: {{", "is no product id"),
    ],
)
def test_yaml_that_a_file_must_not_hold_is_a_mistake(old: str, new: str, expected: str) -> None:
    """Tags, lone surrogates in names and product ids too long for a row's key are refused."""
    assert expected in only_mistake(old, new)[1]


def test_a_directive_for_an_older_yaml_is_a_mistake() -> None:
    """Under YAML 1.1 `yes` would be a boolean and `010` would be eight."""
    assert mistakes_of(f"# ours\n%YAML 1.1\n---\n{GOOD}") == [
        (2, "`%YAML 1.1` asks for another YAML than 1.2. Leave this line out.")
    ]
    assert mistakes_of(f"%YAML 1.2\n---\n{GOOD}") == []


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


CUT = {
    "in a block": ("{header: Stay, body: Please}", "\n      header: We are #1 in hiking\n      body: Please", "We are"),
    "with a tab": (
        "{header: Stay, body: Please}",
        "\n      header: We are\t#1 in hiking\n      body: Please",
        "We are",
    ),
    "in a flow": ("{header: Stay, body: Please}", "{header: We are #1\n      , body: Please}", "We are"),
    "on the next line": (
        "{header: Stay, body: Please}",
        "\n      header: We are\n        #1 in hiking\n      body: Please",
        "We are",
    ),
    "a hash tag": ("{header: Stay, body: Please}", "\n      header: Stay\n      body: Please #staywithus", "Please"),
    "a name": ("name: two", "name: two #2", "two"),
}


@pytest.mark.parametrize("where", CUT)
def test_a_text_cut_off_at_a_hash_is_a_warning(where: str) -> None:
    """An upload cannot be undone, and people seldom write a comment without a space after the `#`."""
    old, new, left = CUT[where]
    document = document_of(FULL.replace(old, new))
    (found,) = document.warnings
    assert document.mistakes == ()
    assert f"`{left}`" in found.wrong
    assert "#" in found.wrong
    assert "quotes" in found.instead


@pytest.mark.parametrize(
    "new",
    [
        "{header: Stay, body: Please}  # as last year",
        "\n      header: Stay # as last year\n      #body: Go\n      body: Please",
        "\n      header: Stay ## loud\n      body: Please\n#  body: old",
        "\n      header: 'We are #1'\n      body: \"A #1 b\" #no",
        "\n      header: We are#1\n      body: |\n        We are #1\n        #2",
        "\n      header: Stay ####\n      body: >-\n        Please #1",
    ],
)
def test_a_comment_is_no_warning(new: str) -> None:
    """With a space after the `#`, quotes, or a block scalar, the meaning is clear."""
    document = document_of(FULL.replace("{header: Stay, body: Please}", new))
    assert (document.mistakes, document.warnings) == ((), ())


def test_a_hash_that_hides_a_brace_is_reported_at_its_line() -> None:
    """The parser misses the brace only on the next line, which is right."""
    with pytest.raises(Mistakes) as caught:
        document_of(FULL.replace("{header: Stay, body: Please}", "{header: We are #1 in hiking, body: Please}"))
    (found,) = caught.value.mistakes
    assert found.line == line_of(FULL, "header: Stay")
    assert "#1 in hiking" in found.wrong
    with pytest.raises(Mistakes, match="expected"):
        document_of(FULL.replace("{header: Stay, body: Please}", '{header: "We are #1", body: Please'))


def test_a_text_that_is_only_a_comment_is_a_mistake() -> None:
    """The mistake states that `#1 in hiking` is a comment to YAML."""
    new = "\n      header: #1 in hiking\n      body: Please"
    (found,) = document_of(FULL.replace("{header: Stay, body: Please}", new)).mistakes
    assert "`#1 in hiking` is a comment" in found.wrong
    assert "quotes" in found.instead


def test_an_exclamation_mark_that_is_a_tag_is_a_warning() -> None:
    """To YAML `! Half price` is the text `Half price`."""
    (warning,) = document_of(FULL.replace("header: Stay", "header: ! Half price")).warnings
    assert "The `!` before `Half price` is a tag" in warning.wrong
    assert document_of(FULL.replace("header: Stay", "header: Stay ! now")).warnings == ()
