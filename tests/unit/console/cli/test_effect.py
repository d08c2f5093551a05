"""`report` and `power` as they are typed: options, output and exit codes, over logs in files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

from console.cli import report_sources
from console.terminal.failure import Failure, Misuse
from tests.support.analysis_parts import needs_analysis
from tests.support.apple_files import apple_file, apple_lines
from tests.support.called_verb import Call, caller
from tests.support.made_logs import AT, KEY, PLANNED, MadeLog

CLEAR = MadeLog({"control": 400, "switch": 600}, 1000)
CLOSE = MadeLog({"control": 480, "switch": 500}, 1000)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    return caller(capsys)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


# report -------------------------------------------------------------------------------------------------------------


@needs_analysis
@pytest.mark.parametrize(
    ("log", "code", "state"),
    [(CLEAR, 0, "sequence"), (CLOSE, 3, "undecided"), (MadeLog({"control": 400, "switch": 600}, 8), 3, "unknown")],
    ids=["readable", "open", "few"],
)
def test_the_exit_code_is_the_state_s(log: MadeLog, code: int, state: str, tmp_path: Path, call: Call) -> None:
    """0: it can be read; 3: not yet."""
    ended = call("report", KEY, *log.write(tmp_path / "logs"), "--at", AT, "--json")
    assert (ended.code, ended.document["state"], ended.document["exitCode"]) == (code, state, code)


@needs_analysis
def test_a_failed_check_is_exit_code_4(tmp_path: Path, call: Call) -> None:
    """The sentence is withheld, and the check has what to do."""
    words = CLEAR.write(tmp_path / "logs")
    ended = call("report", KEY, *words[:2], "--at", AT)
    assert ended.code == 4
    assert "Not to be trusted: there is no outcome at all in the log of notifications" in ended.out


@needs_analysis
def test_the_plan_of_the_file_is_read(tmp_path: Path, call: Call) -> None:
    """With its appointed reading; retention.yaml is read if it is there."""
    (tmp_path / "planned.yaml").write_text(PLANNED, encoding="utf-8")
    words = CLOSE.write(tmp_path / "logs")
    planned = call("report", KEY, "planned.yaml", *words, "--at", AT, "--json").document
    assert planned["plan"]["origin"] == "file"
    assert planned["state"] == "readingShowsNone"
    assert planned["nextReading"]["planned"] == 1500
    assert call("report", "planned.yaml", *words, "--at", AT, "--json").document["reports"] == [planned]
    (tmp_path / "planned.yaml").rename(tmp_path / "retention.yaml")
    assert call("report", KEY, *words, "--at", AT, "--json").document == planned
    (tmp_path / "retention.yaml").write_text(
        PLANNED.replace("50, answer: {message: go", "51, answer: {message: go"), encoding="utf-8"
    )
    with pytest.raises(Failure, match=r"retention\.yaml"):
        call("report", KEY, *words, "--at", AT)


@needs_analysis
def test_files_are_written_when_they_are_named(tmp_path: Path, call: Call) -> None:
    """The document, and the page with the arms' screens; the command in its foot has no folder of this machine."""
    (tmp_path / "planned.yaml").write_text(PLANNED, encoding="utf-8")
    words = CLEAR.write(tmp_path / "logs")
    ended = call("report", KEY, "planned.yaml", *words, "--at", AT, "--out", "r.json", "--html", "r.html", "--json")
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == ended.document
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Please go on" in html
    assert "retention report switch-2026q4 planned.yaml --exposures exposures.jsonl.gz" in html
    assert str(tmp_path) not in html
    with pytest.raises(Failure, match=r"cannot be written: No such file or directory. Name another file with --html"):
        call("report", KEY, *words, "--at", AT, "--html", "none/r.html")


@needs_analysis
def test_two_days_later_the_document_is_the_same_but_for_the_instant(tmp_path: Path, call: Call) -> None:
    """Byte for byte, from the same logs."""
    words = CLOSE.write(tmp_path / "logs")
    first = call("report", KEY, *words, "--at", AT, "--json").out
    later = call("report", KEY, *words, "--at", "2026-12-02T12:00:00Z", "--json").out
    assert first != later
    assert first.replace("2026-11-30T12:00:00Z", "2026-12-02T12:00:00Z") == later


