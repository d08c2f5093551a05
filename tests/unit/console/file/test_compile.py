"""From a file's document to a release: what is resolved, what is refused, and which earlier texts are kept."""

from __future__ import annotations

import pytest
from retention.catalog import MessageState, Settings, Sheet
from retention.table import ANY_PRODUCT

from console.file.compile import PreviousTexts, compile_release
from console.file.document import read_document
from console.local.samples import EVENTS, compile_sample
from tests.support.compiled_file import HEAD, KEEP, NOW, compiled, refused


def test_sheets_and_settings_are_what_the_function_reads() -> None:
    """The function's classes load every sheet of the sample, and its settings."""
    release = compile_sample().release
    settings = Settings.from_document(release.settings)
    assert settings.signs
    assert settings.bundle_id == "com.example.trailhead"
    for product, document in release.sheets.items():
        sheet = Sheet.from_document(document, settings.locales)
        assert sheet.product.product_id == (None if product == ANY_PRODUCT else product)
        assert len(sheet.rules) == len(document["rules"])


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("  - {name: a, answer: {message: kep}}\n", "There is no message set `kep`. Did you mean `keep`?"),
        (
            "  - {name: a, answer: {promotionalOffer: other, message: text}}\n",
            "There is no offer `other`. Write `half`.",
        ),
        ("  - {name: a, answer: {alternateProduct: pro.anual, message: text}}\n", "Did you mean `pro.annual`?"),
        ("  - {name: a, answer: {promotionalOffer: hlf, message: text}}\n", "Did you mean `half`?"),
        ("  - {name: a, answer: {promotionalOffer: half, message: picture}}\n", "has an image or bullets (in `en-US`)"),
        ("  - {name: a, answer: {alternateProduct: pro.annual, message: picture}}\n", "Apple takes text alone"),
        (
            "  - {name: a, answer: {alternateProduct: pro.monthly, message: text, billingPlanType: MONTHLY}}\n",
            "MONTHLY billing exists for products of one year",
        ),
        (
            "  - {name: a, when: {productId: pro.annual}, answer: {alternateProduct: pro.annual, message: text}}\n",
            "`pro.annual` cannot switch to `pro.annual`",
        ),
        (
            (
                "  - {name: a, when: {productId: [pro.monthly, other]},"
                " answer: {alternateProduct: pro.annual, message: text}}\n"
            ),
            "`other` cannot switch",
        ),
        (
            "  - {name: a, when: {not: {productId: other}}, answer: {alternateProduct: pro.annual, message: text}}\n",
            "`pro.annual`, `bundle` cannot switch",
        ),
        ("  - {name: a, during: {until: 2026-11-24, timeZone: UTC}, answer: fallback}\n", "is over"),
        ("  - {name: a, answer: fallback}\n" + KEEP, "No request comes to `keep`: `a` falls back"),
        (
            (
                "  - {name: a, when: {productId: other}, answer: fallback}\n"
                "  - {name: b, when: {productId: other, customer.x: 1}, answer: {message: keep}}\n"
            ),
            "No request comes to `b`",
        ),
        (
            "  - {name: a, when: {allOf: [{productId: other}, {productId: bundle}]}, answer: {message: keep}}\n",
            "matches no product",
        ),
    ],
)
def test_refuses_invalid_names_targets_schedules_and_rules(rules: str, expected: str) -> None:
    """Each mistake states what to write instead."""
    assert any(expected in mistake for mistake in refused(rules)), refused(rules)


ADVANCED = (
    "answer: {message: text, advancedCommerce: {currentSKU: a, SKU: b, displayName: c, description: d,"
    " effective: IMMEDIATELY, reason: UPGRADE, price: 1, retainBillingCycle: true}}"
)


def test_advanced_commerce_is_for_declared_products_and_no_bundles() -> None:
    """If a rule names products, each of them must accept Advanced Commerce answers."""
    good = compiled(f"  - {{name: a, when: {{productId: other}}, {ADVANCED}}}\n")
    assert good.release.sheets["other"]["rules"][0]["answer"]["request"]["changeItems"][0]["SKU"] == "b"
    found = refused(f"  - {{name: a, when: {{productId: [other, bundle, pro.annual]}}, {ADVANCED}}}\n")
    assert "`bundle`, `pro.annual` takes no Advanced Commerce answer" in found[0]
    compiled(f"  - {{name: a, {ADVANCED}}}\n")


