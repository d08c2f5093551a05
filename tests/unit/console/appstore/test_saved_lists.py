"""Apple's two lists from saved files, in any order, and what is refused in their place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from retention.review.snapshot import ImageState, SnapshotRefusedError

from console.appstore.saved_lists import advised, read_lists
from console.terminal.failure import Failure

MESSAGE, IMAGE = "11111111-1111-5111-8111-111111111111", "99999999-9999-5999-8999-999999999999"
MESSAGES = {"messageIdentifiers": [{"messageIdentifier": MESSAGE, "messageState": "APPROVED"}]}
IMAGES = {"imageIdentifiers": [{"imageIdentifier": IMAGE, "imageState": "PENDING", "imageSize": "FULL_SIZE"}]}


def saved(folder: Path, *contents: str) -> list[Path]:
    files = [folder / f"{index}.json" for index in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_text(content)
    return files


@pytest.mark.parametrize("contents", [(MESSAGES, IMAGES), (IMAGES, MESSAGES), ({**IMAGES, **MESSAGES},)])
def test_both_lists_are_read_whichever_comes_first(tmp_path: Path, contents: tuple[object, ...]) -> None:
    """Each list may have a file of its own, and one file may have both."""
    files = saved(tmp_path, *map(json.dumps, contents))
    assert read_lists(files) == ({MESSAGE: "APPROVED"}, {IMAGE: ImageState("PENDING", "FULL_SIZE")})


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        (["{"], r"0\.json is not JSON: "),
        (["[" * 100_000], r"0\.json is not JSON: "),
        (['{"a": 1}'], r"0\.json has neither `messageIdentifiers` nor `imageIdentifiers`"),
        (["[]"], r"0\.json has neither `messageIdentifiers` nor `imageIdentifiers`"),
        (['{"messageIdentifiers": []}'], "The body of Get Image List is missing"),
        (['{"imageIdentifiers": []}'], "The body of Get Message List is missing"),
        (['{"messageIdentifiers": [], "imageIdentifiers": []}'] * 2, r"1\.json holds Get Message List a second time"),
        (['{"messageIdentifiers": [{}], "imageIdentifiers": []}'], "These are not Apple's lists: "),
        ([], "The body of Get Message List is missing"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, contents: list[str], expected: str) -> None:
    """A missing list would count everything in it as deleted, so that both must be there, each once."""
    with pytest.raises(Failure, match=expected):
        read_lists(saved(tmp_path, *contents))


def test_a_refused_import_has_what_to_do() -> None:
    """The code and the evidence stay; the sentence gains what was not done and the option that does it."""
    error = advised(SnapshotRefusedError("snapshot_refused", "3 of 4 would stop", messages=3), "nothing was written")
    assert str(error) == "3 of 4 would stop; nothing was written. If that is how it is, add --allow-silencing"
    assert (error.code, error.evidence) == ("snapshot_refused", {"messages": 3})
