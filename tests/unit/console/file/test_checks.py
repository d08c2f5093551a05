"""Characters that cannot be seen, and text that YAML reads in another way: mistakes and warnings at their lines."""

# ruff: noqa: E501, RUF001  # tables of files, and characters that look like others on purpose

from __future__ import annotations

import unicodedata

import pytest

from console.file.checks import check_offers, check_products, check_signing_key
from console.file.mistakes import Mistake, Mistakes, Notes
from console.terminal.characters import invisible_in_name, is_invisible_text
from tests.support.owner_file import FULL, character, document_of, line_of

# The places of names and ids: the good file's text, and the same with `{}` for a character, in quotes.
NAMES = {
    "product": ("  pro.annual:", '  "pro.annual{}":'),
    "group": ("group: pro, period: P1Y", 'group: "pro{}", period: P1Y'),
    "image": ("  hero:", '  "hero{}":'),
    "message set": ("  keep:", '  "keep{}":'),
    "offer": ("  half:", '  "half{}":'),
    "offer identifier": ("offerIdentifier: half-off", 'offerIdentifier: "half-off{}"'),
    "product of an offer": ("{productId: pro.monthly, offer", '{{productId: "pro.monthly{}", offer'),
    "product of a condition": ("when: {productId: pro.monthly", 'when: {{productId: "pro.monthly{}"'),
    "rule": ("name: one", 'name: "one{}"'),
    "experiment": ("key: trial", 'key: "trial{}"'),
    "arm": ("        control:", '        "control{}":'),
    "SKU": ("SKU: sku.b", 'SKU: "sku.b{}"'),
    "current SKU": ("currentSKU: sku.a", 'currentSKU: "sku.a{}"'),
    "bundle id": ("bundleId: com.example.app", 'bundleId: "com.example.app{}"'),
    "issuer id": ("issuerId: i", 'issuerId: "i{}"'),
    "key id": ("keyId: K1", 'keyId: "K1{}"'),
}


INVISIBLE = (
    "U+0020 SPACE",
    "U+00A0 NO-BREAK SPACE",
    "U+00AD SOFT HYPHEN",
    "U+034F COMBINING GRAPHEME JOINER",
    "U+061C ARABIC LETTER MARK",
    "U+180E MONGOLIAN VOWEL SEPARATOR",
    "U+2009 THIN SPACE",
    "U+200B ZERO WIDTH SPACE",
    "U+200C ZERO WIDTH NON-JOINER",
    "U+200D ZERO WIDTH JOINER",
    "U+200E LEFT-TO-RIGHT MARK",
    "U+202A LEFT-TO-RIGHT EMBEDDING",
    "U+202F NARROW NO-BREAK SPACE",
    "U+2060 WORD JOINER",
    "U+2066 LEFT-TO-RIGHT ISOLATE",
    "U+2800 BRAILLE PATTERN BLANK",
    "U+3000 IDEOGRAPHIC SPACE",
    "U+3164 HANGUL FILLER",
    "U+FE0F VARIATION SELECTOR-16",
    "U+E0041 TAG LATIN CAPITAL LETTER A",
    "U+FFFD REPLACEMENT CHARACTER",
    "U+0007 ALERT",
    "U+0085 NEXT LINE",
    "U+FFFE no character",
    "U+1FFFF no character",
)


def escaped(character: str) -> str:
    return f"\\U{ord(character):08X}"


def test_the_good_file_has_no_mistake() -> None:
    """The file that the tests below change has neither mistakes nor warnings."""
    document = document_of(FULL)
    assert (document.mistakes, document.warnings) == ((), ())


@pytest.mark.parametrize("named", INVISIBLE)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_has_no_invisible_character(name: str, named: str) -> None:
    """With one, a product would never match and an offer never be granted; the mistake names line and character."""
    old, new = NAMES[name]
    assert FULL.count(old) == 1
    text = FULL.replace(old, new.format(escaped(character(named))))
    found = [mistake for mistake in document_of(text).mistakes if mistake.line == line_of(FULL, old)]
    assert [named in str(mistake) for mistake in found] == [True], found


@pytest.mark.parametrize("unlike", ["pro annual", "pro.ännual", "pro/annual", "*", "pro.ａnnual", "pro.аnnual"])
def test_ids_use_apples_alphabet(unlike: str) -> None:
    """Product ids and offer identifiers have letters, digits, `.`, `_` and `-`."""
    for old, new in (
        ("  pro.annual:", f'  "{unlike}":'),
        ("offerIdentifier: half-off", f'offerIdentifier: "{unlike}"'),
    ):
        (found,) = document_of(FULL.replace(old, new)).mistakes
        assert "letters, digits, `.`, `_` and `-`" in str(found)
        assert found.line == line_of(FULL, old)


