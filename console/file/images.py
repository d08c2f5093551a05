"""PNG files, judged from their own bytes by what Apple takes: size in pixels, no transparency, and pixels that decode.

What is judged is what is uploaded: a file up to its IEND chunk, without what some programs leave behind it.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console.terminal.ordinary_file import read_ordinary

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_ALPHA_TYPES: Final = {4: "greyscale with alpha", 6: "RGB with alpha"}
_DEPTHS: Final = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_CHUNK_OVERHEAD: Final = 12
_PALETTE: Final = 3
_MOST_COLOURS: Final = 3 * 256
# What pixels are made of; transparency is judged before.
_PIXELS: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})

_ONLY_PNG: Final = "Apple takes PNG files only."
_EXPORT: Final = "Export it again, or fetch it again from where it came from."

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


# Apple names no limit. An image of 3840 by 2160 pixels with 16 bits a channel has 48 MiB before it is compressed.
MAX_BYTES: Final = 64 * 2**20


class NotPNGError(ValueError):
    """The bytes are no PNG file; the message states how we know, and `instead` what to do."""

    def __init__(self, wrong: str, instead: str = _ONLY_PNG) -> None:
        super().__init__(wrong)
        self.instead = instead


@dataclass(frozen=True, slots=True)
class PNG:
    """What a PNG's header holds. `transparency` names what makes it transparent, or is None."""

    width: int
    height: int
    transparency: str | None


def read_image(path: Path) -> bytes:
    """Return what is uploaded of a file: of a PNG, all up to its end. Raises OSError where it is no ordinary file."""
    content = read_ordinary(path, MAX_BYTES)
    try:
        last = list(_chunks(content))[-1] if content.startswith(_SIGNATURE) else None
    except NotPNGError:
        return content  # `read_png` reports what is wrong with it
    return content if last is None or last.name != b"IEND" else content[: last.end]


def read_png(content: bytes) -> PNG:
    """Read a PNG's header and chunks. Raises NotPNGError, also where the file is cut off or damaged."""
    if not content.startswith(_SIGNATURE):
        raise NotPNGError(*_other_format(content))
    chunks = list(_chunks(content))
    names = [chunk.name for chunk in chunks]
    if names[:1] == [b"CgBI"]:
        raise NotPNGError("the file is a PNG that Xcode optimised for iOS", "Use the one that Xcode was given.")
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names:
        raise NotPNGError("the PNG file is cut off or incomplete", _EXPORT)
    header = _header(chunks[0].data)
    _check_critical(chunks, header)
    transparency = _ALPHA_TYPES.get(header.colour)
    if transparency is None and b"tRNS" in names:
        transparency = "a tRNS chunk"
    return PNG(header.width, header.height, transparency)


def _check_critical(chunks: list[_Chunk], header: _Header) -> None:
    """Raise NotPNGError where decoders must give up: libpng does, though Pillow reads on (PNG, sections 4.8 and 5)."""
    names = [chunk.name for chunk in chunks]
    critical = [name for name in names if name[:1].isupper()]
    stranger = next((name for name in critical if name not in _PIXELS), None)
    if stranger is not None:
        shown = stranger.decode("ascii", "replace")
        raise NotPNGError(f"the PNG file has a chunk `{shown}` that no decoder may pass over", _EXPORT)
    if names.count(b"IHDR") > 1 or names.count(b"PLTE") > 1:
        raise NotPNGError("the PNG file has a second header or palette", _EXPORT)
    colours = [len(chunk.data) for chunk in chunks if chunk.name == b"PLTE"]
    if header.colour == _PALETTE and any(size % 3 or not 0 < size <= _MOST_COLOURS for size in colours):
        raise NotPNGError("the PNG file has a palette that PNG does not allow", _EXPORT)


# SHA-256 of contents whose pixels decode. `preview` needs each image twice and `preview --watch` on every save, and to
# decode one of 3840 by 2160 pixels takes half a second.
_DECODED: Final[set[bytes]] = set()


def check_pixels(content: bytes) -> None:
    """Raise NotPNGError unless the pixels of a PNG decode, whose header and chunks `read_png` found to be good.

    Only what pixels are made of is decoded: neither texts, colour profiles nor the frames of an animation.
    """
    digest = hashlib.sha256(content).digest()
    if digest not in _DECODED:
        _decode(content)
        _DECODED.add(digest)


def _decode(content: bytes) -> None:
    from PIL import Image  # noqa: PLC0415  # only where there are images

    chunks = [chunk for chunk in _chunks(content) if chunk.name in _PIXELS]
    before = [chunk.name for chunk in chunks][: next(i for i, chunk in enumerate(chunks) if chunk.name == b"IDAT")]
    header = _header(chunks[0].data)
    if header.colour == _PALETTE and b"PLTE" not in before:
        raise NotPNGError("the PNG file has colours by number and no palette", _EXPORT)
    bare = _SIGNATURE + b"".join(content[chunk.start : chunk.end] for chunk in chunks)
    try:
        _check_length(header, [chunk.data for chunk in chunks if chunk.name == b"IDAT"])
        with Image.open(io.BytesIO(bare), formats=("PNG",)) as image:
            image.load()
    except (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, struct.error, zlib.error):
        wrong = "the PNG file's pixels cannot be decoded, since they are damaged or not all there"
        raise NotPNGError(wrong, _EXPORT) from None
    except Image.DecompressionBombError:
        raise NotPNGError("the PNG file has more pixels than can be decoded", _EXPORT) from None


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


