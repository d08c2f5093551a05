"""The fourteen operations of the Retention Messaging API, with Apple's names, methods and paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from retention.background_settings import keeps_secrets
from retention.catalog import APPROVED, PENDING
from retention.limits import MAX_IMAGES, MAX_MESSAGES, MAX_URL
from retention.locales import APPLE_LOCALES
from retention.request import PRODUCTION, SANDBOX

from console.file.images import FULL_SIZE
from console.simulator import problems, uploads
from console.simulator.accounts import SUBSCRIPTION, UNFIT_PURCHASES, SimulatedApp
from console.simulator.app_data import ENVIRONMENTS, AppData, UploadedImage
from console.simulator.performance import PerformanceTests
from console.simulator.problems import Problem
from console.simulator.simulator import Simulator

BASE_PATH: Final = "/inApps/v1/messaging"

_MAX_PRODUCT_ID: Final = 255

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuthorizedCall:
    """One authorized call: the calling app, the environment, and the request. `parameters` are the path's, decoded.

    `query` has the last value of each parameter of the query, `values` all of them.
    """

    simulator: Simulator
    tests: PerformanceTests
    app: SimulatedApp
    environment: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)

    @property
    def app_data(self) -> AppData:
        return self.simulator.app_data(self.app.app_apple_id, self.environment)

    @property
    def state(self) -> str:
        """The review state of a new upload: the sandbox approves at once, in production App Review decides."""
        return APPROVED if self.environment == SANDBOX else PENDING


def upload_image(call: AuthorizedCall) -> None:
    identifier = uploads.identifier(call.parameters["imageIdentifier"])
    if call.content_type != "image/png":
        raise Problem(problems.INVALID_IMAGE, "Invalid request. The image is not sent as image/png.")
    size = call.query.get("imageSize", FULL_SIZE)
    uploads.check_image(call.body, size)
    if call.app_data.is_taken("image", identifier):
        raise Problem(problems.IMAGE_ALREADY_EXISTS)
    if call.app_data.count("image") >= MAX_IMAGES:
        raise Problem(problems.MAXIMUM_NUMBER_OF_IMAGES)
    call.app_data.add_image(UploadedImage(identifier, size, call.state), call.simulator.now())


def delete_image(call: AuthorizedCall) -> None:
    identifier = uploads.identifier(call.parameters["imageIdentifier"])
    if call.app_data.image_is_used(identifier):
        raise Problem(problems.IMAGE_IN_USE)
    if not call.app_data.delete_image(identifier):
        raise Problem(problems.IMAGE_NOT_FOUND)


def get_image_list(call: AuthorizedCall) -> Document:
    images = call.app_data.images().values()
    return {
        "imageIdentifiers": [
            {"imageIdentifier": image.identifier, "imageState": image.state, "imageSize": image.size}
            for image in images
        ]
    }


def upload_message(call: AuthorizedCall) -> None:
    identifier = uploads.identifier(call.parameters["messageIdentifier"])
    message = uploads.read_message(identifier, call.body, call.app_data.image)
    if call.app_data.is_taken("message", identifier):
        raise Problem(problems.MESSAGE_ALREADY_EXISTS)
    if call.app_data.count("message") >= MAX_MESSAGES:
        raise Problem(problems.MAXIMUM_NUMBER_OF_MESSAGES)
    call.app_data.add_message(replace(message, state=call.state), call.simulator.now())


def delete_message(call: AuthorizedCall) -> None:
    """Delete a message, even a default message, which then shows nothing.

    Assumption: Apple does not document that it refuses this.
    """
    if not call.app_data.delete_message(uploads.identifier(call.parameters["messageIdentifier"])):
        raise Problem(problems.MESSAGE_NOT_FOUND)


def get_message_list(call: AuthorizedCall) -> Document:
    states = call.app_data.message_states()
    return {
        "messageIdentifiers": [
            {"messageIdentifier": identifier, "messageState": state} for identifier, state in states.items()
        ]
    }


def configure_default_message(call: AuthorizedCall) -> None:
    product_id, locale = _product_and_locale(call)
    identifier = uploads.identifier(uploads.read_object(call.body).get("messageIdentifier"))
    message = call.app_data.message(identifier)
    if message is None:
        raise Problem(problems.MESSAGE_NOT_FOUND)
    if message.state != APPROVED:
        raise Problem(problems.MESSAGE_NOT_APPROVED)
    images = [call.app_data.image(used) for used in message.images]
    if any(image is None or image.state != APPROVED for image in images):
        raise Problem(problems.IMAGE_NOT_APPROVED)
    call.app_data.configure_default(product_id, locale, identifier)


def get_default_message(call: AuthorizedCall) -> Document:
    identifier = call.app_data.default(*_product_and_locale(call))
    if identifier is None:
        raise Problem(problems.DEFAULT_MESSAGE_NOT_FOUND)
    return {"messageIdentifier": identifier}


def delete_default_message(call: AuthorizedCall) -> None:
    """Succeed even if none was configured, as Apple does."""
    call.app_data.delete_default(*_product_and_locale(call))


def configure_realtime_url(call: AuthorizedCall) -> None:
    url = uploads.read_object(call.body, problems.BAD_REALTIME_URL).get("realtimeURL")
    if not isinstance(url, str) or len(url) > MAX_URL or not _is_callable(url):
        raise Problem(problems.BAD_REALTIME_URL)
    if call.environment == PRODUCTION and not call.tests.has_passed(call.app):
        raise Problem(problems.NO_PASSING_TEST)
    call.app_data.set_realtime_url(url)


def get_realtime_url(call: AuthorizedCall) -> Document:
    url = call.app_data.realtime_url
    if url is None:
        raise Problem(problems.REALTIME_URL_NOT_FOUND)
    return {"realtimeURL": url}


def delete_realtime_url(call: AuthorizedCall) -> None:
    """Delete the URL. Assumption: without one this fails; Apple's page does not mention the case."""
    if not call.app_data.set_realtime_url(None):
        raise Problem(problems.REALTIME_URL_NOT_FOUND)


