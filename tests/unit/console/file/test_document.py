"""The reader of the file returns typed entries, and every mistake with its line."""

from __future__ import annotations

import difflib
import json
import os
import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from retention.conditions import FactTest
from retention.locales import LocaleTable, candidates

from console.file import mistakes
from console.file.document import read_document
from console.file.entries import Document, ExperimentEntry
from console.file.mistakes import Mistakes
from console.terminal.ordinary_file import NotOrdinaryError

GOOD = """\
app: {appAppleId: 1, bundleId: com.example.app, issuerId: i, keyId: K1}
environments:
  sandbox: {stack: s, region: us-east-1}
products:
  pro.monthly: {group: pro, period: P1M, default: keep}
  pro.annual: {group: pro, period: P1Y, advancedCommerce: true, bundle: true}
locales: {default: en-US, fallbacks: {fr-CA: [fr-FR], es: es-MX}}
messages:
  keep:
    en-US: {header: Stay, body: Please}
offers:
  half: {productId: pro.monthly, offerIdentifier: half}
rules:
  - name: one
    when: {productId: pro.monthly}
    answer: {message: keep}
"""


def document_of(text: str) -> Document:
    return read_document(text.encode())


def mistakes_of(text: str) -> list[tuple[int, str]]:
    return [(mistake.line, f"{mistake.wrong} {mistake.instead}") for mistake in document_of(text).mistakes]


def only_mistake(old: str, new: str) -> tuple[int, str]:
    """Return the one mistake that the good file has if `old` is replaced by `new`."""
    assert old in GOOD
    found = mistakes_of(GOOD.replace(old, new))
    assert len(found) == 1, found
    return found[0]


def test_reads_every_section() -> None:
    """A good file becomes typed entries, without a mistake."""
    document = document_of(GOOD)
    assert document.mistakes == ()
    assert document.app is not None
    assert document.app.app_apple_id == 1
    assert document.environments["sandbox"].stack == "s"
    assert document.products["pro.monthly"].default == "keep"
    assert document.products["pro.annual"].bundle
    assert document.locales is not None
    assert document.locales.fallbacks == {"fr-CA": ("fr-FR",), "es": ("es-MX",)}
    assert document.offers["half"].signature == "v2"
    assert document.rules[0].condition == FactTest("is", "productId", ("pro.monthly",))


def test_keeps_the_source_byte_for_byte() -> None:
    """A release stores the file byte for byte, with its line ends and comments."""
    source = GOOD.replace("\n", "\r\n").encode() + b"# end"
    document = read_document(source)
    assert document.source == source
    assert document.mistakes == ()


def test_reads_yaml_1_2() -> None:
    """In YAML 1.2 `no`, `on` and `yes` are texts, so that `no` can be Norwegian."""
    document = document_of(
        GOOD.replace("    en-US: {header: Stay", "    no: {header: Bli, body: On}\n    en-US: {header: Yes")
    )
    assert document.mistakes == ()
    assert document.messages["keep"]["no"].body == "On"
    assert document.messages["keep"]["en-US"].header == "Yes"


