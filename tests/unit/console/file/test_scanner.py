"""A tab separates tokens and belongs to texts, and never indents."""

# ruff: noqa: E501  # a table of files

from __future__ import annotations

import pytest

from console.file.mistakes import Mistakes
from tests.support.owner_file import FULL, document_of

TABBED = {
    "after a colon": ("name: one", "name:\tone"),
    "around a colon in a mapping": ("{header: Stay,", "{header\t:\tStay\t,"),
    "behind a dash": ("  - name: one", "  - name: one\n    answer:\n    \t\n    x"),
    "before a comment": ("name: one", "name: one\t# first"),
    "at the end of a line": ("rules:\n", "rules:\t\n"),
    "on a line of its own": ("rules:\n", "\t\nrules:\n"),
    "before a comment line": ("rules:\n", "\t# here they come\nrules:\n"),
    "inside a list": ("{productId: pro.monthly, userLocale: en}", "{userLocale: [\ten\t,\tfr ]}"),
    "behind a block scalar's sign": (
        "{header: Stay, body: Please}",
        "\n      header: |\t# text\n        Stay\n      body: Please",
    ),
    "before a text on the next line": ("name: one", "name:\n     \tone"),
    "before a flow on the next line": ("    answer: {advanced", "    answer:\n      \t{advanced"),
    "before an anchor": ("header: Stay", "header:\t&a Stay"),
}


@pytest.mark.parametrize("where", TABBED)
def test_a_tab_separates_tokens(where: str) -> None:
    """YAML 1.2, section 6.2: spaces and tabs separate tokens."""
    old, new = TABBED[where]
    if where == "behind a dash":
        old, new = (
            "    when: {productId: pro.monthly, userLocale: en}",
            "    when: {productId: pro.monthly, userLocale: {in:\n      [en,\tfr]}}",
        )
    assert old in FULL
    assert document_of(FULL.replace(old, new)).mistakes == ()


def test_a_tab_inside_a_text_belongs_to_it() -> None:
    """A tab inside a text is kept; a text may also continue after spaces and tabs on the next line."""
    long = FULL.replace("{header: Stay, body: Please}", "\n      header: Stay\there\n      body: Please\n       \tstay")
    text = document_of(long).messages["keep"]["en-US"]
    assert (text.header, text.body) == ("Stay\there", "Please stay")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  keep:\n", "\tkeep:\n"),
        ("  keep:\n", " \tkeep:\n"),
        ("  - name: two", "\t- name: two"),
        ("    en-US: {", "  \t  en-US: {"),
        ("  keep:\n    en-US: {header: Stay, body: Please}", "  keep:\n    en-US:\n      header: Stay\n\tbody: Please"),
        ("  keep:\n    en-US: {header: Stay, body: Please}", "  keep:\n    en-US:\n      header: |\n        Stay\n      \tbody: Please"),
    ],
)  # fmt: skip
def test_a_tab_that_indents_is_refused_with_its_line(old: str, new: str) -> None:
    """Section 6.1: only spaces indent, since the width of a tab depends on the editor."""
    text = FULL.replace(old, new)
    assert text != FULL
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "\t" in each)
    with pytest.raises(Mistakes) as caught:
        document_of(text)
    (found,) = caught.value.mistakes
    assert (found.line, found.wrong) == (line, "A tab indents this line.")


@pytest.mark.parametrize("new", ["  -\tname: one", "  -\t- one"])
def test_a_tab_before_a_compact_block_is_refused(new: str) -> None:
    """Section 8.2: the space after the dash indents the block that follows on its line."""
    with pytest.raises(Mistakes, match="This is not YAML"):
        document_of(FULL.replace("  - name: one", new))
