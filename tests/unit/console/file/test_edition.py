"""An edition is a file as it would go live: its sheets, its texts by id, and its rules for an unknown product."""

from __future__ import annotations

from pathlib import Path

import pytest
from retention.catalog import MessageState
from retention.conditions import FactTest
from retention.table import ANY_PRODUCT

from console.file.document import read_document
from console.file.edition import UNKNOWN_PRODUCT, Edition, edition_from_file, edition_of, side_of_file
from console.file.mistakes import Mistakes
from console.local.samples import EVENTS
from tests.support.compiled_file import HEAD, KEEP, NOW, compiled

RULES = "  - {name: pro, when: {productId: {startsWith: pro.}, customer.x: 1}, answer: {message: text}}\n" + KEEP


def edition() -> Edition:
    return edition_of(read_document((HEAD + RULES).encode(), EVENTS), compiled(RULES).release)


def test_a_product_that_the_file_does_not_name_has_the_sheet_of_any_product() -> None:
    """The function answers such a product by the same sheet."""
    found = edition()
    assert found.sheet("unknown") == found.sheets[ANY_PRODUCT]
    assert found.sheet("other") == found.sheets["other"] != found.sheets["pro.monthly"]


def test_conditions_are_those_of_one_product() -> None:
    """Tests that the product decides are left out, and a rule for all customers has no condition."""
    assert edition().conditions("pro.monthly") == {"pro": FactTest("is", "customer.x", (1,))}
    assert edition().conditions("other") == {}


def test_a_test_of_an_unknown_product_is_like_a_test_of_a_fact() -> None:
    """For products outside the file, rules test UNKNOWN_PRODUCT; the sheets of the file's products stay."""
    found = edition().with_unknown_products()
    [rule, _] = found.sheets[ANY_PRODUCT]["rules"]
    assert rule["when"] == ["all", ["starts", UNKNOWN_PRODUCT, ["pro."]], ["is", "customer.x", [1]]]
    assert found.sheets["pro.monthly"] == edition().sheets["pro.monthly"]


def test_wording_has_each_text_under_its_message_id() -> None:
    """A message id of the table leads to the header that customers see."""
    found = edition()
    [identifier] = found.texts["keep"]["fr-FR"]
    assert found.wording()[identifier].header == "Restez"
    assert len(found.wording()) == 4


def test_without_states_every_text_is_approved() -> None:
    """A draft is decided as if Apple had approved it; with states, as the table has them."""
    found = edition()
    [identifier] = found.texts["keep"]["en-US"]
    assert found.catalog("other").states[identifier].servable
    states = {identifier: MessageState("REJECTED")}
    assert not found.catalog("other", states).states[identifier].servable


def test_a_file_becomes_an_edition(tmp_path: Path) -> None:
    """`edition_from_file` names the file, and refuses one with mistakes."""
    file = tmp_path / "retention.yaml"
    file.write_text((HEAD + KEEP).replace("images/", f"{EVENTS}/images/"))
    assert edition_from_file(file, now=NOW).name == str(file)
    with pytest.raises(Mistakes, match="no environment `sandbx`"):
        edition_from_file(file, now=NOW, environment="sandbx")


def test_a_side_has_ids_as_far_as_images_can_be_read(tmp_path: Path) -> None:
    """An older file's images may be gone: its texts without images can still be compared by id."""
    file = tmp_path / "retention.yaml"
    file.write_text(HEAD + KEEP)
    side = side_of_file(file)
    assert set(side.ids["keep"]) == {"en-US", "fr-FR"}
    assert side.ids["picture"] == {}
    file.write_text(HEAD + "  - {name: a}\n")
    with pytest.raises(Mistakes, match="neither an `answer`"):
        side_of_file(file)
