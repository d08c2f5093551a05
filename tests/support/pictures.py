"""Draw the README's picture of the page of `retention preview` again: `make pictures`.

The picture holds the SHA-256 of the page it shows, so that a test finds a picture of an older page.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from console.cli.preview_run import PreviewQuestion, run_preview
from console.deployment.where import Where
from tests.support.browsers import chromium

ROOT: Final = Path(__file__).parents[2]
PICTURE: Final = ROOT / "docs" / "preview.png"
SAMPLE: Final = ROOT / "events" / "retention.yaml"
AT: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)

# CSS pixels: what three cards in a row need, to the end of their captions.
_WIDTH: Final = 1360
_HEIGHT: Final = 1010
_COLOURS: Final = 128
_DIGEST: Final = "page"
# What the encoder of images has a part in: the data, the class that is their digest, and the hash of the style.
_IMAGE: Final = re.compile(r"url\([^)]*\)|\bi[0-9a-f]{12}\b|'sha256-[^']*'")


def draw_page(folder: Path) -> Path:
    """Write the page of the sample file, and return its path."""
    page = folder / "preview.html"
    where = Where(file=SAMPLE)
    run_preview(PreviewQuestion(SAMPLE, where, None, (), (), AT, page), lambda *_: None)
    return page


def digest_of_page(page: Path) -> str:
    """Return the SHA-256 of a page without its images, which another processor encodes otherwise."""
    return hashlib.sha256(_IMAGE.sub("", page.read_text(encoding="utf-8")).encode()).hexdigest()


def digest_in_picture() -> str:
    """Return the SHA-256 of the page that the picture shows."""
    with Image.open(PICTURE) as picture:
        return str(picture.info[_DIGEST])


def draw_picture() -> None:
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        page = draw_page(Path(folder))
        view = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
        view.goto(page.as_uri())
        shot = Image.open(io.BytesIO(view.screenshot())).convert("RGB")
        held = PngInfo()
        held.add_text(_DIGEST, digest_of_page(page))
    shot.quantize(_COLOURS, dither=Image.Dither.NONE).save(PICTURE, optimize=True, pnginfo=held)
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1000} KB\n")


if __name__ == "__main__":
    draw_picture()
