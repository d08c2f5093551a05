"""Sheets and settings as the function loads them, and the texts that a sheet has for a locale."""

from __future__ import annotations

from typing import Any

import pytest
from retention.catalog import (
    Answer,
    Arm,
    Experiment,
    Holdout,
    Limit,
    MessageState,
    Product,
    Settings,
    Sheet,
    format_of,
)
from retention.errors import DocumentError
from retention.locales import LocaleTable

LOCALES = LocaleTable("en-US", {"fr": ("de-DE",)})


def document(**changes: Any) -> dict[str, Any]:  # a JSON document
    sheet: dict[str, Any] = {
        "product": {"productId": "p", "group": "g", "advancedCommerce": True, "bundle": False},
        "rules": [
            {
                "name": "a",
                "when": ["is", "userLocale", ["fr"]],
                "from": 1,
                "until": None,
                "answer": {"kind": "fallback"},
            },
            {
                "name": "b",
                "when": None,
                "from": None,
                "until": None,
                "experiment": {
                    "key": "k",
                    "arms": [
                        ["x", 5000, {"kind": "message", "set": "one"}],
                        ["y", 5000, {"kind": "message", "set": "two"}],
                        ["z", 0, {"kind": "message", "set": "three"}],
                    ],
                },
            },
        ],
        "sets": {
            "one": {"en-US": ["1"], "fr-FR": ["2", "3"]},
            "two": {"en-US": ["4"], "de-DE": ["5"]},
            "three": {"ja": ["6"]},
        },
        "pictured": ["1"],
    }
    return {**sheet, **changes}


def test_a_sheet_becomes_rules() -> None:
    """Loading a sheet's document turns it into typed rules once."""
    sheet = Sheet.from_document(document(), LOCALES)
    assert sheet.product == Product("p", "g", advanced_commerce=True, bundle=False)
    assert [rule.name for rule in sheet.rules] == ["a", "b"]
    assert sheet.rules[0].starts == 1
    assert isinstance(sheet.rules[1].gives, Experiment)
    assert not sheet.reads_customer


def test_a_sheet_for_products_outside_the_file_knows_no_product() -> None:
    """For a product that the file does not declare, product, group and features are unknown."""
    assert Sheet.from_document(document(product=None), LOCALES).product == Product()


def test_a_sheet_knows_whether_it_reads_the_customer() -> None:
    """The customer's profile is read only if a rule of the sheet needs a fact."""
    rules = [{**document()["rules"][0], "when": ["not", ["present", "customer.x"]]}]
    assert Sheet.from_document(document(rules=rules), LOCALES).reads_customer


HALF_OFF = {"kind": "promotionalOffer", "set": "one", "productId": "p", "offerIdentifier": "half", "signature": "v2"}
PLAIN = {"name": "a", "when": None, "from": None, "until": None}


def offered(limit: Any) -> dict[str, Any]:  # a JSON document
    return document(rules=[{**PLAIN, "answer": {**HALF_OFF, "limit": limit}}])


def tried(limit: Any) -> dict[str, Any]:  # the same as an arm without weight
    arms = [["x", 10_000, {"kind": "message", "set": "one"}], ["y", 0, {**HALF_OFF, "limit": limit}]]
    return document(rules=[{**PLAIN, "experiment": {"key": "k", "arms": arms}}])


@pytest.mark.parametrize(
    ("sheet", "needed"),
    [
        (document(), 1),
        (document(rules=[{**PLAIN, "when": ["present", "customer.subscription.x"], "answer": HALF_OFF}]), 1),
        (document(rules=[{**PLAIN, "when": ["not", ["present", "subscription.x"]], "answer": HALF_OFF}]), 2),
        (offered({"times": 1, "days": 30, "of": "any"}), 2),
        (tried({"times": 1, "days": 30, "of": "any"}), 2),
    ],
    ids=["neither", "a fact of the profile", "a condition", "a limit", "the limit of an arm"],
)
def test_a_sheet_knows_whether_it_reads_what_apple_has_reported(sheet: Any, needed: int) -> None:
    """It does where a condition asks for it or an offer has a limit; an older function must not read such a sheet."""
    assert Sheet.from_document(sheet, LOCALES).reads_subscription is (needed > 1)
    assert format_of(sheet) == needed


