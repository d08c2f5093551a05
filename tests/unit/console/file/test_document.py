"""The reader of the file returns typed entries, and every mistake with its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from retention.conditions import FactTest

from console.file.document import read_document
from console.terminal.ordinary_file import NotOrdinaryError
from tests.support.owner_file import GOOD, document_of, mistakes_of, only_mistake


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


@pytest.mark.parametrize(
    "source",
    [b"", b"[]", b"text", b"app:", b"app: []\nrules: {}", b"rules: [1]", b"? [a]\n: b", b"<<: {a: b}", b"a: !x 1"],
)
def test_any_yaml_is_read_without_an_exception(source: bytes) -> None:
    """For any YAML the result is a document with mistakes."""
    assert read_document(source).mistakes


def test_images_are_searched_next_to_the_file(tmp_path: Path) -> None:
    """The folder of the file is the base of its image paths."""
    (tmp_path / "retention.yaml").write_text(GOOD, encoding="utf-8")
    assert read_document(tmp_path / "retention.yaml").base_dir == tmp_path


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
    """For a file under /dev/fd, the base of its image paths is the working folder."""
    reading, writing = os.pipe()
    os.write(writing, GOOD.encode())
    os.close(writing)
    assert read_document(Path(f"/dev/fd/{reading}")).base_dir == Path()
    os.close(reading)
    (tmp_path / "retention.yaml").write_text(GOOD)
    assert read_document(tmp_path / "retention.yaml").base_dir == tmp_path