def test_collects_all_mistakes_at_once() -> None:
    """Reading continues after a mistake, so that all mistakes are reported together."""
    text = GOOD.replace("P1M", "P1X").replace("header: Stay", "heading: Stay").replace("name: one", "name: ''")
    assert [line for line, _ in mistakes_of(text)] == [5, 10, 10, 14]


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("group: pro, period: P1M", "grp: pro, group: g, period: P1M", 5, "Did you mean `group`?"),
        ("header: Stay", "header: Stay, header: Go", 10, "The key `header` stands here twice."),
        ("{message: keep}", "{mesage: keep}", 16, "Did you mean `message`?"),
        ("{message: keep}", "falback", 16, "Did you mean `fallback`?"),
        ("{message: keep}", "{message: keep, alternateProduct: a, promotionalOffer: b}", 16, "exclude each other"),
        (
            "{message: keep}",
            "{message: keep, billingPlanType: MONTHLY}",
            16,
            "An answer that is `message` has no field `billingPlanType`. Leave it out.",
        ),
        ("    answer: {message: keep}\n", "", 14, "This rule has neither an `answer` nor an `experiment`."),
        (
            "    answer:",
            "    experiment: {key: k, arms: {a: {weight: 100, answer: fallback}}}\n    answer:",
            14,
            "not both",
        ),
        ("    en-US: {header", "    en_US: {header", 10, "Did you mean `en-US`?"),
        ("    en-US: {header", "    fr: {header", 10, "Apple has no locale `fr`."),
        ("default: en-US", "default: EN-us", 7, "Did you mean `en-US`?"),
        ("[fr-FR]", "[fr-XX]", 7, "Did you mean `fr-FR`?"),
        ("[fr-FR]", "[]", 7, "This list is empty."),
        ("fr-CA: [", "french!: [", 7, "is not a locale"),
        ("[fr-FR]", "{a: b}", 7, "A fallback is a locale, not a mapping."),
        ("appAppleId: 1", 'appAppleId: "1"', 1, "Write `appAppleId: 1`."),
        ("appAppleId: 1", 'appAppleId: "6745974591"', 1, "Write `appAppleId: 6745974591`."),
        ("appAppleId: 1", "appAppleId: id6745974591", 1, "Write `appAppleId: 6745974591`."),
        ("appAppleId: 1", "appAppleId: 6_745_974_591", 1, "Write `appAppleId: 6745974591`."),
        ("appAppleId: 1", "appAppleId: 6745974591.0", 1, "Write `appAppleId: 6745974591`."),
        ("appAppleId: 1", "appAppleId: -5", 1, "Write one like `appAppleId: 6745974591`."),
        ("appAppleId: 1", "appAppleId: 1.5", 1, "not the number `1.5`. Write one like `appAppleId: 6745974591`."),
        ("keyId: K1", "keyId: 0123456789", 1, 'Write `keyId: "0123456789"`.'),
        ("keyId: K1", "keyId: 1.50", 1, 'not the number `1.50`. Write `keyId: "1.50"`.'),
        ("keyId: K1", "keyId: true", 1, 'Write `keyId: "true"`.'),
        ("{productId: pro.monthly}\n", "{productId: 0123}\n", 15, 'Write `"0123"`.'),
        ("{productId: pro.monthly}\n", "{userLocale: True}\n", 15, 'Write `"True"`.'),
        ("{message: keep}", "{fallback: true}", 16, "Write `answer: fallback`."),
        ("{message: keep}", "{fallback: true, message: keep}", 16, "Write `answer: fallback`."),
        ("period: P1M", "period: P12M", 5, "There is no `period` called `P12M`. Did you mean `P1Y`?"),
        ("period: P1M", "period: P7D", 5, "Did you mean `P1W`?"),
        ("period: P1M", "period: monthly", 5, "Did you mean `P1M`?"),
        ("period: P1M", "period: P4W", 5, "Write one of `P1M`"),
        ("bundleId: com.example.app", "bundleId: 7", 1, 'Write `bundleId: "7"`.'),
        ("bundleId: com.example.app", "bundleId: my app", 1, "Write one like `com.example.app`."),
    ],
)
def test_a_mistake_has_its_line_and_what_to_write_instead(old: str, new: str, line: int, expected: str) -> None:
    """Each mistake has one line number and a text that states what to write."""
    found = only_mistake(old, new)
    assert found[0] == line
    assert expected in found[1]


def test_a_number_in_the_place_of_a_text_needs_quotes() -> None:
    """The mistake shows the value in quotes."""
    assert 'Write `offerIdentifier: "2024"`.' in only_mistake("offerIdentifier: half", "offerIdentifier: 2024")[1]


@pytest.mark.parametrize(("field", "limit"), [("header", 66), ("body", 144)])
@pytest.mark.parametrize("character", ["x", "é", "山", "👍", "👨‍👩‍👧"])
def test_a_text_fits_by_the_strictest_of_three_counts(field: str, limit: int, character: str) -> None:
    """Code points, UTF-16 units and graphemes must each fit the limit; UTF-16 units exceed it first."""
    units = len(character.encode("utf-16-le")) // 2
    good, bad = character * (limit // units), character * (limit // units + 1)
    other = {"header": "body: b", "body": "header: h"}[field]
    text = GOOD.replace("{header: Stay, body: Please}", f"{{{field}: '%s', {other}}}")
    assert mistakes_of(text % good) == []
    [(line, mistake)] = mistakes_of(text % bad)
    assert line == 10
    assert f"at most {limit}" in mistake


def test_combining_characters_are_counted_as_uploaded() -> None:
    """A text is counted in NFC, the form in which it is uploaded."""
    decomposed = "e\u0301" * 66
    assert mistakes_of(GOOD.replace("header: Stay", f"header: {decomposed}")) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("image: hero", "`altText` is missing."),
        ("altText: A hero", "`altText` describes an image"),
        ("headerPosition: ABOVE_IMAGE", "ABOVE_IMAGE needs an image."),
        ("bullets: []", "The list `bullets` is empty."),
        ("bullets: [{text: a, image: i}]", "`altText` is missing."),
        ("bullets: [{text: a, image: i, alttext: b, altText: c}]", "Did you mean `altText`?"),
        ("revision: 0", "whole number from 1"),
        ("header: '  '", "The key `header`"),
        ('body: "\\u0007"', "The key `body`"),
    ],
)
def test_messages_obey_apples_rules(fields: str, expected: str) -> None:
    """What Apple would refuse in a message is a mistake."""
    found = mistakes_of(GOOD.replace("body: Please", f"body: Please, {fields}"))
    assert any(expected in text for _, text in found), found


