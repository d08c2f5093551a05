"""PNG files judged from their bytes."""

from __future__ import annotations

import struct
import zlib

import pytest

from console.file.images import BULLET_POINT, FULL_SIZE, NotPNGError, complaint, read_png


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
def test_sizes_are_apples(width: int, height: int, size: str, fits: bool) -> None:  # noqa: FBT001  # a table's column
    """Only Apple's sizes pass; else the figure found and the one wanted are told."""
    told = complaint(read_png(png(width, height)), size)
    assert (told is None) is fits
    if told is not None:
        assert f"{width} by {height}" in told[0]
        assert "Apple wants" in told[1]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (png(1024, 1024, colour=6), "RGB with alpha"),
        (png(1024, 1024, colour=4), "greyscale with alpha"),
        (png(1024, 1024, extra=chunk(b"tRNS", b"\x00" * 6)), "tRNS"),
        (png(1024, 1024, colour=3, extra=chunk(b"PLTE", b"abc") + chunk(b"tRNS", b"\x00")), "tRNS"),
    ],
)
def test_transparency_is_found(content: bytes, what: str) -> None:
    """An alpha channel or a transparent colour is told by its name."""
    told = complaint(read_png(content), BULLET_POINT)
    assert told is not None
    assert what in told[0]


@pytest.mark.parametrize("colour", [0, 2, 3])
def test_opaque_images_pass(colour: int) -> None:
    """Greyscale, RGB and palette images without transparency pass."""
    assert complaint(read_png(png(1024, 1024, colour=colour)), BULLET_POINT) is None


GOOD = png(1024, 1024)


@pytest.mark.parametrize(
    ("content", "told"),
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
        (GOOD + b"x", "cut off"),
        (png(0, 5), "does not allow"),
        (png(5, 5, colour=5), "does not allow"),
        (png(5, 5, colour=2, depth=4), "does not allow"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"short") + chunk(b"IDAT") + chunk(b"IEND"), "damaged header"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT") + chunk(b"IEND"), "not whole"),
    ],
)
def test_what_is_no_whole_png_is_told(content: bytes, told: str) -> None:
    """Other formats are called by their names; cut off and damaged files are noticed."""
    with pytest.raises(NotPNGError, match=told):
        read_png(content)


def test_every_cut_is_noticed() -> None:
    """A file cut off anywhere is refused."""
    for end in range(len(GOOD)):
        with pytest.raises(NotPNGError):
            read_png(GOOD[:end])
