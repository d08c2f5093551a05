"""What a question or a forecast is judged by: a file alone, a file with a table, or the live release."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.request import PRODUCTION, SANDBOX
from retention.rules import Customer, Reported
from retention.subscription import PastTransaction, RenewalSnapshot, State, to_document

from console.cli import decisions_loading
from console.cli.decisions_loading import Question, Subject, explain_draft, explain_live, make_forecast
from console.deployment.target import Target
from console.deployment.where import Where
from console.file.compile import compile_document
from console.file.document import read_document
from console.local.samples import SAMPLE, SAMPLE_CLOCK
from console.releases.head import pause
from console.releases.publish import publish_release
from console.simulator.authority import request_claims
from console.simulator.signed_request import signed_body
from console.terminal.failure import Failure
from tests.support.apple_in_memory import target_in_memory
from tests.support.edited_sample import APP, edited
from tests.support.writable_table import WritableTable

NOW = datetime.now(UTC)
TEST_CA = Path(__file__).resolve().parents[4] / "events" / "ca"
ASKED = Question("trailhead.pro.annual", "en-US", "99371282", None, None, SAMPLE_CLOCK, TEST_CA)
AT = Where("sandbox")


@pytest.fixture
def table() -> WritableTable:
    return WritableTable()


@pytest.fixture
def target(table: WritableTable, monkeypatch: pytest.MonkeyPatch) -> Target:
    """The empty table that an environment leads to."""
    made = replace(target_in_memory(table, SANDBOX), app_apple_id=int(APP))
    monkeypatch.setattr(decisions_loading, "find_target", lambda *_: made)
    return made


@pytest.fixture
def live(target: Target, table: WritableTable) -> AppTable:
    """The sample as release 1, with every text approved."""
    compiled = compile_document(read_document(SAMPLE), now=SAMPLE_CLOCK)
    publish_release(target.app_table, compiled.release, who="ada", commit=None, now=SAMPLE_CLOCK)
    for name, images in compiled.release.messages.items():
        states = {image.lower(): {"S": "APPROVED"} for image in images}
        table.put(rows.message_key(int(APP), name), {"state": {"S": "APPROVED"}, "images": {"M": states}})
    return target.app_table


def test_a_file_alone_explains_with_every_text_approved() -> None:
    """A note states what was assumed."""
    found = explain_draft(SAMPLE, ASKED, Where())
    assert (found.source, found.status, found.decision.rule) == (str(SAMPLE), 200, "keep-pro")
    assert found.notes == (
        "Every text is taken as approved, and arms are assigned with a made-up key: no table was named.",
    )


@pytest.mark.usefixtures("target")
def test_a_file_with_an_empty_table_has_no_approved_text() -> None:
    """Nothing is live, so the state of no text is known."""
    found = explain_draft(SAMPLE, ASKED, AT)
    assert (found.status, found.notes[0].startswith("Nothing is live here")) == (204, True)


@pytest.mark.usefixtures("live")
def test_a_file_with_a_table_is_judged_by_its_states() -> None:
    """The texts are the file's, the states are the table's."""
    found = explain_draft(SAMPLE, ASKED, AT)
    assert (found.source, found.status) == (str(SAMPLE), 200)
    assert found.notes == (
        "Texts are judged by the states of the live release; the states of new texts are not known.",
    )


@pytest.mark.usefixtures("target")
def test_before_the_first_publish_nothing_explains() -> None:
    """Without a file there is only the live release."""
    with pytest.raises(Failure, match="Nothing has been published"):
        explain_live(ASKED, AT)


def test_the_live_release_explains_by_the_customers_profile(live: AppTable, table: WritableTable) -> None:
    """Facts that the question names take the place of the profile."""
    assert (explain_live(ASKED, AT).source, explain_live(ASKED, AT).decision.rule) == ("release 1", "keep-pro")
    table.put(rows.profile_key(live.app_apple_id, "99371282"), {"inTrial": {"BOOL": True}})
    assert explain_live(ASKED, AT).decision.rule == "leave-trials-alone"
    assert explain_live(replace(ASKED, customer={"inTrial": False}), AT).decision.rule == "keep-pro"


SIGNED = SAMPLE_CLOCK - timedelta(days=3)
REPORTED = to_document(
    State(
        renewal=RenewalSnapshot(int(SIGNED.timestamp() * 1000), status=1),
        transactions=(PastTransaction(1, "ab", 1, offer_type=2, offer_identifier="half"),),
    )
)
FREE_TRIALS = ("{customer.inTrial: true}", "{subscription.status: active, customer.inTrial: {present: false}}")


@pytest.fixture
def asking(tmp_path: Path) -> Path:
    """The sample, with a rule that asks for facts from Apple."""
    return edited(tmp_path, FREE_TRIALS)


@pytest.mark.usefixtures("live")
def test_facts_from_apple_are_the_tables_with_their_source_and_age(asking: Path, table: WritableTable) -> None:
    """Each fact has Apple's object that it comes from, and the days since Apple signed it; none is nothing reported."""
    facts = {fact.name: fact for fact in explain_draft(asking, ASKED, AT).facts}
    assert (facts["subscription.status"].found, facts["subscription.status"].source) == (
        "missing",
        "Apple has reported nothing",
    )
    table.put(rows.subscription_key(int(APP), "99371282"), rows.document_attributes(REPORTED))
    found = explain_draft(asking, ASKED, AT)
    assert found.decision.rule == "leave-trials-alone"
    fact = next(fact for fact in found.facts if fact.name == "subscription.status")
    assert (fact.found, fact.source, fact.signed_at, fact.age_days) == ("active", "Apple, renewal info", SIGNED, 3)
    profile = next(fact for fact in found.facts if fact.name == "customer.inTrial")
    assert (profile.found, profile.age_days) == ("missing", None)


