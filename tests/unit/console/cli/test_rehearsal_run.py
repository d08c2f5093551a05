"""A rehearsal step by step: nothing is sent before the forecast, and what is printed after the test."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from console.cli import rehearsal_run
from console.cli.decisions_loading import Subject
from console.cli.rehearsal_run import RehearsalPlan, carry_out, show_anchor
from console.deployment.where import Where
from console.local.samples import SAMPLE
from console.simulator.endpoint_call import SUCCESS
from console.simulator.performance import Tally
from console.simulator.rehearsal import Rehearsal
from console.simulator.simulator import TestConfig
from console.terminal.failure import Failure
from console.terminal.output import Output
from tests.support.called_verb import Recorded
from tests.support.printed import json_document, printed

URL = "https://api.example.com/v1/retention-message"
CONFIG = TestConfig(1, total_requests=20, total_duration_ms=0)
PASSED = Rehearsal(Tally(URL, CONFIG, Counter({SUCCESS: 20})))
REFUSED = replace(PASSED, tally=Tally(URL, CONFIG, Counter()), stopped="401", refused=True)


@pytest.fixture
def plan(tmp_path: Path) -> RehearsalPlan:
    subject = Subject("2000", "trailhead.pro.annual")
    return RehearsalPlan(URL, CONFIG, subject, None, Where(file=SAMPLE), tmp_path / "ca", anyway=False)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """The test itself, replaced: it passes."""
    made = Recorded(PASSED)
    monkeypatch.setattr(rehearsal_run, "rehearse", made)
    return made


def test_the_test_asks_in_the_files_default_locale(plan: RehearsalPlan, sent: Recorded) -> None:
    """Another locale is asked for where it is named; app and product are those of the forecast."""
    assert carry_out(plan, Output(as_json=True)).passed
    carry_out(replace(plan, locale="ja"), Output(as_json=True))
    templates = [given[2] for given in sent.given]
    assert [given[:2] for given in sent.given] == [(URL, CONFIG)] * 2
    assert [template.locale for template in templates] == ["en-US", "ja"]
    assert {(template.app_apple_id, template.product) for template in templates} == {
        (6745974591, "trailhead.pro.annual")
    }


def test_nothing_is_sent_where_the_test_would_fail(plan: RehearsalPlan, sent: Recorded) -> None:
    """--anyway sends it all the same."""
    unserved = replace(plan, subject=Subject("2000", "trailhead.student.annual"))
    with pytest.raises(Failure, match=r"would get no 200 for trailhead\.student\.annual"):
        carry_out(unserved, Output(as_json=True))
    assert sent.given == []
    assert carry_out(replace(unserved, anyway=True), Output(as_json=True)).passed


def test_the_forecast_is_printed_before_the_result(
    plan: RehearsalPlan, sent: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each locale is a row with the status that Apple would get."""
    lines = printed(lambda out: carry_out(plan, out), capsys).splitlines()
    assert lines[0] == f"trailhead.pro.annual by {SAMPLE}, in 6 locales:"
    assert lines[2].split()[:3] == ["en-US", "200", "message"]
    assert any(line.startswith("PASS: 100 % ") for line in lines[8:])
    assert len(sent.given) == 1


def test_the_document_is_apples_report_with_our_own_part(
    plan: RehearsalPlan, sent: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was asked, the forecast, the authority and the notes are under `rehearsal`."""
    document = json_document(lambda out: carry_out(plan, out), capsys)
    assert (document["result"], document["successRate"]) == ("PASS", 100)
    assert document["rehearsal"]["forecast"]["locales"][0]["locale"] == "en-US"
    assert {"asked", "authority", "notes"} <= document["rehearsal"].keys()
    assert sent.named == [{}]


def test_a_new_authority_is_printed_before_the_test(
    plan: RehearsalPlan, sent: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    """No stack trusts it yet. Later it is printed again only if the endpoint refuses the requests."""
    anchor = printed(lambda out: show_anchor(plan.directory, out), capsys).strip()
    assert anchor not in printed(lambda out: carry_out(plan, out), capsys)
    sent.answer = REFUSED
    assert anchor in printed(lambda out: carry_out(plan, out), capsys)
    fresh = replace(plan, directory=None if plan.directory is None else plan.directory.with_name("other"))
    text = printed(lambda out: carry_out(fresh, out), capsys)
    new = printed(lambda out: show_anchor(fresh.directory, out), capsys).strip()
    assert text.count(new) == 1


def test_the_anchor_is_printed_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is one word, the same each time, for a variable or a file."""
    first = printed(lambda out: show_anchor(tmp_path, out), capsys)
    assert first == printed(lambda out: show_anchor(tmp_path, out), capsys)
    assert len(first.split()) == 1
    document = json_document(lambda out: show_anchor(tmp_path, out), capsys)
    assert first.strip() in document.values()


def test_the_document_hides_the_secret_of_the_url(
    plan: RehearsalPlan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stack's PathSecret in the rehearsed URL is replaced by its name."""
    secret = "https://example.com/v1/retention-message/s3cret-of-the-stack"
    monkeypatch.setattr(
        rehearsal_run, "rehearse", Recorded(replace(PASSED, tally=Tally(secret, CONFIG, PASSED.tally.results)))
    )
    document = json_document(lambda out: carry_out(replace(plan, url=secret), out), capsys)
    assert document["target"] == "https://example.com/v1/retention-message/<PathSecret>"
