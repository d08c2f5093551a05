"""docs/reliability.md matches the tests: after a change of what they try, `make prove` has to write it again."""

from __future__ import annotations

from tests.minting import body_cases, certificate_cases, token_cases
from tests.support import reliability_page


def test_the_page_has_every_section_in_its_order() -> None:
    """The page has exactly the sections for which tests have figures."""
    page = reliability_page.PAGE.read_text(encoding="utf-8")
    assert [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")] == [
        *reliability_page.SECTIONS.values()
    ]


def test_the_page_is_of_this_corpus() -> None:
    """It counts the chains, tokens and bodies that are minted today."""
    expected = (
        f"{len(certificate_cases())} certificate chains, {len(token_cases())} tokens under good certificates and"
        f" {len(body_cases())} HTTP bodies"
    )
    assert expected in reliability_page.PAGE.read_text(encoding="utf-8")
