"""Image files are found by the names in the file, and a missing one gets advice."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from console.file.paths import advice_where_missing, find_file


def test_a_file_is_found_in_either_unicode_form_of_its_name(tmp_path: Path) -> None:
    """macOS may store accents as combining characters, also in the names of folders."""
    apart, together = (unicodedata.normalize(form, "Größe/Menü.png") for form in ("NFD", "NFC"))
    for there, asked in ((apart, together), (together, apart)):
        base = tmp_path / str(len(there))
        (base / there).parent.mkdir(parents=True)
        (base / there).write_bytes(b"x")
        assert find_file(base, asked).read_bytes() == b"x"
    assert find_file(tmp_path, "ü.png") == tmp_path / "ü.png"


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("images/tick.png", "Did you mean `Images/Tick.PNG`?"),
        ("Images/TICK.png", "Did you mean `Images/Tick.PNG`?"),
        ("Images\\Tick.PNG", "Write `/` between folders: `Images/Tick.PNG`."),
        ("~/tick.png", "neither `~` nor a variable"),
        ("$HOME/tick.png", "neither `~` nor a variable"),
        ("%USERPROFILE%/tick.png", "neither `~` nor a variable"),
        ("https://example.com/tick.png", "no address is looked up"),
        ("file:///tick.png", "no address is looked up"),
        ("Images/Tick\u200b.PNG", "Write its name without U+200B ZERO WIDTH SPACE."),
        ("Images/Tick.PNG ", "Write its name without U+0020 SPACE."),
        ("Images/cross.png", "Put the file at"),
        ("100%.png", "Put the file at"),
    ],
)
def test_a_missing_file_gets_advice_for_its_cause(tmp_path: Path, name: str, instead: str) -> None:
    """The cause may be a wrong case, a backslash, or a variable, which a shell expands and this file does not."""
    (tmp_path / "Images").mkdir()
    (tmp_path / "Images" / "Tick.PNG").write_bytes(b"")
    path = find_file(tmp_path, name)
    assert not path.exists()
    assert instead in advice_where_missing(tmp_path, name, path)
