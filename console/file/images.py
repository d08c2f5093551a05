"""PNG files, judged from their own bytes by what Apple takes: size in pixels, and no transparency."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_ALPHA_TYPES: Final = {4: "greyscale with alpha", 6: "RGB with alpha"}
_DEPTHS: Final = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_CHUNK_OVERHEAD: Final = 12

FULL_SIZE: Final = "FULL_SIZE"
BULLET_POINT: Final = "BULLET_POINT"
SIZES: Final = (FULL_SIZE, BULLET_POINT)

_FULL_WIDTH: Final = 3840
_FULL_HEIGHTS: Final = range(160, 2161)
_BULLET_SIDE: Final = 1024
WANTED: Final = {
    FULL_SIZE: "a width of exactly 3840 and a height of 160 to 2160 pixels",
    BULLET_POINT: "exactly 1024 by 1024 pixels",
}


class NotPNGError(ValueError):
    """The bytes are no PNG file; the message says how we know."""


@dataclass(frozen=True, slots=True)
class PNG:
    """What a PNG says of itself. `transparency` names what makes it transparent, or is None."""

    width: int
    height: int
    transparency: str | None


def read_png(content: bytes) -> PNG:
    """Read a PNG's header and chunks. Raises NotPNGError, also where the file is cut off or damaged."""
    if not content.startswith(_SIGNATURE):
        raise NotPNGError(_other_format(content))
    chunks = list(_chunks(content))
    names = [name for name, _ in chunks]
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names:
        raise NotPNGError("the PNG file is cut off or not whole")
    width, height, colour = _header(chunks[0][1])
    transparency = _ALPHA_TYPES.get(colour)
    if transparency is None and b"tRNS" in names:
        transparency = "a tRNS chunk"
    return PNG(width, height, transparency)


def complaint(png: PNG, size: str) -> tuple[str, str] | None:
    """Return what was found and what Apple wants, or None where Apple would take `png` as an image of `size`."""
    if not _fits(png, size):
        return f"It has {png.width} by {png.height} pixels.", f"Apple wants {WANTED[size]} for {size}."
    if png.transparency is not None:
        return f"It can be transparent ({png.transparency}).", "Export it without transparency, on a solid ground."
    return None


def _fits(png: PNG, size: str) -> bool:
    if size == FULL_SIZE:
        return png.width == _FULL_WIDTH and png.height in _FULL_HEIGHTS
    return (png.width, png.height) == (_BULLET_SIDE, _BULLET_SIDE)


def _header(data: bytes) -> tuple[int, int, int]:
    try:
        width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", data)
    except struct.error:
        raise NotPNGError("the PNG file has a damaged header") from None
    if not width or not height or depth not in _DEPTHS.get(colour, ()):
        raise NotPNGError("the PNG file has a header that PNG does not allow")
    return width, height, colour


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (name, data) of each chunk, its checksum checked."""
    position = len(_SIGNATURE)
    while position < len(content):
        length = int.from_bytes(content[position : position + 4])
        end = position + length + _CHUNK_OVERHEAD
        name, data = content[position + 4 : position + 8], content[position + 8 : end - 4]
        if end > len(content) or zlib.crc32(name + data) != int.from_bytes(content[end - 4 : end]):
            raise NotPNGError("the PNG file is cut off or damaged")
        yield name, data
        position = end


def _other_format(content: bytes) -> str:
    if not content:
        return "the file is empty"
    known = {b"\xff\xd8\xff": "a JPEG", b"GIF8": "a GIF", b"RIFF": "a WebP", b"<svg": "an SVG", b"%PDF": "a PDF"}
    for start, name in known.items():
        if content.startswith(start):
            return f"the file is {name}"
    return "the file does not begin as a PNG does"
