"""The command in a terminal of any size."""

from __future__ import annotations

import os
import subprocess
import sys


def test_help_is_printed_in_a_terminal_of_no_width() -> None:
    """`retention --help` prints its verbs in a terminal that reports a width of zero."""
    shell = {**os.environ, "COLUMNS": "0"}
    done = subprocess.run(
        [sys.executable, "-c", "from console.cli.entry import retention; retention()", "--help"],
        env=shell,
        capture_output=True,
        check=False,
    )
    assert b"validate" in done.stdout
