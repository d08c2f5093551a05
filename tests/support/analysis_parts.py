"""Skip a test that needs the packages of an analysis where they are missing; it fails where parts are required."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Final

import pytest

MISSING: Final = [name for name in ("duckdb", "scipy", "statsmodels", "sqlglot") if find_spec(name) is None]

# Use as a decorator, or as `pytestmark` of a module; import such a package inside the tests, or through the console.
needs_analysis: Final = pytest.mark.skipif(
    bool(MISSING) and os.environ.get("REQUIRE_REAL_PARTS") != "1",
    reason=f"needs {', '.join(MISSING)}: run `make .venv/.analysis`",
)