def test_a_message_has_at_most_five_bullets() -> None:
    """Apple accepts at most five bullets."""
    bullets = ", ".join(["{text: a, image: i, altText: b}"] * 6)
    assert "at most 5" in only_mistake("body: Please", f"body: Please, bullets: [{bullets}]")[1]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (("50", "50"), None),
        (("33.33", "66.67"), None),
        (("0.01", "99.99"), None),
        (("0", "100"), None),
        (("33.333", "66.667"), "more than two decimals"),
        (("50", "49.99"), "sum to 99.99, not 100"),
        (("50", "51"), "sum to 101, not 100"),
        (("-1", "101"), "not the number"),
        (("'50'", "50"), "not the text"),
        (("true", "99"), "not the truth value"),
    ],
)
def test_weights_are_percentages_that_sum_to_100(weights: tuple[str, str], expected: str | None) -> None:
    """Weights have at most two decimals and sum to exactly 100, without errors of floating point."""
    arms = ", ".join(f"a{i}: {{weight: {weight}, answer: fallback}}" for i, weight in enumerate(weights))
    text = GOOD.replace("    answer: {message: keep}", f"    experiment: {{key: k, arms: {{{arms}}}}}")
    found = [text for _, text in mistakes_of(text)]
    assert (found == []) if expected is None else any(expected in text for text in found), found


def test_weights_become_slots() -> None:
    """A weight of 33.33 is 3 333 of 10 000 slots."""
    text = GOOD.replace(
        "answer: {message: keep}",
        "experiment: {key: k, arms: {a: {weight: 33.33, answer: fallback}, b: {weight: 66.67, answer: fallback}}}",
    )
    experiment = document_of(text).rules[0].gives
    assert isinstance(experiment, ExperimentEntry)
    assert experiment.shares == (("a", 3333), ("b", 6667))


ADVANCED = (
    "currentSKU: a, SKU: b, displayName: c, description: d, effective: IMMEDIATELY, reason: UPGRADE, price: 1,"
    " retainBillingCycle: false"
)


def advanced(fields: str) -> list[str]:
    text = GOOD.replace("{message: keep}", f"{{message: keep, advancedCommerce: {{{fields}}}}}")
    return [mistake for _, mistake in mistakes_of(text)]


def test_advanced_commerce_becomes_apples_request() -> None:
    """Fields are where SubscriptionModifyInAppRequest has them: in one change item, or next to it."""
    fields = f"{ADVANCED}, currency: USD, offer: {{period: P1M, periodCount: 3, price: 0, reason: RETENTION}}"
    text = GOOD.replace("{message: keep}", f"{{message: keep, advancedCommerce: {{{fields}}}}}")
    [answer] = document_of(text).rules[0].answers
    assert answer.request is not None
    assert answer.request["currency"] == "USD"
    assert answer.request["retainBillingCycle"] is False
    [item] = answer.request["changeItems"]
    assert item["offer"]["periodCount"] == 3
    assert set(item) == {
        *("currentSKU", "SKU", "displayName", "description", "effective", "reason", "price", "offer"),
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("SKU: b", f"SKU: {'b' * 129}", "at most 128"),
        ("displayName: c", f"displayName: {'c' * 31}", "at most 30"),
        ("description: d", f"description: {'d' * 46}", "at most 45"),
        ("IMMEDIATELY", "NOW", "`effective` called"),
        ("UPGRADE", "APPLY_OFFER", "APPLY_OFFER needs an `offer`"),
        ("price: 1", "price: 1.5", "whole number"),
        ("price: 1", "price: -1", "whole number"),
        ("retainBillingCycle: false", "currency: USD", "`retainBillingCycle` is missing."),
        ("price: 1", "price: 1, currency: usd", "three capitals"),
        (
            "price: 1",
            "price: 1, transactionId: t",
            "An advancedCommerce answer has no field `transactionId`. Write one of",
        ),
        ("price: 1", "price: 1, offer: {period: P4M, periodCount: 1, price: 1, reason: RETENTION}", "`period` called"),
        ("price: 1", "price: 1, offer: {period: P1M, periodCount: 13, price: 1, reason: RETENTION}", "Write 1 to 12."),
        ("price: 1", "price: 1, periodChange: {effective: IMMEDIATELY}", "`period` is missing."),
    ],
)
def test_advanced_commerce_obeys_apples_limits(old: str, new: str, expected: str) -> None:
    """Apple's limit on each field is checked."""
    found = advanced(ADVANCED.replace(old, new))
    assert any(expected in text for text in found), found


