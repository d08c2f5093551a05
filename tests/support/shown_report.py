"""Pages of reports in a browser: one that can be read, one that is withheld, and one with hostile names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from console.effect.apple_report import contrasts, read_apple_report
from console.effect.findings import Report
from console.effect.studied import StudiedArm
from console.file.document import read_named
from console.local.samples import SAMPLE
from console.pages.arm_screens import arm_screens
from console.pages.frame import PageFacts
from console.pages.report_page import render_report
from tests.support.apple_files import apple_file, apple_lines
from tests.support.made_reports import CLEAR, KEY, NOT_DUE, cohort, data_of, reading_of, report_of, studied_of

HOSTILE: Final = '"><img src=x onerror=alert(1)></svg><script>alert(1)</script>\u202e'
FACTS: Final = PageFacts("1.0.0", f"retention report {KEY}", "0" * 64)


def report_pages(folder: Path) -> dict[str, Path]:
    """Write each page into a folder, and return it by name."""
    (folder / "apple.txt").write_text(
        apple_file(
            apple_lines({"Default": [10, 12, 9, 11, 10, 8, 12, 10], "Real-time": [20, 22, 19, 25, 21, 20, 18, 22]})
        ),
        encoding="utf-8",
    )
    apple = contrasts(read_apple_report(folder / "apple.txt"), "2026-10-01", "2026-10-31")
    rows = cohort(CLEAR)
    unheard = [replace(row, heard_of=0) if row.arm == "switch" else row for row in rows]
    hostile = [replace(row, arm=HOSTILE if row.arm == "switch" else row.arm) for row in rows]
    arms = (StudiedArm("control", 4000, is_fallback=True), StudiedArm("switch", 3000), StudiedArm("offer", 3000))
    three = cohort({"control": 480, "switch": 530, "offer": 500})
    evil = replace(studied_of(arms=(StudiedArm("control", 5000), StudiedArm(HOSTILE, 5000))), key=HOSTILE)
    reports = {
        "readable": report_of(data_of(rows, reading_of(rows)), apple=apple),
        "withheld": report_of(data_of(unheard, NOT_DUE)),
        "three": report_of(data_of(three, NOT_DUE), studied_of(arms=arms)),
        "hostile": report_of(data_of(hostile, reading_of(hostile)), evil),
        "empty": report_of(data_of((), None, ratio=(), curve=(), first_exposure=None)),
    }
    return {name: _written(folder / f"{name}.html", report) for name, report in reports.items()}


def _written(path: Path, report: Report) -> Path:
    screens = arm_screens(read_named(SAMPLE, ""), KEY, {})
    path.write_text(render_report(report, screens, FACTS), encoding="utf-8")
    return path
