"""The sample app: its release, and Apple's two lists for its messages and images."""

from __future__ import annotations

import json
from pathlib import Path

from console.local.samples import EVENTS, compile_sample, sample_states, write_document, write_sample_states


def test_committed_states_are_those_of_the_sample(tmp_path: Path) -> None:
    """events/states has every id of the sample: one text in review, one rejected, the others approved."""
    write_sample_states(tmp_path)
    for name in ("messages.json", "images.json"):
        assert (tmp_path / name).read_text() == (EVENTS / "states" / name).read_text()
    messages, _ = sample_states(compile_sample().content)
    states = sorted(entry["messageState"] for entry in messages["messageIdentifiers"])
    assert states == ["APPROVED"] * 17 + ["PENDING", "REJECTED"]


def test_the_sample_has_no_warnings() -> None:
    """Compiling the sample file reports no warning."""
    assert compile_sample().warnings == ()


def test_every_image_of_the_sample_is_listed_as_approved() -> None:
    """Apple's image list for the sample has each image of the file once, with its size, in the state APPROVED."""
    content = compile_sample().content
    _, images = sample_states(content)
    assert len(content.images) == len(images["imageIdentifiers"]) > 0
    assert {entry["imageState"] for entry in images["imageIdentifiers"]} == {"APPROVED"}
    assert {entry["imageSize"] for entry in images["imageIdentifiers"]} <= {"FULL_SIZE", "BULLET_POINT"}


def test_a_document_is_written_as_json_that_ends_with_a_line_break(tmp_path: Path) -> None:
    """A written document reads back as it was, indented by two, with one line break at its end."""
    write_document(tmp_path / "a.json", {"one": [1], "text": "é"})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"one": [1], "text": "é"}
    assert text.startswith('{\n  "one"')
    assert text.endswith("}\n")
