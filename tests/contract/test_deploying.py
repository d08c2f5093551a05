"""No document deploys without a build: `make deploy` builds, while `sam deploy` alone does not change the alias."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.sam_template import ROOT

# Everything that people read: documents, what the console prints, comments of the files that they edit.
READ = sorted(
    path
    for top in ("*.md", "docs/**/*.md", "benchmarks/**/*.md", "console/**/*.py", "*.toml", "*.yaml", "Makefile")
    for path in ROOT.glob(top)
    if path.is_file()
)
READ += sorted((ROOT / ".github").rglob("*.yml"))


def lines_that_deploy(text: str) -> list[str]:
    """Return each command that runs SAM's deploy, or updates a stack by hand, without a build before it in its line."""
    commands = re.findall(r"[^\n`]*\b(?:sam|samcli) deploy\b[^\n`]*", text.replace("\\\n", " "))
    return [one for one in commands if not re.search(r"make build.*&&|options of sam deploy", one)]


@pytest.mark.parametrize("path", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_deploys_without_building(path: Path) -> None:
    """No document deploys without a build, since a changed parameter would not reach the alias that Apple calls."""
    assert lines_that_deploy(path.read_text(encoding="utf-8")) == []


def test_the_check_finds_a_deployment_without_a_build() -> None:
    """The check finds a deployment without a build in all its forms."""
    assert lines_that_deploy(".venv-sam/bin/sam deploy --config-env sandbox")
    assert lines_that_deploy("type `sam deploy` again")
    assert not lines_that_deploy("make build && .venv-sam/bin/sam deploy --config-env sandbox")


def test_readme_and_operations_name_make_deploy() -> None:
    """README and operations name `make deploy` with an environment that exists."""
    for name in ("README.md", "docs/operations.md"):
        named = re.findall(r"make deploy ENV=(\S+?)[`\s]", (ROOT / name).read_text(encoding="utf-8"))
        assert set(named) <= {"sandbox", "production"}
        assert "sandbox" in named
    rehearsing = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").partition("## Rehearsing")[2]
    afterwards = rehearsing.partition('"RehearsalTrustAnchor=\\"\\""')[2][:200]
    assert "make deploy ENV=sandbox" in afterwards