@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        (b"a: [1,\n b: }", 2, "This is not YAML"),
        (b"a: \xff", 1, "This is not UTF-8 text."),
        (b"a: &a [*a]", 1, "This is not YAML"),
        (b"a: 1\n---\nb: 2", 2, "This is not YAML"),
        (b"[" * 5000, 1, "This is not YAML"),
        (b"\x00", 1, "This is not YAML"),
    ],
)
def test_what_is_not_yaml_is_one_mistake(source: bytes, line: int, expected: str) -> None:
    """A file that cannot be parsed is one mistake with its line, and never a traceback."""
    with pytest.raises(Mistakes) as caught:
        read_document(source)
    [mistake] = caught.value.mistakes
    assert mistake.line == line
    assert expected in mistake.wrong


@pytest.mark.parametrize(
    "source",
    [b"", b"[]", b"text", b"app:", b"app: []\nrules: {}", b"rules: [1]", b"? [a]\n: b", b"<<: {a: b}", b"a: !x 1"],
)
def test_any_yaml_is_read_without_an_exception(source: bytes) -> None:
    """For any YAML the result is a document with mistakes."""
    assert read_document(source).mistakes


def test_an_alias_stands_for_its_anchor() -> None:
    """YAML's anchors and aliases can be used, so that a text need not be typed twice."""
    text = GOOD.replace("en-US: {header", "en-US: &text {header").replace("offers:", "    en-GB: *text\noffers:")
    document = document_of(text)
    assert document.mistakes == ()
    assert document.messages["keep"]["en-GB"].header == "Stay"


def test_reading_reports_its_progress() -> None:
    """The last report has as many characters done as in total."""
    seen: list[tuple[str, int, int]] = []
    read_document(GOOD.encode(), progress=lambda what, done, total: seen.append((what, done, total)))
    assert seen[-1] == ("reading", len(GOOD), len(GOOD))


def test_images_are_searched_next_to_the_file(tmp_path: Path) -> None:
    """The folder of the file is the base of its image paths."""
    (tmp_path / "retention.yaml").write_text(GOOD, encoding="utf-8")
    assert read_document(tmp_path / "retention.yaml").base_dir == tmp_path


def test_rule_names_are_unique() -> None:
    """Two rules of one name could not be distinguished in a log."""
    text = GOOD + "  - name: one\n    answer: fallback\n"
    assert "the first is on line 14" in mistakes_of(text)[0][1]


def test_regions_of_chinese_are_kept_as_fallback_keys() -> None:
    """A fallback can be for a region that Apple's list joins with another."""
    document = document_of(GOOD.replace("fr-CA: [fr-FR]", "zh_hk: [zh-Hant], zh: [ja]"))
    assert document.locales is not None
    assert set(document.locales.fallbacks) == {"zh-HK", "zh", "es"}


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("nb", "nb nn no nb-NO nn-NO no-NO nb_no"),
        ("nn", "nb nn no nb-NO nn-NO no-NO"),
        ("nb-NO", "nb no nb-NO"),
        ("iw", "iw he iw-IL he-IL"),
        ("in", "in id in-ID id-ID"),
        ("zh", "zh zh-HK zh-CN zh-Hant-TW"),
        ("FR", "fr fr-BE fr_ca"),
    ],
)
def test_fallbacks_of_a_language_cover_all_its_names_and_regions(written: str, asked: str) -> None:
    """A fallback for `iw` is one for Hebrew under both of its codes, with a region or without."""
    document = document_of(GOOD.replace("fr-CA: [fr-FR]", f"{written}: [da]"))
    assert document.mistakes == ()
    assert document.locales is not None
    table = LocaleTable("en-US", document.locales.fallbacks)
    assert {candidates(locale, ["da", "en-US"], table) for locale in asked.split()} == {("da", "en-US")}


