"""The fourteen operations: their paths, and what each does to the app's data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from retention import limits
from retention.catalog import APPROVED, PENDING
from retention.request import PRODUCTION, SANDBOX

from console.simulator import operations, problems
from console.simulator.accounts import UNFIT_PURCHASES, Purchase, SimulatedApp
from console.simulator.app_data import AppData
from console.simulator.operations import OPERATIONS, AuthorizedCall
from console.simulator.performance import PerformanceTests
from console.simulator.problems import Problem, ProblemKind
from console.simulator.simulator import Simulator, TestConfig
from tests.support.simulated_app import ANNUAL, APP, FULL, MONTHLY, QUICK, make_simulator, new_id, shelve, text

URL = "https://api.example.com/v1/retention-message"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        yield simulator


@pytest.fixture
def call(simulator: Simulator) -> AuthorizedCall:
    """A call in the sandbox by APP, without parameters and body."""
    return AuthorizedCall(simulator, PerformanceTests(simulator), APP, SANDBOX)


@pytest.fixture
def app_data(call: AuthorizedCall) -> AppData:
    return call.app_data


def asked(call: AuthorizedCall, body: object = None, **parameters: str) -> AuthorizedCall:
    content = b"" if body is None else json.dumps(body).encode()
    return replace(call, parameters=parameters, body=content)


def upload(call: AuthorizedCall, name: str, content_type: str = "image/png", **query: str) -> None:
    operations.upload_image(
        replace(call, parameters={"imageIdentifier": name}, body=FULL, content_type=content_type, query=query)
    )


def refused(kind: ProblemKind, run: Callable[..., object], *arguments: Any, **options: Any) -> None:
    """Assert that a call is refused with one of Apple's errors."""
    with pytest.raises(Problem) as caught:
        run(*arguments, **options)
    assert caught.value.code == kind.code


# Paths


@pytest.mark.parametrize(
    ("method", "path", "name", "parameters"),
    [
        ("GET", "/image/list", "Get Image List", {}),
        ("DELETE", "/image/A%2Fb", "Delete Image", {"imageIdentifier": "A/b"}),
        ("PUT", "/default/pro.monthly/en-US", "Configure Default Message", {"productId": MONTHLY, "locale": "en-US"}),
        ("GET", "/performanceTest/result/7", "Get Performance Test Results", {"requestId": "7"}),
    ],
)
def test_a_path_belongs_to_one_operation(method: str, path: str, name: str, parameters: dict[str, str]) -> None:
    """One operation matches a method and path, and gets the path's parameters decoded."""
    found = [(each.name, each.match(path)) for each in OPERATIONS if each.method == method]
    assert [match for match in found if match[1] is not None] == [(name, parameters)]


@pytest.mark.parametrize("path", ["", "/", "/image", "/image/list/more", "/messages/list", "/realtime"])
def test_another_path_belongs_to_none(path: str) -> None:
    """A path with another number of parts, or other words, is no operation's."""
    assert [each.name for each in OPERATIONS if each.match(path) is not None] == []


# Images and messages


def test_an_uploaded_image_is_listed_until_it_is_deleted(call: AuthorizedCall) -> None:
    """An image is FULL_SIZE unless the query has another size, and is APPROVED in the sandbox."""
    name = new_id()
    upload(call, name.upper())
    assert operations.get_image_list(call) == {
        "imageIdentifiers": [{"imageIdentifier": name, "imageState": APPROVED, "imageSize": "FULL_SIZE"}]
    }
    operations.delete_image(asked(call, imageIdentifier=name))
    assert operations.get_image_list(call) == {"imageIdentifiers": []}
    refused(problems.IMAGE_ALREADY_EXISTS, upload, call, name)
    refused(problems.IMAGE_NOT_FOUND, operations.delete_image, asked(call, imageIdentifier=name))


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"content_type": "image/jpeg"}, problems.INVALID_IMAGE),
        ({"imageSize": "HUGE"}, problems.BAD_IMAGE_SIZE),
        ({"imageSize": "BULLET_POINT"}, problems.BAD_IMAGE_SIZE),
    ],
)
def test_a_wrong_image_is_not_kept(call: AuthorizedCall, options: dict[str, str], kind: ProblemKind) -> None:
    """An image of another type or size is refused, and its id can still be used."""
    name = new_id()
    refused(kind, upload, call, name, **options)
    assert not call.app_data.is_taken("image", name)


def test_an_image_in_use_is_not_deleted(call: AuthorizedCall, app_data: AppData) -> None:
    """An image that a message uses stays."""
    shelve(app_data, image=APPROVED)
    (image,) = app_data.images()
    refused(problems.IMAGE_IN_USE, operations.delete_image, asked(call, imageIdentifier=image))


