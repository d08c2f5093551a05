"""What customers get: live texts that cannot be served, and places without a default message."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from retention.review.snapshot import ImageState

from console.rollout.checks import customers
from console.rollout.checks.finding import BAD, GOOD, UNKNOWN
from console.rollout.checks.known import Known
from console.rollout.observed import Observed
from tests.support.doctor_checks import checked, known, verdicts
from tests.support.planned_file import _with, everything, written


@pytest.fixture
def healthy(folder: Path) -> Known:
    """An app whose file is live, approved, and has its defaults configured."""
    document, compiled = written(folder)
    return known(document=document, compiled=compiled, seen=everything(compiled))


def seen(given: Known) -> Observed:
    assert given.seen is not None
    return given.seen


def test_approved_texts_are_good(healthy: Known) -> None:
    """Every text that live rules name can be served."""
    assert verdicts(customers.live_messages, healthy) == {"live-messages": GOOD}


def test_texts_in_review_are_named_with_their_state(healthy: Known) -> None:
    """Set and locale name the place, the state is the reason."""
    pending = replace(seen(healthy), messages=dict.fromkeys(seen(healthy).messages, "PENDING"))
    [finding], _ = checked(customers.live_messages, replace(healthy, seen=pending))
    assert (finding.code, finding.verdict) == ("live-messages", BAD)
    assert "keep en-US (PENDING), keep fr-FR (PENDING)" in finding.found


def test_an_image_that_is_not_approved_holds_up_its_text(healthy: Known) -> None:
    """The text itself is approved, so its own state would explain nothing."""
    images = {name: ImageState("REJECTED", image.size) for name, image in seen(healthy).images.items()}
    [finding], _ = checked(customers.live_messages, replace(healthy, seen=replace(seen(healthy), images=images)))
    assert "keep en-US (an image is not approved)" in finding.found
    assert "fr-FR" not in finding.found


def test_missing_defaults_are_bad(healthy: Known) -> None:
    """Every product and locale in which a rule can answer needs one; the advice names the command."""
    bare = _with(seen(healthy), defaults={})
    [finding], _ = checked(customers.defaults, replace(healthy, seen=bare))
    assert (finding.code, finding.verdict) == ("defaults", BAD)
    assert "pro.monthly en-US" in finding.found
    assert "`retention defaults`" in finding.advice


def test_another_default_than_the_files_is_bad(healthy: Known) -> None:
    """A default that is configured and differs is reported apart from those that are missing."""
    recorded = seen(healthy).table.defaults
    [swapped] = [replace(one, message="old") for place, one in recorded.items() if place == ("pro.monthly", "fr-FR")]
    other = _with(seen(healthy), defaults={**recorded, ("pro.monthly", "fr-FR"): swapped})
    texts = [finding.found for finding in checked(customers.defaults, replace(healthy, seen=other))[0]]
    assert "Another default than the file's: pro.monthly fr-FR." in texts


def test_where_no_default_is_missing_they_are_counted(healthy: Known) -> None:
    """A file whose every place has its default is good."""
    recorded = seen(healthy).table.defaults
    everywhere = {
        (product, locale): next(iter(recorded.values()))
        for product in ("pro.monthly", "pro.annual", "*")
        for locale in ("en-US", "fr-FR", "en-GB")
    }
    found, _ = checked(
        customers.defaults, replace(healthy, seen=_with(seen(healthy), defaults={**everywhere, **recorded}))
    )
    assert [(finding.code, finding.verdict) for finding in found] == [("defaults", GOOD)]
    assert found[0].found.endswith("the file's: 2.")


@pytest.mark.parametrize(
    ("check", "code"), [(customers.live_messages, "live-messages"), (customers.defaults, "defaults")]
)
def test_without_apples_lists_both_are_unknown(check: object, code: str) -> None:
    """Each names what it would need."""
    assert verdicts(check, known()) == {code: UNKNOWN}  # type: ignore[arg-type]  # one of the two checks