def test_two_names_of_one_language_are_one_key() -> None:
    """Of fallbacks for `nb` and `no` one would be ignored, so the second is a mistake on its line."""
    text = GOOD.replace("{fr-CA: [fr-FR], es: es-MX}", "{nb: [da],\n  no: [sv]}")
    wrong = "The fallbacks of `no` stand here twice, as `nb` and as `no`."
    assert mistakes_of(text) == [(8, f"{wrong} Keep one of the two: the first is on line 7.")]


@pytest.mark.parametrize(
    "number",
    [".nan", ".inf", "-.inf", "9" * 400, "1e999", "9" * 5000, str(2**63), str(-(2**63) - 1), "!!int 1_0", "!!float x"],
)
def test_numbers_are_finite_and_within_64_bits(number: str) -> None:
    """A number that the table cannot hold is one mistake."""
    [(_, mistake)] = mistakes_of(GOOD.replace("{productId: pro.monthly}", f"{{customer.x: {{atLeast: {number}}}}}"))
    assert "is no usable number" in mistake


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0123", 123),
        ("0o17", 15),
        ("0x1F", 31),
        ("-5", -5),
        ("+5", 5),
        (str(2**63 - 1), 2**63 - 1),
        (str(-(2**63)), -(2**63)),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5e-3", -0.0015),
        ("1e3", 1000.0),
        ("true", True),
        ("FALSE", False),
        # In YAML 1.1 these are numbers, booleans and a time; in YAML 1.2 they are texts.
        *((text, text) for text in "1_000 1_0.5 0b11 +0x1F 0o8 1e 1:30 2026-12-01 yes no on off y = tRUE".split()),
    ],
)
def test_plain_scalars_are_read_by_yaml_1_2(written: str, value: object) -> None:
    """Numbers and booleans are those of YAML 1.2's core schema; every other scalar is a text."""
    document = document_of(GOOD.replace("{productId: pro.monthly}", f"{{customer.x: {written}}}"))
    assert document.mistakes == ()
    condition = document.rules[0].condition
    assert isinstance(condition, FactTest)
    assert condition == FactTest("is", "customer.x", condition.operand)
    assert isinstance(condition.operand, tuple)
    assert [(type(each), each) for each in condition.operand] == [(type(value), value)]


def test_a_file_may_be_json() -> None:
    """JSON is YAML, also with an emoji that is written as two escapes."""
    header, name = "Stay 😀", "half 😀"
    text = GOOD.replace("header: Stay", f"header: {json.dumps(header)}").replace("  half:", f"  {json.dumps(name)}:")
    assert "\\ud83d\\ude00" in text
    document = document_of(text)
    assert document.mistakes == ()
    assert document.messages["keep"]["en-US"].header == header
    assert name in document.offers


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "\\ude00\\ud83d"])
def test_a_lone_surrogate_is_a_mistake(half: str) -> None:
    """Half of a character, or two halves in the wrong order, cannot be uploaded."""
    assert "half a character" in only_mistake("header: Stay", f'header: "Stay {half}"')[1]


