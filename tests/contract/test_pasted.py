"""Every command that a document shows can be pasted into a shell: into bash, and into zsh as macOS ships it.

zsh at a terminal knows no comments, ends a command at a pattern that matches no file, and takes `!` for history.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.sam_template import ROOT

DOCUMENTS: Final = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]
    if ".venv" not in path.parts
)
# What a document has people type begins with one of these.
PROGRAMS: Final = ("make", "retention", "aws", "curl", "openssl", "seq", "xargs", "git", "python3", "python", "sam")
_BEGINS: Final = re.compile(rf"(?:{'|'.join(PROGRAMS)}|export|\.venv[\w./-]*|\.ci/run) \S")
# Quoted text, in which a shell interprets nothing; a backslash and the character after it.
_QUOTED: Final = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.", re.DOTALL)


def pasted(path: Path) -> Iterator[str]:
    """Yield what is copied out of a document: blocks of commands, the lines behind `$`, and commands within a text."""
    text = path.read_text(encoding="utf-8")
    blocks = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    for kind, block in blocks.findall(text):
        if kind == "console":
            yield from re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE)
        elif kind in {"", "sh", "shell", "bash", "zsh"} and _BEGINS.match(block.lstrip("$ ")):
            yield block
    for span in re.findall(r"`([^`]+)`", blocks.sub("", text)):
        if _BEGINS.match(span):
            yield " ".join(span.split())


COMMANDS: Final = [(path, command) for path in DOCUMENTS for command in pasted(path)]


def test_commands_are_found() -> None:
    """Commands are found in README and operations, in blocks and in spans."""
    found = {path.name for path, _ in COMMANDS}
    assert {"README.md", "operations.md", "messages.md", "SECURITY.md"} <= found
    assert len(COMMANDS) > 60
    assert "make deploy ENV=sandbox" in "\n".join(command for _, command in COMMANDS)


@pytest.mark.parametrize(
    ("path", "command"), COMMANDS, ids=lambda part: part.name if isinstance(part, Path) else part[:40]
)
def test_no_command_has_characters_that_a_shell_interprets(path: Path, command: str) -> None:
    """No comment, no placeholder that redirects, no pattern, no history, no blank after a line's backslash."""
    bare = _QUOTED.sub("", command.replace("\\\n", " "))
    assert not re.search(r"(^|\s)#", bare), f"{path.name}: a comment behind a command"
    assert not re.search(r"[<*?\[\](){}!^~`]", bare), f"{path.name}: not for a shell to see"
    assert not re.search(r"(^|\s)=", bare), f"{path.name}: zsh looks for a program of that name"
    assert not re.search(r"\\[ \t]+$", command, re.MULTILINE), f"{path.name}: a blank behind a backslash"
    assert not re.search(r"[“”‘’\u00a0]", command), f"{path.name}: a typographer's quotation mark or blank"  # noqa: RUF001  # that is what is looked for
    assert "$EDITOR" not in command, f"{path.name}: zsh does not part its words"


@pytest.mark.parametrize(
    "command",
    [
        "retention doctor --env sandbox   # what doesn't fit",
        "aws ssm put-parameter --name /retention/<keyId>",
        "aws lambda list --query Versions[].Version",
        "retention replay *.log",
        "retention explain --note hi!",
    ],
)
def test_the_check_finds_what_zsh_would_misread(command: str) -> None:
    """The check finds each form that fails or has another meaning when it is pasted into zsh."""
    with pytest.raises(AssertionError):
        test_no_command_has_characters_that_a_shell_interprets(ROOT / "README.md", command)
