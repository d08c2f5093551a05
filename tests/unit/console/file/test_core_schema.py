"""Plain scalars are numbers, truth values, nothing or texts as YAML 1.2's core schema defines."""

from __future__ import annotations

import pytest
from retention.conditions import FactTest

from console.file.core_schema import number
from tests.support.owner_file import GOOD, document_of


def test_reads_yaml_1_2() -> None:
    """In YAML 1.2 `no`, `on` and `yes` are texts, so that `no` can be Norwegian."""
    document = document_of(
        GOOD.replace("    en-US: {header: Stay", "    no: {header: Bli, body: On}\n    en-US: {header: Yes")
    )
    assert document.mistakes == ()
    assert document.messages["keep"]["no"].body == "On"
    assert document.messages["keep"]["en-US"].header == "Yes"


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


@pytest.mark.parametrize("text", ["1_000", "0b11", "+0x1F", "0o8", "1e", "", "one", ".inf", "\u0661"])
def test_what_is_no_number_of_the_core_schema_is_refused(text: str) -> None:
    """Numbers of YAML 1.1 and infinity are no finite numbers of YAML 1.2."""
    with pytest.raises(ValueError, match="is no number"):
        number(text)


def test_a_whole_number_stays_whole() -> None:
    """`7` is an integer and `7.0` a float, since the table keeps them apart."""
    assert [type(number(text)) for text in ("7", "0x7", "7.0", "7e0")] == [int, int, float, float]
