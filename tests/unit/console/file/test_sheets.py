"""Each product has a sheet with the rules that may match it, within the limits of one request."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from retention.locales import LocaleTable
from retention.table import ANY_PRODUCT

from console.file.mistakes import Notes, Place
from console.file.sheets import answer_document, check_limits, reach
from tests.support.compiled_file import HEAD, KEEP, compiled, names, refused
from tests.support.owner_file import document_of


def test_a_sheet_holds_the_rules_of_its_product_only() -> None:
    """Each product's sheet has the rules that can match it; the sheet `*` is for products outside the file."""
    result = compiled(
        "  - {name: monthly, when: {productId: pro.monthly}, answer: {message: keep}}\n"
        "  - {name: pro, when: {productId: {startsWith: pro.}}, answer: {message: keep}}\n"
        "  - {name: others, when: {not: {productId: pro.monthly}}, answer: {message: keep}}\n"
    )
    assert names(result, "pro.monthly") == ["monthly", "pro"]
    assert names(result, "pro.annual") == ["pro", "others"]
    assert names(result, "other") == ["others"]
    assert names(result, ANY_PRODUCT) == ["pro", "others"]
    assert result.release.sheets["pro.monthly"]["rules"][0]["when"] is None
    assert result.release.sheets[ANY_PRODUCT]["rules"][0]["when"] == ["starts", "productId", ["pro."]]


def test_a_rule_after_an_unconditional_answer_is_a_warning() -> None:
    """It can still answer while the answer before it is not deliverable."""
    result = compiled(KEEP + "  - {name: late, answer: {message: text}}\n")
    assert "`late` answers only while `keep`" in result.warnings[0].wrong


def test_a_rule_after_an_offer_with_a_limit_is_no_warning() -> None:
    """It answers the customers who have redeemed as often as the limit allows."""
    limited = HEAD.replace("offerIdentifier: half}", "offerIdentifier: half, limit: {times: 1, days: 90}}")
    rules = "  - {name: offer, answer: {promotionalOffer: half, message: text}}\n" + KEEP
    assert compiled(rules, limited).warnings == ()
    assert "`keep` answers only while `offer`" in compiled(rules).warnings[0].wrong


def test_a_schedule_that_ends_later_leaves_the_next_rule_reachable() -> None:
    """An unconditional fallback with an end leaves later rules reachable."""
    compiled("  - {name: a, during: {until: 2027-01-01, timeZone: UTC}, answer: fallback}\n" + KEEP)


def test_a_sheet_with_too_many_rules_is_refused() -> None:
    """At most 500 rules may match one product; the mistake names the product and the number."""
    rules = "".join(
        f"  - {{name: r{i}, when: {{productId: other, customer.x: {i}}}, answer: {{message: keep}}}}\n"
        for i in range(501)
    )
    assert "501 rules may answer `other`." in refused(rules)[0]


def limits_of(product: str, rules: list[dict[str, Any]]) -> list[str]:
    """Return the mistakes of a sheet that has these rules."""
    notes = Notes()
    sheet: dict[str, Any] = {"product": None, "rules": rules, "sets": {}, "pictured": []}
    check_limits(product, sheet, LocaleTable("en-US", {}), Place(1, "rules"), notes)
    return [f"{mistake.wrong} {mistake.instead}" for mistake in notes.mistakes]


def test_a_sheet_that_is_too_large_is_refused() -> None:
    """One product's sheet may have at most 350 KB when compressed; the mistake names the products it is for."""
    random = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(12_000))
    for product, who in (("other", "`other`"), (ANY_PRODUCT, "products the file does not name")):
        [mistake] = limits_of(product, [{"when": random}])
        assert mistake.startswith(f"The rules that may answer {who} take ")
        assert mistake.endswith(" bytes. At most 358400 fit: ask for `productId` in more rules.")


def test_a_sheet_that_is_too_large_unpacked_is_refused() -> None:
    """One product's sheet may have at most 1 MB unpacked, since the function has to compile it."""
    [mistake] = limits_of("other", [{"when": "x" * 1024 * 1024}])
    assert "bytes unpacked. At most 1048576" in mistake
    assert limits_of("other", [{"when": "x" * 1000 * 1024}]) == []


def test_too_many_messages_for_one_locale_are_refused() -> None:
    """One request may need the states of at most 100 messages."""
    sets = "".join(
        f"  s{i}: {{en-US: {{header: h{i}, body: b}}, fr-FR: {{header: f{i}, body: b}}}}\n" for i in range(51)
    )
    rules = "".join(f"  - {{name: r{i}, when: {{customer.x: {i}}}, answer: {{message: s{i}}}}}\n" for i in range(51))
    head = HEAD.replace("messages:\n", "messages:\n" + sets)
    assert any("name 102 messages that may serve `fr" in mistake for mistake in refused(rules, head))
    compiled("".join(rules.splitlines(keepends=True)[:50]), head)