@pytest.mark.parametrize(("of", "offer"), [("this", "half"), ("any", None)])
def test_the_limit_of_an_offer_is_read(of: str, offer: str | None) -> None:
    """A limit counts this offer, by its identifier, or every offer; an answer without one has none."""
    sheet = Sheet.from_document(offered({"times": 2, "days": 90, "of": of}), LOCALES)
    assert [answer.limit for rule in sheet.rules for answer in rule.answers] == [Limit(2, 90, offer)]
    bare = Sheet.from_document(document(rules=[{**PLAIN, "answer": HALF_OFF}]), LOCALES)
    assert bare.rules[0].answers[0].limit is None


@pytest.mark.parametrize(
    "limit",
    [
        None,
        {},
        3,
        {"times": 0, "days": 30, "of": "any"},
        {"times": 1.5, "days": 30, "of": "any"},
        {"times": True, "days": 30, "of": "any"},
        {"times": 1, "days": 0, "of": "any"},
        {"times": 1, "days": -1, "of": "any"},
        {"times": 1, "days": 10**400, "of": "any"},
        {"times": 1, "days": float("inf"), "of": "any"},
        {"times": 1, "days": None, "of": "any"},
        {"times": 1, "days": "30", "of": "any"},
        {"times": 1, "days": 30, "of": "each"},
        {"times": 1, "days": 30},
    ],
)
def test_a_limit_that_is_not_understood_is_not_ignored(limit: Any) -> None:
    """An offer whose limit cannot be judged is not made: the sheet is refused when it is loaded."""
    for sheet in (offered(limit), tried(limit)):
        with pytest.raises(DocumentError):
            Sheet.from_document(sheet, LOCALES)


def test_no_other_answer_has_a_limit() -> None:
    """Only promotional offers are reported as redeemed, so a limit of any other answer would never be reached."""
    answer = {"kind": "message", "set": "one", "limit": {"times": 1, "days": 30, "of": "any"}}
    with pytest.raises(DocumentError):
        Sheet.from_document(document(rules=[{**PLAIN, "answer": answer}]), LOCALES)


@pytest.mark.parametrize(
    "change",
    [
        {"rules": [{"name": "a"}]},
        {"rules": [{**document()["rules"][0], "answer": {"kind": "song"}}]},
        {"rules": [{**document()["rules"][0], "when": ["sings", "productId"]}]},
        {"product": {"productId": "p"}},
        {"sets": []},
    ],
)
def test_an_invalid_sheet_fails_when_it_is_loaded(change: dict[str, Any]) -> None:
    """An edited sheet with an invalid part is refused when it is loaded, before a request needs it."""
    with pytest.raises(DocumentError):
        Sheet.from_document(document(**change), LOCALES)


def test_a_plan_has_the_candidates_of_every_set() -> None:
    """For one locale, a sheet knows which texts can serve, in their order, and the ids of their messages."""
    plan = Sheet.from_document(document(), LOCALES).plan("fr-CA")
    assert plan.texts["one"] == (("fr-FR", ("2", "3")), ("en-US", ("1",)))
    assert plan.texts["two"] == (("de-DE", ("5",)), ("en-US", ("4",)))
    assert plan.texts["three"] == ()
    assert plan.common["b"] == ("en-US",)
    assert plan.message_ids == {"1", "2", "3", "4", "5"}


def test_plans_are_kept_up_to_a_limit() -> None:
    """The same locale is planned once, and at most 64 plans are kept."""
    sheet = Sheet.from_document(document(), LOCALES)
    assert sheet.plan("fr-CA") is sheet.plan("fr-CA")
    sheet.plan("fr-" + "x" * 64)
    assert len(sheet._plans) == 1
    for number in range(1000):
        sheet.plan(f"x{number}")
    assert len(sheet._plans) <= 64


def test_a_message_is_servable_with_all_its_images() -> None:
    """A message can be served only if it and every image that it uses are APPROVED."""
    assert MessageState("APPROVED", {"i": "APPROVED"}).servable
    assert not MessageState("APPROVED", {"i": "PENDING"}).servable
    assert not MessageState("PENDING").servable