def answering(answer: str) -> list[str]:
    return [text for _, text in mistakes_of(GOOD.replace("answer: {message: keep}", answer))]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("answer: 7", "An answer is a mapping or `fallback`, not the number `7`."),
        ("answer: {}", "This answer is empty."),
        ("answer: {alternate: pro.annual}", "Did you mean `alternateProduct`?"),
        ("answer: {alternateProduct: pro.annual}", "`message` is missing."),
        ("answer: {alternateProduct: 7, message: keep}", 'Write `alternateProduct: "7"`.'),
        (
            "answer: {alternateProduct: a, message: keep, billingPlanType: YEARLY}",
            "no `billingPlanType` called `YEARLY`",
        ),
        ("experiment: {key: k}", "An experiment needs arms."),
        ("experiment: {arms: {a: {weight: 100, answer: fallback}}}", "`key` is missing."),
        (f"experiment: {{key: {'k' * 101}, arms: {{a: {{weight: 100, answer: fallback}}}}}}", "has 101 characters"),
        ("experiment: {key: k, arms: {a: {answer: fallback}}}", "`weight` is missing."),
        ("experiment: {key: k, arms: {a: {weight: 100}}}", "`answer` is missing."),
        ("experiment: {key: k, arms: {a: {weight: 100, answer: fallback, wait: 1}}}", "Did you mean `weight`?"),
        ("experiment: {key: k, arms: [a]}", "`arms` is a mapping, not a list."),
        ("experiment: {key: k, arms: {a: {weight: 1.0e-30, answer: fallback}}}", "more than two decimals"),
    ],
)
def test_answers_and_experiments_need_their_fields(answer: str, expected: str) -> None:
    """A missing or wrong field is reported where it belongs."""
    assert any(expected in text for text in answering(answer)), answering(answer)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("products:\n", "products: []\nproduct:\n", "Did you mean `products`?"),
        ("rules:\n", "rules: {}\nrulez:\n", "`rules` is a list, not a mapping."),
        ("rules:\n", "rules: []\nrulez:\n", "The list `rules` is empty. Write `- name: …` below it."),
        ("{group: pro, period: P1M, default: keep}", "{group: '', period: P1M}", "not an empty one"),
        ("pro.annual:", "'*':", "is no product id"),
        ("bundle: true", "bundle: yes", "`bundle` is `true` or `false`, not the text `yes`."),
        ("    en-US: {header: Stay, body: Please}", "    {}", "This message set has no text at all."),
        ("locales: {default: en-US, ", "locales: {default: en-US, fallback: {}, ", "Did you mean `fallbacks`?"),
        ("es: es-MX", "fr_CA: es-MX", "stand here twice"),
        ("name: one", f"name: {'n' * 101}", "Use at most 100."),
        ("    when:", "    during: {from: 2026-01-01}\n    when:", "`timeZone` is missing."),
    ],
)
def test_each_section_is_checked(old: str, new: str, expected: str) -> None:
    """Sections, products, locales and names are checked entry by entry."""
    assert old in GOOD
    found = mistakes_of(GOOD.replace(old, new))
    assert any(expected in text for _, text in found), found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("header: Stay", "header: !!bool yes", "`yes` is no truth value. Write `true` or `false`."),
        ("locales: {", "locales: !mine {", "The tag `!mine` means nothing here."),
        ("fr-CA: [", "fr-CA: !!set [", "The tag `tag:yaml.org,2002:set` means nothing here."),
        ("  pro.annual: {", '  "\\ud800": {', "half a character"),
        ("period: P1M", "period: {a: b}", "`period` is a text, not a mapping. Write one of `P1M`"),
        ("  pro.annual: {", f"  {'é' * 200}: {{", "is no product id"),
    ],
)
def test_yaml_that_a_file_must_not_hold_is_a_mistake(old: str, new: str, expected: str) -> None:
    """Tags, lone surrogates in names and product ids too long for a row's key are refused."""
    assert expected in only_mistake(old, new)[1]


def test_a_directive_for_an_older_yaml_is_a_mistake() -> None:
    """Under YAML 1.1 `yes` would be a boolean and `010` would be eight."""
    assert mistakes_of(f"# ours\n%YAML 1.1\n---\n{GOOD}") == [
        (2, "`%YAML 1.1` asks for another YAML than 1.2. Leave this line out.")
    ]
    assert mistakes_of(f"%YAML 1.2\n---\n{GOOD}") == []


@pytest.mark.parametrize("source", [b"a: " + b"[" * 2000, b"a: &a [*a]\n"])
def test_a_very_deep_file_is_one_mistake(source: bytes) -> None:
    """A file that is nested very deeply, or inside itself, is one mistake."""
    with pytest.raises(Mistakes, match="nested too deeply"):
        read_document(source)


@pytest.mark.parametrize("character", ["\\n", "\\t", "\\e", "\\0", "\\x7f", "\\N", "\\L"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: one", 'name: "o{}ne"'),
        ("  keep:", '  "ke{}ep":'),
        ("  half:", '  "ha{}lf":'),
        ("{stack: s,", '{{stack: "s{}s",'),
        ("offerIdentifier: half", 'offerIdentifier: "ha{}lf"'),
    ],
)
def test_names_have_one_line(old: str, new: str, character: str) -> None:
    """A line end or a control character in a name would break the lines of logs and tables."""
    line = GOOD[: GOOD.index(old)].count("\n") + 1
    found = mistakes_of(GOOD.replace(old, new.format(character)))
    assert [(at, "control character" in mistake) for at, mistake in found] == [(line, True)]