def test_a_rule_for_all_products_needs_one_that_can_have_its_answer() -> None:
    """A rule that names no product is for the products that can have its answer."""
    compiled("  - {name: a, answer: {alternateProduct: pro.annual, message: text}}\n")


def test_all_mistakes_are_reported_at_once() -> None:
    """Mistakes of form and of meaning are reported together, in the order of their lines."""
    head = HEAD.replace("period: P1M}", "period: P1X}", 1).replace("half}", "half, signature: v3}")
    found = refused("  - {name: a, answer: {message: nope}}\n  - {name: a, answer: fallbck}\n", head)
    assert [int(mistake.partition(":")[0]) for mistake in found] == [4, 16, 18, 19, 19]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("{promotionalOffer: nope}", ["`message` is missing.", "There is no offer `nope`."]),
        ("{alternateProduct: nope}", ["`message` is missing.", "There is no product `nope`."]),
        ("{alternateProduct: 5, message: nope}", ['Write `alternateProduct: "5"`.', "There is no message set `nope`."]),
        (
            "{alternateProduct: nope, promotionalOffer: nope, message: picture}",
            ["exclude each other", "has an image or bullets"],
        ),
    ],
)
def test_an_answer_with_one_mistake_is_checked_for_others(answer: str, expected: list[str]) -> None:
    """Names in an answer are looked up even if a field of it is missing or wrong."""
    found = refused(f"  - {{name: a, when: {{productId: pro.monthly}}, answer: {answer}}}\n")
    assert len(found) == len(expected), found
    assert all(any(each in mistake for mistake in found) for each in expected), found