def test_settings_are_read_from_their_document() -> None:
    """The settings have what a release states once for all its products."""
    settings = Settings.from_document(
        {
            "format": 1,
            "appAppleId": 1,
            "bundleId": "b",
            "issuerId": "i",
            "keyId": "k",
            "signs": True,
            "locales": {"default": "en-US", "fallbacks": {"fr": ["de-DE"]}},
        }
    )
    assert settings == Settings(1, "b", "i", "k", signs=True, locales=LOCALES)
    with pytest.raises(DocumentError):
        Settings.from_document({})


OFFER = {"kind": "promotionalOffer", "set": "one", "productId": "p", "offerIdentifier": "o", "signature": "v2"}
SWITCH = {"kind": "alternateProduct", "set": "one", "productId": "p", "group": "g"}


def one_rule(**change: Any) -> dict[str, Any]:
    return {"name": "a", "when": None, "from": None, "until": None, "answer": {"kind": "fallback"}, **change}


def split(*arms: list[Any], key: object = "k") -> dict[str, Any]:
    rule = one_rule(experiment={"key": key, "arms": list(arms)})
    del rule["answer"]
    return rule


ARM: list[Any] = ["a", 10_000, {"kind": "fallback"}]
HOLDOUT: dict[str, Any] = {"key": "h", "slots": 500, "answer": {"kind": "fallback"}}


def trying(**more: Any) -> dict[str, Any]:
    """A rule with an experiment of one arm that has more members."""
    rule = split(ARM)
    rule["experiment"] |= more
    return rule


@pytest.mark.parametrize(
    "rule",
    [
        one_rule(name=1),
        one_rule(**{"from": "1"}),
        one_rule(until=True),
        one_rule(when=["least", "customer.a", "3"]),
        one_rule(when=["is", "customer.a", "abc"]),
        one_rule(when=["is", "customer.a", [["x"]]]),
        one_rule(when=["starts", "productId", [1]]),
        one_rule(when=["present", 1]),
        one_rule(when=["any", ["present", "customer.a"], ["is", ["customer.a"], [1]]]),
        one_rule(answer={"kind": "message"}),
        one_rule(answer={"kind": "message", "set": ["one"]}),
        one_rule(answer={**OFFER, "offerIdentifier": None}),
        one_rule(answer={**OFFER, "signature": "v3"}),
        one_rule(answer={**SWITCH, "group": None}),
        one_rule(answer={**SWITCH, "billingPlanType": True}),
        one_rule(answer={"kind": "advancedCommerce", "set": "one", "request": []}),
        one_rule(answer={"kind": "advancedCommerce", "set": "one", "request": {"requestInfo": []}}),
        split(ARM, key=1),
        split(),
        split(["a", "10000", {"kind": "fallback"}]),
        split(["a", 5_000, {"kind": "fallback"}]),
        split(["a", 10_001, {"kind": "fallback"}], ["b", -1, {"kind": "fallback"}]),
    ],
)
def test_a_rule_of_another_shape_fails_when_it_is_loaded(rule: dict[str, Any]) -> None:
    """An error at loading keeps the last good release; later it would be a 500 for a customer."""
    assert Sheet.from_document(document(rules=[one_rule(), split(ARM)]), LOCALES).rules
    with pytest.raises(DocumentError):
        Sheet.from_document(document(rules=[rule]), LOCALES)


@pytest.mark.parametrize(
    "change",
    [{"sets": {"one": {"en-US": "1"}}}, {"sets": {"one": {"en-US": [1]}}}, {"pictured": [1]}, {"product": {}}],
)
def test_texts_of_another_shape_fail_when_they_are_loaded(change: dict[str, Any]) -> None:
    """Message ids must be texts, in lists."""
    with pytest.raises(DocumentError):
        Sheet.from_document(document(**change), LOCALES)


