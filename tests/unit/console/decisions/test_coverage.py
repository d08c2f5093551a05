"""`retention coverage` lists every answer that a customer can get."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from retention.catalog import MessageState
from retention.decision import decide
from retention.locales import APPLE_LOCALES
from retention.request import RetentionRequest
from retention.rules import UNREADABLE, Customer

from console.decisions.coverage import Cell, CellChoice, Coverage, cover
from console.decisions.file_locales import own_locales
from console.file.compile import PreviousTexts
from console.file.edition import Edition, Standing
from console.local.samples import SAMPLE_CLOCK
from console.terminal.failure import Failure
from tests.support.covered_sample import BASIC, PRO, STUDENT, cell
from tests.support.edited_sample import edition
from tests.support.logged_decisions import FACTS_FROM_APPLE, REPORTED

EXPERIMENT = "half-of-monthly-tries-the-switch"


EVERYWHERE = CellChoice(all_locales=True)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    return edition(tmp_path_factory.mktemp("sample"))


def known(states: Mapping[str, MessageState], **more: object) -> Standing:
    fields: dict[str, object] = {
        "defaults": {}, "release": 1, "paused": False, "previous": PreviousTexts({}, {}), **more
    }  # fmt: skip
    return Standing(states=states, **fields)  # type: ignore[arg-type]  # any fields that a test passes


def kinds(cell: Cell) -> list[tuple[str, bool, str | None, str | None]]:
    return [
        (shown.rule, shown.everyone, shown.arm, shown.delivery.answer.kind if shown.delivery else None)
        for shown in cell.real_time
    ]


def covered(sample: Edition, choice: CellChoice = EVERYWHERE, at: datetime = SAMPLE_CLOCK) -> Coverage:
    return cover(sample, None, at, choice)


def test_a_cell_lists_possible_answers_down_to_the_first_certain_one(sample: Edition) -> None:
    """Facts decide the first two rules, and the experiment after them has an answer for everyone, arm by arm."""
    assert kinds(cell(covered(sample), PRO, "fr-CA")) == [
        ("leave-trials-alone", False, None, None),
        ("winter-half-price", False, None, "promotionalOffer"),
        (EXPERIMENT, True, "control", "message"),
        (EXPERIMENT, True, "switch", "alternateProduct"),
    ]


def test_a_cell_names_the_text_that_serves(sample: Edition) -> None:
    """Canadian French gets the French text by the file's fallback, and each arm has its share of customers."""
    control = cell(covered(sample), PRO, "fr-CA").real_time[2]
    assert control.delivery is not None
    assert (control.share, control.delivery.locale) == ("50 %", "fr-FR")
    assert covered(sample).texts[control.delivery.message_id]["header"] == "Vos sentiers restent avec vous"


def test_a_cell_shows_only_the_open_part_of_a_condition(sample: Edition) -> None:
    """A cell has one product and one locale, so tests of these two are already decided."""
    found = covered(sample)
    [maybe] = [shown for shown in cell(found, BASIC, "de-DE").real_time if shown.rule == "basic-commits-to-a-year"]
    asked = "customer.tenureDays is above 30 or subscription.tenureDays is above 30"
    assert (maybe.everyone, maybe.when) == (False, asked)
    [sure] = [shown for shown in cell(found, BASIC, "en-US").real_time if shown.rule == "basic-commits-to-a-year"]
    assert (sure.everyone, sure.when) == (True, "")


CUSTOMERS: tuple[Customer, ...] = (
    {},
    UNREADABLE,
    {"inTrial": True},
    {"inTrial": False, "tenureDays": 10},
    {"tenureDays": 200},
    {"tenureDays": 200, "usedOffers": ("retention_half_3m",)},
    {"tenureDays": 40, "usedOffers": ("another",)},
)


