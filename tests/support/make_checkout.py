"""make, run in a checkout that has nothing to install."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.sam_template import ROOT

# What a make that runs this very test hands down.
OUTER = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKE_TERMOUT", "MAKE_TERMERR")


def make(
    *arguments: str, folder: Path = ROOT, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in OUTER}
    return subprocess.run(
        ["make", "-s", *arguments],
        cwd=folder,
        env={**inherited, **(environment or {})},
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def small_project(folder: Path) -> Path:
    """Make a checkout of the Makefile and its scripts, with nothing to install."""
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "Makefile", folder / "Makefile")
    (folder / "requirements").mkdir()
    (folder / "requirements" / "sam.txt").write_text("")
    return folder
