"""The function as Lambda's runtime loads it, on a wall clock that a test moves while the process is frozen.

A process learns from its wall clock, `time.time`, that it was frozen; so this module replaces it before `app` is
imported. How far it is ahead, in seconds, is in the file that THAWED_FILE names.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_file, _true = Path(os.environ["THAWED_FILE"]), time.time


def _pushed_on() -> float:
    return _true() + float(_file.read_text(encoding="ascii"))


time.time = _pushed_on

from app import get_retention_message  # noqa: E402  # the clock first

__all__ = ["get_retention_message"]
