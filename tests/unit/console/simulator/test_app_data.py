"""The data of one app in one environment: what is kept, what is shared, and what a deletion leaves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from retention.catalog import APPROVED, PENDING, REJECTED
from retention.request import PRODUCTION, SANDBOX

from console.simulator.app_data import AppData, UploadedImage, UploadedMessage
from console.simulator.database import Database

TEXT = {"header": "Stay", "body": "Garde tes cartes à jour."}


@pytest.fixture
def database() -> Iterator[Database]:
    with closing(Database(":memory:")) as database:
        yield database


@pytest.fixture
def app_data(database: Database) -> AppData:
    return AppData(database, 1, SANDBOX)


@pytest.fixture
def others(database: Database) -> list[AppData]:
    """The same app in production, and another app in the sandbox."""
    return [AppData(database, 1, PRODUCTION), AppData(database, 2, SANDBOX)]


def test_an_image_is_of_one_app_in_one_environment(app_data: AppData, others: list[AppData]) -> None:
    """An image is listed and found where it was added, and nowhere else."""
    image = UploadedImage("i1", "FULL_SIZE", APPROVED)
    app_data.add_image(image, 0.0)
    assert (app_data.images(), app_data.image("i1"), app_data.count("image")) == ({"i1": image}, image, 1)
    assert [(each.images(), each.image("i1"), each.count("image")) for each in others] == [({}, None, 0)] * 2


def test_a_message_keeps_its_text_and_its_images(app_data: AppData, others: list[AppData]) -> None:
    """A message reads back with its content and each of its images once; without images it is text only."""
    app_data.add_message(UploadedMessage("m1", TEXT, PENDING, ("i1", "i2", "i1")), 0.0)
    app_data.add_message(UploadedMessage("m2", TEXT, APPROVED), 0.0)
    found = app_data.message("m1")
    assert found is not None
    assert (found.content, sorted(found.images), found.text_only) == (TEXT, ["i1", "i2"], False)
    assert app_data.message("m2") == UploadedMessage("m2", TEXT, APPROVED)
    assert UploadedMessage("m2", TEXT, APPROVED).text_only
    assert app_data.message_states() == {"m1": PENDING, "m2": APPROVED}
    assert [each.message("m1") for each in others] == [None, None]


def test_an_identifier_stays_taken_for_all_apps_of_an_environment(app_data: AppData, others: list[AppData]) -> None:
    """An id is taken for every app of its environment, also after the deletion, and only for its own kind."""
    app_data.add_message(UploadedMessage("m1", TEXT, APPROVED), 0.0)
    assert app_data.delete_message("m1")
    production, other_app = others
    assert [each.is_taken("message", "m1") for each in (app_data, other_app, production)] == [True, True, False]
    assert not app_data.is_taken("image", "m1")


def test_an_upload_under_a_taken_identifier_leaves_nothing(app_data: AppData, others: list[AppData]) -> None:
    """A second message under a taken id fails, and no part of it is kept."""
    app_data.add_message(UploadedMessage("m1", TEXT, APPROVED), 0.0)
    with pytest.raises(sqlite3.IntegrityError):
        others[1].add_message(UploadedMessage("m1", TEXT, APPROVED, ("i1",)), 0.0)
    assert (others[1].message_states(), others[1].image_is_used("i1")) == ({}, False)


def test_an_image_is_used_until_its_last_message_is_deleted(app_data: AppData) -> None:
    """An image is in use as long as any message uses it."""
    for name in ("m1", "m2"):
        app_data.add_message(UploadedMessage(name, TEXT, APPROVED, ("i1",)), 0.0)
    used = [app_data.image_is_used("i1")]
    for name in ("m1", "m2"):
        app_data.delete_message(name)
        used.append(app_data.image_is_used("i1"))
    assert used == [True, True, False]


def test_a_deletion_reports_whether_there_was_anything(app_data: AppData) -> None:
    """Deleting an image or a message returns True the first time, and False when there is none."""
    app_data.add_image(UploadedImage("i1", "FULL_SIZE", APPROVED), 0.0)
    app_data.add_message(UploadedMessage("m1", TEXT, APPROVED), 0.0)
    for delete, name in ((app_data.delete_image, "i1"), (app_data.delete_message, "m1")):
        assert [delete(name), delete(name)] == [True, False]


def test_a_review_changes_the_state_of_what_exists(app_data: AppData) -> None:
    """A review sets the state of an image or a message, and reports False for an unknown id."""
    app_data.add_image(UploadedImage("i1", "FULL_SIZE", PENDING), 0.0)
    app_data.add_message(UploadedMessage("m1", TEXT, PENDING), 0.0)
    assert app_data.review("image", "i1", APPROVED)
    assert app_data.review("message", "m1", REJECTED)
    assert not app_data.review("message", "i1", APPROVED)
    assert (app_data.images()["i1"].state, app_data.message_states()) == (APPROVED, {"m1": REJECTED})


def test_a_default_is_of_one_product_and_one_locale(app_data: AppData, others: list[AppData]) -> None:
    """A default is replaced by the next one, and found and deleted by product and locale together."""
    for message in ("m1", "m2"):
        app_data.configure_default("monthly", "en-US", message)
    app_data.configure_default("monthly", "de-DE", "m3")
    assert app_data.defaults() == {("monthly", "de-DE"): "m3", ("monthly", "en-US"): "m2"}
    assert (app_data.default("monthly", "en-US"), app_data.default("annual", "en-US")) == ("m2", None)
    app_data.delete_default("monthly", "en-US")
    assert app_data.defaults() == {("monthly", "de-DE"): "m3"}
    assert [each.defaults() for each in others] == [{}, {}]


def test_the_realtime_url_is_set_replaced_and_removed(app_data: AppData, others: list[AppData]) -> None:
    """Setting and removing report whether anything changed; each environment and app has its own URL."""
    assert not app_data.set_realtime_url(None)
    for url in ("https://a.example/", "https://b.example/"):
        assert app_data.set_realtime_url(url)
    assert (app_data.realtime_url, [each.realtime_url for each in others]) == ("https://b.example/", [None, None])
    assert app_data.set_realtime_url(None)
    assert app_data.realtime_url is None


def test_an_app_store_connect_message_is_for_both_environments(app_data: AppData, others: list[AppData]) -> None:
    """A subscription has one App Store Connect message, which sandbox and production share, until it is removed."""
    production, other_app = others
    app_data.set_asc_message("monthly", TEXT)
    assert (production.asc_message("monthly"), other_app.asc_message("monthly")) == (TEXT, None)
    production.set_asc_message("monthly", None)
    assert app_data.asc_message("monthly") is None
