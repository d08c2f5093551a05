"""The simulator's directory and port, unless an option names others."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DIRECTORY: Final = Path(".retention-simulator")
PORT: Final = 8700
