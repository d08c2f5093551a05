"""A checkout works on every machine: line ends, and the sentence for machines that it does not support."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.sam_template import ROOT


def git(*arguments: str | Path, folder: Path = ROOT) -> str:
    return subprocess.run(["git", *map(str, arguments)], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("setting", ["core.autocrlf=true", "core.eol=crlf"])
def test_no_line_ends_in_cr_and_lf(tmp_path: Path, setting: str) -> None:
    """No file has CRLF, with any setting of Git for Windows: shells fail on such scripts, and digests would differ."""
    git("clone", "-q", "--depth", "1", f"file://{ROOT}", tmp_path / "clone", folder=tmp_path)
    clone = tmp_path / "clone"
    (clone / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
    git("-c", setting, "rm", "-rq", "--cached", ".", folder=clone)
    name, _, value = setting.partition("=")
    git("config", name, value, folder=clone)
    git("reset", "-q", "--hard", folder=clone)
    (clone / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
    git("checkout", "-qf", "HEAD", "--", ".", folder=clone)
    ends = [line.split()[1] for line in git("ls-files", "--eol", folder=clone).splitlines()]
    assert not [end for end in ends if end in {"w/crlf", "w/mixed"}]


def test_every_binary_file_is_marked() -> None:
    """Every binary file is marked as one, since Git would guess from its first bytes."""
    names = [name for name in git("ls-files", "-z").split("\0") if name.endswith((".cer", ".der", ".png"))]
    attributes = git("check-attr", "text", "--", *names).splitlines()
    assert len(attributes) == len(names) > 5
    assert all(line.endswith("text: unset") for line in attributes)
