"""`explain`, `sign-request`, `coverage`, `diff`, `replay`: what each asks its room, prints, and ends with."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from retention.rules import UNREADABLE, Reported

from console.cli.decisions import TEST_CA
from console.cli.decisions_loading import Question
from console.decisions.coverage import CellChoice
from console.deployment.where import Where
from console.local.samples import SAMPLE
from tests.support.called_verb import Call, Recorded

AT = "2026-12-01T09:00:00Z"
MOMENT = datetime(2026, 12, 1, 9, tzinfo=UTC)


def room(monkeypatch: pytest.MonkeyPatch, **answers: object) -> dict[str, Recorded]:
    """Replace functions of `console`, by module and name with `__` in between."""
    made = {name: Recorded(answer) for name, answer in answers.items()}
    for name, stand_in in made.items():
        monkeypatch.setattr(f"console.{name.replace('__', '.')}", stand_in)
    return made


@pytest.mark.parametrize(
    ("words", "asks", "file"),
    [((), "explain_live", Path("retention.yaml")), (("draft.yaml",), "explain_draft", Path("draft.yaml"))],
)
def test_a_request_is_explained_by_the_file_or_the_live_release(
    call: Call, words: tuple[str, ...], asks: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question has the options; facts are read as values of the file's types."""
    made = room(
        monkeypatch, cli__decisions_loading__explain_live="live", cli__decisions_loading__explain_draft="draft",
        decisions__reasons_report__show=None,
    )  # fmt: skip
    facts = ("--customer", "tenureDays=200", "--customer", "inTrial=false")
    assert call("explain", *words, "--product", "pro", "--env", "sandbox", "--at", AT, *facts).code == 0
    [given] = made[f"cli__decisions_loading__{asks}"].given
    question, where = given[-2:]
    assert question == Question(
        "pro", "en-US", "99371282", {"tenureDays": 200, "inTrial": False}, None, MOMENT, TEST_CA
    )
    assert where == Where("sandbox", file)
    [(shown, _)] = made["decisions__reasons_report__show"].given
    assert shown == asks.removeprefix("explain_")


def test_facts_from_apple_can_be_given(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts and redemptions are as of the instant of the request; `--unreadable` means both rows."""
    made = room(monkeypatch, cli__decisions_loading__explain_live="live", decisions__reasons_report__show=None)
    asked = ("explain", "--product", "pro", "--env", "sandbox", "--at", AT)
    assert call(*asked, "--subscription", "renewals=3", "--redeemed", "half=1").code == 0
    assert call(*asked, "--unreadable").code == 0
    (first, _), (second, _) = made["cli__decisions_loading__explain_live"].given
    yesterday = int(MOMENT.timestamp() * 1000) - 86_400_000
    assert (first.customer, first.subscription) == (None, Reported({"renewals": 3}, (("half", yesterday),)))
    assert (second.customer, second.subscription) == (UNREADABLE, UNREADABLE)


def test_an_explanation_needs_a_request(call: Call) -> None:
    """By its product, or saved in a file."""
    with pytest.raises(typer.BadParameter, match="--product, or --event FILE"):
        call("explain", str(SAMPLE))


def test_a_signed_request_is_printed_as_a_body(call: Call) -> None:
    """It is one JSON document with the signed payload, with and without --json."""
    for more in ((), ("--json",), ("--json", "--curl", "http://127.0.0.1:1")):
        assert list(call("sign-request", "--at", AT, *more).document) == ["signedPayload"]


def test_a_signed_request_as_a_curl_line(call: Call) -> None:
    """`--curl URL` prints a command that a shell can run as it is."""
    line = shlex.split(call("sign-request", "--curl", "http://127.0.0.1:1/x?a=1&b='2'", "--at", AT).out)
    assert line[0] == "curl"
    assert "http://127.0.0.1:1/x?a=1&b='2'" in line
    assert "signedPayload" in json.loads(line[-1])


@pytest.mark.parametrize("option", ["product", "locale", "transaction"])
def test_what_json_cannot_hold_is_not_signed(call: Call, option: str) -> None:
    """Bytes that are not UTF-8 are refused with the option's name."""
    with pytest.raises(typer.BadParameter) as refused:
        call("sign-request", f"--{option}", "\udcff")
    assert refused.value.param_hint == f"--{option}"


def test_a_request_is_of_one_of_the_two_environments(call: Call) -> None:
    """Apple signs for Sandbox and Production only."""
    with pytest.raises(typer.BadParameter, match="write Sandbox or Production"):
        call("sign-request", "--environment", "Xcode")


def test_without_the_test_ca_nothing_is_signed(call: Call, tmp_path: Path) -> None:
    """The error has the name of the missing file."""
    with pytest.raises(FileNotFoundError):
        call("sign-request", "--ca", str(tmp_path))


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--check",), 3)])
def test_coverage_with_gaps_ends_with_3_only_where_it_is_a_check(
    call: Call, words: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Products and locales are the choice of cells, which is empty for all."""
    found = SimpleNamespace(gaps=True)
    made = room(monkeypatch, cli__editions__cover_chosen=found, decisions__coverage_report__show=None)
    chosen = ("--product", "a", "--product", "*", "--locale", "ja", "--all-locales")
    assert call("coverage", "draft.yaml", "--at", AT, *chosen, *words).code == code
    draft, where, choice, at, _ = made["cli__editions__cover_chosen"].given[0]
    assert (draft, where, at) == (Path("draft.yaml"), Where(), MOMENT)
    assert choice == CellChoice(("a", "*"), ("ja",), all_locales=True)
    assert made["decisions__coverage_report__show"].given[0][0] is found


def test_coverage_without_gaps_passes_its_check(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file the live release is covered."""
    made = room(
        monkeypatch, cli__editions__cover_chosen=SimpleNamespace(gaps=False), decisions__coverage_report__show=None
    )
    assert call("coverage", "--env", "sandbox", "--check").code == 0
    assert made["cli__editions__cover_chosen"].given[0][:3] == (None, Where("sandbox"), CellChoice())


@pytest.mark.parametrize(("differ", "code"), [(False, 0), (True, 3)])
def test_diff_ends_with_3_where_something_differs(
    call: Call, code: int, monkeypatch: pytest.MonkeyPatch, *, differ: bool
) -> None:
    """Both names go to the room as they were typed."""
    found = SimpleNamespace(any=differ)
    made = room(
        monkeypatch, cli__editions__sides=("one", "two"), decisions__differences__differences=found,
        decisions__differences_report__show=None,
    )  # fmt: skip
    assert call("diff", "12", "live", "--env", "sandbox").code == code
    assert made["cli__editions__sides"].given == [("12", "live", Where("sandbox"))]
    assert made["decisions__differences__differences"].given == [("one", "two")]
    assert made["decisions__differences_report__show"].given[0][0] is found


@pytest.mark.parametrize(("changed", "code"), [(0, 0), (1, 3)])
def test_replay_ends_with_3_where_an_answer_changes(
    call: Call, changed: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft is the file of the place, so that its environments can be named."""
    found = SimpleNamespace(changed=changed)
    made = room(monkeypatch, cli__editions__replay_logs=found, decisions__replay_report__show=None)
    assert call("replay", "a.log", "-", "--against", "draft.yaml", "--env", "sandbox", "--app", "7").code == code
    logs, where = made["cli__editions__replay_logs"].given[0][:2]
    assert (logs, where) == ([Path("a.log"), Path("-")], Where("sandbox", Path("draft.yaml"), app=7))
    assert made["decisions__replay_report__show"].given[0][:2] == (found, "draft.yaml")
