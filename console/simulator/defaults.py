"""Where the simulator keeps its data and listens, unless an option names another place."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DIRECTORY: Final = Path(".retention-simulator")
PORT: Final = 8700