ANY_ANSWERS = (
    "  - {name: offer, when: {productId: pro.monthly}, answer: {promotionalOffer: half, message: text}}\n"
    "  - {name: switch, when: {productId: pro.monthly},"
    " answer: {alternateProduct: pro.annual, message: text, billingPlanType: MONTHLY}}\n"
    "  - {name: advanced, when: {productId: other}, answer: {message: text, advancedCommerce: {currentSKU: a, SKU: b,"
    " displayName: c, description: d, effective: IMMEDIATELY, reason: UPGRADE, price: 1, retainBillingCycle: true}}}\n"
    "  - {name: picture, answer: {message: picture}}\n"
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("offerIdentifier: half", "offerIdentifier: 5", ['Write `offerIdentifier: "5"`.']),
        (
            "productId: pro.monthly, offerIdentifier: half",
            "productId: nope, offerIdentifier: 5",
            ["There is no product `nope`.", 'Write `offerIdentifier: "5"`.'],
        ),
        ("{productId: pro.monthly, offerIdentifier: half}", "", ["An offer is a mapping, not nothing."]),
        ("{file: images/ridge.png}", "{fiel: images/ridge.png}", ["Did you mean `file`?", "`file` is missing."]),
        ("images/tick.png, size: BULLET_POINT", "images/tick.png, size: SMALL", ["There is no `size` called `SMALL`."]),
        (
            "{header: Stay, body: Please, image: ridge",
            "{body: Please, image: r",
            ["`header` is missing.", "image `r`."],
        ),
        ("text: {en-US: {header: Offer, body: Text}}", "text: {en-US: hello}", ["A message is a mapping"]),
        ("pro.annual: {group: pro, period: P1Y}", "pro.annual: {group: pro, period: P12M}", ["Did you mean `P1Y`?"]),
        ("pro.annual: {group: pro, period: P1Y}", "pro.annual: {group: 5, period: P1Y}", ['Write `group: "5"`.']),
        ("pro.monthly: {group: pro, period: P1M}", "pro.monthly: pro", ["A product is a mapping, not the text `pro`."]),
        ("period: P1M, advancedCommerce: true}\n  bundle", "period: P1M, advancedCommerce: yes}\n  bundle", ["`true`"]),
        ("pro.annual: {group: pro", f"pro.annual: {{group: {2**63}", ["is no usable number."]),
        (
            "period: P1M, advancedCommerce: true}\n  bundle",
            "period: P1M, advancedComerce: true}\n  bundle",
            ["`advanced"],
        ),
        (
            "{file: images/tick.png, size: BULLET_POINT}",
            "{file: images/tick.png, syze: BULLET_POINT}",
            ["Did you mean"],
        ),
        ("{file: images/tick.png, size: BULLET_POINT}", "5", ["An image is a mapping, not the number `5`."]),
        ("text: {en-US: {header: Offer", 'text: {en-US: {header: "\\ud83d"', ["half a character"]),
        ("keep: {en-US", '"ke\\tep": {en-US', ["This name has a control character in it."]),
        ("{stack: s, region: us-east-1}", "{stack: 5, region: us-east-1}", ['Write `stack: "5"`.']),
        ("keyId: K1", "keyId: 0123456789", ['Write `keyId: "0123456789"`.']),
        (
            "appAppleId: 1, bundleId: com.example.app, issuerId: 57246542-96fe-1a63-e053-0824d011072a",
            "appAppleId: x, bundleId: com.example.app",
            ["`appAppleId` is a whole number", "`issuerId` is missing"],
        ),
    ],
)
def test_an_entry_with_a_mistake_keeps_its_name(old: str, new: str, expected: list[str]) -> None:
    """A malformed entry is one mistake where it stands, and is not reported as missing where it is used."""
    assert old in HEAD
    found = refused(ANY_ANSWERS, HEAD.replace(old, new), environment="sandbox")
    assert len(found) == len(expected), found
    assert all(any(each in mistake for mistake in found) for each in expected), found


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("when: {customer.a: {atleast: 5}}, answer: fallback", "no operator `atleast`"),
        ("when: {productId: nope}, answer: fallback", "no product `nope`"),
        ("during: {from: 2026-12-01}, answer: fallback", "`timeZone` is missing."),
        ('"when\\t": {productId: other}, answer: fallback', "This name has a control character in it."),
        (
            "experiment: {key: k, arms: {a: {weight: 50, answer: falback}, b: {weight: 50, answer: fallback}}}",
            "Did you mean `fallback`?",
        ),
    ],
)
def test_a_malformed_rule_affects_no_other_rule(rule: str, expected: str) -> None:
    """Which requests it matches is unknown, so that neither it nor a later rule is reported as unreachable."""
    [found] = refused(f"  - {{name: a, {rule}}}\n" + KEEP)
    assert expected in found


def test_a_misspelt_product_causes_no_second_mistake() -> None:
    """With a misspelt product under `not` the rule's products are unknown; in a list, the others are checked."""
    switch = "answer: {alternateProduct: pro.annual, message: text}"
    [mistake] = refused(f"  - {{name: a, when: {{not: {{productId: pro.anual}}}}, {switch}}}\n")
    assert "Did you mean `pro.annual`?" in mistake
    mistake, other = refused(f"  - {{name: a, when: {{productId: [pro.mothly, other]}}, {switch}}}\n")
    assert "`other` cannot switch" in mistake
    assert "Did you mean `pro.monthly`?" in other


def test_experiments_without_a_key_are_not_the_same() -> None:
    """Two experiments without a key get one mistake each, and are not compared with each other."""
    rule = "  - {name: %s, experiment: {arms: {%s: {weight: 100, answer: fallback}}}}\n"
    found = refused(rule % ("a", "x") + rule % ("b", "y"))
    assert [mistake.partition(" ")[2] for mistake in found] == ["`key` is missing. Write `key: …`."] * 2


def test_an_environment_must_be_one_of_the_file() -> None:
    """An unknown environment is a mistake that names the nearest one."""
    assert "Did you mean `sandbox`?" in refused(KEEP, environment="sandbx")[0]
    compiled(KEEP, environment="sandbox")