@pytest.mark.parametrize(
    ("when", "products", "restricted"),
    [
        ("", ("pro.monthly", "pro.annual", "other", "bundle"), False),
        ("when: {customer.x: 1}, ", ("pro.monthly", "pro.annual", "other", "bundle"), False),
        ("when: {productId: [other, pro.annual]}, ", ("other", "pro.annual"), True),
        ("when: {not: {productId: other}}, ", ("pro.monthly", "pro.annual", "bundle"), True),
        ("when: {allOf: [{productId: other}, {productId: bundle}]}, ", (), True),
    ],
)
def test_a_rule_reaches_the_products_that_it_may_answer(
    when: str, products: tuple[str, ...], *, restricted: bool
) -> None:
    """A rule that asks for products is restricted to those that match; any other rule reaches all of the file's."""
    document = document_of(f"{HEAD}  - {{name: a, {when}answer: fallback}}\n")
    found = reach(document.rules[0], document.products)
    assert (set(found.products), found.restricted) == (set(products), restricted)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("fallback", {"kind": "fallback"}),
        ("{message: keep}", {"kind": "message", "set": "keep"}),
        (
            "{alternateProduct: pro.annual, message: text, billingPlanType: MONTHLY}",
            {
                "kind": "alternateProduct",
                "set": "text",
                "productId": "pro.annual",
                "group": "pro",
                "billingPlanType": "MONTHLY",
            },
        ),
        (
            "{promotionalOffer: half, message: text}",
            {
                "kind": "promotionalOffer",
                "set": "text",
                "productId": "pro.monthly",
                "offerIdentifier": "half",
                "signature": "v2",
            },
        ),
        ("{promotionalOffer: nope, message: text}", {"kind": "promotionalOffer", "set": "text"}),
    ],
)
def test_an_answer_has_what_its_names_stand_for(answer: str, expected: dict[str, Any]) -> None:
    """The function reads no names of the file: a product comes with its group, an offer with its identifiers."""
    document = document_of(f"{HEAD}  - {{name: a, answer: {answer}}}\n")
    assert answer_document(document.rules[0].answers[0], document) == expected


def test_an_answer_has_the_limit_of_its_offer() -> None:
    """Every rule and arm that offers it has the limit; without one, the answer is as before."""
    limited = HEAD.replace("offerIdentifier: half}", "offerIdentifier: half, limit: {times: 2, days: 90}}")
    arms = "{control: {weight: 50, answer: fallback}, offer: {weight: 50, answer: ANSWER}}"
    answer = "{promotionalOffer: half, message: text}"
    rules = f"  - {{name: a, answer: {answer}}}\n" + "  - {name: b, experiment: {key: k, arms: ARMS}}\n"
    [plain, experiment] = compiled(rules.replace("ARMS", arms.replace("ANSWER", answer)), limited).release.sheets["*"][
        "rules"
    ]
    assert plain["answer"]["limit"] == {"times": 2, "days": 90, "of": "this"}
    assert experiment["experiment"]["arms"][1][2] == plain["answer"]
    assert "limit" not in compiled(f"  - {{name: a, answer: {answer}}}\n").release.sheets["*"]["rules"][0]["answer"]


ARMS = "{x: {weight: 50, answer: fallback}, y: {weight: 50, answer: fallback}}"
TRIED = f"  - {{name: try, experiment: {{key: k, arms: {ARMS}%s}}}}\n"
PART = ", layer: {name: plans, slots: [0, 4999]}, traffic: {timeZone: UTC, 2026-12-01: 5, 2026-12-08: 100}"
HOLDOUT = "holdout: {key: h, percent: 2.5, answer: %s}\n"


def test_layer_and_traffic_are_on_the_sheet() -> None:
    """A request needs to know who takes part, and from which second on."""
    sheets = compiled(TRIED % PART + KEEP).release.sheets
    experiment = sheets["other"]["rules"][0]["experiment"]
    assert experiment["layer"] == {"name": "plans", "slots": [0, 4_999]}
    assert experiment["traffic"] == [[1_796_083_200, 500], [1_796_688_000, 10_000]]


def test_a_plan_is_for_the_report_alone() -> None:
    """Neither plan nor control are read by the function: sheets and format are those of a release without them."""
    planned = compiled(TRIED % ", control: y, plan: {metric: kept, customers: 62000, guardrails: [refunded]}").release
    plain = compiled(TRIED % "").release
    assert (planned.sheets, planned.settings, planned.format) == (plain.sheets, plain.settings, 1)


@pytest.mark.parametrize("product", ["pro.monthly", "other", ANY_PRODUCT])
def test_a_holdout_is_on_every_sheet(product: str) -> None:
    """Customers of every product are held out, also of those that the file does not name."""
    release = compiled(KEEP, head=HOLDOUT % "text" + HEAD).release
    answer = {"kind": "message", "set": "text"}
    assert release.sheets[product]["holdout"] == {"key": "h", "slots": 250, "answer": answer}
    assert set(release.sheets[product]["sets"]) == {"keep", "text"}
    assert release.settings["format"] == release.format == 3
    assert compiled(KEEP, head=HOLDOUT % "fallback" + HEAD).release.sheets[product]["holdout"]["answer"] == {
        "kind": "fallback"
    }


def test_a_file_without_these_has_a_release_as_before() -> None:
    """Older functions go on reading the releases of a file that uses no layer, traffic or holdout."""
    release = compiled(KEEP + TRIED % "").release
    assert release.format == 1
    assert set(release.sheets["other"]) == {"product", "rules", "sets", "pictured"}
    assert set(release.sheets["other"]["rules"][1]["experiment"]) == {"key", "arms"}


@pytest.mark.parametrize("part", [", layer: {name: l, slots: [0, 4999]}", ", traffic: {timeZone: UTC, 2026-12-01: 5}"])
def test_a_rule_after_an_experiment_for_some_is_reached(part: str) -> None:
    """Customers who take no part come to the next rule, even where all arms fall back."""
    assert "No request comes to `keep`" in refused(TRIED % "" + KEEP)[0]
    result = compiled(TRIED % part + KEEP)
    assert (names(result, "other"), result.warnings) == (["try", "keep"], ())
