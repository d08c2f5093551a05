"""The sync's entry point as Lambda imports it, and what stands in for the functions' Telemetry."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final

import pytest

from tests.support.fake_table import APP, TABLE

PREFIX: Final = "/retention/production"
VARIABLES: Final = {
    "RETENTION_TABLE": TABLE,
    "RETENTION_ENVIRONMENT": "Production",
    "RETENTION_APP_APPLE_IDS": str(APP),
    "RETENTION_KEY_PREFIX": PREFIX,
    "RETENTION_APPLE_URL": "",
    "POWERTOOLS_SERVICE_NAME": "retention-production",
    "POWERTOOLS_METRICS_NAMESPACE": "Retention",
}


@contextmanager
def sync_entry() -> Iterator[ModuleType]:
    """Import the module with a stack's variables, which are set until the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        yield importlib.import_module("sync")


@dataclass
class Lines:
    """Keeps each line as it would be printed (outcome, level, fields), and each count by its name."""

    reported: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    counted: dict[str, list[int]] = field(default_factory=dict)

    def report(self, outcome: str, level: str, fields: dict[str, Any], counts: dict[str, int]) -> None:
        self.reported.append((outcome, level, json.loads(json.dumps(fields))))
        self.count(counts)

    def count(self, counts: dict[str, int]) -> None:
        for name, number in counts.items():
            self.counted.setdefault(name, []).append(number)

    @property
    def words(self) -> list[str]:
        return [outcome for outcome, _, _ in self.reported]
