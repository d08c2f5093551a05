"""`retention init` as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.edited_sample import Run


def test_init_then_validate(run: Run, tmp_path: Path) -> None:
    """`init` writes a file that `validate` accepts, refuses to overwrite it without --force, and names it in JSON."""
    file = str(tmp_path / "r.yaml")
    options = ("init", "--file", file, "--app", "1", "--bundle", "com.example.app", "--product", "pro:P1M")
    assert run(*options)[0] == 0
    code, _, err = run(*options)
    assert (code, "There is a" in err, err.count("\n")) == (1, True, 1)
    code, out, _ = run(*options, "--force", "--json")
    assert (code, json.loads(out)) == (0, {"file": file, "products": ["pro"]})
    assert run("validate", file)[0] == 0
    assert run("init", "--file", str(tmp_path / "none" / "r.yaml"), *options[3:])[0] == 1


@pytest.mark.parametrize("verb", ["init", "coverage", "diff", "replay"])
def test_help_has_an_example(run: Run, verb: str) -> None:
    """Each verb's `--help` has an example of the command."""
    code, out, _ = run(verb, "--help")
    assert code == 0
    assert f"retention {verb}" in " ".join(out.split()).partition("Examples:")[2]
