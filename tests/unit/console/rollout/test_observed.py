"""States at Apple and in the table, side by side: which a message has, and how many the table lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from retention.catalog import MessageState
from retention.request import PRODUCTION
from retention.review.snapshot import ImageState

from console.releases.overview import StateRow, TableOverview
from console.rollout.observed import Observed, observe, read_apple_lists
from tests.support.apple_in_memory import AppleInMemory, session_in_memory

SEEN = Observed(
    PRODUCTION,
    {"text": "APPROVED", "plain": "PENDING"},
    {"hero": ImageState("REJECTED")},
    TableOverview(
        message_rows={
            "text": StateRow(MessageState("APPROVED", {"HERO": "REJECTED"})),
            "plain": StateRow(MessageState("PENDING")),
        },
        image_rows={"hero": StateRow(MessageState("REJECTED"))},
    ),
)


def test_a_message_has_the_states_of_its_images() -> None:
    """What Apple's lists do not have is ABSENT."""
    assert SEEN.state("text", ("hero", "tick")) == MessageState("APPROVED", {"hero": "REJECTED", "tick": "ABSENT"})
    assert SEEN.state("gone", ()) == MessageState("ABSENT")


def test_the_table_knows_which_images_a_message_uses() -> None:
    """Apple's list of messages does not name images; a message that the table does not have has none."""
    assert SEEN.known("text") == MessageState("APPROVED", {"hero": "REJECTED"})
    assert SEEN.known("stranger") == MessageState("ABSENT")


@pytest.mark.parametrize(
    ("messages", "images", "behind"),
    [
        ({"text": "APPROVED", "plain": "PENDING"}, {"hero": ImageState("REJECTED")}, 1),
        ({"text": "APPROVED", "plain": "APPROVED"}, {"hero": ImageState("REJECTED")}, 2),
        ({"text": "APPROVED", "plain": "PENDING", "new": "PENDING"}, {"hero": ImageState("REJECTED")}, 2),
        ({"text": "APPROVED"}, {"hero": ImageState("REJECTED")}, 2),
        ({"text": "APPROVED", "plain": "PENDING"}, {}, 2),
        ({"text": "APPROVED", "plain": "PENDING"}, {"hero": ImageState("REJECTED"), "x": ImageState("PENDING")}, 2),
    ],
    ids=["an image's spelling", "approved since", "a new message", "a deleted message", "a deleted image", "an image"],
)
def test_each_state_that_the_table_lacks_counts(
    messages: dict[str, str], images: dict[str, ImageState], behind: int
) -> None:
    """Changed, new and deleted messages and images each count one, on top of the image that is spelled otherwise."""
    assert replace(SEEN, messages=messages, images=images).behind == behind


def test_a_table_with_apples_states_is_not_behind() -> None:
    """After an import nothing is left to import."""
    rows = {"text": StateRow(MessageState("APPROVED", {"hero": "REJECTED"})), "plain": SEEN.table.message_rows["plain"]}
    assert replace(SEEN, table=replace(SEEN.table, message_rows=rows)).behind == 0


def test_both_lists_are_read_once(folder: Path) -> None:
    """Messages are read first, so that the image of a listed message is never missing."""
    order: list[str] = []

    class Noting(AppleInMemory):
        def messages(self) -> dict[str, str]:
            order.append("messages")
            return {"text": "APPROVED"}

        def images(self) -> dict[str, ImageState]:
            order.append("images")
            return {}

    session = session_in_memory(folder, Noting())
    assert read_apple_lists(session) == ({"text": "APPROVED"}, {})
    assert order == ["messages", "images"]
    found = observe(session, ({"other": "PENDING"}, {}))
    assert (found.environment, found.messages, found.table) == (PRODUCTION, {"other": "PENDING"}, TableOverview())
    assert len(order) == 2