def _check_length(header: _Header, parts: list[bytes]) -> None:
    """Raise ValueError where there are fewer pixels than the header states: Pillow takes the missing ones for black."""
    unpacker, found, wanted = zlib.decompressobj(), 0, header.bytes_of_pixels
    for part in parts:
        rest = part
        while rest and found < wanted and not unpacker.eof:
            found += len(unpacker.decompress(rest, 2**20))
            rest = unpacker.unconsumed_tail
    if found < wanted and found + len(unpacker.flush()) < wanted:
        raise ValueError("too few pixels")


# Where each of the seven passes of an interlaced image begins, and its steps (PNG, section 8.2).
_ADAM7: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(frozen=True, slots=True)
class _Header:
    """IHDR. `depth` is in bits for each of the samples that `colour` has."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool

    @property
    def bytes_of_pixels(self) -> int:
        """How many bytes the pixels have once unpacked, with the byte before each row that names its filter."""
        passes = _ADAM7 if self.interlaced else ((0, 0, 1, 1),)
        sizes = ((-(-(self.width - x) // dx), -(-(self.height - y) // dy)) for x, y, dx, dy in passes)
        bits = self.depth * _SAMPLES[self.colour]
        return sum((1 + (width * bits + 7) // 8) * height for width, height in sizes if width > 0 and height > 0)


def _header(data: bytes) -> _Header:
    try:
        width, height, depth, colour, compression, filters, interlaced = struct.unpack(">IIBBBBB", data)
    except struct.error:
        raise NotPNGError("the PNG file has a damaged header", _EXPORT) from None
    if not width or not height or depth not in _DEPTHS.get(colour, ()) or compression or filters or interlaced > 1:
        raise NotPNGError("the PNG file has a header that PNG does not allow", _EXPORT)
    return _Header(width, height, depth, colour, bool(interlaced))


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One chunk, from `start` to `end` in its file, length and checksum included."""

    name: bytes
    data: bytes
    start: int
    end: int


def _chunks(content: bytes) -> Iterator[_Chunk]:
    """Yield each chunk up to IEND, its checksum checked. What follows IEND is no part of the image."""
    position, name = len(_SIGNATURE), b""
    while position < len(content) and name != b"IEND":
        length = int.from_bytes(content[position : position + 4])
        end = position + length + _CHUNK_OVERHEAD
        name, data = content[position + 4 : position + 8], content[position + 8 : end - 4]
        if end > len(content) or zlib.crc32(name + data) != int.from_bytes(content[end - 4 : end]):
            raise NotPNGError("the PNG file is cut off or damaged", _EXPORT)
        yield _Chunk(name, data, position, end)
        position = end


_LFS_POINTERS: Final = (b"version https://git-lfs.github.com/spec/", b"version http://git-media.io/v/")
# What files that are no PNG begin with.
_FORMATS: Final = (
    (rb"\xff\xd8\xff", "a JPEG"),
    (rb"GIF8[79]a", "a GIF"),
    (rb"RIFF.{4}WEBP", "a WebP"),
    (rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", "a HEIC"),
    (rb".{4}ftypavi[fs]", "an AVIF"),
    (rb".{4}JXL |\xff\x0a", "a JPEG XL"),
    (rb".{4}ftyp", "a video or another media file"),
    (rb"II\*\0|MM\0\*", "a TIFF"),
    (rb"BM.{4}\0\0\0\0", "a BMP"),
    (rb"\x00\x00[\x01\x02]\x00", "an icon (ICO)"),
    (rb"8BPS", "a Photoshop file"),
    (rb"%PDF", "a PDF"),
    (rb"%!PS", "a PostScript file"),
    (rb"PK\x03\x04", "a ZIP archive"),
    (rb"\x1f\x8b", "a gzip file"),
    (rb"\s*<svg[\s>/]|\s*<\?xml[^>]*>.{0,2000}<svg[\s>/]|\s*<!--.{0,2000}<svg[\s>/]|\s*<!DOCTYPE svg", "an SVG"),
    (rb"\s*(<!--.{0,2000})?<(!doctype html|html|head|body)", "an HTML page"),
    (rb"\s*<\?xml", "an XML file"),
    (rb"\s*[{\[]", "a JSON file"),
    (rb"\s*(data:image/|iVBORw0KGgo)", "an image as base64 text"),
    (rb"\x00GITCRYPT\x00", "encrypted by git-crypt: run `git-crypt unlock`"),
    (rb"\x00\x05\x16[\x00\x07]", "what macOS keeps next to a file (AppleDouble)"),
    (rb"bplist0", "a property list, such as iCloud's for a file that is not downloaded"),
    (rb"[\x8a\x8b][MJ]NG\r\n", "an MNG or JNG"),
    (rb"\x00{64}", "of zeros alone: its download or copy did not end"),
    (rb"/annex/objects/|(\.\./)*\.git/annex/", "a git-annex pointer"),
)
_LOST_LINE_ENDS: Final = (b"\x89PNG\n\x1a\n", b"\x89PNG\r\n\x1a\r\n", b"\x89PNG\r\r\n\x1a\r\n", b"\xef\xbf\xbdPNG")


def _other_format(content: bytes) -> tuple[str, str]:
    """Return what a file that is no PNG is, and what to do about it."""
    if not content:
        return "the file is empty", _ONLY_PNG
    if content.startswith(_LFS_POINTERS):
        return "the file is a Git LFS pointer, which stands for the image", "Run `git lfs pull` to fetch the image."
    if content.startswith(_LOST_LINE_ENDS):
        changed = "the PNG file was changed as if it were text"
        return changed, "Write `*.png binary` into .gitattributes, and put the original in its place."
    head = content[:4096].removeprefix(b"\xef\xbb\xbf")
    for form, name in _FORMATS:
        if re.match(form, head, re.DOTALL | re.IGNORECASE if form.startswith(rb"\s") else re.DOTALL):
            return f"the file is {name}", _ONLY_PNG
    return "the file does not begin as a PNG does", _ONLY_PNG
