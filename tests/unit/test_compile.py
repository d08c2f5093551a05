"""From a document to a release: what is resolved, what is refused, what is kept of the texts that served before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from retention.catalog import MessageState, Settings, Sheet
from retention.table import ANY_PRODUCT

from console.file.compile import Compiled, PreviousTexts, compile_document, compile_release
from console.file.document import read
from console.file.mistakes import Mistakes
from console.local.samples import EVENTS, compile_sample, sample_states, write_sample_states

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HEAD = """\
app: {appAppleId: 1, bundleId: com.example.app, issuerId: i, keyId: K1}
environments: {sandbox: {stack: s, region: us-east-1}}
products:
  pro.monthly: {group: pro, period: P1M}
  pro.annual: {group: pro, period: P1Y}
  other: {group: other, period: P1M, advancedCommerce: true}
  bundle: {group: other, period: P1M, advancedCommerce: true, bundle: true}
locales: {default: en-US}
images:
  ridge: {file: images/ridge.png}
  tick: {file: images/tick.png, size: BULLET_POINT}
messages:
  keep: {en-US: {header: Stay, body: Please}, fr-FR: {header: Restez, body: Merci}}
  text: {en-US: {header: Offer, body: Text}}
  picture: {en-US: {header: Stay, body: Please, image: ridge, altText: A ridge}}
offers: {half: {productId: pro.monthly, offerIdentifier: half}}
rules:
"""


def compiled(rules: str, head: str = HEAD, **options: Any) -> Compiled:  # keywords handed on
    return compile_document(read((head + rules).encode(), EVENTS), now=NOW, **options)


def refused(rules: str, head: str = HEAD, **options: Any) -> list[str]:  # as above
    with pytest.raises(Mistakes) as caught:
        compiled(rules, head, **options)
    return [f"{mistake.line}: {mistake.wrong} {mistake.instead}" for mistake in caught.value.mistakes]


def names(result: Compiled, product: str) -> list[str]:
    return [rule["name"] for rule in result.release.sheets[product]["rules"]]


KEEP = "  - {name: keep, answer: {message: keep}}\n"


def test_a_sheet_holds_the_rules_of_its_product_only() -> None:
    """Each product's sheet has the rules that could answer it; one more is for products outside the file."""
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


def test_sheets_and_settings_are_what_the_function_reads() -> None:
    """Every sheet of the sample loads, and so do its settings."""
    release = compile_sample().release
    settings = Settings.from_document(release.settings)
    assert settings.signs
    assert settings.bundle_id == "com.example.trailhead"
    for product, document in release.sheets.items():
        sheet = Sheet.from_document(document, settings.locales)
        assert sheet.product.product_id == (None if product == ANY_PRODUCT else product)
        assert len(sheet.rules) == len(document["rules"])


def test_the_same_file_gives_the_same_ids_on_any_machine() -> None:
    """Ids follow from content: these are the sample's, here and everywhere."""
    first, second = compile_sample().release, compile_sample().release
    assert first.messages == second.messages
    assert first.texts["keep-basic"]["en-US"] == ("1ff0ba34-f1ff-5b29-aa71-3c8f7ab707af",)


def test_committed_states_are_those_of_the_sample(tmp_path: Path) -> None:
    """events/states has every id of the sample: one text in review, one refused, the others approved."""
    write_sample_states(tmp_path)
    for name in ("messages.json", "images.json"):
        assert (tmp_path / name).read_text() == (EVENTS / "states" / name).read_text()
    messages, _ = sample_states(compile_sample().content)
    states = sorted(entry["messageState"] for entry in messages["messageIdentifiers"])
    assert states == ["APPROVED"] * 17 + ["PENDING", "REJECTED"]


def test_a_good_file_warns_of_nothing() -> None:
    """The sample has no warnings."""
    assert compile_sample().warnings == ()


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("  - {name: a, answer: {message: kep}}\n", "There is no message set `kep`. Did you mean `keep`?"),
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
def test_refuses_what_cannot_be_meant(rules: str, told: str) -> None:
    """Names, targets, schedules and rules out of reach are told, each with what to write instead."""
    assert any(told in mistake for mistake in refused(rules)), refused(rules)


ADVANCED = (
    "answer: {message: text, advancedCommerce: {currentSKU: a, SKU: b, displayName: c, description: d,"
    " effective: IMMEDIATELY, reason: UPGRADE, price: 1, retainBillingCycle: true}}"
)


