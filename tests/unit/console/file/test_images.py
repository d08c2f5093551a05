"""PNG files are checked from their bytes."""

from __future__ import annotations

import os
import socket
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.file import images
from console.file.compile import compile_document
from console.file.document import read_document
from console.file.images import BULLET_POINT, FULL_SIZE, NotPNGError, check_pixels, complaint, read_image, read_png
from console.file.mistakes import Mistakes


def chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *, colour: int = 2, depth: int = 8, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", b"x") + chunk(b"IEND")


@pytest.mark.parametrize(
    ("width", "height", "size", "fits"),
    [
        (3840, 160, FULL_SIZE, True),
        (3840, 2160, FULL_SIZE, True),
        (3840, 159, FULL_SIZE, False),
        (3840, 2161, FULL_SIZE, False),
        (3839, 1000, FULL_SIZE, False),
        (1024, 1024, FULL_SIZE, False),
        (1024, 1024, BULLET_POINT, True),
        (1024, 1023, BULLET_POINT, False),
        (3840, 160, BULLET_POINT, False),
    ],
)
def test_only_apples_sizes_pass(width: int, height: int, size: str, fits: bool) -> None:  # noqa: FBT001  # a table's column
    """Otherwise the complaint has the size that was found and the one that Apple requires."""
    expected = complaint(read_png(png(width, height)), size)
    assert (expected is None) is fits
    if expected is not None:
        assert f"{width} by {height}" in expected[0]
        assert "Apple wants" in expected[1]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (png(1024, 1024, colour=6), "RGB with alpha"),
        (png(1024, 1024, colour=4), "greyscale with alpha"),
        (png(1024, 1024, extra=chunk(b"tRNS", b"\x00" * 6)), "tRNS"),
        (png(1024, 1024, colour=3, extra=chunk(b"PLTE", b"abc") + chunk(b"tRNS", b"\x00")), "tRNS"),
    ],
)
def test_transparency_is_found_and_named(content: bytes, what: str) -> None:
    """The complaint names the alpha channel or the chunk with a transparent colour."""
    expected = complaint(read_png(content), BULLET_POINT)
    assert expected is not None
    assert what in expected[0]


@pytest.mark.parametrize("colour", [0, 2, 3])
def test_opaque_images_pass(colour: int) -> None:
    """Greyscale, RGB and palette images without transparency pass."""
    assert complaint(read_png(png(1024, 1024, colour=colour)), BULLET_POINT) is None


GOOD = png(1024, 1024)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"GIF89a", "GIF"),
        (b"RIFFxxxxWEBP", "WebP"),
        (b"<svg/>", "SVG"),
        (b"hello", "does not begin"),
        (GOOD[:8], "cut off"),
        (GOOD[:-1], "cut off"),
        (GOOD[:-12], "cut off"),
        (GOOD[:40] + b"?" + GOOD[41:], "damaged"),
        (b"....ftypheic....", "a HEIC"),
        (b"....ftypavif....", "an AVIF"),
        (b"II*\0....", "a TIFF"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?>\n<svg/>", "an SVG"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b'{"message": "Not Found"}', "a JSON file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "a Git LFS pointer"),
        (GOOD.replace(b"\r\n", b"\n", 1), "changed as if it were text"),
        (GOOD[:8] + chunk(b"CgBI", b"P\0 \2") + GOOD[8:], "Xcode optimised"),
        (png(0, 5), "does not allow"),
        (png(5, 5, colour=5), "does not allow"),
        (png(5, 5, colour=2, depth=4), "does not allow"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"short") + chunk(b"IDAT") + chunk(b"IEND"), "damaged header"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT") + chunk(b"IEND"), "incomplete"),
        (png(5, 5, extra=chunk(b"ABCD")), "a chunk `ABCD`"),
        (GOOD[:33] + GOOD[8:], "a second header"),
        (png(5, 5, colour=3, extra=chunk(b"PLTE", b"123") * 2), "a second header or palette"),
        (png(5, 5, colour=3, extra=chunk(b"PLTE")), "a palette that PNG does not allow"),
        (png(5, 5, colour=3, extra=chunk(b"PLTE", b"12345")), "a palette that PNG does not allow"),
        (b"\0GITCRYPT\0\x01", "git-crypt unlock"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "AppleDouble"),
        (b"bplist00", "a property list"),
        (bytes(4096), "of zeros alone"),
        (b"\x8aMNG\r\n\x1a\n", "an MNG"),
        (b"version http://git-media.io/v/2\noid sha256:4d7a\nsize 12345\n", "a Git LFS pointer"),
    ],
)
def test_a_file_that_is_no_complete_png_is_refused(content: bytes, expected: str) -> None:
    """Other formats are named; files that are cut off or damaged are recognised."""
    with pytest.raises(NotPNGError, match=expected):
        read_png(content)