def test_a_release_that_signs_needs_the_ids_of_its_key() -> None:
    """Offers are signed with keyId and issuerId; a file without offers needs neither."""
    head = HEAD.replace(", issuerId: 57246542-96fe-1a63-e053-0824d011072a, keyId: K1", "")
    found = refused("  - {name: a, answer: {promotionalOffer: half, message: text}}\n", head)
    assert len(found) == 2
    assert not compiled(KEEP, head).release.settings["signs"]


@pytest.mark.parametrize(
    "issuer", ["nope", "57246542-96fe-1a63-e053-0824d011072", "{57246542-96fe-1a63-e053-0824d011072a}"]
)
def test_a_release_that_signs_has_a_valid_issuer_id(issuer: str) -> None:
    """Issuer ids are UUIDs; Apple would refuse each offer that is signed for another issuer."""
    head = HEAD.replace("app: {", "app: {\n").replace(
        "issuerId: 57246542-96fe-1a63-e053-0824d011072a", f"\nissuerId: '{issuer}'"
    )
    [mistake] = refused("  - {name: a, answer: {promotionalOffer: half, message: text}}\n", head)
    assert mistake.startswith(f"3: `{issuer}` is no issuer id")
    compiled(KEEP, head)


def test_defaults_and_offers_name_declared_entries() -> None:
    """A product's default must be a message set, and an offer's product must be declared."""
    head = HEAD.replace("period: P1Y}", "period: P1Y, default: kep}").replace(
        "{productId: pro.monthly, o", "{productId: p, o"
    )
    found = refused(KEEP, head)
    assert any("no message set `kep`" in mistake for mistake in found)
    assert any("no product `p`" in mistake for mistake in found)


APPROVED = MessageState("APPROVED")


def ids(previous: PreviousTexts | None = None) -> tuple[str, ...]:
    return compiled(KEEP, previous=previous).release.texts["keep"]["en-US"]


def test_a_corrected_text_keeps_the_last_approved_one() -> None:
    """The new id comes first, then the newest approved one, until the new one is approved itself."""
    [new] = ids()
    assert ids(PreviousTexts({"keep": {"en-US": ["old"]}}, {"old": APPROVED})) == (new, "old")
    assert ids(PreviousTexts({"keep": {"en-US": ["old"]}}, {"old": MessageState("PENDING")})) == (new,)
    waiting = PreviousTexts(
        {"keep": {"en-US": ["pending", "old"]}}, {"pending": MessageState("PENDING"), "old": APPROVED}
    )
    assert ids(waiting) == (new, "old")
    assert ids(PreviousTexts({"keep": {"en-US": [new, "old"]}}, {"old": APPROVED})) == (new, "old")
    assert ids(PreviousTexts({"keep": {"en-US": [new, "old"]}}, {new: APPROVED, "old": APPROVED})) == (new,)


def test_a_predecessor_whose_image_is_not_approved_is_not_kept() -> None:
    """An earlier text that could not be delivered is not kept."""
    state = MessageState("APPROVED", {"i": "REJECTED"})
    assert len(ids(PreviousTexts({"keep": {"en-US": ["old"]}}, {"old": state}))) == 1


def test_a_predecessor_with_an_image_is_known_to_have_one() -> None:
    """An earlier text with an image is marked as pictured, so that no offer is shown with it."""
    previous = PreviousTexts({"text": {"en-US": ["old"]}}, {"old": MessageState("APPROVED", {"i": "APPROVED"})})
    result = compiled("  - {name: a, answer: {promotionalOffer: half, message: text}}\n", previous=previous)
    assert result.release.sheets["other"]["pictured"] == ["old"]


def test_compiling_reports_progress_and_returns_the_release() -> None:
    """Progress ends with all steps done, and `compile_release` returns the release alone."""
    seen: list[tuple[str, int, int]] = []
    document = read_document((HEAD + KEEP).encode(), EVENTS)
    release = compile_release(document, now=NOW, progress=lambda *step: seen.append(step))
    assert seen[-1] == ("compiling", 5, 5)
    assert release.source == (HEAD + KEEP).encode()
    assert release.app_apple_id == 1
