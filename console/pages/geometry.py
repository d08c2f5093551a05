"""The measures that Apple's screen is drawn with, each with the evidence for it, so that one screenshot corrects them.

Points of an iPhone that is 402 wide are CSS pixels here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# The evidence of a measure.
APPLE: Final = "Apple's documentation"
VENDOR: Final = "measured on a vendor's published picture of the screen, 402 points wide"
SAMPLE_APP: Final = "printed from UIKit by a public sample app (iOS 13)"
MEMORY: Final = "from memory of Apple's table of text styles; to be checked"
GUESS: Final = "a guess: no public picture shows it"


@dataclass(frozen=True, slots=True)
class Measure:
    """A custom property of the style sheet, and how its value is known."""

    name: str
    value: str
    evidence: str


MEASURES: Final = (
    Measure("inset", "15px", VENDOR),  # of the card, at both sides: 372 of 402
    Measure("corner", "22px", VENDOR),  # of the card
    Measure("sheet-top", "60px", VENDOR),
    Measure("sheet-corner", "38px", VENDOR),
    Measure("icon", "75px", VENDOR),
    Measure("icon-top", "72px", VENDOR),  # below the top of the sheet
    Measure("icon-corner", "17px", VENDOR),
    Measure("sentence", "340px", VENDOR),  # the widest line
    Measure("text-inset", "17px", VENDOR),
    Measure("product", "41px", VENDOR),  # the image of an offer or a plan
    Measure("button-inset", "36px", VENDOR),
    Measure("button", "50px", VENDOR),
    Measure("button-gap", "13px", VENDOR),
    Measure("button-bottom", "37px", VENDOR),
    Measure("bullet", "26px", GUESS),
    Measure("image-corner", "10px", GUESS),
)


@dataclass(frozen=True, slots=True)
class TextSize:
    """A Dynamic Type size: points and line height of Title 1, Body, Subheadline and Footnote."""

    key: str
    label: str
    points: tuple[int, int, int, int]
    lines: tuple[int, int, int, int]
    evidence: str
    evidence_of_lines: str


TEXT_SIZES: Final = (
    TextSize("t0", "Default", (28, 17, 15, 13), (34, 22, 20, 18), SAMPLE_APP, APPLE),
    TextSize("t1", "Largest", (34, 23, 21, 19), (41, 29, 28, 24), SAMPLE_APP, MEMORY),
    TextSize("t2", "Accessibility 3", (48, 40, 36, 33), (57, 48, 43, 40), SAMPLE_APP, MEMORY),
    TextSize("t3", "Accessibility 5", (58, 53, 49, 44), (68, 62, 58, 52), SAMPLE_APP, MEMORY),
)


@dataclass(frozen=True, slots=True)
class Device:
    """A size of an iPhone's screen in points."""

    key: str
    width: int
    height: int
    evidence: str


DEVICES: Final = (
    Device("w0", 320, 568, APPLE),
    Device("w1", 375, 667, APPLE),
    Device("w2", 402, 874, APPLE),
    Device("w3", 440, 956, APPLE),
)
DEVICE_OF_MEASURES: Final = "w2"

_STYLES: Final = ("h", "b", "s", "f")


def measures_css() -> str:
    """Return the measures as custom properties, and the rules of the text sizes and widths that can be chosen."""
    return "\n".join([_root(), *_sizes(), *_widths()])


def _root() -> str:
    values = "".join(f"--{measure.name}:{measure.value};" for measure in MEASURES)
    first = next(device for device in DEVICES if device.key == DEVICE_OF_MEASURES)
    return f":root{{{values}{_device(first)}{_text(TEXT_SIZES[0])}}}"


def _sizes() -> Iterator[str]:
    for size in TEXT_SIZES[1:]:
        yield f":root:has(#{size.key}:checked){{{_text(size)}}}"


def _widths() -> Iterator[str]:
    for device in DEVICES:
        if device.key != DEVICE_OF_MEASURES:
            yield f":root:has(#{device.key}:checked){{{_device(device)}}}"


def _device(device: Device) -> str:
    return f"--w:{device.width}px;--t:{device.height}px;"


def _text(size: TextSize) -> str:
    pairs = zip(_STYLES, size.points, size.lines, strict=True)
    return "".join(f"--{name}:{points}px;--{name}l:{line}px;" for name, points, line in pairs)