@pytest.mark.parametrize(
    ("sheet", "needed"),
    [
        (document(rules=[split(ARM)]), 1),
        (document(rules=[one_rule(), trying(layer={"name": "l", "slots": [0, 9_999]})]), 3),
        (document(rules=[trying(traffic=[[0, 10_000]])]), 3),
        (document(holdout=HOLDOUT), 3),
        ({**offered({"times": 1, "days": 30, "of": "any"}), "holdout": HOLDOUT}, 3),
    ],
    ids=["an experiment alone", "a layer", "traffic", "a holdout", "a holdout and a limit"],
)
def test_only_a_sheet_that_leaves_customers_out_needs_format_3(sheet: Any, needed: int) -> None:
    """An older function would answer customers who are to be left out, so it must not read such a sheet."""
    assert Sheet.from_document(sheet, LOCALES).sets
    assert format_of(sheet) == needed


def test_layer_traffic_and_holdout_are_read() -> None:
    """A layer has its first and last slot, traffic its steps by time, and the holdout its slots and its answer."""
    layer, steps = {"name": "plans", "slots": [0, 4_999]}, [[10, 500], [20.5, 500], [30, 10_000]]
    sheet = Sheet.from_document(document(rules=[trying(layer=layer, traffic=steps)], holdout=HOLDOUT), LOCALES)
    experiment = sheet.rules[0].gives
    assert isinstance(experiment, Experiment)
    steps_read = ((10.0, 500), (20.5, 500), (30.0, 10_000))
    assert (experiment.layer, experiment.traffic) == (("plans", 0, 4_999), steps_read)
    assert sheet.holdout == Holdout("h", 500, Answer("fallback", "", {"kind": "fallback"}))


def test_an_experiment_without_layer_and_traffic_has_none() -> None:
    """Every customer takes part in it, and a sheet without a holdout holds out none."""
    bare = Sheet.from_document(document(rules=[split(ARM)]), LOCALES)
    assert bare.rules[0].gives == Experiment("k", (Arm("a", 10_000, Answer("fallback", "", {"kind": "fallback"})),))
    assert bare.holdout is None


def test_a_plan_has_the_texts_of_the_holdout() -> None:
    """The states of the holdout's messages are looked up like those of every rule."""
    sheet = document(rules=[], holdout={**HOLDOUT, "answer": {"kind": "message", "set": "two"}})
    assert {"4", "5"} <= Sheet.from_document(sheet, LOCALES).plan("fr-CA").message_ids


@pytest.mark.parametrize(
    "layer",
    [
        None,
        {},
        [],
        {"name": "l"},
        {"slots": [0, 1]},
        {"name": 1, "slots": [0, 1]},
        *(
            {"name": "l", "slots": slots}
            for slots in ([0], [0, 1, 2], [-1, 5], [0, 10_000], [5, 4], [0.0, 1], [0, True])
        ),
    ],
)
def test_a_layer_that_is_not_understood_is_not_ignored(layer: Any) -> None:
    """Slots that no customer has, or none, would leave out customers at random: the sheet is refused."""
    with pytest.raises(DocumentError):
        Sheet.from_document(document(rules=[trying(layer=layer)]), LOCALES)


@pytest.mark.parametrize(
    "traffic",
    [
        None,
        {},
        [],
        [10, 500],
        [[10]],
        [["10", 500]],
        [[10, 500.0]],
        [[10, True]],
        [[10, -1]],
        [[10, 10_001]],
        [[10, 500], [10, 600]],
        [[20, 500], [10, 600]],
        [[10, 500], [20, 499]],
    ],
)
def test_traffic_that_is_not_in_order_is_refused(traffic: Any) -> None:
    """Steps are by time, and never fall: a customer who takes part goes on doing so."""
    with pytest.raises(DocumentError):
        Sheet.from_document(document(rules=[trying(traffic=traffic)]), LOCALES)


@pytest.mark.parametrize(
    "change",
    [
        {"key": 1},
        {"slots": -1},
        {"slots": 10_001},
        {"slots": 5.0},
        {"slots": None},
        {"answer": "fallback"},
        {"answer": {"kind": "song"}},
        {"answer": {"kind": "message"}},
        {"answer": {"kind": "message", "set": "none such"}},
        {"answer": OFFER},
        {"answer": SWITCH},
    ],
)
def test_a_holdout_that_is_not_understood_is_refused(change: dict[str, Any]) -> None:
    """A holdout gives a message of the sheet, or nothing: any other answer would be an effect of its own."""
    with pytest.raises(DocumentError):
        Sheet.from_document(document(holdout={**HOLDOUT, **change}), LOCALES)
