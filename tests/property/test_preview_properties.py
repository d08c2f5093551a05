"""For any file, the page agrees with `coverage --json` and `diff --json`: each cell, each screen and each change."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from console.decisions import coverage_report, differences_report
from console.decisions.coverage import CellChoice, cover
from console.decisions.differences import differences
from console.file.compile import compile_document
from console.file.document import read_document
from console.file.edition import Edition, edition_of
from console.file.mistakes import Mistakes
from console.local.samples import SAMPLE_CLOCK
from console.pages.preview import Preview, ScreenChoice, make_preview
from console.pages.preview_report import document
from console.terminal.json_form import form_of
from tests.support.drawn_pages import Element, page_of, parsed

LOCALES = ("en-US", "fr-FR", "fr-CA", "ar-SA", "he", "ja", "de-DE")
PRODUCTS = ("pro.monthly", "pro.annual", "basic")
WORDS = st.sampled_from(["Stay", "Reste", "ابق معنا", "このまま", "50 trails", "<b>Stay</b>", "{name}", "a & b", '"x"'])

texts = st.builds(
    lambda header, words: {"header": header, "body": " ".join(words)}, WORDS, st.lists(WORDS, min_size=1, max_size=3)
)
sets = st.dictionaries(st.sampled_from(LOCALES[1:]), texts, max_size=4).flatmap(
    lambda other: texts.map(lambda default: {"en-US": default, **other})
)
names = st.sampled_from(["keep", "offer", "switch"])
conditions = st.fixed_dictionaries(
    {},
    optional={
        "productId": st.sampled_from(PRODUCTS),
        "userLocale": st.sampled_from(["fr", "ar", "ja", "en-US"]),
        "customer.tenureDays": st.fixed_dictionaries({"above": st.integers(0, 90)}),
    },
)


# For whom an experiment is; the first customers come in before the clock of the tests, after it, or never.
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "layer": st.sampled_from([{"name": "l", "slots": [0, 2_499]}, {"name": "m", "slots": [0, 9_999]}]),
        "traffic": st.tuples(st.sampled_from(["2020-01-01", "2039-01-01"]), st.sampled_from([0, 5, 100])).map(
            lambda step: {"timeZone": "UTC", step[0]: step[1]}
        ),
    },
)


@st.composite
def answers(draw: st.DrawFn, messages: tuple[str, ...]) -> Any:
    kind = draw(st.sampled_from(["message", "message", "switch", "offer", "fallback"]))
    name = draw(st.sampled_from(messages))
    if kind == "fallback":
        return "fallback"
    if kind == "switch":
        return {"alternateProduct": "pro.annual", "message": name}
    return {"promotionalOffer": "half", "message": name} if kind == "offer" else {"message": name}


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    messages = draw(st.dictionaries(names, sets, min_size=1, max_size=3))
    rules: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        rule: dict[str, Any] = {"name": f"rule-{number}", "when": {**draw(conditions)}}
        # Only the product that an offer or a plan is for may be answered with it.
        given_answers = draw(st.lists(answers(tuple(messages)), min_size=1, max_size=2))
        if any(isinstance(one, dict) and len(one) == 2 for one in given_answers):
            rule["when"]["productId"] = "pro.monthly"
        if len(given_answers) == 2:
            arms = {f"arm{at}": {"weight": 50, "answer": one} for at, one in enumerate(given_answers)}
            rule["experiment"] = {"key": f"key-{number}", "arms": arms, **draw(PARTS)}
        else:
            rule["answer"] = given_answers[0]
        if not rule["when"]:
            del rule["when"]
        rules.append(rule)
    first = next(iter(messages))
    held = draw(st.none() | st.sampled_from(["fallback", *messages]))
    return {
        **({} if held is None else {"holdout": {"key": "held & b", "percent": 5, "answer": held}}),
        "app": {"appAppleId": 1, "bundleId": "com.example.app", "issuerId": str(UUID(int=1)), "keyId": "2X9R4HXF34"},
        "products": {
            "pro.monthly": {"group": "pro", "period": "P1M", **({"default": first} if draw(st.booleans()) else {})},
            "pro.annual": {"group": "pro", "period": "P1Y"},
            "basic": {"group": "pro", "period": "P1M"},
        },
        "locales": {"default": "en-US", "fallbacks": {"fr-CA": ["fr-FR"]}},
        "messages": messages,
        "offers": {"half": {"productId": "pro.monthly", "offerIdentifier": "half_off"}},
        "rules": rules,
    }  # fmt: skip


def compiled(file: dict[str, Any]) -> Edition:
    read = read_document(json.dumps(file).encode(), file="retention.yaml")
    try:
        return edition_of(read, compile_document(read, now=SAMPLE_CLOCK).release)
    except Mistakes:  # such as two experiments under one key
        reject()


def coverage_document(edition: Edition) -> tuple[Preview, dict[str, Any]]:
    found = cover(edition, None, SAMPLE_CLOCK, CellChoice(locales=LOCALES))
    made = make_preview(edition, None, found, None, ScreenChoice())
    return made, form_of(coverage_report._document(found))


def linked(tree: Element) -> dict[str, Element]:
    return {str(one.attributes["id"]): one for one in tree.all() if "id" in one.attributes}


@settings(max_examples=settings().max_examples * 2 // 5)  # the profile's number is for what takes a tenth as long
@given(files())
def test_every_cell_of_the_page_is_the_coverage_s(file: dict[str, Any]) -> None:
    """Each answer of `coverage --json` leads to a screen with its text, kind, terms and locale, and no other does."""
    made, covered = coverage_document(compiled(file))
    drawn = json.loads(json.dumps(document(made, None)))
    screens = {one["id"]: one for one in drawn["screens"]}
    for cell, expected in zip(drawn["cells"], covered["cells"], strict=True):
        assert (cell["product"], cell["locale"]) == (expected["product"], expected["locale"])
        held = expected.get("heldOut")
        assert (cell["heldOut"] is None) == (held is None)
        if held is not None:
            screen = screens[cell["heldOut"]]
            assert [screen[key] for key in ("messages", "locale", "text")] == [
                held[key] for key in ("messages", "locale", "text")
            ]
            assert f"the holdout {drawn['holdout']['key']}" in {one["rule"] for one in screen["rules"]}
        for name, answer in zip(cell["screens"], expected["realTime"], strict=True):
            if answer["answer"] == "fallback":
                assert name is None
                continue
            screen = screens[name]
            assert [screen[key] for key in ("answer", "messages", "locale", "text")] == [
                answer[key] for key in ("answer", "messages", "locale", "text")
            ]
            assert screen["message"] == answer["message"].lower()
            assert all(str(answer.get(key, "")) in screen["terms"] for key in ("productId", "offerIdentifier"))
            assert cell["locale"] in screen["shownTo"]
            [by] = [one for one in screen["rules"] if (one["rule"], one["arm"]) == (answer["rule"], answer["arm"])]
            assert by["share"] == answer["share"]
            some = by["takingPart"] is not None
            assert (f"the customer takes part, as {by['takingPart']} do" if some else "") in (answer["when"] or "")
            assert some or "takes part" not in (answer["when"] or "")
        lacks = {"product": cell["product"], "locale": cell["locale"]} in covered["withoutDefault"]
        assert cell["lacksDefault"] == lacks
        below = [one["message"] for one in expected["below"] if one["from"] == "default message"]
        assert [screens[cell["default"]]["message"]] == below if cell["default"] else below == []
    shown = {(name, cell["locale"]) for cell in drawn["cells"] for name in (*cell["screens"], cell["heldOut"]) if name}
    assert drawn["holdout"] == covered["holdout"]
    assert shown == {(one["id"], locale) for one in drawn["screens"] for locale in one["shownTo"]}
    assert len(covered["withoutDefault"]) == drawn["counts"]["withoutDefault"]


@settings(max_examples=settings().max_examples // 4)
@given(files())
def test_the_drawn_page_has_every_screen_and_cell(file: dict[str, Any]) -> None:
    """Read again with a parser: each text is drawn as it is, and each cell has the sign of its data and leads on."""
    made, _ = coverage_document(compiled(file))
    tree = parsed(page_of(made))
    ids = linked(tree)
    for screen in made.board.screens:
        text = screen.text or {}
        article = ids[screen.identity]
        assert [one.text for name in ("h", "b") for one in article.of("p", name)] == [text["header"], text["body"]]
    [table] = [one for one in tree.of("table") if one.of("caption")]
    columns = [one.text for one in table.of("abbr")]
    by_product: dict[str, list[Element]] = {}
    for row in table.of("tr")[1:]:
        [head] = row.of("th")
        name = head.text.partition("and ")[0]
        others = [one for each in head.of("details") for one in each.text.partition("like it")[2].split(", ")]
        for product in (name.removesuffix("products the file does not name") or "*", *others):
            by_product[product] = row.of("td")
    for one in made.board.cells:
        cell = by_product[one.cell.product][columns.index(one.cell.locale)]
        assert cell.classes == {one.sign}
        assert ("⚑" in cell.text) == one.lacks_default
        assert re.findall(r"\d+", cell.text) == ([str(len(one.distinct))] if one.distinct else [])
        target = ids[str(cell.of("a")[0].attributes["href"])[1:]]
        reached = {str(link.attributes["href"])[1:] for link in target.of("a")} | {str(target.attributes["id"])}
        assert set(one.distinct) <= reached


@settings(max_examples=settings().max_examples * 2 // 5)
@given(files(), files())
def test_every_change_is_the_difference_s(before: dict[str, Any], after: dict[str, Any]) -> None:
    """The changed texts of the page are the messages of `diff --json`, with the same texts on both sides."""
    old, new = compiled(before), compiled(after)
    found = cover(new, None, SAMPLE_CLOCK, CellChoice(locales=LOCALES))
    made = make_preview(new, None, found, old.side(), ScreenChoice())
    compared = differences(old.side(), new.side())
    form = form_of(differences_report._DifferencesForm("", "", not compared.any, **compared.sections))
    drawn = [(one.what, f"{one.messages} in {one.locale}", one.note) for one in made.changes]
    assert drawn == [(one["what"], one["name"], one["note"]) for one in form["messages"]]
    for one, expected in zip(made.changes, form["messages"], strict=True):
        for screen, side in ((one.before, expected["before"]), (one.after, expected["after"])):
            assert all((screen.text if screen else {}).get(key) == value for key, value in side.items())  # type: ignore[union-attr]  # drawn texts have one
    others = [(section, change.name) for section, change in made.others]
    sections = ("settings", "products", "rules", "schedules", "experiments", "holdout", "offers", "images")
    assert others == [(section, one["name"]) for section in sections for one in form[section]]
    tree = parsed(page_of(made))
    assert len([one for one in tree.of("article") if "id" not in one.attributes]) == sum(
        (one.before is not None) + (one.after is not None) for one in made.changes
    )


def test_a_folder_of_the_page_s_maker_is_not_on_it() -> None:
    """A file is named without the folders of the machine."""
    made, _ = coverage_document(compiled(_SMALL))
    named = replace(made, found=replace(made.found, source=str(Path("/home/ada/secret/retention.yaml"))))
    assert "/home/ada" not in page_of(named)


_SMALL: dict[str, Any] = {
    "app": {"appAppleId": 1, "bundleId": "com.example.app"},
    "products": {"pro": {"group": "pro", "period": "P1M"}},
    "locales": {"default": "en-US"},
    "messages": {"keep": {"en-US": {"header": "Stay", "body": "Please"}}},
    "rules": [{"name": "one", "answer": {"message": "keep"}}],
}