@pytest.mark.parametrize(("environment", "state"), [(SANDBOX, APPROVED), (PRODUCTION, PENDING)])
def test_an_uploaded_message_is_listed_until_it_is_deleted(call: AuthorizedCall, environment: str, state: str) -> None:
    """The sandbox approves a message at once; in production it waits for a review."""
    call, name = replace(call, environment=environment), new_id()
    operations.upload_message(asked(call, text(), messageIdentifier=name))
    assert operations.get_message_list(call) == {
        "messageIdentifiers": [{"messageIdentifier": name, "messageState": state}]
    }
    operations.delete_message(asked(call, messageIdentifier=name))
    refused(problems.MESSAGE_NOT_FOUND, operations.delete_message, asked(call, messageIdentifier=name))
    refused(problems.MESSAGE_ALREADY_EXISTS, operations.upload_message, asked(call, text(), messageIdentifier=name))


def test_no_more_than_the_limit_is_kept(monkeypatch: pytest.MonkeyPatch, call: AuthorizedCall) -> None:
    """An image or a message beyond Apple's maximum is refused; the maximum is 2000 of each."""
    assert (limits.MAX_IMAGES, limits.MAX_MESSAGES) == (2000, 2000)
    for name in ("MAX_IMAGES", "MAX_MESSAGES"):
        monkeypatch.setattr(operations, name, 1)
    upload(call, new_id())
    refused(problems.MAXIMUM_NUMBER_OF_IMAGES, upload, call, new_id())
    operations.upload_message(asked(call, text(), messageIdentifier=new_id()))
    another = asked(call, text(), messageIdentifier=new_id())
    refused(problems.MAXIMUM_NUMBER_OF_MESSAGES, operations.upload_message, another)


# Default messages


def test_a_default_is_configured_read_and_deleted(call: AuthorizedCall, app_data: AppData) -> None:
    """A default is of one product and locale; deleting one that is not there succeeds, as at Apple."""
    place = {"productId": MONTHLY, "locale": "en-US"}
    refused(problems.DEFAULT_MESSAGE_NOT_FOUND, operations.get_default_message, asked(call, **place))
    name = shelve(app_data)
    operations.configure_default_message(asked(call, {"messageIdentifier": name.upper()}, **place))
    assert operations.get_default_message(asked(call, **place)) == {"messageIdentifier": name}
    for _ in range(2):
        operations.delete_default_message(asked(call, **place))
    assert app_data.defaults() == {}


@pytest.mark.parametrize(
    ("state", "image", "kind"),
    [
        (None, None, problems.MESSAGE_NOT_FOUND),
        (PENDING, None, problems.MESSAGE_NOT_APPROVED),
        (APPROVED, PENDING, problems.IMAGE_NOT_APPROVED),
    ],
)
def test_a_default_is_an_approved_message(
    call: AuthorizedCall, app_data: AppData, state: str | None, image: str | None, kind: ProblemKind
) -> None:
    """A default message and its images must be there and approved."""
    name = new_id() if state is None else shelve(app_data, state=state, image=image)
    configured = asked(call, {"messageIdentifier": name}, productId=MONTHLY, locale="en-US")
    refused(kind, operations.configure_default_message, configured)


@pytest.mark.parametrize(
    ("product", "locale", "kind"),
    [
        ("pro.weekly", "en-US", problems.INVALID_PRODUCT_ID),
        ("", "en-US", problems.INVALID_PRODUCT_ID),
        (MONTHLY, "en-XX", problems.INVALID_LOCALE),
        (MONTHLY, "en_US", problems.INVALID_LOCALE),
    ],
)
def test_a_default_is_of_a_known_product_and_locale(
    call: AuthorizedCall, product: str, locale: str, kind: ProblemKind
) -> None:
    """A product that the app does not have, and a locale that Apple does not list, are refused."""
    refused(kind, operations.get_default_message, asked(call, productId=product, locale=locale))


def test_without_products_every_product_is_accepted(simulator: Simulator, call: AuthorizedCall) -> None:
    """If the simulator has no products for the app, it accepts any product id of up to 255 characters."""
    simulator.accounts.replace_products(APP.app_apple_id, [])
    place = {"productId": "x" * 255, "locale": "en-US"}
    refused(problems.DEFAULT_MESSAGE_NOT_FOUND, operations.get_default_message, asked(call, **place))
    place["productId"] += "x"
    refused(problems.INVALID_PRODUCT_ID, operations.get_default_message, asked(call, **place))


# Real-time URL


