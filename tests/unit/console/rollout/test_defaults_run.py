"""What `retention defaults` configures, deletes and leaves, without Apple, a table or a terminal."""

from __future__ import annotations

import json

import pytest

from console.rollout.defaults import DefaultCoverage
from console.rollout.defaults_run import Choice, Settled, Work, show_end, work_list
from console.terminal.output import Output

GAP = DefaultCoverage("pro", "ja", (), None, None)
DIFFERENT = DefaultCoverage("pro", "en-US", ("new", "old"), "new", "old")
WAITING = DefaultCoverage("pro", "de-DE", ("new", "old"), None, "old")
AGREED = DefaultCoverage("pro", "fr-FR", ("new",), "new", "new")
OTHER = DefaultCoverage("gone", "en-US", (), None, "old")
ALL = [GAP, DIFFERENT, WAITING, OTHER, AGREED]


@pytest.mark.parametrize(
    ("choice", "work"),
    [
        (Choice(), Work((DIFFERENT,))),
        (Choice(delete_others=True), Work((DIFFERENT,), (OTHER,))),
        (Choice(show_only=True), Work()),
        (Choice(verify=True, yes=True), Work((DIFFERENT,))),
    ],
)
def test_different_defaults_are_configured(choice: Choice, work: Work) -> None:
    """Defaults that the file does not name are deleted only with --delete-others."""
    assert work_list(ALL, choice) == work


def test_nothing_is_configured_where_all_agree() -> None:
    """Defaults that agree, wait or have no text give nothing to do."""
    assert work_list([AGREED, WAITING, GAP], Choice(delete_others=True)) == Work()


@pytest.mark.parametrize(
    ("covered", "settled", "line"),
    [
        ([AGREED, GAP, OTHER], True, ""),
        ([AGREED, WAITING], False, "waiting for Apple: 1 default\n"),
        ([DIFFERENT, WAITING, WAITING], False, "waiting for Apple: 2 defaults; to configure: 1 default\n"),
    ],
)
def test_waiting_defaults_are_counted_at_the_end(
    covered: list[DefaultCoverage],
    settled: bool,  # noqa: FBT001  # a parameter
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A gap is for the owner to fill, so there is nothing to wait for."""
    assert show_end(Settled(False, Work(), covered), Output()) is settled  # noqa: FBT003  # a field
    assert capsys.readouterr().out == line


def test_the_document_counts_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON document has the counts, and every default with its standing."""
    done = Settled(True, Work((DIFFERENT,), (OTHER,)), [AGREED], [("pro", "ja")])  # noqa: FBT003  # a field
    assert show_end(done, Output(as_json=True))
    document = json.loads(capsys.readouterr().out)
    assert (document["configured"], document["deleted"], document["verified"]) == (1, 1, True)
    assert document["corrected"] == ["pro ja"]
    assert [one["standing"] for one in document["defaults"]] == ["agreed"]