def test_a_png_that_is_cut_off_anywhere_is_refused() -> None:
    """Each shorter part of a good file is refused."""
    for end in range(len(GOOD)):
        with pytest.raises(NotPNGError):
            read_png(GOOD[:end])


def decodable_png(  # a PNG with pixels in it
    width: int = 1024,
    height: int = 1024,
    *,
    colour: int = 2,
    depth: int = 8,
    extra: bytes = b"",
    rows: bytes | None = None,
) -> bytes:
    line = (width * {0: 1, 2: 3, 3: 1}[colour] * depth + 7) // 8
    pixels = zlib.compress(bytes((line + 1) * height) if rows is None else rows, 1)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND")


PALETTE = chunk(b"PLTE", b"\0\0\0\xff\xff\xff")
# The frame of an animation; and texts and a profile that unpack to 16 MiB each.
ANIMATED = chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(
    b"fcTL", struct.pack(">IIIIIHHBB", 0, 1024, 1024, 0, 0, 1, 1, 0, 0)
)
BOMB = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**24))) + chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(2**24)))


@pytest.mark.parametrize(
    "content",
    [
        decodable_png(),
        decodable_png(3840, 160),
        decodable_png(3840, 2160, depth=16),
        decodable_png(colour=0),
        decodable_png(colour=0, depth=1),
        decodable_png(colour=0, depth=16),
        decodable_png(colour=3, extra=PALETTE),
        decodable_png(colour=3, depth=1, extra=PALETTE),
        decodable_png(extra=ANIMATED),
        decodable_png(extra=BOMB),
        decodable_png(extra=chunk(b"tEXt", b"Software\0x")),
    ],
)
def test_pixels_that_decode_pass(content: bytes) -> None:
    """Every depth and kind of colour passes; animations, texts and profiles are not unpacked."""
    check_pixels(content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (GOOD, "cannot be decoded"),
        (GOOD.replace(chunk(b"IDAT", b"x"), chunk(b"IDAT")), "not all there"),
        (GOOD.replace(chunk(b"IDAT", b"x"), chunk(b"IDAT", bytes(500))), "damaged"),
        (decodable_png(rows=bytes(3073 * 1023)), "not all there"),
        (decodable_png(rows=b"\x09" * 3073 * 1024), "damaged"),
        (decodable_png(colour=3), "no palette"),
        (decodable_png()[:29] + b"\x01" + decodable_png()[29:], "damaged"),
    ],
)
def test_pixels_that_do_not_decode_are_refused(content: bytes, expected: str) -> None:
    """Apple would spend an id on such an image; the checksums of most of them are right."""
    with pytest.raises(NotPNGError, match=expected):
        check_pixels(content)


@pytest.mark.parametrize("tail", [b"\n", bytes(512), b"PK\x03\x04", GOOD])
def test_bytes_after_the_end_are_neither_checked_nor_uploaded(tmp_path: Path, tail: bytes) -> None:
    """Every viewer opens such a file; only the image itself is uploaded, under the image's id."""
    (tmp_path / "a.png").write_bytes(decodable_png())
    (tmp_path / "b.png").write_bytes(decodable_png() + tail)
    assert read_image(tmp_path / "b.png") == read_image(tmp_path / "a.png") == decodable_png()
    assert complaint(read_png(decodable_png() + tail), BULLET_POINT) is None
    check_pixels(decodable_png() + tail)


