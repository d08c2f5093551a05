"""The fixtures of integration tests that programs' tests use as well."""

from __future__ import annotations

from tests.integration.conftest import desk, endpoint

__all__ = ["desk", "endpoint"]
