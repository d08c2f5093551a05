"""`retention init`: a first file that is valid as it is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.file.compile import Compiled, compile_document
from console.file.document import read_document
from console.file.starter import Given, complete, compose, write
from console.terminal.failure import Failure

PAIR = ("pro.monthly:P1M", "pro.annual:P1Y")


def given(**more: object) -> Given:
    options: dict[str, object] = {
        "app": "6745974591", "bundle": "com.example.app", "issuer": "", "key": "", "products": PAIR, **more
    }  # fmt: skip
    return Given(**options)  # type: ignore[arg-type]  # any fields


def compiled(text: str) -> Compiled:
    return compile_document(read_document(text.encode()), environment="sandbox", now=datetime.now(UTC))


def test_the_file_is_valid() -> None:
    """It has no mistake and no warning, and every product has an answer and a default message."""
    found = compiled(compose(complete(given(), None)))
    assert found.warnings == ()
    assert found.release.app_apple_id == 6745974591
    assert set(found.release.sheets) == {"pro.monthly", "pro.annual", "*"}
    assert all(sheet["rules"] for sheet in found.release.sheets.values())
    document = read_document(compose(complete(given(), None)).encode())
    assert {product.default for product in document.products.values()} == {"keep"}
    assert set(document.environments) == {"sandbox", "production"}


def test_its_examples_are_valid_too() -> None:
    """If an owner removes the `#` from its examples, the file has a running experiment and asks Apple."""
    text = compose(complete(given(), None))
    uncommented = re.sub(r"(?m)^#(?=  )", "", text)
    assert uncommented != text
    rules = [rule.name for rule in read_document(uncommented.encode()).rules]
    assert rules == ["leave-trials-alone", "no-second-offer", "half-try-the-switch", "keep-everyone"]
    assert compiled(uncommented).warnings == ()


def test_a_switch_is_shown_only_where_one_is_possible() -> None:
    """Customers cannot switch between products of different groups, so there is no example of it."""
    lone = compose(complete(given(products=("a.b:P1M:one", "a.c:P1M:two")), None))
    assert "alternateProduct" not in lone
    assert compiled(lone).release.sheets.keys() == {"a.b", "a.c", "*"}


@pytest.mark.parametrize("product", ["123", "true", "null", "1e3", "0x10", "pro_1-2.x", "1.0", "No"])
def test_ids_that_yaml_would_not_read_as_text_are_quoted(product: str) -> None:
    """A product id of digits, or one that looks like a boolean, is quoted, in the examples too."""
    text = compose(complete(given(products=(f"{product}:P1M", "other:P1Y")), None))
    assert list(read_document(text.encode()).products) == [product, "other"]
    compiled(re.sub(r"(?m)^#(?=  )", "", text))


def test_a_given_key_is_in_the_file() -> None:
    """Issuer id and key id are in the section `app`, as texts."""
    issuer = "57246542-96fe-1a63-e053-0824d011072a"
    document = read_document(compose(complete(given(issuer=issuer, key="1234567890"), None)).encode())
    assert document.app is not None
    assert (document.app.issuer_id, document.app.key_id) == (issuer, "1234567890")


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"app": "com.example"}, "no Apple id of an app"),
        ({"app": "0"}, "no Apple id of an app"),
        ({"bundle": "com example"}, "no bundle id"),
        ({"issuer": "me"}, "no issuer id"),
        ({"key": "my key"}, "no key id"),
        ({"products": ("pro.monthly",)}, "`pro.monthly` names no period: write `pro.monthly:P1M`"),
        ({"products": ("pro monthly:P1M",)}, "no product id"),
        ({"products": ("*:P1M",)}, "no product id"),
        ({"products": ("a:P1M:#",)}, "no group"),
        ({"products": ("a:P1M", "a:P1Y")}, "named twice"),
        ({"locale": "en_US"}, "Did you mean `en-US`?"),
        ({"region": "}"}, "no region"),
    ],
)
def test_an_invalid_option_is_a_plain_error(wrong: dict[str, object], expected: str) -> None:
    """Nothing that would make the file invalid gets into it."""
    with pytest.raises(Failure, match=re.escape(expected)):
        complete(given(**wrong), None)


def test_missing_values_are_asked_for() -> None:
    """On a terminal, app, bundle, products and key are asked for, one after another."""
    answers = iter(["6745974591", "com.example.hike", "pro.monthly:P1M pro.annual:P1Y:pro", "", ""])
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return next(answers)

    made = complete(Given(), ask)
    assert len(questions) == 5
    assert [(product.product_id, product.group) for product in made.products] == [
        ("pro.monthly", "hike"), ("pro.annual", "pro"),
    ]  # fmt: skip
    with pytest.raises(Failure, match="add --app, --bundle, --product"):
        complete(Given(), None)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """An existing file stays as it is, unless --force is given."""
    file = tmp_path / "retention.yaml"
    file.write_text("mine")
    with pytest.raises(Failure, match="--force"):
        write(complete(given(), None), file)
    assert file.read_text() == "mine"
    write(complete(given(), None), file, force=True)
    assert "com.example.app" in file.read_text()