def named(name: str, base: Path) -> list[str]:
    """Return the mistakes of a file with one image, at the path `name` below `base`."""
    text = f"""\
app: {{appAppleId: 1, bundleId: com.example.app}}
products: {{pro.monthly: {{group: pro, period: P1M}}}}
locales: {{default: en-US}}
images:
  tick: {{file: "{name}", size: BULLET_POINT}}
rules: [{{name: one, answer: fallback}}]
"""
    try:
        compile_document(read_document(text.encode(), base_dir=base), now=datetime.now(UTC))
    except Mistakes as error:
        return [f"{mistake.line}: {mistake}" for mistake in error.mistakes]
    return []


def test_an_image_is_an_ordinary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe would block and a device never end; each is a mistake that names the kind of file."""
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "gone.png")
    with socket.socket(socket.AF_UNIX) as listening, (tmp_path / "huge.png").open("wb") as huge:
        monkeypatch.chdir(tmp_path)  # a socket's path must be short
        listening.bind("socket.png")
        huge.truncate(2**40)
        for name, reason in (
            ("pipe.png", "is a named pipe"),
            ("folder.png", "is a directory"),
            ("nowhere.png", "is a link to a file that does not exist"),
            ("socket.png", "is a socket"),
            ("/dev/zero", "is a device"),
            ("/dev/stdin/..", "cannot be read"),
            ("huge.png", "at most 64 MiB"),
            ("gone.png", "cannot be read: no such file"),
            ("n" * 300 + ".png", "cannot be read: file name too long"),
        ):
            (found,) = named(name, tmp_path)
            assert found.startswith("5: images.tick: ")
            assert reason in found, (name, found)


def test_a_good_image_passes_and_one_without_pixels_does_not(tmp_path: Path) -> None:
    """The image of a compiled file is decoded, as in every command."""
    (tmp_path / "good.png").write_bytes(decodable_png() + b"\n")
    (tmp_path / "empty.png").write_bytes(GOOD)
    (tmp_path / "pointer.png").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert named("good.png", tmp_path) == []
    assert "cannot be decoded" in named("empty.png", tmp_path)[0]
    assert "git lfs pull" in named("pointer.png", tmp_path)[0]


@pytest.mark.parametrize(("colour", "depth"), [(0, 1), (0, 16), (2, 8), (2, 16), (3, 4)])
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_missing_row_of_pixels_is_noticed(colour: int, depth: int, interlaced: bool) -> None:  # noqa: FBT001  # a table's column
    """The number of rows is the header's, in one pass or in the seven passes of an interlaced image."""
    samples = {0: 1, 2: 3, 3: 1}[colour]
    passes = [(128, 128), (128, 128), (256, 128), (256, 256), (512, 256), (512, 512), (1024, 512)]
    rows = passes if interlaced else [(1024, 1024)]
    wanted = sum((1 + (width * samples * depth + 7) // 8) * height for width, height in rows)
    extra = PALETTE if colour == 3 else b""
    for absent in (0, 1, 1 + (1024 * samples * depth + 7) // 8):
        made = decodable_png(colour=colour, depth=depth, extra=extra, rows=bytes(wanted - absent))
        header = struct.pack(">IIBBBBB", 1024, 1024, depth, colour, 0, 0, interlaced)
        content = made[:8] + chunk(b"IHDR", header) + made[33:]
        if absent:
            with pytest.raises(NotPNGError, match="not all there"):
                check_pixels(content)
        else:
            check_pixels(content)


def test_the_same_content_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look at pixels that decode costs a digest; what does not decode is decoded, and refused, again."""
    decoded: list[int] = []

    def decode(content: bytes) -> None:
        decoded.append(len(content))
        if content == b"bad":
            raise NotPNGError("it is damaged", "Export it again.")

    monkeypatch.setattr(images, "_decode", decode)
    monkeypatch.setattr(images, "_DECODED", set())
    for _ in range(2):
        check_pixels(b"good one")
        with pytest.raises(NotPNGError):
            check_pixels(b"bad")
    assert decoded == [8, 3, 3]
