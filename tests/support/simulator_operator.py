"""An operator who types verbs of `retention simulator` at one simulator's data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from console.cli.simulator import simulator

SAMPLE = Path(__file__).parents[2] / "events" / "retention.yaml"
APP_APPLE_ID = 6745974591
MONTHLY, ANNUAL = "trailhead.pro.monthly", "trailhead.pro.annual"


class Operator:
    """Types commands at one simulator."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __call__(self, *words: str) -> str:
        """Return what a verb prints; a Failure is raised as it is."""
        result = CliRunner().invoke(simulator, [*words, "--directory", str(self.directory)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    def made(self, *words: str) -> list[Any]:
        """Return type and subtype of the notifications that a verb made."""
        return [(one["type"], one["subtype"]) for one in json.loads(self(*words, "--json"))]

    def subscription(self) -> Any:
        """Return the only subscription, as `subscriptions --json` lists it."""
        (found,) = json.loads(self("subscriptions", "--json"))
        return found


def granted_operator(directory: Path) -> Operator:
    """Return an operator whose simulator knows the sample's app; its key is in `directory`."""
    operator = Operator(directory / "simulator")
    operator("grant", "--file", str(SAMPLE), "--key", str(directory / "key.p8"), "--new-key")
    return operator
