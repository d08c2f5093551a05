"""An export in any form is written again as lines of JSON, with values of the columns' types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.effect.other_exports import rewritten
from console.effect.tables import KEPT
from tests.unit.console.effect.test_log_cache import EXPOSURE, FORMS, LINES


@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_the_same_lines(tmp_path: Path, form: str) -> None:
    """One line each, in order, with the members of the tables."""
    (tmp_path / "log").write_bytes(FORMS[form])
    rewritten([tmp_path / "log"], tmp_path / "lines", KEPT)
    found = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert found == [{name: value for name, value in line.items() if name in KEPT} for line in map(json.loads, LINES)]


@pytest.mark.parametrize(
    ("member", "value", "kept"),
    [
        ("release", "12", 12),
        ("release", "", None),
        ("release", "twelve", None),
        ("release", True, None),
        ("release", 12, 12),
        ("delivered", "false", False),
        ("delivered", "1", True),
        ("delivered", "perhaps", None),
        ("delivered", False, False),
        ("arm", "", None),
        ("arm", 5, None),
        ("arm", "keep", "keep"),
        ("arm", "keep\ud800", "keep?"),
        ("slots", 2**31 - 1, 2**31 - 1),
        ("slots", 2**31, None),
        ("slots", "2147483648", None),
        ("release", 2**63 - 1, 2**63 - 1),
        ("release", -(2**63), None),
        ("release", 10**30, None),
    ],
)
def test_a_value_has_the_type_of_its_column(tmp_path: Path, member: str, value: Any, kept: Any) -> None:
    """A table has texts alone: what is no value of the type is left out."""
    (tmp_path / "log").write_text(json.dumps({**EXPOSURE, member: value}))
    rewritten([tmp_path / "log"], tmp_path / "lines", KEPT)
    assert json.loads((tmp_path / "lines").read_text()).get(member) == kept