@pytest.mark.parametrize(
    "name",
    [
        "winter sale",
        "Für alle",
        "最後の提案",
        "می\u200cخواهم",
        "क्\u200dष",
        "❤️ offer",
        "👩\u200d🚀",
        "1️⃣ first",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "‎".strip("‎") + "a b",
    ],
)
def test_names_may_have_any_script_and_emoji(name: str) -> None:
    """A joiner or a selector that changes how its neighbours are drawn is allowed."""
    assert invisible_in_name(name) is None
    assert document_of(FULL.replace("name: one", f'name: "{name}"')).mistakes == ()


@pytest.mark.parametrize(
    "text",
    [
        "👩\u200d👩\u200d👧",
        "می\u200cخواهم",
        "\u200fשלום\u200f (PRO)",
        "Pro\u00a0Max",
        "ca\u00adfé",
        "❤️",
        "100\u202f%",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    ],
)
def test_texts_keep_their_joiners_and_marks(text: str) -> None:
    """A text for customers is uploaded as it was written."""
    document = document_of(FULL.replace("header: Stay", f'header: "{text}"'))
    assert document.mistakes == ()
    assert document.messages["keep"]["en-US"].header == text


@pytest.mark.parametrize("place", ["header: Stay", "body: Please", "displayName: Pro", "description: All"])
@pytest.mark.parametrize(
    "named",
    [
        "U+0007 ALERT",
        "U+0092 PRIVATE USE TWO",
        "U+FFFD REPLACEMENT CHARACTER",
        "U+2028 LINE SEPARATOR",
        "U+FDD0 no character",
        "U+10FFFF no character",
        "U+FEFF ZERO WIDTH NO-BREAK SPACE",
        "U+007F DELETE",
        "U+0000 NULL",
    ],
)
def test_texts_have_no_control_characters(place: str, named: str) -> None:
    """A control character is a mistake with its name and place, also if it was written as an escape."""
    key, _, word = place.partition(": ")
    text = FULL.replace(place, f'{key}: "{word[0]}{escaped(character(named))}{word[1:]}"')
    (found,) = document_of(text).mistakes
    assert (found.line, named in str(found), key in str(found)) == (line_of(FULL, place), True, True)


@pytest.mark.parametrize("text", ["\u200b", "\u200b\u200d", "\u00a0 \u2060", "\u3164", "\ufe0f", "\u2800 \u00ad"])
def test_a_text_has_a_visible_character(text: str) -> None:
    """A text of zero-width characters alone is a mistake."""
    assert is_invisible_text(text)
    written = "".join(map(escaped, text))
    (found,) = document_of(FULL.replace("header: Stay", f'header: "{written}"')).mistakes
    assert "seen" in found.wrong
    assert "U+" in found.wrong


def test_an_invisible_character_in_a_fact_is_a_warning() -> None:
    """The owner's facts may have any value, so it may be meant."""
    document = document_of(FULL.replace("userLocale: en}", 'customer.plan: "gold\\u200b"}'))
    assert document.mistakes == ()
    (found,) = document.warnings
    assert "U+200B ZERO WIDTH SPACE" in str(found)


def test_names_are_compared_in_nfc() -> None:
    """A name is the same whether its accents are composed characters or combining ones."""
    apart, together = unicodedata.normalize("NFD", "Größe"), unicodedata.normalize("NFC", "Größe")
    assert apart != together
    text = FULL.replace("default: keep", f"default: {apart}").replace("  keep:", f"  {together}:")
    text = text.replace("message: keep", f"message: {apart}").replace("key: trial", f"key: {apart}")
    document = document_of(text)
    assert document.mistakes == ()
    assert set(document.messages) == {together}
    assert document.products["pro.monthly"].default == together
    assert set(document.experiments) == {together}
    twice = document_of(text.replace(f"  {together}:", f"  {apart}: {{en-US: {{header: A, body: B}}}}\n  {together}:"))
    assert "stands here twice" in str(twice.mistakes[0])


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Stay\\nhere", "\\n"),
        ("'Stay\\u2019s'", "\\u2019"),
        ("&1 deal", "&1"),
        ("Q&amp;A", "&amp;"),
        ("'Stay, {{name}}'", "{{name}}"),
        ("'Stay, ${name}'", "${name}"),
        ("'%@'", "%@"),
    ],
)
def test_text_that_yaml_reads_in_another_way_is_a_warning(text: str, part: str) -> None:
    """An escape counts only in double quotes, a leading & is an anchor, and a placeholder is not filled in."""
    document = document_of(FULL.replace("header: Stay", f"header: {text}"))
    (found,) = document.warnings
    assert f"`{part}`" in found.wrong
    assert document.mistakes == ()


