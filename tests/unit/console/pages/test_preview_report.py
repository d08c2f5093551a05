"""What `preview` prints: one line, one JSON document, or Markdown that nothing in a file can break."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from console.file.edition import side_of_file
from console.local.samples import SAMPLE
from console.pages.preview import Counts
from console.pages.preview_report import document, markdown, show, summary
from console.pages.remarks import Remark
from console.terminal.output import Output
from tests.support.drawn_pages import previewed
from tests.support.edited_sample import edited

FOUND = previewed()


def test_one_line_has_the_page_and_its_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """With the warning that texts may be unpublished; without a page nothing."""
    show(FOUND, Path("preview.html"), Output())
    out = capsys.readouterr().out
    assert out == (
        f"preview.html: {len(FOUND.board.screens)} screens, 0 mistakes in texts, {len(FOUND.remarks)} remarks worth a"
        f" look, {len(FOUND.found.without_default)} places without a default message."
        " It shows texts that may not be published yet.\n"
    )
    show(FOUND, None, Output())
    assert capsys.readouterr().out == ""


def test_the_line_names_everything_that_makes_a_check_fail() -> None:
    """A text that waits, a rejected one and a missing default are counted, where there is any; without them no more."""
    clean = Counts(screens=3, changed=None, waiting=0, rejected=0, without_default=0, wrong=0, worth_a_look=1)
    assert summary(clean) == "3 screens, 0 mistakes in texts, 1 remark worth a look"
    failing = replace(clean, waiting=1, rejected=2, without_default=1)
    assert summary(failing) == (
        "3 screens, 0 mistakes in texts, 1 remark worth a look, 1 text waiting for Apple, 2 rejected texts,"
        " 1 place without a default message"
    )


def test_the_json_document_names_screens_by_identity() -> None:
    """Cells and remarks lead to screens of the document, and it can be written."""
    found = json.loads(json.dumps(document(FOUND, None)))
    names = {one["id"] for one in found["screens"]}
    assert {name for cell in found["cells"] for name in cell["screens"] if name} <= names
    assert {remark["screen"] for remark in found["remarks"]} - {None} <= names
    assert found["counts"]["changed"] is None


def test_markdown_has_counts_changes_and_remarks(tmp_path: Path) -> None:
    """Tables as GitHub draws them; what is wrong stands first."""
    file = edited(tmp_path, ("Keep your weekend walks", "Keep %s walks"))
    printed = markdown(previewed(file, before=side_of_file(SAMPLE)))
    assert "| changed texts | 1 |" in printed
    assert "| texts that wait for Apple | not asked |" in printed
    assert "| <code>keep&#45;basic in en&#45;US</code> | changed |" in printed
    assert printed.index("W2 **wrong**") < printed.index("L1 look")


def test_markdown_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """So that it can be redirected into a comment; with --json the document is all."""
    show(FOUND, Path("preview.html"), Output(), as_markdown=True)
    assert capsys.readouterr().out == markdown(FOUND)
    show(FOUND, None, Output(as_json=True), as_markdown=True)
    assert json.loads(capsys.readouterr().out)["page"] is None


@pytest.mark.parametrize(
    "evil", ["a|b", "`x`", "@ada", "<img src=x>", "[x](http://x)", "a\n# b", "*a*", "![x](y)", "&lt;"]
)
def test_nothing_in_a_name_is_markdown(evil: str) -> None:
    """Names and texts are code of letters, digits and character references: no markup, link or mention."""
    printed = markdown(replace(FOUND, remarks=(Remark("W2", evil, "en-US", "m", evil),)))
    [line] = [line for line in printed.splitlines() if "W2" in line]
    assert re.fullmatch(
        r"\| <code>([A-Za-z0-9 ]|&#\d+;)*</code> \| W2 \*\*wrong\*\* \| <code>([A-Za-z0-9 ]|&#\d+;)*</code> \|", line
    )


def test_a_comment_is_not_longer_than_github_takes() -> None:
    """Of more than a hundred remarks the rest is a number."""
    remarks = tuple(Remark("W2", f"set{number}", "en-US", "m", "x") for number in range(150))
    printed = markdown(replace(FOUND, remarks=remarks))
    assert "| and 50 more | | |" in printed
    assert printed.count("**wrong**") == 100


def test_a_comment_in_another_script_is_not_longer_than_github_takes() -> None:
    """Letters of every script are written as they are; what is no letter is written by its number."""
    remarks = tuple(Remark("L2", "引き止める文" * 10, "ja", f"m{at}", "本文_<b>\u202e") for at in range(500))
    printed = markdown(replace(FOUND, remarks=remarks))
    assert len(printed) < 65_536 / 3
    assert "<code>本文&#95;&#60;b&#62;&#8238;</code>" in printed
