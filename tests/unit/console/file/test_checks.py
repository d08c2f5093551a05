"""Characters that cannot be seen, and text that YAML reads in another way: mistakes and warnings at their lines."""

# ruff: noqa: E501, RUF001  # tables of files, and characters that look like others on purpose

from __future__ import annotations

import unicodedata

import pytest

from console.file.checks import check_products, check_signing_key
from console.file.document import read_document
from console.file.entries import Document
from console.file.mistakes import Mistakes, Notes
from console.terminal.characters import invisible_in_name, is_invisible_text

GOOD = """\
app: {appAppleId: 1, bundleId: com.example.app, issuerId: i, keyId: K1}
products:
  pro.monthly: {group: pro, period: P1M, default: keep}
  pro.annual: {group: pro, period: P1Y, advancedCommerce: true}
locales: {default: en-US}
images:
  hero: {file: hero.png}
messages:
  keep:
    en-US: {header: Stay, body: Please}
offers:
  half: {productId: pro.monthly, offerIdentifier: half-off}
rules:
  - name: one
    when: {productId: pro.monthly, userLocale: en}
    experiment:
      key: trial
      arms:
        control: {weight: 50, answer: {promotionalOffer: half, message: keep}}
        other: {weight: 50, answer: fallback}
  - name: two
    answer: {advancedCommerce: {currentSKU: sku.a, SKU: sku.b, displayName: Pro, description: All, effective: IMMEDIATELY,
      reason: UPGRADE, price: 1, retainBillingCycle: true}, message: keep}
"""


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


def character(named: str) -> str:
    return chr(int(named[2:].split(maxsplit=1)[0], 16))


def document_of(text: str) -> Document:
    return read_document(text.encode())


def line_of(text: str, fragment: str) -> int:
    return text[: text.index(fragment)].count("\n") + 1


def test_the_good_file_has_no_mistake() -> None:
    """The file that the tests below change has neither mistakes nor warnings."""
    document = document_of(GOOD)
    assert (document.mistakes, document.warnings) == ((), ())


@pytest.mark.parametrize("named", INVISIBLE)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_has_no_invisible_character(name: str, named: str) -> None:
    """With one, a product would never match and an offer never be granted; the mistake names line and character."""
    old, new = NAMES[name]
    assert GOOD.count(old) == 1
    text = GOOD.replace(old, new.format(escaped(character(named))))
    found = [mistake for mistake in document_of(text).mistakes if mistake.line == line_of(GOOD, old)]
    assert [named in str(mistake) for mistake in found] == [True], found


@pytest.mark.parametrize("unlike", ["pro annual", "pro.ännual", "pro/annual", "*", "pro.ａnnual", "pro.аnnual"])
def test_ids_use_apples_alphabet(unlike: str) -> None:
    """Product ids and offer identifiers have letters, digits, `.`, `_` and `-`."""
    for old, new in (
        ("  pro.annual:", f'  "{unlike}":'),
        ("offerIdentifier: half-off", f'offerIdentifier: "{unlike}"'),
    ):
        (found,) = document_of(GOOD.replace(old, new)).mistakes
        assert "letters, digits, `.`, `_` and `-`" in str(found)
        assert found.line == line_of(GOOD, old)


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
    assert document_of(GOOD.replace("name: one", f'name: "{name}"')).mistakes == ()


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
    document = document_of(GOOD.replace("header: Stay", f'header: "{text}"'))
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
    text = GOOD.replace(place, f'{key}: "{word[0]}{escaped(character(named))}{word[1:]}"')
    (found,) = document_of(text).mistakes
    assert (found.line, named in str(found), key in str(found)) == (line_of(GOOD, place), True, True)


@pytest.mark.parametrize("text", ["\u200b", "\u200b\u200d", "\u00a0 \u2060", "\u3164", "\ufe0f", "\u2800 \u00ad"])
def test_a_text_has_a_visible_character(text: str) -> None:
    """A text of zero-width characters alone is a mistake."""
    assert is_invisible_text(text)
    written = "".join(map(escaped, text))
    (found,) = document_of(GOOD.replace("header: Stay", f'header: "{written}"')).mistakes
    assert "seen" in found.wrong
    assert "U+" in found.wrong


def test_an_invisible_character_in_a_fact_is_a_warning() -> None:
    """The owner's facts may have any value, so it may be meant."""
    document = document_of(GOOD.replace("userLocale: en}", 'customer.plan: "gold\\u200b"}'))
    assert document.mistakes == ()
    (found,) = document.warnings
    assert "U+200B ZERO WIDTH SPACE" in str(found)