@pytest.mark.parametrize(
    "text", ["1.0", "yes: no", "~", "null", "@home", "*bold*", "%5", "`x`", "true", "2026", "Note: this", "[New] plan"]
)
def test_text_that_is_no_text_to_yaml_is_a_mistake(text: str) -> None:
    """None of these is a text without quotes; each mistake is at its line."""
    changed = FULL.replace("{header: Stay, body: Please}", f"\n      header: {text}\n      body: Please")
    try:
        mistakes = document_of(changed).mistakes
    except Mistakes as error:
        mistakes = error.mistakes
    assert mistakes
    assert any(abs(mistake.line - line_of(changed, "header:")) <= 1 for mistake in mistakes)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("period: P1M", "period: P1M\u200b", "There is no `period` called `P1M\u200b`. It has U+200B ZERO WIDTH SPACE in it."),
        ("period: P1M", "period: P\u06f1M", "It has U+06F1 EXTENDED ARABIC-INDIC DIGIT ONE in it."),
        ("answer: fallback}", "answer: fallback\u2060}", "It has U+2060 WORD JOINER in it."),
        ("default: en-US", "default: en\u2011US", "It has U+2011 NON-BREAKING HYPHEN in it."),
        ("default: keep", "default: k\u0435ep", "It has U+0435 CYRILLIC SMALL LETTER IE in it."),
        ("half-off", "half\u2013off", "It has U+2013 EN DASH in it."),
        ("  pro.annual:", "  \u0440ro.annual:", "It has U+0440 CYRILLIC SMALL LETTER ER in it."),
        ("keyId: K1", "keyId: 2X9R4HXF3\u041e", "It has U+041E CYRILLIC CAPITAL LETTER O in it."),
        ("issuerId: i", "issuerId: 57246542\u201196fe-1a63-e053-0824d011072a", "It has U+2011 NON-BREAKING HYPHEN in it."),
        ("com.example.app", "com\uff0eexample.app", "It has U+FF0E FULLWIDTH FULL STOP in it."),
    ],
)  # fmt: skip
def test_a_lookalike_character_is_named(old: str, new: str, expected: str) -> None:
    """`P1M` or `pro.annual` with another character in it looks right: the mistake names the character."""
    document = document_of(FULL.replace(old, new, 1))
    mistakes = list(document.mistakes)
    notes = Notes()
    check_signing_key(document, notes)
    check_products(document, notes)
    assert any(expected in mistake.wrong for mistake in [*mistakes, *notes.mistakes]), mistakes


def test_an_unknown_name_in_another_script_is_not_suspicious() -> None:
    """If the file has names in that script, the mistake does not blame a character."""
    text = FULL.replace("  keep:", "  clé:").replace("default: keep", "default: clef")
    document, notes = document_of(text), Notes()
    check_products(document, notes)
    assert not any("It has" in mistake.wrong for mistake in [*document.mistakes, *notes.mistakes])
    assert notes.mistakes


@pytest.mark.parametrize(
    ("period", "days", "warned"),
    [("P1W", 448, False), ("P1W", 449, True), ("P1M", 1946, False), ("P1M", 1947, True), ("P1Y", 3650, False)],
)
def test_a_limit_over_more_days_than_are_remembered_is_a_warning(period: str, days: int, *, warned: bool) -> None:
    """Of a weekly subscription 64 transactions are 64 weeks: what was redeemed before is not counted."""
    text = FULL.replace("period: P1M", f"period: {period}")
    document = document_of(text.replace("half-off}", f"half-off, limit: {{times: 1, days: {days}}}}}"))
    notes, warnings = Notes(), list[Mistake]()
    check_offers(document, notes, warnings)
    assert (notes.mistakes, [warning.where for warning in warnings]) == ([], ["offers.half.limit"] * warned)
    assert all(f"Write at most `days: {days - 1}`." == warning.instead for warning in warnings)