@pytest.mark.usefixtures("live")
def test_facts_that_are_given_take_the_place_of_apples(asking: Path, table: WritableTable) -> None:
    """The row is then not read, and no source of it is named."""
    table.put(rows.subscription_key(int(APP), "99371282"), rows.document_attributes(REPORTED))
    customers: tuple[Customer | None, ...] = (None, {})
    for customer in customers:
        given = replace(ASKED, customer=customer, subscription=Reported({"status": "grace"}, ()))
        found = explain_draft(asking, given, AT)
        fact = next(fact for fact in found.facts if fact.name == "subscription.status")
        assert (fact.found, fact.source, fact.age_days) == ("grace", "the command line", None)
        assert found.decision.rule == "keep-pro"


@pytest.mark.usefixtures("live")
def test_a_damaged_row_is_unreadable(asking: Path, table: WritableTable) -> None:
    """It is to an explanation what it is to the function."""
    table.put(rows.subscription_key(int(APP), "99371282"), {"document": {"S": "edited by hand"}})
    fact = next(fact for fact in explain_draft(asking, ASKED, AT).facts if fact.name == "subscription.status")
    assert fact.found == "unreadable"


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(("mode", "noted"), [("off", True), ("pull", False)])
def test_a_stack_that_learns_nothing_is_noted(
    asking: Path,
    target: Target,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    noted: bool,  # noqa: FBT001  # a parameter
) -> None:
    """With notifications off, a fact is missing for another reason than that Apple has reported none."""
    there = replace(target, stack=replace(target.stack, name="retention-sandbox", notifications=mode))
    monkeypatch.setattr(decisions_loading, "find_target", lambda *_: there)
    notes = explain_draft(asking, ASKED, AT).notes
    assert any("takes in no notifications" in note for note in notes) is noted


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    ("environment", "stack", "status"), [(SANDBOX, "", 200), (PRODUCTION, "", 403), (SANDBOX, "retention-sandbox", 401)]
)
def test_a_saved_request_is_worth_what_the_target_makes_of_it(
    target: Target, environment: str, stack: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the other environment is refused, and a deployed stack does not trust the test CA."""
    event = tmp_path / "event.json"
    claims = request_claims(
        original_transaction_id="99371282", app_apple_id=int(APP), product_id="trailhead.pro.annual",
        user_locale="en-US", environment=SANDBOX, signed_date=int(SAMPLE_CLOCK.timestamp() * 1000),
    )  # fmt: skip
    event.write_text(signed_body(claims, TEST_CA))
    there = replace(target, stack=replace(target.stack, environment=environment, name=stack))
    monkeypatch.setattr(decisions_loading, "find_target", lambda *_: there)
    found = explain_live(replace(ASKED, product=None, event=event), AT)
    assert (found.status, found.request.product_id) == (status, "trailhead.pro.annual")


def test_neither_question_nor_subject_shows_the_transaction() -> None:
    """What a traceback prints has no original transaction id in it."""
    assert "99371282" not in f"{ASKED!r}{Subject('99371282')!r}"


@pytest.mark.usefixtures("live")
def test_with_a_table_the_forecast_is_the_live_releases() -> None:
    """The arm of an experiment is known there, since the table has the key that assigns it."""
    made = make_forecast(Subject("1", "trailhead.pro.monthly"), AT, SAMPLE_CLOCK)
    assert (made.source, made.app_apple_id, made.unanswered) == ("release 1", int(APP), ())
    assert made.message_in("en-US") is not None


def test_while_answers_are_paused_the_forecast_is_that_nothing_passes(live: AppTable) -> None:
    """The sentence names `resume`."""
    pause(live)
    with pytest.raises(Failure, match="`retention resume` first"):
        make_forecast(Subject("1", "trailhead.pro.annual"), AT, SAMPLE_CLOCK).check()


def test_the_forecast_has_all_locales_of_the_file() -> None:
    """The forecast has the file's default locale, then each locale that a text or a fallback names."""
    made = make_forecast(Subject("1", "trailhead.pro.annual"), Where(file=SAMPLE), NOW)
    assert [expected.locale for expected in made.locales] == ["en-US", "de-DE", "es-MX", "fr-CA", "fr-FR", "ja"]
    assert (made.app_apple_id, made.unanswered) == (6745974591, ())
    assert made.locales[5].says.startswith("promotionalOffer by the rule annual-discount-in-japan")


def test_the_forecast_names_where_apple_falls_back() -> None:
    """The forecast names the locales that get 204, from no rule or from a fallback: Apple's test counts a failure."""
    unserved = make_forecast(Subject("1", "trailhead.student.annual"), Where(file=SAMPLE), NOW)
    assert {expected.status for expected in unserved.unanswered} == {204}
    assert "no_rule" in unserved.unanswered[0].says
    family = make_forecast(Subject("1", "trailhead.family.monthly"), Where(file=SAMPLE), NOW)
    assert family.unanswered[0].says == "fallback by the rule families-see-app-store-connect"


def test_a_message_is_forecast_only_if_no_experiment_decides() -> None:
    """The forecast has no message for an experiment: the customer's arm depends on a key that only the table has."""
    sure = make_forecast(Subject("1", "trailhead.pro.annual"), Where(file=SAMPLE), NOW)
    assigned = make_forecast(Subject("1", "trailhead.pro.monthly"), Where(file=SAMPLE), NOW)
    assert sure.message_in("en-US") is not None
    assert assigned.message_in("en-US") is None


@pytest.mark.parametrize("product", [None, "trailhead.pro.anual"])
def test_the_product_must_be_one_of_the_file(product: str | None) -> None:
    """Without a product, or with an unknown one, the error names the file's products."""
    with pytest.raises(Failure, match=r"trailhead\.pro\.annual"):
        make_forecast(Subject("1", product), Where(file=SAMPLE), NOW)


def test_without_a_file_the_error_names_the_option(tmp_path: Path) -> None:
    """Without a file and a table there is nothing to forecast, and the error names --file."""
    with pytest.raises(Failure, match="--file"):
        make_forecast(Subject("1", "x"), Where(file=tmp_path / "retention.yaml"), NOW)
