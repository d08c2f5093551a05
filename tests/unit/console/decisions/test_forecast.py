"""The answers that Apple's performance test would get, by locale, from a file or a release."""

from __future__ import annotations

from dataclasses import replace

import pytest
from retention.catalog import Catalog
from retention.rules import NO_FACTS

from console.decisions.forecast import Forecast, forecast, product_of
from console.decisions.reasons import Basis
from console.file.edition import Edition
from console.local.samples import SAMPLE_CLOCK
from console.terminal.failure import Failure

APP, ANNUAL, MONTHLY = 6745974591, "trailhead.pro.annual", "trailhead.pro.monthly"


def expected(sample: Edition, product: str, *, assigns: bool = True, paused: bool = False) -> Forecast:
    def catalog(_: str) -> Catalog:
        return replace(sample.catalog(product), paused=paused)

    basis = Basis(sample.document, catalog, NO_FACTS, "release 3", assigns=assigns)
    return forecast(basis, product, "1", APP, SAMPLE_CLOCK)


def test_every_locale_that_texts_or_fallbacks_name_is_tried(sample: Edition) -> None:
    """The file's default locale is tried first, and the forecast names its source."""
    found = expected(sample, ANNUAL)
    assert [one.locale for one in found.locales] == ["en-US", "de-DE", "es-MX", "fr-CA", "fr-FR", "ja"]
    assert (found.source, found.app_apple_id, found.unanswered) == ("release 3", APP, ())
    found.check()


def test_a_message_is_named_where_its_arm_is_known(sample: Edition) -> None:
    """A table has the customer key, which assigns the arm; with a file alone the arm's message is not known."""
    assert expected(sample, MONTHLY).message_in("en-US") is not None
    assert expected(sample, MONTHLY, assigns=False).message_in("en-US") is None
    assert expected(sample, ANNUAL, assigns=False).message_in("en-US") is not None


def test_a_test_that_must_fail_is_refused_with_the_locales(sample: Edition) -> None:
    """The error names the product, the locales, the first reason and what to do."""
    with pytest.raises(Failure, match=r"no 200 for trailhead\.family\.monthly in 6 of 6 locales \(en-US, de-DE"):
        expected(sample, "trailhead.family.monthly").check()


def test_paused_answers_are_refused_with_their_own_sentence(sample: Edition) -> None:
    """While paused no rule answers, so the error names `retention resume`."""
    with pytest.raises(Failure, match="retention resume"):
        expected(sample, ANNUAL, paused=True).check()


def test_another_app_is_refused(sample: Edition) -> None:
    """A request for another app than the release's gets 403 in every locale."""
    basis = Basis(sample.document, lambda _: sample.catalog(ANNUAL), NO_FACTS, "release 3")
    assert {one.status for one in forecast(basis, ANNUAL, "1", 7, SAMPLE_CLOCK).locales} == {403}


@pytest.mark.parametrize("named", [None, "trailhead.pro.anual"])
def test_the_product_is_one_of_the_file(sample: Edition, named: str | None) -> None:
    """If the product is misspelt, or left out where there are many, the error lists the file's products."""
    with pytest.raises(Failure, match=r"trailhead\.pro\.annual"):
        product_of(sample.document, named)
    assert product_of(sample.document, ANNUAL) == ANNUAL
    only = replace(sample.document, products={ANNUAL: sample.document.products[ANNUAL]})
    assert product_of(only, None) == ANNUAL
