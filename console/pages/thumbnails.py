"""The file's images, scaled to what the page draws and encoded into the page, each once."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from PIL import Image as Picture
from PIL import features

from console.file.content import Content
from console.file.images import BULLET_POINT, read_image
from console.terminal.output import ReportProgress, no_progress

# Pixels: three for each point of the card, and of a bullet's icon.
CARD_WIDTH: Final = 1116
_BULLET_WIDTH: Final = 78
# Widths and qualities to try, best first, until an image fits; the last one is taken as it is.
_ATTEMPTS: Final = ((CARD_WIDTH, 80), (CARD_WIDTH, 60), (744, 60), (558, 50), (372, 40))
_MOST_OF_ONE: Final = 60 * 1024  # bytes
_MOST_OF_ALL: Final = 6 * 2**20  # bytes


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """An image of the page. `css_class` is a digest of its content; `coarse`: it is smaller than it is drawn."""

    css_class: str
    media_type: str
    data: bytes
    width: int
    height: int
    coarse: bool = False

    @property
    def url(self) -> str:
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode('ascii')}"


# Thumbnails by the id of the image, which follows from its content, and by whether there was room for a good one.
KeptThumbnails: TypeAlias = dict[tuple[str, bool], Thumbnail]


def make_thumbnails(
    content: Content,
    used: Iterable[str],
    progress: ReportProgress = no_progress,
    kept: KeptThumbnails | None = None,
) -> Mapping[str, Thumbnail]:
    """Return the images called `used`, by name. An image that cannot be read is left out, and drawn as hatching.

    What `kept` has is not made again, and what is made is put there.
    """
    kept = {} if kept is None else kept
    names = [name for name in dict.fromkeys(used) if name in content.images]
    found: dict[str, Thumbnail] = {}
    of_content: dict[str, Thumbnail] = {}
    left = _MOST_OF_ALL
    for done, name in enumerate(names, 1):
        upload = content.images[name]
        if upload.identifier not in of_content:
            spare = left > len(names) * _MOST_OF_ONE // 4
            try:
                made = kept.get((upload.identifier, spare))
                # An image can be saved between the reading for its id and this one, and be kept under the wrong id.
                if made is None or made.css_class != _css_class(read_image(upload.path)):
                    made = thumbnail(upload.path, upload.size, spare=spare)
            except (OSError, ValueError, Picture.DecompressionBombError):
                continue
            kept[upload.identifier, spare] = made
            of_content[upload.identifier] = made
            left -= len(made.data)
        found[name] = of_content[upload.identifier]
        progress("scaling images", done, len(names))
    return found


def thumbnail(path: Path, size: str, *, spare: bool = True) -> Thumbnail:
    """Return a PNG file scaled for the page; without `spare` room, as small as can be used.

    Raises OSError and ValueError where it cannot be read, and Pillow's error for one of far too many pixels.
    """
    source = read_image(path)
    with Picture.open(io.BytesIO(source), formats=("PNG",)) as image:
        picture = image.convert("RGB")
    attempts = ((_BULLET_WIDTH, 80),) if size == BULLET_POINT else _ATTEMPTS if spare else _ATTEMPTS[-1:]
    scaled = picture
    for width, quality in attempts:
        scaled = _scaled(scaled, width)
        media_type, data = _encoded(scaled, quality)
        if len(data) <= _MOST_OF_ONE:
            break
    coarse = size != BULLET_POINT and scaled.width < min(CARD_WIDTH, picture.width)
    return Thumbnail(_css_class(source), media_type, data, scaled.width, scaled.height, coarse=coarse)


def _css_class(source: bytes) -> str:
    return "i" + hashlib.sha256(source).hexdigest()[:12]


def _scaled(picture: Picture.Image, width: int) -> Picture.Image:
    if picture.width <= width:
        return picture
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Picture.Resampling.LANCZOS, reducing_gap=2.0)


def _encoded(picture: Picture.Image, quality: int) -> tuple[str, bytes]:
    """Return media type and bytes: WebP where Pillow was built with it."""
    stream = io.BytesIO()
    if features.check("webp"):
        picture.save(stream, "WEBP", quality=quality, method=4)
        return "image/webp", stream.getvalue()
    picture.save(stream, "JPEG", quality=quality, optimize=True)
    return "image/jpeg", stream.getvalue()
