"""App Review's decisions in the simulator, followed into a table in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import APPROVED, PENDING, REJECTED
from retention.request import PRODUCTION
from retention.review.snapshot import apply_snapshot

from console.file.images import FULL_SIZE
from console.local import review_sync
from console.local.review_sync import ReviewFollower, following_reviews
from console.simulator.app_data import AppData, UploadedImage, UploadedMessage
from console.simulator.database import Database
from console.simulator.staff_actions import review
from tests.support.fake_table import TABLE
from tests.support.waiting import eventually
from tests.support.writable_table import WritableTable

APP = 1
FIRST, SECOND, IMAGE = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))


@pytest.fixture
def app_data() -> Iterator[AppData]:
    database = Database(":memory:")
    made = AppData(database, APP, PRODUCTION)
    made.add_image(UploadedImage(IMAGE, FULL_SIZE, PENDING), 1.0)
    made.add_message(UploadedMessage(FIRST, {"header": "h", "body": "b"}, PENDING, (IMAGE,)), 1.0)
    yield made
    database.close()


@pytest.fixture
def app_table() -> AppTable:
    return AppTable(WritableTable().client(), TABLE, APP)


def states(app_table: AppTable) -> dict[str, str]:
    """Return the state of each message in the table."""
    return {rows.id_of(item): rows.read_message(item).message for item in app_table.of_app(rows.MESSAGE)}


def test_a_decision_is_imported_once(app_data: AppData, app_table: AppTable) -> None:
    """Approval and rejection each reach the table at the next look; what did not change is not written again."""
    follower = ReviewFollower(app_data, app_table)
    assert not follower.once()
    review(app_data, APPROVED)
    assert follower.once()
    assert states(app_table) == {FIRST: APPROVED}
    assert not follower.once()
    review(app_data, REJECTED, [FIRST])
    assert follower.once()
    assert states(app_table) == {FIRST: REJECTED}


def test_an_upload_is_no_decision(app_data: AppData, app_table: AppTable) -> None:
    """`apply` imports what it uploads; the follower would only be in its way."""
    follower = ReviewFollower(app_data, app_table)
    app_data.add_message(UploadedMessage(SECOND, {"header": "h", "body": "c"}, PENDING), 2.0)
    assert not follower.once()
    assert states(app_table) == {}
    review(app_data, APPROVED, [SECOND])
    assert follower.once()
    assert states(app_table) == {FIRST: PENDING, SECOND: APPROVED}


def test_an_error_is_reported_and_tried_again(
    app_data: AppData, app_table: AppTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that cannot be written has a line; the decision is imported once it can be."""
    monkeypatch.setattr(review_sync, "_PAUSE_SECONDS", 0.001)
    healthy, calls = apply_snapshot, iter(range(100))

    def failing(*arguments: object, **options: object) -> object:
        if next(calls) == 0:
            raise ConnectionError
        return healthy(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(review_sync, "apply_snapshot", failing)
    lines: list[str] = []
    with following_reviews([ReviewFollower(app_data, app_table)], lines.append):
        review(app_data, APPROVED)
        assert eventually(lambda: states(app_table) == {FIRST: APPROVED})
    assert lines == ["Review states were not imported (ConnectionError); `retention apply` imports them too."]