def test_names_are_compared_in_nfc() -> None:
    """A name is the same whether its accents are composed characters or combining ones."""
    apart, together = unicodedata.normalize("NFD", "Größe"), unicodedata.normalize("NFC", "Größe")
    assert apart != together
    text = GOOD.replace("default: keep", f"default: {apart}").replace("  keep:", f"  {together}:")
    text = text.replace("message: keep", f"message: {apart}").replace("key: trial", f"key: {apart}")
    document = document_of(text)
    assert document.mistakes == ()
    assert set(document.messages) == {together}
    assert document.products["pro.monthly"].default == together
    assert set(document.experiments) == {together}
    twice = document_of(text.replace(f"  {together}:", f"  {apart}: {{en-US: {{header: A, body: B}}}}\n  {together}:"))
    assert "stands here twice" in str(twice.mistakes[0])


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "named",
    [
        "U+0092 PRIVATE USE TWO (a `’` of Windows-1252)",
        "U+000B LINE TABULATION",
        "U+0000 NULL",
        "U+007F DELETE",
        "U+0085 NEXT LINE",
        "U+2028 LINE SEPARATOR",
        "U+2029 PARAGRAPH SEPARATOR",
        "U+FEFF ZERO WIDTH NO-BREAK SPACE",
        "U+FFFE no character",
        "U+001B ESCAPE",
    ],
)
def test_a_raw_control_character_is_named_at_its_line(named: str, ends: str) -> None:
    """The mistake names the character, and gives no advice about quotes and indentation."""
    text = GOOD.replace("header: Stay", f"header: St{character(named)}ay").replace("\n", ends)
    with pytest.raises(Mistakes) as caught:
        read_document(text.encode("utf-8", "surrogatepass"))
    (found,) = caught.value.mistakes
    assert (found.line, named in found.wrong) == (line_of(GOOD, "header: Stay"), True)
    assert "quotes" not in str(found)


def test_all_control_characters_are_reported_at_once() -> None:
    """Two control characters on two lines are two mistakes."""
    with pytest.raises(Mistakes) as caught:
        read_document(GOOD.replace("one", "o\x01e").replace("two", "t\x02o").encode())
    assert [mistake.line for mistake in caught.value.mistakes] == [
        line_of(GOOD, "name: one"),
        line_of(GOOD, "name: two"),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_named(encoding: str) -> None:
    """UTF-16 and UTF-32 are named as such; the file is not reported as one of control characters."""
    with pytest.raises(Mistakes, match=r"UTF-16 or UTF-32.*Save the file as UTF-8"):
        read_document(GOOD.encode(encoding))


def test_a_byte_that_is_no_utf8_is_reported_at_its_line() -> None:
    """An apostrophe of Windows-1252 is a byte that is not valid in UTF-8."""
    with pytest.raises(Mistakes, match=f":{line_of(GOOD, 'header: Stay')}: This is not UTF-8 text.*0x92"):
        read_document(GOOD.encode().replace(b"Stay", b"Don\x92t"))


def test_a_byte_order_mark_may_begin_a_file() -> None:
    """Some editors on Windows write a byte order mark."""
    assert read_document(b"\xef\xbb\xbf" + GOOD.encode()).mistakes == ()


TABBED = {
    "after a colon": ("name: one", "name:\tone"),
    "around a colon in a mapping": ("{header: Stay,", "{header\t:\tStay\t,"),
    "behind a dash": ("  - name: one", "  - name: one\n    answer:\n    \t\n    x"),
    "before a comment": ("name: one", "name: one\t# first"),
    "at the end of a line": ("rules:\n", "rules:\t\n"),
    "on a line of its own": ("rules:\n", "\t\nrules:\n"),
    "before a comment line": ("rules:\n", "\t# here they come\nrules:\n"),
    "inside a list": ("{productId: pro.monthly, userLocale: en}", "{userLocale: [\ten\t,\tfr ]}"),
    "behind a block scalar's sign": (
        "{header: Stay, body: Please}",
        "\n      header: |\t# text\n        Stay\n      body: Please",
    ),
    "before a text on the next line": ("name: one", "name:\n     \tone"),
    "before a flow on the next line": ("    answer: {advanced", "    answer:\n      \t{advanced"),
    "before an anchor": ("header: Stay", "header:\t&a Stay"),
}


@pytest.mark.parametrize("where", TABBED)
def test_a_tab_separates_tokens(where: str) -> None:
    """YAML 1.2, section 6.2: spaces and tabs separate tokens."""
    old, new = TABBED[where]
    if where == "behind a dash":
        old, new = (
            "    when: {productId: pro.monthly, userLocale: en}",
            "    when: {productId: pro.monthly, userLocale: {in:\n      [en,\tfr]}}",
        )
    assert old in GOOD
    assert document_of(GOOD.replace(old, new)).mistakes == ()


def test_a_tab_inside_a_text_belongs_to_it() -> None:
    """A tab inside a text is kept; a text may also continue after spaces and tabs on the next line."""
    long = GOOD.replace("{header: Stay, body: Please}", "\n      header: Stay\there\n      body: Please\n       \tstay")
    text = document_of(long).messages["keep"]["en-US"]
    assert (text.header, text.body) == ("Stay\there", "Please stay")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  keep:\n", "\tkeep:\n"),
        ("  keep:\n", " \tkeep:\n"),
        ("  - name: two", "\t- name: two"),
        ("    en-US: {", "  \t  en-US: {"),
        ("  keep:\n    en-US: {header: Stay, body: Please}", "  keep:\n    en-US:\n      header: Stay\n\tbody: Please"),
        ("  keep:\n    en-US: {header: Stay, body: Please}", "  keep:\n    en-US:\n      header: |\n        Stay\n      \tbody: Please"),
    ],
)  # fmt: skip
def test_a_tab_that_indents_is_refused_with_its_line(old: str, new: str) -> None:
    """Section 6.1: only spaces indent, since the width of a tab depends on the editor."""
    text = GOOD.replace(old, new)
    assert text != GOOD
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "\t" in each)
    with pytest.raises(Mistakes) as caught:
        document_of(text)
    (found,) = caught.value.mistakes
    assert (found.line, found.wrong) == (line, "A tab indents this line.")


