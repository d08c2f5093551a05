"""Every command that a document shows, pasted into bash and into zsh: both run the same programs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.test_pasted import COMMANDS, PROGRAMS
from tests.support.waiting import PATIENCE


@pytest.mark.parametrize("path", sorted({path for path, _ in COMMANDS}), ids=lambda path: path.name)
def test_zsh_takes_every_command_as_bash_does(path: Path, tmp_path: Path) -> None:
    """For each document, bash and zsh run the same programs with the same arguments, and neither reports an error."""
    zsh, bash = shutil.which("zsh"), shutil.which("bash")
    if zsh is None or bash is None:
        missing = pytest.fail if os.environ.get("REQUIRE_REAL_PARTS") == "1" else pytest.skip
        missing("zsh is missing (Debian: zsh); the test above judges the same lines by their characters")
    lines = "\n".join(command for one, command in COMMANDS if one == path) + "\nwait\n"
    heard = [_paste(shell, lines, tmp_path) for shell in ([zsh, "-f", "-i"], [bash, "--norc"])]
    assert heard[0] == heard[1]
    assert heard[0]


def _paste(shell: list[str], lines: str, scratch: Path) -> list[list[str]]:
    """Run lines in a shell in an empty folder, where each program only records its arguments; returns them, sorted."""
    home = scratch / Path(shell[0]).name
    home.mkdir()
    record = home / "record"
    note = f"with open({str(record)!r}, 'a') as file: file.write(json.dumps(sys.argv) + chr(10))"
    program = f"#!{sys.executable} -Es\nimport json, sys\n{note}\n"
    for name in (*(f"bin/{name}" for name in PROGRAMS), ".venv-sam/bin/sam", ".venv/bin/retention"):
        path = home / "work" / name if name.startswith(".") else home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(program)
        path.chmod(0o755)
    done = subprocess.run(
        shell,
        input=lines,
        cwd=home / "work",
        env={"PATH": str(home / "bin"), "HOME": str(home), "TERM": "dumb", "LC_ALL": "C.UTF-8"},
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    complaints = [line for line in done.stderr.splitlines() if re.match(r"(zsh|bash): ", line)]
    assert complaints == [], done.stderr
    notes = [json.loads(line) for line in record.read_text().splitlines()]
    return sorted([os.path.basename(note[0]), *note[1:]] for note in notes)  # noqa: PTH119  # of a text