def test_a_url_is_configured_read_and_deleted(call: AuthorizedCall) -> None:
    """Without a URL, reading and deleting are refused."""
    refused(problems.REALTIME_URL_NOT_FOUND, operations.get_realtime_url, call)
    operations.configure_realtime_url(asked(call, {"realtimeURL": URL}))
    assert operations.get_realtime_url(call) == {"realtimeURL": URL}
    operations.delete_realtime_url(call)
    refused(problems.REALTIME_URL_NOT_FOUND, operations.delete_realtime_url, call)


@pytest.mark.parametrize(
    "url",
    [None, 7, "", "example.com", "http://example.com/", "ftp://example.com/", "http://[::1/", URL + "x" * 240],
)
def test_a_url_that_apple_would_not_call_is_refused(call: AuthorizedCall, url: object) -> None:
    """A URL is https with at most 256 characters; plain http is for this machine only."""
    refused(problems.BAD_REALTIME_URL, operations.configure_realtime_url, asked(call, {"realtimeURL": url}))


def test_production_needs_a_passed_test(simulator: Simulator, call: AuthorizedCall) -> None:
    """A URL for production is refused until a performance test of the app has passed in the sandbox."""
    configured = asked(replace(call, environment=PRODUCTION), {"realtimeURL": URL})
    refused(problems.NO_PASSING_TEST, operations.configure_realtime_url, configured)
    row = (new_id(), APP.app_apple_id, "PASS", "{}")
    simulator.database.run("INSERT INTO performance_test VALUES (?, ?, ?, ?)", *row)
    operations.configure_realtime_url(configured)
    assert configured.app_data.realtime_url == URL


# Performance test


@pytest.mark.parametrize(("kind", "problem"), UNFIT_PURCHASES.items())
def test_a_test_is_of_a_subscription(
    simulator: Simulator, call: AuthorizedCall, kind: str, problem: ProblemKind
) -> None:
    """Each other kind of purchase is refused with Apple's error for it."""
    purchase = simulator.accounts.subscribe(APP.app_apple_id, MONTHLY, kind)
    initiated = asked(call, {"originalTransactionId": purchase.transaction_id})
    refused(problem, operations.initiate_performance_test, initiated)


def test_a_test_needs_a_customer_and_a_url(simulator: Simulator, call: AuthorizedCall) -> None:
    """A test without a transaction id, with an unknown one, or without a real-time URL is refused."""
    initiate = operations.initiate_performance_test
    invalid = problems.INVALID_PERFORMANCE_TEST_REQUEST
    refused(invalid, initiate, asked(call, {"originalTransactionId": 7}))
    refused(problems.INVALID_TRANSACTION_ID, initiate, asked(call, {"originalTransactionId": "7"}))
    purchase = simulator.accounts.subscribe(APP.app_apple_id, ANNUAL)
    refused(invalid, initiate, asked(call, {"originalTransactionId": purchase.transaction_id}))


def test_the_results_of_a_test_are_found_by_its_id(simulator: Simulator, call: AuthorizedCall) -> None:
    """A request id is a UUID, in either case, of a test of the app."""
    name = new_id()
    row = (name, APP.app_apple_id, "PASS", '{"result": "PASS"}')
    simulator.database.run("INSERT INTO performance_test VALUES (?, ?, ?, ?)", *row)
    results = operations.get_performance_test_results
    assert results(asked(call, requestId=name.upper())) == {"result": "PASS"}
    refused(problems.INVALID_REQUEST_ID, results, asked(call, requestId="hello"))
    refused(problems.PERFORMANCE_TEST_RUN_NOT_FOUND, results, asked(call, requestId=new_id()))


class StartedTests:
    """In the place of the simulator's performance tests: keeps what it starts."""

    def __init__(self) -> None:
        self.started: list[tuple[SimulatedApp, Purchase, str]] = []

    def start(self, app: SimulatedApp, purchase: Purchase, target: str) -> tuple[str, TestConfig]:
        self.started.append((app, purchase, target))
        return "the request id", QUICK


def test_a_started_test_is_answered_with_its_id(simulator: Simulator, call: AuthorizedCall) -> None:
    """A test calls the sandbox's URL for the named customer; the answer has its configuration and request id."""
    tests: Any = StartedTests()
    purchase = simulator.accounts.subscribe(APP.app_apple_id, MONTHLY)
    call.app_data.set_realtime_url(URL)
    initiated = replace(asked(call, {"originalTransactionId": purchase.transaction_id}), tests=tests)
    document = operations.initiate_performance_test(initiated)
    assert document == {"config": QUICK.document(), "requestId": "the request id"}
    assert tests.started == [(APP, purchase, URL)]