@pytest.mark.parametrize("new", ["  -\tname: one", "  -\t- one"])
def test_a_tab_before_a_compact_block_is_refused(new: str) -> None:
    """Section 8.2: the space after the dash indents the block that follows on its line."""
    with pytest.raises(Mistakes, match="This is not YAML"):
        document_of(GOOD.replace("  - name: one", new))


CUT = {
    "in a block": ("{header: Stay, body: Please}", "\n      header: We are #1 in hiking\n      body: Please", "We are"),
    "with a tab": (
        "{header: Stay, body: Please}",
        "\n      header: We are\t#1 in hiking\n      body: Please",
        "We are",
    ),
    "in a flow": ("{header: Stay, body: Please}", "{header: We are #1\n      , body: Please}", "We are"),
    "on the next line": (
        "{header: Stay, body: Please}",
        "\n      header: We are\n        #1 in hiking\n      body: Please",
        "We are",
    ),
    "a hash tag": ("{header: Stay, body: Please}", "\n      header: Stay\n      body: Please #staywithus", "Please"),
    "a name": ("name: two", "name: two #2", "two"),
}


@pytest.mark.parametrize("where", CUT)
def test_a_text_cut_off_at_a_hash_is_a_warning(where: str) -> None:
    """An upload cannot be undone, and people seldom write a comment without a space after the `#`."""
    old, new, left = CUT[where]
    document = document_of(GOOD.replace(old, new))
    (found,) = document.warnings
    assert document.mistakes == ()
    assert f"`{left}`" in found.wrong
    assert "#" in found.wrong
    assert "quotes" in found.instead


@pytest.mark.parametrize(
    "new",
    [
        "{header: Stay, body: Please}  # as last year",
        "\n      header: Stay # as last year\n      #body: Go\n      body: Please",
        "\n      header: Stay ## loud\n      body: Please\n#  body: old",
        "\n      header: 'We are #1'\n      body: \"A #1 b\" #no",
        "\n      header: We are#1\n      body: |\n        We are #1\n        #2",
        "\n      header: Stay ####\n      body: >-\n        Please #1",
    ],
)
def test_a_comment_is_no_warning(new: str) -> None:
    """With a space after the `#`, quotes, or a block scalar, the meaning is clear."""
    document = document_of(GOOD.replace("{header: Stay, body: Please}", new))
    assert (document.mistakes, document.warnings) == ((), ())


def test_a_hash_that_hides_a_brace_is_reported_at_its_line() -> None:
    """The parser misses the brace only on the next line, which is right."""
    with pytest.raises(Mistakes) as caught:
        document_of(GOOD.replace("{header: Stay, body: Please}", "{header: We are #1 in hiking, body: Please}"))
    (found,) = caught.value.mistakes
    assert found.line == line_of(GOOD, "header: Stay")
    assert "#1 in hiking" in found.wrong
    with pytest.raises(Mistakes, match="expected"):
        document_of(GOOD.replace("{header: Stay, body: Please}", '{header: "We are #1", body: Please'))


def test_a_text_that_is_only_a_comment_is_a_mistake() -> None:
    """The mistake states that `#1 in hiking` is a comment to YAML."""
    new = "\n      header: #1 in hiking\n      body: Please"
    (found,) = document_of(GOOD.replace("{header: Stay, body: Please}", new)).mistakes
    assert "`#1 in hiking` is a comment" in found.wrong
    assert "quotes" in found.instead


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
    document = document_of(GOOD.replace("header: Stay", f"header: {text}"))
    (found,) = document.warnings
    assert f"`{part}`" in found.wrong
    assert document.mistakes == ()