def test_texts_may_have_several_lines() -> None:
    """A text for customers may contain a line end."""
    assert mistakes_of(GOOD.replace("body: Please", 'body: "Please\\nstay"')) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "    when:",
            "    during: {from: 2027-13-01, until: x}\n    when:",
            ["`timeZone` is missing.", "The calendar has no `2027-13-01`.", "not the text `x`."],
        ),
        (
            "    when:",
            "    during: {from: 2027-13-01, until: x, timeZone: Nowhere}\n    when:",
            ["no time zone `Nowhere`.", "The calendar has no `2027-13-01`.", "not the text `x`."],
        ),
        (
            "    when:",
            "    during: {from: 2027-02-01, until: 2027-01-01}\n    when:",
            ["`timeZone` is missing.", "This schedule is empty"],
        ),
        ("{header: Stay, body: Please}", "hello", ["A message is a mapping, not the text `hello`."]),
        ("body: Please", "body: Please, image: 5, altText: a", ['Write `image: "5"`.']),
        ("{message: keep}", "{message: keep, advancedCommerce: 5}", ["is a mapping, not the number `5`."]),
        ("    answer: {message: keep}", "    experiment: 5", ["An experiment is a mapping, not the number `5`."]),
        (
            "    answer: {message: keep}",
            "    experiment: {key: k, arms: {a: 5}}",
            ["An arm is a mapping, not the number `5`."],
        ),
        (
            "{message: keep}",
            "{message: 5, alternateProduct: a, promotionalOffer: b}",
            ["exclude each other", 'Write `message: "5"`.'],
        ),
        (
            "    answer: {message: keep}",
            "    answer: {message: 5}\n    experiment: {key: 7, arms: {a: {weight: 100, answer: fallback}}}",
            ["not both", 'Write `message: "5"`.', 'Write `key: "7"`.'],
        ),
        ("appAppleId: 1", f"appAppleId: {2**63}", ["is no usable number."]),
    ],
)
def test_one_mistake_neither_hides_another_nor_makes_one(old: str, new: str, expected: list[str]) -> None:
    """A second mistake in the same entry is reported too; one that only follows from the first is not."""
    assert old in GOOD
    found = [text for _, text in mistakes_of(GOOD.replace(old, new))]
    assert len(found) == len(expected), found
    assert all(any(each in text for text in found) for each in expected), found


def renamed(names: list[str], products: int) -> str:
    listed = "".join(f"  com.example.plan{i:04}: {{group: plans, period: P1M}}\n" for i in range(products))
    rules = "".join(
        f"  - {{name: {i}-th, when: {{productId: {name}}}, answer: fallback}}\n" for i, name in enumerate(names)
    )
    return GOOD.replace("products:\n", f"products:\n{listed}") + rules


def test_the_nearest_name_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product's old name in 300 rules is 300 mistakes, and the nearest name is computed once."""
    looked_up: list[str] = []
    nearest = mistakes.nearest

    def watched(name: str, known: Iterable[str]) -> str | None:
        looked_up.append(name)
        return nearest(name, known)

    monkeypatch.setattr(mistakes, "nearest", watched)
    found = mistakes_of(renamed(["com.example.plam0042"] * 300, products=100))
    assert {mistake for _, mistake in found} == {
        "There is no product `com.example.plam0042`. Did you mean `com.example.plan0042`?"
    }
    assert len(found) == 300
    assert looked_up == ["com.example.plam0042"]


def test_a_thousand_unknown_names_are_reported_quickly() -> None:
    """After enough comparisons, a mistake lists the first names of the file in the place of the nearest one."""
    found = mistakes_of(renamed([f"com.example.plam{i:04}" for i in range(1000)], products=500))
    assert [line for line, _ in found] == list(range(517, 1517))
    assert "Did you mean `com.example.plan0000`?" in found[0][1]
    assert "Write one of `com.example.plan0000`, `com.example.plan0001`" in found[-1][1]