@needs_analysis
def test_without_a_key_everything_is_one_line(tmp_path: Path, call: Call) -> None:
    """What the log has, with its state; files are of one experiment alone."""
    words = CLEAR.write(tmp_path / "logs")
    held = MadeLog({"held": 480, "served": 520}, 600, holdout="h-2026h2").write(tmp_path / "more")
    ended = call("report", *words, *held, "--at", AT)
    assert ended.code == 0
    lines = [line.split() for line in ended.out.splitlines()]
    assert [line[:2] for line in lines[1:]] == [["h-2026h2", "holdout"], [KEY, "experiment"]]
    found = call("report", *words, *held, "--at", AT, "--json").document["reports"]
    assert [(one["experiment"], one["isHoldout"]) for one in found] == [("h-2026h2", True), (KEY, False)]
    with pytest.raises(typer.BadParameter, match="name the experiment, too"):
        call("report", *words, "--html", "r.html")


@needs_analysis
def test_another_key_and_other_logs_are_one_sentence(tmp_path: Path, call: Call) -> None:
    """With the nearest key, the right option, the app, or `--rehearsals`."""
    words = CLEAR.write(tmp_path / "logs")
    with pytest.raises(Failure, match=r"No exposure of `swich-2026q4` is in the log. .*switch-2026q4"):
        call("report", "swich-2026q4", *words, "--at", AT)
    with pytest.raises(Failure, match=r"No request of a customer is in .*outcomes.jsonl.gz.* belong to --outcomes"):
        call("report", KEY, "--exposures", words[3], "--at", AT)
    with pytest.raises(Failure, match="The log has requests of app 6745974591, and none of 7: name the app with --app"):
        call("report", KEY, *words, "--app", "7", "--at", AT)
    other = MadeLog({"control": 1}, 3, app=8).write(tmp_path / "other")
    with pytest.raises(Failure, match="several apps, 6745974591, 8: name one with --app"):
        call("report", KEY, *words, *other, "--at", AT)
    played = MadeLog({"control": 400, "switch": 600}, 1000, anchor="ab" * 32).write(tmp_path / "played")
    with pytest.raises(Failure, match=r"was signed by a test and not by Apple. Add --rehearsals to report on them."):
        call("report", KEY, *played, "--at", AT)
    assert call("report", KEY, *played, "--rehearsals", "--json").document["state"] == "sequence"


@needs_analysis
def test_rehearsals_in_the_log_of_customers_are_a_fault(tmp_path: Path, call: Call) -> None:
    """They are not counted, and withhold the sentence."""
    words = CLEAR.write(tmp_path / "logs")
    played = MadeLog({"control": 1}, 30, anchor="ab" * 32).write(tmp_path / "played")
    ended = call("report", KEY, *words, *played, "--at", AT, "--json")
    assert ended.code == 4
    assert "30 requests in the log were signed by a test and not by Apple" in ended.document["sentence"]
    assert [arm["customers"] for arm in ended.document["arms"]] == [1000, 1000]


@needs_analysis
def test_completeness_can_be_given_and_is_assumed_otherwise(tmp_path: Path, call: Call) -> None:
    """Seven days before the last line, however late one looks; only customers whose days are over by then are ripe."""
    words = MadeLog({"control": 400, "switch": 600}, 1000, watermark=False).write(tmp_path / "logs")
    assumed = call("report", KEY, *words, "--at", AT, "--json").document
    assert assumed["completeUntil"] == "2026-11-22T03:00:24Z"
    later = call("report", KEY, *words, "--at", "2027-02-01T00:00:00Z", "--json").document
    assert {**later, "asOf": ""} == {**assumed, "asOf": ""}
    assert next(one["found"] for one in assumed["checks"] if one["name"] == "outcomesComplete").endswith(
        "no line states it"
    )
    given = call("report", KEY, *words, "--at", AT, "--complete-until", "2026-11-10T00:00:00Z", "--json").document
    assert given["completeUntil"] == "2026-11-10T00:00:00Z"
    assert given["arms"][0]["ripe"] < assumed["arms"][0]["ripe"] == 1000


