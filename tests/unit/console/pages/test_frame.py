"""What pages share: policy, characters, lists, and writing a page in one step."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from console.pages.frame import drawable, few, page_environment, policy, visible, write_page
from console.terminal.failure import Failure


def hash_of(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def test_a_policy_allows_what_it_is_given() -> None:
    """A style and a script by their hashes; a page without a script allows none."""
    assert policy("a", "b") == (
        f"default-src 'none'; style-src '{hash_of('a')}'; script-src '{hash_of('b')}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    assert policy("a") == (
        f"default-src 'none'; style-src '{hash_of('a')}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_templates_escape_and_demand_their_names() -> None:
    """What is not marked as our own is escaped, in a text and in an attribute."""
    made = page_environment().from_string('<p title="{{ name }}">{{ name }}</p>').render(name='"><script>')
    assert made == '<p title="&#34;&gt;&lt;script&gt;">&#34;&gt;&lt;script&gt;</p>'


@pytest.mark.parametrize(
    ("text", "shown", "drawn"),
    [
        ("a\u202eb", "a␣U+202E b", "a\u202eb"), ("\x00", "␣U+0000 ", "\ufffd"), ("\ud800", "␣U+D800 ", "\ufffd"),
        ("می\u200cخ", "می\u200cخ", "می\u200cخ"), ("a\u00a0b\n", "a\u00a0b\n", "a\u00a0b\n"),
        ("\U0001ffff", "␣U+1FFFF ", "\ufffd"), ("\U0001f468\u200d\U0001f469",) * 3,
    ],
)  # fmt: skip
def test_characters_that_hide_or_turn_text(text: str, shown: str, drawn: str) -> None:
    """Around the drawing they are named; in it they do what they would do, unless HTML cannot hold them."""
    assert (visible(text), drawable(text)) == (shown, drawn)


def test_long_lists_end_in_a_number() -> None:
    """One more than is shown is shown, too."""
    assert few(tuple("abcdefg")) == "a, b, c, d, e, f, g"
    assert few(tuple("abcdefgh")) == "a, b, c, d, e, f and 2 more"


def test_a_page_is_written_in_one_step(tmp_path: Path) -> None:
    """The page before it stays until then, and a page that cannot be written leaves nothing behind."""
    page = tmp_path / "page.html"
    write_page(page, "<p>a</p>\n", "--html")
    assert page.read_bytes() == b"<p>a</p>\n"
    with pytest.raises(Failure, match=r"cannot be written: No such file or directory. Name another file with --html."):
        write_page(tmp_path / "none" / "page.html", "", "--html")
    assert list(tmp_path.iterdir()) == [page]


def test_a_page_replaces_a_page_alone(tmp_path: Path) -> None:
    """The file that is drawn, an image or a folder stays as it is, also behind a link; a page before it is replaced."""
    page, html = tmp_path / "page.html", "<!doctype html>\n<p>a"
    for content in ("", "<!DOCTYPE html><p>b"):
        page.write_text(content, encoding="utf-8")
        write_page(page, html, "--output")
        assert page.read_text(encoding="utf-8") == html
    (tmp_path / "retention.yaml").write_text("app: {}\n", encoding="utf-8")
    (tmp_path / "link.html").symlink_to("retention.yaml")
    for name in ("retention.yaml", "link.html"):
        with pytest.raises(Failure, match=r"it is there already, and is no HTML page. Name another file with --output"):
            write_page(tmp_path / name, html, "--output")
    assert (tmp_path / "retention.yaml").read_text(encoding="utf-8") == "app: {}\n"
    for other, why in ((tmp_path, "is a directory"), (Path("/dev/null"), "is a device"), (Path(), "is a directory")):
        with pytest.raises(Failure, match=f"cannot be written: {why}. Name another file with --output"):
            write_page(other, html, "--output")
    with pytest.raises(Failure, match="not to standard output: name one with --output"):
        write_page(Path("-"), html, "--output")


def test_a_page_is_written_through_a_link(tmp_path: Path) -> None:
    """The link stays, and what it leads to is the page; a name that is too long leaves nothing behind."""
    (tmp_path / "link.html").symlink_to("page.html")
    write_page(tmp_path / "link.html", "<!doctype html>", "--html")
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "<!doctype html>"
    with pytest.raises(Failure, match="File name too long"):
        write_page(tmp_path / f"{'a' * 251}.html", "<!doctype html>", "--html")
    assert {file.name for file in tmp_path.iterdir()} == {"link.html", "page.html"}