def test_no_customer_gets_an_unlisted_answer(sample: Edition) -> None:
    """For any facts and arm, the answer of `decide` is in the cell; a cell in which no rule answers is incomplete."""
    found = covered(sample)
    for one, (number, customer) in itertools.product(found.cells, enumerate(CUSTOMERS)):
        request = RetentionRequest(str(number), 1, one.product, one.locale, "id", "Sandbox", 0)
        decision = decide(request, sample.catalog(one.product), SAMPLE_CLOCK, customer)
        listed = [(shown.rule, shown.delivery) for shown in one.real_time]
        if decision.rule is None:
            assert not one.complete
        else:
            assert (decision.rule, decision.delivery) in listed, (one, customer)


HOLDOUT = "\nholdout: {key: h-2026h2, percent: 50, answer: keep-basic}\n\nrules:\n"


KEY = "      key: switch-2026q4                  # the salt: another key assigns customers anew\n"


@pytest.mark.parametrize(
    ("traffic", "expected"),
    [
        ("{2020-01-01: 5, timeZone: UTC}", (False, "the customer takes part, as 2.5 % do")),
        ("{2020-01-01: 5, 2021-01-01: 100, timeZone: UTC}", (False, "the customer takes part, as 50 % do")),
        ("{2099-01-01: 5, timeZone: UTC}", None),
    ],
)
def test_an_experiment_of_some_customers_names_their_share(
    tmp_path: Path, traffic: str, expected: tuple[bool, str] | None
) -> None:
    """Half of a layer and 5 % traffic are 2.5 % of the customers; before its first day an experiment has none."""
    added = f"      layer: {{name: plans, slots: [0, 4999]}}\n      traffic: {traffic}\n"
    found = cell(covered(edition(tmp_path, (KEY, KEY + added))), PRO, "ja")
    shown = [(each.everyone, each.when) for each in found.real_time if each.rule == EXPERIMENT]
    assert shown == ([] if expected is None else [expected] * 2)
    shares = [each.taking_part for each in found.real_time if each.rule == EXPERIMENT]
    assert [f"the customer takes part, as {share} do" for share in shares] == [when for _, when in shown]
    passed = [each.detail for each in found.passed_over if each.rule == EXPERIMENT]
    assert passed == (["no customer takes part yet"] if expected is None else [])


def test_an_experiment_with_all_its_traffic_answers_everyone(tmp_path: Path) -> None:
    """Once the last step is 100 %, no later rule is asked."""
    traffic = "      traffic: {2020-01-01: 100, timeZone: UTC}\n"
    found = cell(covered(edition(tmp_path, (KEY, KEY + traffic))), PRO, "ja")
    assert [(each.rule, each.everyone) for each in found.real_time][-1] == (EXPERIMENT, True)


@pytest.mark.parametrize("answer", ["fallback", "keep-basic"])
def test_no_customer_who_is_held_out_gets_an_unlisted_answer(tmp_path: Path, answer: str) -> None:
    """Those who are held out get what the cell has for them, and all others what its rules have."""
    found = edition(tmp_path, ("\nrules:\n", HOLDOUT.replace("keep-basic", answer)))
    coverage = covered(found)
    sides = set()
    for one, number in itertools.product(coverage.cells, range(6)):
        request = RetentionRequest(str(number), 1, one.product, one.locale, "id", "Sandbox", 0)
        decision = decide(request, found.catalog(one.product), SAMPLE_CLOCK)
        assert decision.holdout is not None
        sides.add(decision.holdout.held)
        if decision.holdout.held:
            assert decision.delivery == one.held_out
        elif decision.rule is not None:
            assert (decision.rule, decision.delivery) in [(each.rule, each.delivery) for each in one.real_time]
    assert sides == {True, False}
    assert coverage.holdout is not None
    assert (coverage.holdout.key, coverage.holdout.share) == ("h-2026h2", "50 %")


def test_a_text_of_the_holdout_needs_approval_and_a_default(tmp_path: Path) -> None:
    """It is a real-time answer: what waits names the holdout, and where there is no default, that is a gap."""
    found = edition(tmp_path, ("\nrules:\n", HOLDOUT))
    asked = cover(found, known({}), SAMPLE_CLOCK, CellChoice())
    assert "the holdout h-2026h2" in {rule for each in asked.waiting for rule in each.rules}
    assert {one.product for one in covered(found).without_default} >= {"trailhead.student.annual"}


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    return edition(tmp_path_factory.mktemp("learning"), *FACTS_FROM_APPLE)


