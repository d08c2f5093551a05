"""The private members of Apple's library that `Wire` uses, which a new version may rename without notice."""

from __future__ import annotations

import inspect

import pytest
from appstoreserverlibrary.api_client import AppStoreServerAPIClient
from appstoreserverlibrary.models.Environment import Environment

from console.appstore.wire import Wire
from tests.support.simulated_app import PEM

# The private members, each with its parameters; None for one that is not a method.
NEEDED = {
    "_execute_request": ["self", "method", "url", "params", "headers", "json", "data"],
    "_make_request": ["self", "path", "method", "queryParameters", "body", "destination_class", "content_type"],
    "_base_url": None,
}


def library() -> AppStoreServerAPIClient:
    return AppStoreServerAPIClient(PEM, "KEY1234567", "issuer", "com.example", Environment.SANDBOX)


@pytest.mark.parametrize("member", NEEDED)
def test_apples_library_has_the_private_members_that_wire_needs(member: str) -> None:
    """Without them requests would bypass our checks: `Wire` must be changed before the pinned version is raised."""
    assert hasattr(library(), member), (
        f"app-store-server-library no longer has AppStoreServerAPIClient.{member}: change console/appstore/wire.py"
        " before the pin in requirements/ is raised"
    )
    parameters = NEEDED[member]
    if parameters is not None:
        found = list(inspect.signature(getattr(AppStoreServerAPIClient, member)).parameters)
        assert found == parameters, f"AppStoreServerAPIClient.{member} takes {found}: change console/appstore/wire.py"


def test_wire_replaces_one_private_member_of_the_library() -> None:
    """No other private name of `Wire` is one that the library uses."""
    own = {name for name in vars(Wire) if name.startswith("_") and not name.startswith("__")}
    theirs = {name for base in AppStoreServerAPIClient.__mro__ for name in vars(base)} | set(vars(library()))
    assert own & theirs == {"_execute_request"}
