"""What `coverage`, `diff` and `replay` compare: a file alone, or what a table has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from retention.aws.app_table import AppTable
from retention.rules import NO_FACTS

from console.cli import editions
from console.cli.editions import cover_chosen, replay_logs, sides
from console.decisions.coverage import CellChoice
from console.deployment.where import Where
from console.file.compile import compile_document
from console.file.document import read_document
from console.file.edition import edition_from_file
from console.local.samples import SAMPLE, SAMPLE_CLOCK
from console.releases.publish import publish_release
from console.releases.read import ReleaseError
from console.terminal.failure import Failure
from console.terminal.output import no_progress
from tests.support.apple_in_memory import target_in_memory
from tests.support.edited_sample import APP, edited
from tests.support.logged_decisions import ANNUAL, BASIC, lines

ONE = CellChoice((BASIC,), ("en-US",))
AT = Where("sandbox")


@pytest.fixture
def app_table(monkeypatch: pytest.MonkeyPatch) -> AppTable:
    """The table that every name of an environment leads to."""
    target = target_in_memory()
    made = AppTable(target.dynamodb, target.table, int(APP))

    class Target:
        app_table = made

    monkeypatch.setattr(editions, "find_target", lambda _: Target())
    return made


@pytest.fixture
def no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editions, "find_target", lambda _: pytest.fail("a table was looked for"))


def publish(app_table: AppTable, file: Path) -> None:
    compiled = compile_document(read_document(file), now=SAMPLE_CLOCK)
    publish_release(app_table, compiled.release, who="ada", commit=None, now=SAMPLE_CLOCK)


@pytest.mark.usefixtures("no_table")
def test_a_file_alone_is_covered_without_a_table() -> None:
    """All its texts count as approved; without a file there is nothing to cover."""
    found = cover_chosen(SAMPLE, Where(), ONE, SAMPLE_CLOCK, no_progress)
    assert (found.source, found.judged) == (str(SAMPLE), "every text taken as approved")
    with pytest.raises(Failure, match="Name a file, or the environment with --env, or the table with --table"):
        cover_chosen(None, Where(), ONE, SAMPLE_CLOCK, no_progress)


def test_the_live_release_is_covered_where_no_file_is_named(app_table: AppTable) -> None:
    """Before the first publish that is a failure; after it, texts count by the states of the table."""
    with pytest.raises(Failure, match="Nothing has been published"):
        cover_chosen(None, AT, ONE, SAMPLE_CLOCK, no_progress)
    publish(app_table, SAMPLE)
    found = cover_chosen(None, AT, ONE, SAMPLE_CLOCK, no_progress)
    assert found.source == "release 1"
    assert {text.state.partition(",")[0] for text in found.waiting} == {"UNKNOWN"}


def test_a_draft_is_covered_by_the_states_of_a_table(app_table: AppTable) -> None:
    """The source is the file, not the release that is live."""
    publish(app_table, SAMPLE)
    found = cover_chosen(SAMPLE, AT, ONE, SAMPLE_CLOCK, no_progress)
    assert (found.source, bool(found.waiting)) == (str(SAMPLE), True)


@pytest.mark.usefixtures("no_table")
def test_two_files_are_compared_without_a_table(tmp_path: Path) -> None:
    """A file whose name is a number is written with its folder."""
    draft = edited(tmp_path, name="12")
    before, after = sides(str(SAMPLE), str(draft), Where())
    assert (before.name, after.name) == (str(SAMPLE), str(draft))


def test_numbers_and_live_are_releases(app_table: AppTable, tmp_path: Path) -> None:
    """A release that is not there is an error, and a file stands for itself next to a release."""
    publish(app_table, SAMPLE)
    publish(app_table, edited(tmp_path, ("header: Keep your weekend walks", "header: Keep walking")))
    assert [side.name for side in sides("1", "live", AT)] == ["release 1", "release 2"]
    assert [side.name for side in sides("live", str(SAMPLE), AT)] == ["release 2", str(SAMPLE)]
    with pytest.raises(ReleaseError, match="no complete release 9"):
        sides("1", "9", AT)


def test_the_environment_is_looked_up_in_the_file_that_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --file, the file among the two names has the stack; a --file of its own is kept."""
    asked: list[Where] = []

    def find_target(where: Where) -> object:
        asked.append(where)
        raise Failure("no stack")

    monkeypatch.setattr(editions, "find_target", find_target)
    for where in (AT, Where("sandbox", Path("other.yaml"))):
        with pytest.raises(Failure, match="no stack"):
            sides("live", "draft.yaml", where)
    assert [where.file for where in asked] == [Path("draft.yaml"), Path("other.yaml")]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of two decisions by the sample."""
    found = lines(edition_from_file(SAMPLE, now=SAMPLE_CLOCK), [(ANNUAL, "en-US", NO_FACTS)] * 2)
    file = tmp_path / "log"
    file.write_text("".join(json.dumps(one) + "\n" for one in found))
    return file


@pytest.mark.usefixtures("no_table")
def test_logs_are_replayed_against_a_file(log: Path) -> None:
    """Without the releases that decided, requests that hinge on facts are undecidable."""
    found = replay_logs([log, log], Where(file=SAMPLE), SAMPLE_CLOCK, no_progress)
    assert (found.requests, found.undecidable.total()) == (4, 4)


def test_a_kept_release_proves_what_the_log_leaves_open(app_table: AppTable, log: Path) -> None:
    """The release that decided is read from the table."""
    publish(app_table, SAMPLE)
    found = replay_logs([log], Where("sandbox", SAMPLE), SAMPLE_CLOCK, no_progress)
    assert (found.requests, found.proved, found.undecidable.total()) == (2, 2, 0)


@pytest.mark.usefixtures("no_table")
def test_a_log_without_a_decision_is_a_failure(tmp_path: Path) -> None:
    """A wrong export would look like a draft that changes nothing."""
    (tmp_path / "empty").write_text("START RequestId\n")
    with pytest.raises(Failure, match=r"no logged decision in .*empty: export the log group"):
        replay_logs([tmp_path / "empty"], Where(file=SAMPLE), SAMPLE_CLOCK, no_progress)