def test_advanced_commerce_is_for_declared_products_and_no_bundles() -> None:
    """A rule that names products needs every one of them to take Advanced Commerce answers."""
    good = compiled(f"  - {{name: a, when: {{productId: other}}, {ADVANCED}}}\n")
    assert good.release.sheets["other"]["rules"][0]["answer"]["request"]["changeItems"][0]["SKU"] == "b"
    told = refused(f"  - {{name: a, when: {{productId: [other, bundle, pro.annual]}}, {ADVANCED}}}\n")
    assert "`bundle`, `pro.annual` takes no Advanced Commerce answer" in told[0]
    compiled(f"  - {{name: a, {ADVANCED}}}\n")


def test_a_rule_for_all_products_needs_one_that_can_have_its_answer() -> None:
    """A rule that does not ask for the product is meant for those it fits."""
    compiled("  - {name: a, answer: {alternateProduct: pro.annual, message: text}}\n")


def test_a_rule_behind_an_unconditional_answer_is_a_warning() -> None:
    """It may still speak, while the answer before it cannot be delivered."""
    result = compiled(KEEP + "  - {name: late, answer: {message: text}}\n")
    assert "`late` speaks only while `keep`" in result.warnings[0].wrong


def test_a_schedule_that_ends_later_leaves_the_next_rule_reachable() -> None:
    """An unconditional fallback with a schedule hides nothing for good."""
    compiled("  - {name: a, during: {until: 2027-01-01, timeZone: UTC}, answer: fallback}\n" + KEEP)


def test_all_mistakes_are_told_at_once() -> None:
    """Mistakes of form and of meaning come together, in the order of their lines."""
    head = HEAD.replace("period: P1M}", "period: P1X}", 1).replace("half}", "half, signature: v3}")
    told = refused("  - {name: a, answer: {message: nope}}\n  - {name: a, answer: fallbck}\n", head)
    assert [int(mistake.partition(":")[0]) for mistake in told] == [4, 16, 18, 19, 19]


def test_an_environment_must_be_one_of_the_file() -> None:
    """A name that no environment has is told."""
    assert "Did you mean `sandbox`?" in refused(KEEP, environment="sandbx")[0]
    compiled(KEEP, environment="sandbox")


def test_a_release_that_signs_needs_the_ids_of_its_key() -> None:
    """Offers are signed with keyId and issuerId; a file without offers needs neither."""
    head = HEAD.replace(", issuerId: i, keyId: K1", "")
    told = refused("  - {name: a, answer: {promotionalOffer: half, message: text}}\n", head)
    assert len(told) == 2
    assert not compiled(KEEP, head).release.settings["signs"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("images/ridge.png", "images/nowhere.png", "cannot be read: no such file"),
        ("images/ridge.png", '"a\\0b"', "cannot be read: that is no file name"),
        ("images/ridge.png", "retention.yaml", "is no PNG image"),
        ("images/ridge.png", "images/tick.png", "1024 by 1024 pixels. Apple wants a width of exactly 3840"),
        ("image: ridge", "image: rigde", "Did you mean `ridge`?"),
        ("image: ridge", "image: tick", "BULLET_POINT; FULL_SIZE belongs here"),
    ],
)
def test_images_are_checked_with_what_was_found_and_wanted(old: str, new: str, told: str) -> None:
    """An image Apple would refuse is told with its own figures."""
    assert any(told in mistake for mistake in refused(KEEP, HEAD.replace(old, new)))


def test_defaults_and_offers_name_what_there_is() -> None:
    """A product's default is a message set, and an offer's product is declared."""
    head = HEAD.replace("period: P1Y}", "period: P1Y, default: kep}").replace(
        "{productId: pro.monthly, o", "{productId: p, o"
    )
    told = refused(KEEP, head)
    assert any("no message set `kep`" in mistake for mistake in told)
    assert any("no product `p`" in mistake for mistake in told)


APPROVED = MessageState("APPROVED")


def ids(previous: PreviousTexts | None = None) -> tuple[str, ...]:
    return compiled(KEEP, previous=previous).release.texts["keep"]["en-US"]


def test_a_corrected_text_keeps_the_one_last_approved() -> None:
    """The new id comes first; behind it stands the newest that is approved, until the new one is."""
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
    """What could not be served is no predecessor."""
    state = MessageState("APPROVED", {"i": "REJECTED"})
    assert len(ids(PreviousTexts({"keep": {"en-US": ["old"]}}, {"old": state}))) == 1


def test_a_predecessor_with_an_image_is_known_to_have_one() -> None:
    """A predecessor that is not text alone is never shown beside an offer."""
    previous = PreviousTexts({"text": {"en-US": ["old"]}}, {"old": MessageState("APPROVED", {"i": "APPROVED"})})
    result = compiled("  - {name: a, answer: {promotionalOffer: half, message: text}}\n", previous=previous)
    assert result.release.sheets["other"]["pictured"] == ["old"]


