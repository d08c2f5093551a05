"""The checks of file, table and release: each reports one finding, and what it found goes to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from retention import table as rows

from console.rollout.checks import table
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN
from tests.support.apple_in_memory import target_in_memory
from tests.support.doctor_checks import checked, known, verdicts
from tests.support.fake_table import APP, TABLE
from tests.support.planned_file import FILE
from tests.support.small_release import put
from tests.support.writable_table import WritableTable


def test_a_good_file_is_compiled_for_later_checks(folder: Path) -> None:
    """The finding names the file."""
    file = folder / "retention.yaml"
    file.write_text(FILE)
    [finding], after = checked(table.file, known(file))
    assert (finding.verdict, finding.found) == (GOOD, f"{file} is good.")
    assert after.document is not None
    assert after.compiled is not None


def test_a_file_with_mistakes_is_still_a_document(folder: Path) -> None:
    """Its first mistake is reported with the line; the app and the environments can be read all the same."""
    file = folder / "my file.yaml"
    file.write_text(FILE.replace("message: keep}", "message: gone}"))
    [finding], after = checked(table.file, known(file))
    assert finding.verdict == BAD
    assert "has 1 mistake, the first on line " in finding.found
    assert finding.advice == f"`retention validate '{file}'` lists them all."
    assert after.document is not None
    assert after.compiled is None


def test_the_stack_is_found_without_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check after it reports the table."""
    target = target_in_memory()
    monkeypatch.setattr(table, "find_target", lambda *_: target)
    assert checked(table.target, known()) == ([], known(target=target))


def test_a_table_without_an_app_has_an_empty_head() -> None:
    """It is readable, which is what this check is about; without a target nothing more is reported."""
    target = target_in_memory()
    found, after = checked(table.table, known(target=target))
    assert ([finding.verdict for finding in found], after.head) == ([GOOD], {})
    assert checked(table.table, known()) == ([], known())


def test_a_live_release_is_good() -> None:
    """What the table has for the app goes to the later checks."""
    rows_in = WritableTable()
    put(rows_in.client(), TABLE)
    [finding], after = checked(table.release, known(target=target_in_memory(rows_in), head={}))
    assert (finding.verdict, finding.found) == (GOOD, "Release 1 is live and complete.")
    assert after.table is not None
    assert after.table.live is not None


def test_before_the_first_publish_the_release_is_bad() -> None:
    """The advice is the command that publishes."""
    [finding], _ = checked(table.release, known(target=target_in_memory(), head={}))
    assert (finding.verdict, finding.advice) == (BAD, "Publish with `retention apply`.")


@pytest.mark.parametrize("found", [{}, {"target": target_in_memory()}], ids=["no table", "an unreadable table"])
def test_without_the_table_the_release_is_unknown(found: dict[str, Any]) -> None:
    """The check before has reported why."""
    assert verdicts(table.release, known(**found)) == {"release": UNKNOWN}


def test_a_damaged_release_is_raised_for_the_doctor_to_report() -> None:
    """`run` makes a finding of it."""
    rows_in = WritableTable()
    put(rows_in.client(), TABLE)
    rows_in.remove(rows.sheet_key(APP, 1, "*"))
    with pytest.raises(Exception, match="release 1 is damaged"):
        checked(table.release, known(target=target_in_memory(rows_in), head={}))