def initiate_performance_test(call: AuthorizedCall) -> Document:
    invalid = problems.INVALID_PERFORMANCE_TEST_REQUEST
    transaction_id = uploads.read_object(call.body, invalid).get("originalTransactionId")
    if not isinstance(transaction_id, str):
        raise Problem(invalid)
    purchase = call.simulator.accounts.purchase(call.app.app_apple_id, transaction_id)
    if purchase is None:
        raise Problem(problems.INVALID_TRANSACTION_ID)
    if purchase.kind != SUBSCRIPTION:
        raise Problem(UNFIT_PURCHASES[purchase.kind])
    target = call.app_data.realtime_url
    if target is None:
        raise Problem(invalid, "Invalid request. No real-time URL is configured in the sandbox.")
    request_id, config = call.tests.start(call.app, purchase, target)
    return {"config": config.document(), "requestId": request_id}


def get_performance_test_results(call: AuthorizedCall) -> Document:
    try:
        request_id = uploads.identifier(call.parameters["requestId"])
    except Problem:
        raise Problem(problems.INVALID_REQUEST_ID) from None
    report = call.tests.report(call.app, request_id)
    if report is None:
        raise Problem(problems.PERFORMANCE_TEST_RUN_NOT_FOUND)
    return report


def _product_and_locale(call: AuthorizedCall) -> tuple[str, str]:
    product_id, locale = call.parameters["productId"], call.parameters["locale"]
    products = call.simulator.accounts.products(call.app.app_apple_id)
    if not product_id or len(product_id) > _MAX_PRODUCT_ID or (products and product_id not in products):
        raise Problem(problems.INVALID_PRODUCT_ID)
    if locale not in APPLE_LOCALES:
        raise Problem(problems.INVALID_LOCALE)
    return product_id, locale


def _is_callable(url: str) -> bool:
    """Return whether a real-time URL is https, as Apple requires, or http on this machine, which local tests need."""
    try:
        return keeps_secrets(urlsplit(url))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: Apple's name, method and path below `base`, the function, and the environments that have it."""

    name: str
    method: str
    path: str
    run: Callable[[AuthorizedCall], Document | None]
    environments: tuple[str, ...] = ENVIRONMENTS
    base: str = BASE_PATH

    @property
    def needs_access(self) -> bool:
        """Whether Apple has to grant access: for retention messaging, not for the rest of the App Store Server API."""
        return self.base == BASE_PATH

    def match(self, path: str) -> dict[str, str] | None:
        """Return the decoded parameters of `path` (below `base`, as received), None if it is another operation's."""
        names, parts = self.path.split("/"), path.split("/")
        if len(names) != len(parts):
            return None
        parameters: dict[str, str] = {}
        for name, part in zip(names, parts, strict=True):
            if name.startswith("{"):
                parameters[name.strip("{}")] = unquote(part)
            elif name != part:
                return None
        return parameters


OPERATIONS: Final = (
    Operation("Upload Image", "PUT", "/image/{imageIdentifier}", upload_image),
    Operation("Delete Image", "DELETE", "/image/{imageIdentifier}", delete_image),
    Operation("Get Image List", "GET", "/image/list", get_image_list),
    Operation("Upload Message", "PUT", "/message/{messageIdentifier}", upload_message),
    Operation("Delete Message", "DELETE", "/message/{messageIdentifier}", delete_message),
    Operation("Get Message List", "GET", "/message/list", get_message_list),
    Operation("Configure Default Message", "PUT", "/default/{productId}/{locale}", configure_default_message),
    Operation("Get Default Message", "GET", "/default/{productId}/{locale}", get_default_message),
    Operation("Delete Default Message", "DELETE", "/default/{productId}/{locale}", delete_default_message),
    Operation("Configure Realtime URL", "PUT", "/realtime/url", configure_realtime_url),
    Operation("Get Realtime URL", "GET", "/realtime/url", get_realtime_url),
    Operation("Delete Realtime URL", "DELETE", "/realtime/url", delete_realtime_url),
    Operation("Initiate Performance Test", "POST", "/performanceTest", initiate_performance_test, (SANDBOX,)),
    Operation(
        "Get Performance Test Results", "GET", "/performanceTest/result/{requestId}", get_performance_test_results,
        (SANDBOX,),
    ),
)  # fmt: skip