def test_no_subscription_gets_an_unlisted_answer(learning: Edition) -> None:
    """With any reports of Apple's, the cell has the answer of `decide`; what it gives to all, each customer gets."""
    found = covered(learning, CellChoice())
    for one, (number, reported) in itertools.product(found.cells, enumerate(REPORTED)):
        request = RetentionRequest(str(number), 1, one.product, one.locale, "id", "Sandbox", 0)
        decision = decide(request, learning.catalog(one.product), SAMPLE_CLOCK, subscription=reported)
        listed = [(shown.rule, shown.delivery) for shown in one.real_time]
        if decision.rule is None:
            assert not one.complete
        else:
            assert (decision.rule, decision.delivery) in listed, (one, reported)
        rules = [shown.rule for shown in one.real_time]
        passed = len(rules) if decision.rule is None else rules.index(decision.rule)
        assert not any(shown.everyone for shown in one.real_time[:passed]), (one, reported)


def test_an_offer_with_a_limit_goes_to_some_customers(learning: Edition) -> None:
    """A cell names the limit next to what the condition still asks, and goes on to the next rule."""
    japan = cell(covered(learning), "trailhead.pro.annual", "ja")
    assert [(shown.rule, shown.everyone, shown.when) for shown in japan.real_time] == [
        ("leave-trials-alone", False, "subscription.inTrial is true"),
        ("annual-discount-in-japan", False, "fewer than 2 redemptions of retention_annual_30 in 90 days"),
        ("keep-pro", True, ""),
    ]
    [half] = [shown for shown in cell(covered(learning), PRO, "en-US").real_time if shown.rule == "winter-half-price"]
    assert half.when.startswith("subscription.tenureDays is at least 180 and ")
    assert half.when.endswith(", and no redemption of any offer in 365 days")
    assert covered(learning).unreachable == ()


def test_products_outside_the_file_have_a_cell(sample: Edition) -> None:
    """For the product `*`, a test of productId is as open as a test of a fact."""
    star = cell(covered(sample), "*", "en-US")
    assert [(shown.rule, shown.everyone, shown.when) for shown in star.real_time] == [
        ("leave-trials-alone", False, "customer.inTrial is true"),
        ("keep-pro", False, "productId starts with trailhead.pro."),
    ]
    assert not star.complete


def test_where_no_rule_answers_the_cell_is_incomplete(sample: Edition) -> None:
    """No rule of the sample answers the student product, so its cell is incomplete and delivers nothing."""
    student = cell(covered(sample), STUDENT, "en-US")
    assert (student.complete, student.delivers) == (False, False)


def test_locales_are_the_files_own_or_all_of_apples(sample: Edition) -> None:
    """The sample names six locales, one of them only in its fallbacks; Apple has fifty."""
    assert own_locales(sample.document) == {"en-US", "fr-FR", "de-DE", "ja", "es-MX", "fr-CA"}
    assert len({cell.locale for cell in covered(sample, CellChoice()).cells}) == 6
    assert {cell.locale for cell in covered(sample).cells} == APPLE_LOCALES
    one = covered(sample, CellChoice((PRO,), ("pt-BR",)))
    assert [(cell.product, cell.locale) for cell in one.cells] == [(PRO, "pt-BR")]
    with pytest.raises(Failure, match=r"Did you mean `trailhead\.pro\.monthly`"):
        covered(sample, CellChoice(("trailhead.pro.monthy",)))


def test_a_schedule_counts_at_the_moment_asked_for(sample: Edition) -> None:
    """Before its schedule begins, a rule is listed as passed over with that date, and not as unreachable."""
    before = covered(sample, CellChoice(), SAMPLE_CLOCK - timedelta(days=30))
    [passed] = cell(before, PRO, "en-US").passed_over
    assert (passed.rule, passed.reason) == ("winter-half-price", "before_schedule")
    assert "2026-11-19 23:00 UTC" in passed.detail
    assert before.unreachable == ()


