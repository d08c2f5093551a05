"""`make events`: write the generated files of `events/`.

python -m console.local.make_samples
"""

from __future__ import annotations

from pathlib import Path

from console.deployment.failures import sentence
from console.local.sample_events import write_sample_events
from console.local.sample_notifications import write_sample_notifications
from console.local.samples import EVENTS, write_sample_states
from console.terminal.program import carry_out


def write_samples(directory: Path) -> None:
    """Write sample requests, sample notifications, and Apple's two lists for the sample into `directory`."""
    write_sample_states(directory / "states")
    write_sample_events(directory)
    write_sample_notifications(directory / "notifications")


def main() -> int:
    """Write the samples into `events/`. Returns the exit code."""
    return carry_out(_write, sentence)


def _write() -> int:
    write_samples(EVENTS)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
