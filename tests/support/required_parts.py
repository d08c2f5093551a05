"""Start a real part; if it is missing, skip the test with the reason, or fail if parts are required."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.support import real_parts

REQUIRED: Final = os.environ.get("REQUIRE_REAL_PARTS") == "1"


def real(start: Callable[[], Any]) -> Any:
    """Call `start`; where the part is missing the test is skipped with the reason, or fails if parts are required."""
    try:
        return start()
    except real_parts.PartMissingError as missing:
        if REQUIRED:
            pytest.fail(f"REQUIRE_REAL_PARTS=1, but {missing}")
        pytest.skip(str(missing))
