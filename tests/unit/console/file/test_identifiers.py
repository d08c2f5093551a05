"""Ids are computed from content, and are the same on any machine and in any year."""

from __future__ import annotations

import json
import uuid

import pytest

from console.file.identifiers import canonical_text, image_id, message_id, namespace, unfit_in_query, upload_body


def test_a_message_has_the_id_of_its_upload_body() -> None:
    """A message's id is the UUIDv5 of exactly the bytes that are uploaded."""
    body = upload_body(header="Stay", body="Please")
    assert body == b'{"body":"Please","header":"Stay"}'
    assert message_id(6745974591, body) == str(uuid.uuid5(namespace(6745974591), body.decode()))


def test_ids_never_change() -> None:
    """Apple knows these ids: with another computation, everything would be uploaded again."""
    body = upload_body(
        header="é",
        body="山",
        image=("3db5c98d-8acf-4e29-831e-8e1f82f9f6e9", "a"),
        above_image=True,
        bullets=[("t", "i", "b")],
    )
    assert json.loads(body)["headerPosition"] == "ABOVE_IMAGE"
    assert message_id(1, body) == "73eb8fbe-3f93-5a78-9e2c-9b7ba5829e80"
    assert image_id(1, "FULL_SIZE", b"png") == "18ec644f-d149-5c67-b8c6-67b3db98c859"
    assert image_id(1, "FULL_SIZE", b"png", 2) == "1ab71e7e-a34d-540e-a650-7e9e80198139"


def test_ids_differ_by_app_size_content_and_revision() -> None:
    """Another app, size, content or revision is another id; every id is lower case and of version 5."""
    ids = [
        image_id(1, "FULL_SIZE", b"a"),
        image_id(2, "FULL_SIZE", b"a"),
        image_id(1, "BULLET_POINT", b"a"),
        image_id(1, "FULL_SIZE", b"b"),
        image_id(1, "FULL_SIZE", b"a", 1),
        image_id(1, "FULL_SIZE", b"a", 2),
        message_id(1, b"{}"),
        message_id(1, b"{}", 1),
    ]
    assert len(set(ids)) == len(ids)
    assert all(name == name.lower() and uuid.UUID(name).version == 5 for name in ids)


def test_unicode_form_and_outer_space_do_not_matter() -> None:
    """Composed and combining characters are the same text, and so is one with spaces around it."""
    assert canonical_text("  e\u0301te\u0301\n") == "\u00e9t\u00e9"


def test_apples_default_values_are_left_out() -> None:
    """An upload body has neither the header position ABOVE_BODY nor an empty list of bullets."""
    assert set(json.loads(upload_body(header="a", body="b", bullets=()))) == {"header", "body"}


@pytest.mark.parametrize("text", ["switch-2026q4", "a b", "été", "割引", "a.b_c:d+e#f@g/h(i)&!?", "हिंदी", ""])
def test_names_of_any_script_may_stand_in_a_query(text: str) -> None:
    """Letters, digits, blanks and a few marks end no text of SQL."""
    assert unfit_in_query(text) is None


@pytest.mark.parametrize("character", ["'", '"', "\\", ";", "%", "`", "\n", "\u2019", "\u02bc", "\u200b", "$", "{"])
def test_what_may_end_a_text_is_unfit_in_a_query(character: str) -> None:
    """Quotes of any kind, and characters that a language gives a meaning, are named."""
    assert unfit_in_query(f"a{character}b") == character
