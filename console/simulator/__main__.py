"""`python -m console.simulator`: the same verbs as `retention simulator`."""

from __future__ import annotations

from console.cli import entry


def main() -> int:
    """Run a verb; what ends it is told in one sentence, with exit code 1."""
    from console.cli.simulator import app  # noqa: PLC0415  # after `begin`

    app(prog_name="python -m console.simulator")
    return 0


if __name__ == "__main__":
    entry.begin(local=True)
    raise SystemExit(entry.carry_out(main))