def test_real_time_answers_without_a_default_are_named(sample: Edition) -> None:
    """A default message counts for exactly its locale: fr-CA is answered and has none."""
    missing = {(cell.product, cell.locale) for cell in covered(sample, CellChoice()).without_default}
    assert (PRO, "fr-CA") in missing
    assert (PRO, "fr-FR") not in missing
    assert ("trailhead.courses", "en-US") in missing  # the file declares no default for it
    assert STUDENT not in {product for product, _ in missing}  # no rule answers for it


def test_with_a_table_defaults_are_the_recorded_ones(sample: Edition) -> None:
    """With a table, its default records count, and not the `default` of the file."""
    [wanted] = [ids[0] for locale, ids in sample.texts["keep-pro"].items() if locale == "en-US"]
    states = {message: MessageState("APPROVED") for ids in sample.texts["keep-pro"].values() for (message,) in [ids]}
    found = cover(sample, known(states, defaults={(PRO, "en-US"): wanted}), SAMPLE_CLOCK, CellChoice((PRO,)))
    assert {cell.locale for cell in found.cells if cell.default} == {"en-US"}


def test_a_rare_arm_is_found(tmp_path: Path) -> None:
    """An arm with one customer in ten thousand is listed with its share."""
    rare = edition(
        tmp_path,
        ("{weight: 50, answer: {message: keep-pro}}", "{weight: 99.99, answer: {message: keep-pro}}"),
        ("{weight: 50, answer: {alternate", "{weight: 0.01, answer: {alternate"),
    )
    shown = cell(covered(rare, CellChoice()), PRO, "ja").real_time
    assert [(one.arm, one.share) for one in shown if one.arm] == [("control", "99.99 %"), ("switch", "0.01 %")]


def test_texts_in_review_are_named_with_the_arms_that_wait_for_them(sample: Edition) -> None:
    """If one arm has no approved text in a locale, the experiment uses the first locale in which all arms have one."""
    states = {
        ids[0]: MessageState("PENDING" if (name, locale) == ("switch-text", "ja") else "APPROVED")
        for name, texts in sample.texts.items()
        for locale, ids in texts.items()
    }
    found = cover(sample, known(states), SAMPLE_CLOCK, CellChoice())
    [waiting] = found.waiting
    assert (waiting.messages, waiting.locale, waiting.state) == ("switch-text", "ja", "PENDING")
    assert waiting.rules == (f"{EXPERIMENT}, arm switch",)
    japanese = cell(found, PRO, "ja")
    served = {shown.delivery.locale for shown in japanese.real_time if shown.delivery}
    assert served == {"en-US"}  # the first locale in which both arms can be delivered


def test_a_predecessor_that_still_serves_is_named(sample: Edition) -> None:
    """While a corrected text is in review, the text before it is delivered."""
    old, texts = "00000000-0000-0000-0000-000000000001", {name: dict(by) for name, by in sample.texts.items()}
    new = texts["keep-basic"]["en-US"][0]
    texts["keep-basic"]["en-US"] = (new, old)
    states = {message: MessageState("APPROVED") for by in texts.values() for ids in by.values() for message in ids}
    corrected = Edition(sample.name, sample.document, sample.settings, sample.sheets, texts)
    found = cover(corrected, known({**states, new: MessageState("PENDING")}), SAMPLE_CLOCK, CellChoice())
    [waiting] = found.waiting
    assert (waiting.message, waiting.predecessor, waiting.rules) == (new, old, ("keep-basic",))


def test_while_paused_no_customer_gets_an_answer(sample: Edition) -> None:
    """While answers are paused, no cell has a real-time answer, and Apple falls back."""
    found = cover(sample, known({}, paused=True), SAMPLE_CLOCK, CellChoice())
    assert not any(cell.real_time for cell in found.cells)
