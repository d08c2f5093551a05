"""The types and subtypes of notifications: those that Apple's library knows, and the later ones of Apple's pages."""

from __future__ import annotations

from appstoreserverlibrary.models.NotificationTypeV2 import NotificationTypeV2
from appstoreserverlibrary.models.Subtype import Subtype

from console.simulator.notification_types import SUBTYPES


def test_every_type_and_subtype_of_apples_library_is_known() -> None:
    """The table has each type and each subtype of the library, and no other type."""
    assert set(SUBTYPES) == {kind.value for kind in NotificationTypeV2}
    named = {subtype for subtypes in SUBTYPES.values() for subtype in subtypes}
    assert named - {""} >= {subtype.value for subtype in Subtype}
    assert named - {subtype.value for subtype in Subtype} == {"", "CREATED", "ACTIVE_TOKEN_REMINDER"}
