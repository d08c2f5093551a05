"""`python -m console.simulator`: the same verbs as `retention simulator`."""

from __future__ import annotations

from console.failure import sentence
from console.output import Output
from console.simulator.commands import app


def main() -> int:
    """Run a verb; what ends it is told in one sentence, with exit code 1."""
    try:
        app(prog_name="python -m console.simulator")
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        Output().failure(told)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