def test_the_nearest_name_is_the_most_similar_one() -> None:
    """Case does not count, and if no name is similar there is none."""
    assert mistakes.nearest("PRO_MONTHLY", ["pro.monthly", "pro-monthly", "pro.annual"]) == "pro-monthly"
    assert mistakes.nearest("pro.anual", ["pro.monthly", "pro.annual"]) == "pro.annual"
    assert mistakes.nearest("pro.anual", ["keep", "text"]) is None


def test_the_nearest_name_is_as_similar_as_difflib_finds_one() -> None:
    """The shortcuts of `nearest` miss no name that is more similar."""
    drawn = random.Random(16)
    known = ["".join(drawn.choices("abcd.-", k=drawn.randrange(2, 9))) for _ in range(200)]
    for _ in range(200):
        wanted = "".join(drawn.choices("abcd.-", k=drawn.randrange(2, 9)))
        found, expected = mistakes.nearest(wanted, known), difflib.get_close_matches(wanted, known, n=1)
        assert [similarity(wanted, name) for name in ([] if found is None else [found])] == [
            similarity(wanted, name) for name in expected
        ]


def similarity(wanted: str, name: str) -> float:
    return difflib.SequenceMatcher(a=name, b=wanted).ratio()


def test_a_file_is_an_ordinary_file_or_a_pipe_of_the_shell(tmp_path: Path) -> None:
    """A file that blocks or never ends is refused at once; `<(envsubst < draft.yaml)` is read."""
    os.mkfifo(tmp_path / "pipe.yaml")
    with (tmp_path / "huge.yaml").open("wb") as huge:
        huge.truncate(2**40)
    for path, reason in (
        (tmp_path / "pipe.yaml", "is a named pipe"),
        (Path("/dev/zero"), "is a device"),
        (tmp_path, "is a directory"),
        (tmp_path / "huge.yaml", "at most 32 MiB"),
    ):
        with pytest.raises(NotOrdinaryError, match=reason):
            read_document(path)
    with pytest.raises(FileNotFoundError):
        read_document(tmp_path / "nothing.yaml")
    reading, writing = os.pipe()
    os.write(writing, GOOD.encode())
    os.close(writing)
    assert read_document(Path(f"/dev/fd/{reading}"), base_dir=tmp_path).mistakes == ()
    os.close(reading)


def test_a_file_is_found_in_either_form_of_its_name(tmp_path: Path) -> None:
    """A system may store accents as combining characters, while a keyboard types composed ones."""
    (tmp_path / "re\u0301tention.yaml").write_text(GOOD)
    document = read_document(tmp_path / "r\u00e9tention.yaml")
    assert document.mistakes == ()
    assert document.file == str(tmp_path / "r\u00e9tention.yaml")


def test_a_file_passed_by_the_shell_has_its_images_in_the_working_folder(tmp_path: Path) -> None:
    """The base of image paths is not /dev."""
    reading, writing = os.pipe()
    os.write(writing, GOOD.encode())
    os.close(writing)
    assert read_document(Path(f"/dev/fd/{reading}")).base_dir == Path()
    os.close(reading)
    (tmp_path / "retention.yaml").write_text(GOOD)
    assert read_document(tmp_path / "retention.yaml").base_dir == tmp_path


REGIONS = ("us-east-1", "us-gov-west-1", "eu-isoe-west-1", "eusc-de-east-1", "local")
NO_REGIONS = ("us-east-1a", "US-EAST-1", "us_east_1", "N. Virginia", "us-east-1,")
STACKS = ("retention-sandbox", "R2", "arn:aws:cloudformation:us-east-1:1:stack/r/2")
NO_STACKS = ("retention_sandbox", "2r", "retention sandbox", "r" * 129, "-r", "r\u00e9")


@pytest.mark.parametrize(
    ("field", "value", "good"),
    [
        *(("region", value, True) for value in REGIONS),
        *(("region", value, False) for value in NO_REGIONS),
        *(("stack", value, True) for value in STACKS),
        *(("stack", value, False) for value in NO_STACKS),
    ],
)
def test_stacks_and_regions_have_the_form_of_aws(field: str, value: str, *, good: bool) -> None:
    """An availability zone is no region, and a stack's name has no underscore."""
    old = {"region": "region: us-east-1", "stack": "stack: s"}[field]
    found = mistakes_of(GOOD.replace(old, f"{field}: '{value}'"))
    assert (found == []) is good
    assert good or f"is no {field}." in found[0][1]
