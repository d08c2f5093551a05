"""The measures of the drawing: each with its evidence, and all in the style sheet."""

from __future__ import annotations

import re
from itertools import pairwise

from console.pages import geometry
from console.pages.geometry import DEVICES, MEASURES, TEXT_SIZES, measures_css

EVIDENCE = {geometry.APPLE, geometry.VENDOR, geometry.SAMPLE_APP, geometry.MEMORY, geometry.GUESS}


def test_every_measure_has_its_evidence() -> None:
    """Documentation, a vendor's picture, a sample app, memory or a guess; a name stands once."""
    found = [
        *(one.evidence for one in (*MEASURES, *DEVICES, *TEXT_SIZES)),
        *(one.evidence_of_lines for one in TEXT_SIZES),
    ]
    assert set(found) <= EVIDENCE
    assert len({one.name for one in MEASURES}) == len(MEASURES)


def test_the_card_has_372_of_402_points() -> None:
    """Its inset is 15 on each side of an iPhone that is 402 wide."""
    [inset] = [one.value for one in MEASURES if one.name == "inset"]
    [device] = [one for one in DEVICES if one.key == geometry.DEVICE_OF_MEASURES]
    assert device.width - 2 * int(inset.removesuffix("px")) == 372


def test_text_grows_from_size_to_size() -> None:
    """Each style is larger in each size than in the one before, and each line higher than its letters."""
    for before, after in pairwise(TEXT_SIZES):
        assert all(small < large for small, large in zip(before.points, after.points, strict=True))
    assert all(point < line for size in TEXT_SIZES for point, line in zip(size.points, size.lines, strict=True))


def test_the_style_sheet_has_every_choice() -> None:
    """Each width and text size but the first chosen has a rule that its radio switches on."""
    css = measures_css()
    keys = {one.key for one in (*DEVICES, *TEXT_SIZES)} - {geometry.DEVICE_OF_MEASURES, TEXT_SIZES[0].key}
    assert set(re.findall(r":has\(#(\w+):checked\)", css)) == keys
    assert all(f"--{one.name}:{one.value};" in css for one in MEASURES)
