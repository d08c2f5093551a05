"""A file's text becomes a tree with lines; what YAML allows and the file must not hold is a mistake."""

from __future__ import annotations

import json

import pytest

from console.file.document import read_document
from console.file.mistakes import Notes, Place
from console.file.tree import parse
from tests.support.owner_file import FULL, GOOD, document_of, mistakes_of, only_mistake


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


def test_each_value_has_its_line_and_its_path() -> None:
    """Below a key the place is the key's; items of a list are counted from 1."""
    root = parse(b"a:\n  b: 1\nc:\n  - x\n  - {d: 2}\n", "case", Notes())
    deep = root.entries["a"].entries["b"]
    assert (deep.at, deep.value, deep.written) == (Place(2, "a.b"), 1, "1")
    first, second = root.entries["c"].items
    assert (first.at, first.value) == (Place(4, "c[1]"), "x")
    assert second.entries["d"].at == Place(5, "c[2].d")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("", "nothing"),
        ("~", "nothing"),
        ("TRUE", "the truth value `TRUE`"),
        ("1.50", "the number `1.50`"),
        ("'1.50'", "the text `1.50`"),
        ("2026-12-01", "the text `2026-12-01`"),
        ("[1]", "a list"),
        ("{a: 1}", "a mapping"),
    ],
)
def test_a_value_is_called_what_its_owner_calls_it(written: str, kind: str) -> None:
    """Mistakes name what stands in a place, with scalars as they are written."""
    assert parse(f"a: {written}".encode(), "case", Notes()).entries["a"].kind == kind


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("a: 1\na: 2\n", "The key `a` stands here twice."),
        ("<<: {a: 1}\n", "Merge keys are not part of YAML 1.2."),
        ("? [a]\n: 1\n", "A key must be a plain name."),
        ("a: !x 1\n", "The tag `!x` means nothing here."),
    ],
)
def test_what_yaml_allows_and_a_file_must_not_hold_is_a_mistake(source: str, wrong: str) -> None:
    """Reading goes on, and the first of two equal keys counts."""
    notes = Notes()
    parse(source.encode(), "case", notes)
    assert [mistake.wrong for mistake in notes.mistakes] == [wrong]
