"""What `retention status` shows of rules and texts."""

from __future__ import annotations

from pathlib import Path

from console.rollout.status import make_status
from tests.support.planned_file import FILE, everything, written


def test_status_names_the_rules_that_wait_for_a_text(folder: Path) -> None:
    """Both rules that share a text in review are named."""
    document, compiled = written(folder)
    found = make_status(document, compiled, everything(compiled, state="PENDING"))
    assert {text.set: text.waiting_rules for text in found.texts} == {"keep": ("everyone",), "same": ("annual",)}
    assert {image.name: len(image.used_by) for image in found.images} == {"hero": 2, "again": 2, "tick": 0}
    assert not found.settled
    assert make_status(document, compiled, everything(compiled)).settled


def test_a_text_that_the_holdout_waits_for_is_named(folder: Path) -> None:
    """Customers who are held out wait for it, if no rule does."""
    text = "holdout: {key: h, percent: 5, answer: same}\n" + FILE.replace("message: same", "message: keep")
    document, compiled = written(folder, text)
    found = make_status(document, compiled, everything(compiled, state="PENDING"))
    assert {one.set: one.waiting_rules for one in found.texts}["same"] == ("the holdout h",)
