"""What programs read is as it was before the modules moved: documents, exit codes, answers, rows, log lines, metrics.

tests/programs/recorded/ was written by the tree of that day. tests/support/recorded_forms.py lists what is left out
of the comparison, with reasons: what depends on the moment, and the wording of texts for people.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.recorded_forms import RECORDED, ROOT, OperatorSetup, desk
from tests.support.recorded_situations import CHAPTERS

Chapter = Callable[[OperatorSetup], None]
Forms = list[dict[str, Any]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Forms | Exception]:
    """What every chapter comes to on this tree, or what it ended with. Each goes on where another ended."""
    chapters: dict[str, Forms | Exception] = {}
    with desk(ROOT, tmp_path_factory.mktemp("desk")) as at:
        for chapter in CHAPTERS:
            begun = len(at.forms)
            try:
                chapter(at)
                chapters[chapter.__name__] = at.forms[begun:]
            except Exception as error:  # noqa: BLE001  # its test fails with it, and the others go on
                chapters[chapter.__name__] = error
    return chapters


@pytest.mark.parametrize("chapter", [chapter.__name__ for chapter in CHAPTERS])
def test_programs_read_what_they_read_before(found: dict[str, Forms | Exception], chapter: str) -> None:
    """Every situation of the chapter, in its order, ends as it was recorded."""
    forms = found[chapter]
    if isinstance(forms, Exception):
        raise forms
    recorded = (RECORDED / f"{chapter}.jsonl").read_text(encoding="utf-8")
    compare([json.loads(line) for line in recorded.splitlines()], forms)


def compare(recorded: Forms, found: Forms) -> None:
    assert [form["command"] for form in recorded] == [form["command"] for form in found]
    unlike = [difference(old, new) for old, new in zip(recorded, found, strict=True) if old != new]
    assert not unlike, f"{len(unlike)} of {len(recorded)} situations end otherwise:\n" + "\n".join(unlike)


def difference(recorded: dict[str, Any], found: dict[str, Any]) -> str:
    before, now = (json.dumps(form, ensure_ascii=False, indent=1).splitlines() for form in (recorded, found))
    lines = difflib.unified_diff(before, now, "recorded", "now", lineterm="", n=6)
    return "\n".join([recorded["command"], *lines])