@needs_analysis
def test_apple_s_report_is_read_next_to_the_logs(tmp_path: Path, call: Call) -> None:
    """Of this app, within the experiment's days."""
    words = CLEAR.write(tmp_path / "logs")
    text = apple_file(apple_lines({"Default": [10] * 9, "Real-time": [20] * 9}))
    (tmp_path / "apple.tsv").write_text(text, encoding="utf-8")
    [one] = call("report", KEY, *words, "--at", AT, "--apple", "apple.tsv", "--json").document["apple"]
    assert (one["subscription"], one["days"], one["difference"]) == ("Pro", 9, 0.1)
    (tmp_path / "other.tsv").write_text(text.replace("6745974591", "8"), encoding="utf-8")
    with pytest.raises(Failure, match="Apple's report has no line of app 6745974591"):
        call("report", KEY, *words, "--at", AT, "--apple", "other.tsv")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("report", KEY), "Name the logs with --exposures and --outcomes, or the environment with --env."),
        (("report", KEY, "--exposures", "a", "--env", "production"), "a stack, which has its own logs: use one way."),
        (("report", KEY, "--outcomes", "a"), "Name the log of the function, too: --exposures."),
        (("report", KEY, "--exposures", "a", "--engine", "athena"), "Athena reads the bucket of a stack"),
        (("report", KEY, "--exposures", "a", "--compare"), "Athena reads the bucket of a stack"),
    ],
    ids=["none", "both", "outcomes", "engine", "compare"],
)
def test_logs_that_are_named_wrongly_are_a_misuse(words: tuple[str, ...], message: str, call: Call) -> None:
    """With the option that is missing."""
    with pytest.raises(Misuse, match=re.escape(message)):
        call(*words)


def test_missing_packages_are_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call: Call) -> None:
    """How to install them, in a checkout or with pip."""
    words = CLEAR.write(tmp_path / "logs")
    monkeypatch.setattr(report_sources, "_PACKAGES", ("a_package_that_is_not_there",))
    with pytest.raises(Failure, match=r"pip install 'retention\[analysis\]'`, in a checkout `make .venv/.analysis`"):
        call("report", KEY, *words)


# power --------------------------------------------------------------------------------------------------------------


def test_power_needs_no_log_with_base_and_traffic(call: Call) -> None:
    """And no package: the lines to paste, and a table by week."""
    ended = call("power", "--effect", "0.7", "--base", "48", "--per-day", "3000")
    assert ended.code == 0
    assert "customers: 170900" in ended.out
    document = call(
        "power", "--effect", "-0.7", "--base", "48", "--per-day", "3000", "--share", "50", "--json"
    ).document
    assert (document["effect"], document["share"], document["plan"]["horizonDays"]) == (-0.007, 0.5, 30)


@pytest.mark.parametrize("arms", ["50", "50,x", "50,0", "nan,1", "1,nan", "inf,1"])
def test_power_needs_a_control_and_an_arm(arms: str, call: Call) -> None:
    """Each with a weight."""
    with pytest.raises(typer.BadParameter, match="a control and at least one arm"):
        call("power", "--effect", "0.7", "--base", "48", "--per-day", "3000", "--arms", arms)


def test_power_refuses_traffic_without_an_end(call: Call) -> None:
    """No week is long enough to count it."""
    with pytest.raises(typer.BadParameter, match="1000000000"):
        call("power", "--effect", "0.7", "--base", "48", "--per-day", "inf")


@needs_analysis
def test_power_takes_base_and_traffic_from_the_log(tmp_path: Path, call: Call) -> None:
    """Of one product or of all; what is given counts instead."""
    words = (*CLOSE.write(tmp_path / "logs"), "--at", AT, "--json")
    found = call("power", "--effect", "5", "--product", "pro.monthly", *words).document
    assert (found["base"], found["perDay"], found["ripe"]) == (0.49, 100, 2000)
    given = call("power", "--effect", "5", "--base", "60", *words).document
    assert (given["base"], given["perDay"], given["ripe"]) == (0.6, 100, 0)
    assert call("power", "--effect", "5", "--per-day", "900", *words).document["perDay"] == 900
    with pytest.raises(Failure, match=r"No request about pro\.annual is in the log"):
        call("power", "--effect", "5", "--product", "pro.annual", *words)
