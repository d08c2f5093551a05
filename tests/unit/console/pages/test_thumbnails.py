"""Images of a file as the page has them: scaled, small, and each once."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PIL import Image, features

from console.file.content import Content, ImageUpload, read_content
from console.file.document import read_document
from console.file.images import BULLET_POINT, FULL_SIZE
from console.file.mistakes import Notes
from console.local.samples import EVENTS, SAMPLE
from console.pages import thumbnails
from console.pages.thumbnails import make_thumbnails, thumbnail


def noise(path: Path, width: int, height: int) -> Path:
    small = Image.frombytes(
        "RGB", (width // 4, height // 4), random.Random(4).randbytes(width // 4 * (height // 4) * 3)
    )
    small.resize((width, height), Image.Resampling.NEAREST).save(path)
    return path


def test_an_image_is_as_wide_as_three_pixels_for_each_point_of_the_card() -> None:
    """The sample's image of 3840 pixels has 1116, in its proportions, and a few kilobytes."""
    made = thumbnail(EVENTS / "images" / "ridge.png", FULL_SIZE)
    with Image.open(EVENTS / "images" / "ridge.png") as source, Image.open(io.BytesIO(made.data)) as drawn:
        assert drawn.size == (made.width, made.height) == (1116, round(source.height * 1116 / source.width))
    assert len(made.data) < 20_000
    assert not made.coarse


def test_a_bullet_s_icon_is_small() -> None:
    """Three pixels for each of its 26 points."""
    made = thumbnail(EVENTS / "images" / "tick.png", BULLET_POINT)
    assert (made.width, made.height, made.coarse) == (78, 78, False)


def test_the_worst_image_is_made_coarser(tmp_path: Path) -> None:
    """Noise does not fit at full width: it gets the smallest width, and the page mentions it."""
    made = thumbnail(noise(tmp_path / "noise.png", 3840, 2160), FULL_SIZE)
    assert made.coarse
    assert made.width < 1116
    assert len(made.data) < 200_000


def test_the_same_file_gives_the_same_bytes() -> None:
    """Scaling and encoding have nothing random."""
    assert thumbnail(EVENTS / "images" / "ridge.png", FULL_SIZE) == thumbnail(
        EVENTS / "images" / "ridge.png", FULL_SIZE
    )


def test_its_class_is_a_digest_of_its_content(tmp_path: Path) -> None:
    """The name of the file is no part of it."""
    path = tmp_path / "a b;{}.png"
    path.write_bytes((EVENTS / "images" / "tick.png").read_bytes())
    one, other = thumbnail(path, BULLET_POINT), thumbnail(EVENTS / "images" / "tick.png", BULLET_POINT)
    assert one.css_class == other.css_class
    assert set(one.css_class[1:]) <= set("0123456789abcdef")
    assert one.url.startswith(f"data:{one.media_type};base64,")


def test_only_images_that_are_used_are_read_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two names of one content share a thumbnail."""
    content = read_content(read_document(SAMPLE), Notes())
    twice = Content({**content.images, "again": content.images["tick"]}, {})
    calls: list[Path] = []

    def counted(path: Path, size: str, *, spare: bool) -> object:
        calls.append(path)
        return thumbnail(path, size, spare=spare)

    monkeypatch.setattr(thumbnails, "thumbnail", counted)
    found = make_thumbnails(twice, ["tick", "again", "tick", "unknown"])
    assert set(found) == {"tick", "again"}
    assert found["tick"] is found["again"]
    assert len(calls) == 1


def test_an_image_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    """It is then drawn as hatching."""
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nno")
    uploads = {
        "gone": ImageUpload("1", FULL_SIZE, tmp_path / "gone.png"),
        "broken": ImageUpload("2", FULL_SIZE, broken),
    }
    assert make_thumbnails(Content(uploads, {}), uploads) == {}


def test_many_images_share_the_room_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is used up, the rest have the smallest width."""
    monkeypatch.setattr(thumbnails, "_MOST_OF_ALL", 1)
    path = noise(tmp_path / "small.png", 3840, 160)
    found = make_thumbnails(Content({"one": ImageUpload("1", FULL_SIZE, path)}, {}), ["one"])
    assert (found["one"].width, found["one"].coarse) == (372, True)


def test_without_webp_images_are_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow may have been built without it."""
    monkeypatch.setattr(features, "check", lambda _: False)
    assert thumbnail(EVENTS / "images" / "tick.png", BULLET_POINT).media_type == "image/jpeg"


def test_an_image_that_changes_while_it_is_read_is_not_kept_under_another_id(tmp_path: Path) -> None:
    """Saved between the reading for its id and the one for the page, and then saved as before, it is drawn as it is."""
    path = tmp_path / "tick.png"
    before, after = ((EVENTS / "images" / name).read_bytes() for name in ("tick.png", "offline-map.png"))
    content = Content({"tick": ImageUpload("id", BULLET_POINT, path)}, {})
    kept: thumbnails.KeptThumbnails = {}
    path.write_bytes(after)
    make_thumbnails(content, ["tick"], kept=kept)
    path.write_bytes(before)
    assert make_thumbnails(content, ["tick"], kept=kept)["tick"] == thumbnail(path, BULLET_POINT)


def test_an_image_of_far_too_many_pixels_is_left_out(tmp_path: Path) -> None:
    """That of a file that is compared with was not judged before."""
    path = tmp_path / "large.png"
    Image.new("1", (20_000, 20_000)).save(path)
    assert make_thumbnails(Content({"a": ImageUpload("id", FULL_SIZE, path)}, {}), ["a"]) == {}
