"""What the options of a command name: a table, an app, and the way to Apple. Cheap to import: every `--help` has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

# The environment variable that stands for --apple-url in a shell; the sync function reads the same one.
APPLE_URL: Final = "RETENTION_APPLE_URL"


@dataclass(frozen=True, slots=True)
class Where:
    """Which table and app: `env` and `file` name them, `table`, `region`, `endpoint_url` and `app` override."""

    env: str | None = None
    file: Path = Path("retention.yaml")
    table: str | None = None
    endpoint_url: str | None = None
    region: str | None = None
    app: int | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach Apple: the API key or its file, and another address than Apple's own."""

    key: Path | str | None = None
    url: str | None = None