@pytest.mark.parametrize(
    "text", ["1.0", "yes: no", "~", "null", "@home", "*bold*", "%5", "`x`", "true", "2026", "Note: this", "[New] plan"]
)
def test_text_that_is_no_text_to_yaml_is_a_mistake(text: str) -> None:
    """None of these is a text without quotes; each mistake is at its line."""
    spoilt = GOOD.replace("{header: Stay, body: Please}", f"\n      header: {text}\n      body: Please")
    try:
        mistakes = document_of(spoilt).mistakes
    except Mistakes as error:
        mistakes = error.mistakes
    assert mistakes
    assert any(abs(mistake.line - line_of(spoilt, "header:")) <= 1 for mistake in mistakes)


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
    document = document_of(GOOD.replace(old, new, 1))
    mistakes = list(document.mistakes)
    notes = Notes()
    check_signing_key(document, notes)
    check_products(document, notes)
    assert any(expected in mistake.wrong for mistake in [*mistakes, *notes.mistakes]), mistakes


def test_an_unknown_name_in_another_script_is_not_suspicious() -> None:
    """If the file has names in that script, the mistake does not blame a character."""
    text = GOOD.replace("  keep:", "  clé:").replace("default: keep", "default: clef")
    document, notes = document_of(text), Notes()
    check_products(document, notes)
    assert not any("It has" in mistake.wrong for mistake in [*document.mistakes, *notes.mistakes])
    assert notes.mistakes


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("  pro.monthly", "\u00a0\u00a0pro.monthly", "pro.monthly:", "U+00A0 NO-BREAK SPACE"),
        ("  pro.monthly", "\u3000pro.monthly", "pro.monthly:", "U+3000 IDEOGRAPHIC SPACE"),
        ("name: one", "name:\u00a0one", "name:", "U+00A0 NO-BREAK SPACE"),
        ("name: one", "name:\u2009one", "name:", "U+2009 THIN SPACE"),
        ("name: one", "name\uff1aone", "name", "U+FF1A FULLWIDTH COLON"),
        ("  - name: one", "  \u2013 name: one", "name:", "U+2013 EN DASH"),
        ("  - name: one", "  \u2022 name: one", "name:", "U+2022 BULLET"),
        ("  - name: one", "  -\u00a0name: one", "name:", "U+00A0 NO-BREAK SPACE"),
        ("locales: {default: en-US}", "locales:en-US", "locales:", "the line has no `key: value`"),
        ("rules:", "<<<<<<< HEAD\nrules:\n=======\nrules:\n>>>>>>> b", "<<<<", "A merge conflict begins in this line."),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_character_that_stops_the_parser_is_named_at_its_line(
    old: str, new: str, line: str, expected: str, ends: str
) -> None:
    """A pasted no-break space looks like a space, and the parser fails only one line later."""
    text = GOOD.replace(old, new, 1)
    with pytest.raises(Mistakes) as refused:
        document_of(text.replace("\n", ends))
    (mistake,) = refused.value.mistakes
    assert expected in mistake.wrong
    assert text.splitlines()[mistake.line - 1].lstrip(" -\u00a0\u3000\u2013\u2022").startswith(line)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Run `git lfs pull`."),
        (b"\0GITCRYPT\0\1", "Run `git-crypt unlock`."),
        (b"\n<!DOCTYPE html>\n<title>Sign in</title>", "Fetch the file itself, as text."),
        (b"\x1f\x8b\x08\0", "Unpack it first."),
        (b"PK\x03\x04", "Unpack it first."),
        (b"{\\rtf1\\ansi", "Save it as plain text in UTF-8."),
    ],
)
def test_a_file_of_another_kind_is_one_mistake(content: bytes, expected: str) -> None:
    """The mistake names what to do, and missing sections are not reported as well."""
    with pytest.raises(Mistakes) as refused:
        read_document(content)
    (mistake,) = refused.value.mistakes
    assert mistake.instead == expected


@pytest.mark.parametrize("text", ["\u2014 one", "\u2022 one", "\uff1aone", "<<<<<<< x", "\u00a0one"])
def test_the_same_characters_in_a_text_are_allowed(text: str) -> None:
    """These characters are searched for only if the file is not YAML."""
    spoilt = GOOD.replace("body: Please}", "body: |\n").replace("body: |\n", f'body: "{text}"}}')
    assert document_of(spoilt).mistakes == ()


def test_an_exclamation_mark_that_is_a_tag_is_a_warning() -> None:
    """To YAML `! Half price` is the text `Half price`."""
    (warning,) = document_of(GOOD.replace("header: Stay", "header: ! Half price")).warnings
    assert "The `!` before `Half price` is a tag" in warning.wrong
    assert document_of(GOOD.replace("header: Stay", "header: Stay ! now")).warnings == ()