def experiment(arms: str, name: str = "a", key: str = "k") -> str:
    return f"  - {{name: {name}, experiment: {{key: {key}, arms: {{{arms}}}}}}}\n"


HALVES = "x: {weight: 50, answer: fallback}, y: {weight: 50, answer: {message: keep}}"
LIVE = PreviousTexts({}, {}, {"k": (("x", 5000), ("y", 5000))})


def test_changed_weights_tell_the_share_that_changes_arm() -> None:
    """Moving a weight under a live key warns with the share of customers who change arm."""
    result = compiled(
        experiment(HALVES.replace("50", "30", 1).replace("y: {weight: 50", "y: {weight: 70")), previous=LIVE
    )
    assert "20 % of the customers in `k` change arm." in result.warnings[0].wrong
    assert compiled(experiment(HALVES), previous=LIVE).warnings == ()


@pytest.mark.parametrize(
    "arms",
    [
        HALVES.replace("x:", "z:"),
        "y: {weight: 50, answer: {message: keep}}, x: {weight: 50, answer: fallback}",
        HALVES + ", z: {weight: 0, answer: fallback}",
    ],
)
def test_changed_arms_need_reshuffle(arms: str) -> None:
    """Other arms, or another order, under a live key are refused unless asked for."""
    assert "--reshuffle" in refused(experiment(arms), previous=LIVE)[0]
    compiled(experiment(arms), previous=LIVE, reshuffle=True)


def test_one_key_means_one_split() -> None:
    """The same key in two rules has the same arms and weights; its answers may differ."""
    compiled(experiment(HALVES) + experiment(HALVES.replace("message: keep", "message: text"), "b"))
    other = HALVES.replace("50", "30", 1).replace("y: {weight: 50", "y: {weight: 70")
    assert "with other arms or weights" in refused(experiment(HALVES) + experiment(other, "b"))[0]


def test_a_sheet_with_too_many_rules_is_told_with_its_product_and_figure() -> None:
    """At most 500 rules may answer one product."""
    rules = "".join(
        f"  - {{name: r{i}, when: {{productId: other, customer.x: {i}}}, answer: {{message: keep}}}}\n"
        for i in range(501)
    )
    assert "501 rules may answer `other`." in refused(rules)[0]


def test_a_sheet_that_is_too_large_is_told_with_its_figure() -> None:
    """At most 350 KB, compressed, may belong to one product."""
    values = [f"{i * 2654435761 % 2**64:x}{i * 40503 % 2**32:x}" for i in range(40_000)]
    rules = (
        f"  - {{name: a, when: {{productId: other, customer.x: [{', '.join(map(repr, values))}]}}, answer: fallback}}\n"
    )
    [told] = refused(rules)
    assert "The rules that may answer `other` take" in told


def test_too_many_messages_for_one_locale_are_told() -> None:
    """At most 100 messages may have to be looked up for one request."""
    sets = "".join(
        f"  s{i}: {{en-US: {{header: h{i}, body: b}}, fr-FR: {{header: f{i}, body: b}}}}\n" for i in range(51)
    )
    rules = "".join(f"  - {{name: r{i}, when: {{customer.x: {i}}}, answer: {{message: s{i}}}}}\n" for i in range(51))
    head = HEAD.replace("messages:\n", "messages:\n" + sets)
    assert any("name 102 messages that may serve `fr" in mistake for mistake in refused(rules, head))
    compiled("".join(rules.splitlines(keepends=True)[:50]), head)


def test_apples_limit_of_messages_is_kept() -> None:
    """Apple keeps at most 2 000 messages for an app."""
    sets = "".join(f"  s{i}: {{en-US: {{header: h{i}, body: b}}}}\n" for i in range(2000))
    assert "at most 2000" in refused(KEEP, HEAD.replace("messages:\n", "messages:\n" + sets))[0]


def test_equal_texts_are_one_message() -> None:
    """The same text in two sets or locales has one id and is uploaded once."""
    head = HEAD.replace("  text:", "  again: {en-GB: {header: Stay, body: ' Please '}}\n  text:")
    texts = compiled(KEEP, head).release.texts
    assert texts["again"]["en-GB"] == texts["keep"]["en-US"]


def test_progress_and_release() -> None:
    """Compiling tells how far it is, and `compile_release` gives the release alone."""
    seen: list[tuple[str, int, int]] = []
    document = read((HEAD + KEEP).encode(), EVENTS)
    release = compile_release(document, now=NOW, progress=lambda *step: seen.append(step))
    assert seen[-1] == ("compiling", 5, 5)
    assert release.source == (HEAD + KEEP).encode()
    assert release.app_apple_id == 1
