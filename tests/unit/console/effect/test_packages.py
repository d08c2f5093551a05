"""The packages of an analysis: imported when asked for, and what is printed where they are missing."""

from __future__ import annotations

import json

import pytest

from console.effect.packages import analysis_package
from console.terminal.failure import Failure


def test_a_package_that_is_there_is_imported() -> None:
    """The module is returned."""
    assert analysis_package("json") is json


@pytest.mark.parametrize("name", ["no_such_package", "no_such_package.inner"])
def test_a_missing_package_is_named_with_what_to_type(name: str) -> None:
    """The sentence names the package, and the command that installs it."""
    with pytest.raises(Failure, match=r"no_such_package is not installed.*make \.venv/\.analysis"):
        analysis_package(name)
