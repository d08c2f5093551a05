"""Apple's own client against the simulator: every operation, and every error that Apple documents for it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
import requests
from appstoreserverlibrary.api_client import APIException, AppStoreServerAPIClient
from appstoreserverlibrary.models.BulletPoint import BulletPoint
from appstoreserverlibrary.models.DefaultConfigurationRequest import DefaultConfigurationRequest
from appstoreserverlibrary.models.HeaderPosition import HeaderPosition
from appstoreserverlibrary.models.ImageSize import ImageSize
from appstoreserverlibrary.models.ImageState import ImageState
from appstoreserverlibrary.models.MessageState import MessageState
from appstoreserverlibrary.models.PerformanceTestRequest import PerformanceTestRequest
from appstoreserverlibrary.models.PerformanceTestStatus import PerformanceTestStatus
from appstoreserverlibrary.models.RealtimeUrlRequest import RealtimeUrlRequest
from appstoreserverlibrary.models.SendAttemptResult import SendAttemptResult
from appstoreserverlibrary.models.UploadMessageImage import UploadMessageImage
from appstoreserverlibrary.models.UploadMessageRequestBody import UploadMessageRequestBody
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from retention.catalog import APPROVED, PENDING, REJECTED
from retention.limits import SECONDS_PER_HOUR, calls_per_hour
from retention.request import PRODUCTION, SANDBOX

from console.simulator import staff_actions
from console.simulator.accounts import UNFIT_PURCHASES, SimulatedApp
from console.simulator.api import Answer, HangUp, Request, Response
from console.simulator.app_data import UploadedImage, UploadedMessage
from console.simulator.server import Server, SimulatorServer
from console.simulator.simulator import Simulator
from tests.support.simulated_app import (
    ANNUAL,
    APP,
    BULLET,
    FULL,
    KEY,
    KEY_ID,
    MONTHLY,
    NOW,
    PEM,
    QUICK,
    answer_of,
    apples_client,
    make_simulator,
    new_id,
    png,
    shelve,
    text,
)
from tests.support.waiting import PATIENCE

Client = AppStoreServerAPIClient


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = make_simulator()
    yield simulator
    simulator.close()


@pytest.fixture
def server(simulator: Simulator) -> Iterator[SimulatorServer]:
    with SimulatorServer(simulator) as server:
        yield server


@pytest.fixture
def client(server: SimulatorServer) -> Client:
    return apples_client(server)


@pytest.fixture
def production(server: SimulatorServer) -> Client:
    return apples_client(server, PRODUCTION)


def refused(call: Any, *arguments: Any) -> tuple[int, int | None]:
    """Return the HTTP status and Apple's code with which a call is refused."""
    with pytest.raises(APIException) as caught:
        call(*arguments)
    return caught.value.http_status_code, caught.value.raw_api_error


def message(header: str = "Stay", body: str = "Keep your maps.", **more: Any) -> UploadMessageRequestBody:
    return UploadMessageRequestBody(header=header, body=body, **more)


def picture(identifier: UUID, alternative: str = "A ridge") -> UploadMessageImage:
    return UploadMessageImage(imageIdentifier=identifier, altText=alternative)


def put(server: SimulatorServer, path: str, body: object, environment: str = SANDBOX) -> tuple[int, Any]:
    """PUT what Apple's library itself would not send; return the status and the JSON of the answer."""
    token = apples_client(server)._generate_token()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "image/png" if path.startswith("image/") else "application/json"
    answer = requests.put(
        f"{server.base_url(environment)}/inApps/v1/messaging/{path}",
        data=content,
        headers={"authorization": f"Bearer {token}", "content-type": kind},
        timeout=PATIENCE,
    )
    return answer.status_code, answer.json() if answer.content else None


# Images


def test_an_image_is_uploaded_listed_and_deleted(client: Client) -> None:
    """In the sandbox an image is APPROVED at once, and its size is FULL_SIZE unless the upload has another."""
    full, bullet = uuid4(), uuid4()
    client.upload_image(full, FULL)
    client.upload_image(bullet, BULLET, ImageSize.BULLET_POINT)
    listed = client.get_image_list().imageIdentifiers or []
    assert [(item.imageIdentifier, item.imageSize, item.imageState) for item in listed] == [
        (full, ImageSize.FULL_SIZE, ImageState.APPROVED),
        (bullet, ImageSize.BULLET_POINT, ImageState.APPROVED),
    ]
    client.delete_image(full)
    assert [item.imageIdentifier for item in client.get_image_list().imageIdentifiers or []] == [bullet]


@pytest.mark.parametrize(
    ("content", "size", "code"),
    [
        pytest.param(b"\xff\xd8\xff\xe0 JPEG", ImageSize.FULL_SIZE, 4000161, id="not PNG"),
        pytest.param(FULL[:-4], ImageSize.FULL_SIZE, 4000161, id="cut off"),
        pytest.param(png(3840, 160, colour=4), ImageSize.FULL_SIZE, 4000161, id="alpha"),
        pytest.param(png(3840, 160, extra=b"tRNS\0\0"), ImageSize.FULL_SIZE, 4000161, id="tRNS"),
        pytest.param(png(3839, 160), ImageSize.FULL_SIZE, 4000216, id="narrow"),
        pytest.param(png(3840, 159), ImageSize.FULL_SIZE, 4000216, id="low"),
        pytest.param(png(3840, 2161), ImageSize.FULL_SIZE, 4000216, id="high"),
        pytest.param(BULLET, ImageSize.FULL_SIZE, 4000216, id="a bullet's"),
        pytest.param(FULL, ImageSize.BULLET_POINT, 4000216, id="for a bullet"),
    ],
)
def test_an_image_that_apple_refuses(client: Client, content: bytes, size: ImageSize, code: int) -> None:
    """An image that is no PNG, can be transparent or has another size is refused with Apple's code for it."""
    assert refused(client.upload_image, uuid4(), content, size) == (400, code)


def test_an_unknown_image_size(server: SimulatorServer) -> None:
    """An imageSize that is neither of the two is refused."""
    assert put(server, f"image/{new_id()}?imageSize=HUGE", FULL)[1]["errorCode"] == 4000216


def test_an_image_is_uploaded_once(client: Client) -> None:
    """A second upload under an identifier is refused, also after the image was deleted."""
    identifier = uuid4()
    client.upload_image(identifier, FULL)
    assert refused(client.upload_image, identifier, FULL) == (409, 4090000)
    client.delete_image(identifier)
    assert refused(client.upload_image, identifier, FULL) == (409, 4090000)


def test_an_image_that_is_not_there(client: Client) -> None:
    """Deleting an unknown image is refused."""
    assert refused(client.delete_image, uuid4()) == (404, 4040014)


def test_an_image_in_use(client: Client) -> None:
    """An image can be deleted only after every message that uses it, as picture or as bullet."""
    full, bullet, user = uuid4(), uuid4(), uuid4()
    client.upload_image(full, FULL)
    client.upload_image(bullet, BULLET, ImageSize.BULLET_POINT)
    bullets = [BulletPoint(text="Maps", imageIdentifier=bullet, altText="A tick")]
    client.upload_message(user, message(image=picture(full), bulletPoints=bullets))
    assert refused(client.delete_image, full) == (403, 4030019)
    assert refused(client.delete_image, bullet) == (403, 4030019)
    client.delete_message(user)
    client.delete_image(full)
    client.delete_image(bullet)


def test_two_thousand_images_are_the_most(simulator: Simulator, client: Client) -> None:
    """The 2001st image of an app in one environment is refused."""
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    with simulator.database.transaction():
        for _ in range(2000):
            app_data.add_image(UploadedImage(new_id(), "FULL_SIZE", APPROVED), NOW)
    assert refused(client.upload_image, uuid4(), FULL) == (403, 4030014)
    assert len(client.get_image_list().imageIdentifiers or []) == 2000


# Messages


def test_a_message_is_uploaded_listed_and_deleted(client: Client) -> None:
    """In the sandbox a message is APPROVED at once; the list has its state and not its text."""
    first, second = uuid4(), uuid4()
    client.upload_message(first, message())
    client.upload_message(second, message("Bleib", "Behalte deine Karten."))
    listed = client.get_message_list().messageIdentifiers or []
    assert [(item.messageIdentifier, item.messageState) for item in listed] == [
        (first, MessageState.APPROVED),
        (second, MessageState.APPROVED),
    ]
    client.delete_message(first)
    assert [item.messageIdentifier for item in client.get_message_list().messageIdentifiers or []] == [second]


def long_texts() -> list[Any]:
    bullet = {"text": "Maps", "imageIdentifier": "BULLET", "altText": "A tick"}
    full = {"imageIdentifier": "FULL", "altText": "A ridge"}
    climber = "\N{PERSON CLIMBING}"  # one code point, two UTF-16 units
    return [
        pytest.param(text(header="x" * 67), 4000162, id="header"),
        pytest.param(text(header=climber * 34), 4000162, id="header in UTF-16"),
        pytest.param(text(body="x" * 145), 4000163, id="body"),
        pytest.param(text(image={**full, "altText": "x" * 151}), 4000175, id="alt text"),
        pytest.param(text(bulletPoints=[{**bullet, "altText": "x" * 151}]), 4000175, id="alt text of a bullet"),
        pytest.param(text(bulletPoints=[{**bullet, "text": "x" * 67}]), 4000219, id="text of a bullet"),
        pytest.param(text(bulletPoints=[bullet] * 6), 4000218, id="six bullets"),
        pytest.param(text(headerPosition="ABOVE_IMAGE"), 4000224, id="above no image"),
        pytest.param(text(image={**full, "imageIdentifier": new_id()}), 4000161, id="unknown image"),
        pytest.param(text(image={**full, "imageIdentifier": "BULLET"}), 4000161, id="a bullet's image"),
        pytest.param(text(bulletPoints=[{**bullet, "imageIdentifier": "FULL"}]), 4000161, id="an image as bullet"),
        pytest.param(text(bulletPoints="none"), 4000000, id="bullets are no list"),
        pytest.param(text(headerPosition="BELOW"), 4000000, id="unknown position"),
        pytest.param({"header": "Stay"}, 4000000, id="no body"),
        pytest.param(text(header=""), 4000000, id="empty header"),
        pytest.param([text()], 4000000, id="a list"),
        pytest.param(b"{", 4000000, id="not JSON"),
    ]


@pytest.mark.parametrize(("body", "code"), long_texts())
def test_a_message_that_apple_refuses(server: SimulatorServer, client: Client, body: Any, code: int) -> None:
    """A message that breaks a limit of UploadMessageRequestBody is refused with Apple's code for it."""
    full, bullet = uuid4(), uuid4()
    client.upload_image(full, FULL)
    client.upload_image(bullet, BULLET, ImageSize.BULLET_POINT)
    if not isinstance(body, bytes):
        body = json.loads(json.dumps(body).replace('"FULL"', f'"{full}"').replace('"BULLET"', f'"{bullet}"'))
    status, refusal = put(server, f"message/{new_id()}", body)
    assert (status, refusal["errorCode"]) == (400, code)
    assert set(refusal) == {"errorCode", "errorMessage"}


def test_a_message_at_every_limit(client: Client) -> None:
    """66, 144, 150 and 66 characters and five bullets are accepted; so is a header above an image."""
    full, bullet = uuid4(), uuid4()
    client.upload_image(full, FULL)
    client.upload_image(bullet, BULLET, ImageSize.BULLET_POINT)
    bullets = [BulletPoint(text="x" * 66, imageIdentifier=bullet, altText="x" * 150)] * 5
    body = message("x" * 66, "x" * 144, image=picture(full, "x" * 150), bulletPoints=bullets)
    body.headerPosition = HeaderPosition.ABOVE_IMAGE
    client.upload_message(uuid4(), body)


def test_a_message_is_uploaded_once(client: Client) -> None:
    """A second upload under an identifier is refused, also after the message was deleted."""
    identifier = uuid4()
    client.upload_message(identifier, message())
    assert refused(client.upload_message, identifier, message()) == (409, 4090001)
    client.delete_message(identifier)
    assert refused(client.upload_message, identifier, message()) == (409, 4090001)


def test_an_identifier_of_another_app(simulator: Simulator, server: SimulatorServer, client: Client) -> None:
    """An identifier that another app used is refused, and is not in this app's list."""
    staff_actions.grant(simulator, SimulatedApp(1, "com.example.other", APP.issuer_id), KEY_ID, PEM)
    identifier = uuid4()
    apples_client(server, bundle_id="com.example.other").upload_message(identifier, message())
    assert refused(client.upload_message, identifier, message()) == (409, 4090001)
    assert client.get_message_list().messageIdentifiers == []


def test_a_message_that_is_not_there(client: Client) -> None:
    """Deleting an unknown message is refused."""
    assert refused(client.delete_message, uuid4()) == (404, 4040015)


def test_two_thousand_messages_are_the_most(simulator: Simulator, client: Client) -> None:
    """The 2001st message of an app is refused."""
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    with simulator.database.transaction():
        for _ in range(2000):
            app_data.add_message(UploadedMessage(new_id(), text(), APPROVED), NOW)
    assert refused(client.upload_message, uuid4(), message()) == (403, 4030016)


def test_identifiers_in_capitals(server: SimulatorServer, client: Client) -> None:
    """An identifier in capitals, as Apple's Swift library sends it, is the same identifier."""
    identifier = uuid4()
    assert put(server, f"message/{str(identifier).upper()}", text())[0] == 200
    client.delete_message(identifier)


def test_an_identifier_that_is_no_uuid(server: SimulatorServer) -> None:
    """An identifier that is not a UUID is a bad request."""
    assert put(server, "message/hello", text())[1]["errorCode"] == 4000000


# Review


def test_production_waits_for_review(simulator: Simulator, production: Client) -> None:
    """In production, images and messages are PENDING until a reviewer approves or rejects them."""
    approved, rejected, image = uuid4(), uuid4(), uuid4()
    production.upload_image(image, FULL)
    production.upload_message(approved, message(image=picture(image)))
    production.upload_message(rejected, message())
    app_data = simulator.app_data(APP.app_apple_id, PRODUCTION)
    assert {entry.state for entry in staff_actions.entries(simulator, APP, PRODUCTION)} == {PENDING}
    assert staff_actions.review(app_data, REJECTED, [str(rejected).upper()]) == [str(rejected)]
    assert staff_actions.review(app_data, APPROVED) == [str(image), str(approved)]
    listed = production.get_message_list().messageIdentifiers or []
    assert [item.messageState for item in listed] == [MessageState.APPROVED, MessageState.REJECTED]


def test_each_environment_has_its_own_messages(client: Client, production: Client) -> None:
    """The same identifier is another message in the other environment."""
    identifier = uuid4()
    client.upload_message(identifier, message())
    assert production.get_message_list().messageIdentifiers == []
    production.upload_message(identifier, message())


# Default messages


def default(identifier: UUID | str) -> DefaultConfigurationRequest:
    return DefaultConfigurationRequest(messageIdentifier=UUID(str(identifier)))


def test_a_default_message_is_configured_overwritten_read_and_deleted(client: Client) -> None:
    """Configuring a default replaces the one before; deleting succeeds even if there is none."""
    first, second = uuid4(), uuid4()
    for identifier in (first, second):
        client.upload_message(identifier, message())
        client.configure_default_message(MONTHLY, "en-US", default(identifier))
    assert client.get_default_message(MONTHLY, "en-US").messageIdentifier == second
    client.delete_default_message(MONTHLY, "en-US")
    client.delete_default_message(MONTHLY, "en-US")
    assert refused(client.get_default_message, MONTHLY, "en-US") == (404, 4040020)


@pytest.mark.parametrize("locale", ["en-us", "en_US", "en", "en-IN", "xx"])
def test_a_locale_apple_does_not_list(client: Client, locale: str) -> None:
    """A locale that is not one of Apple's codes, to the letter, is refused in all three calls."""
    identifier = uuid4()
    client.upload_message(identifier, message())
    assert refused(client.configure_default_message, MONTHLY, locale, default(identifier)) == (400, 4000164)
    assert refused(client.get_default_message, MONTHLY, locale) == (400, 4000164)
    assert refused(client.delete_default_message, MONTHLY, locale) == (400, 4000164)


def test_a_product_the_app_does_not_have(client: Client) -> None:
    """A product id that the app does not have is refused in all three calls."""
    assert refused(client.configure_default_message, "nothing", "en-US", default(uuid4())) == (400, 4000023)
    assert refused(client.get_default_message, "nothing", "en-US") == (400, 4000023)
    assert refused(client.delete_default_message, "nothing", "en-US") == (400, 4000023)


@pytest.mark.parametrize(
    ("state", "image", "code"),
    [(PENDING, None, 4030017), (REJECTED, None, 4030017), (APPROVED, PENDING, 4030018), (APPROVED, REJECTED, 4030018)],
)
def test_a_default_must_be_approved(
    simulator: Simulator, production: Client, state: str, image: str | None, code: int
) -> None:
    """A default's message and its image must be APPROVED when it is configured."""
    identifier = shelve(simulator.app_data(APP.app_apple_id, PRODUCTION), state=state, image=image)
    assert refused(production.configure_default_message, MONTHLY, "en-US", default(identifier)) == (403, code)


def test_a_default_of_no_message(client: Client) -> None:
    """A default of a message that does not exist is refused."""
    assert refused(client.configure_default_message, MONTHLY, "en-US", default(uuid4())) == (404, 4040015)


# Real-time URL


def test_the_realtime_url_is_configured_read_and_deleted(client: Client) -> None:
    """The URL set last replaces the one before, and deleting it leaves none."""
    for url in ("https://example.com/a", "https://example.com/b"):
        client.configure_realtime_url(RealtimeUrlRequest(realtimeURL=url))
    assert client.get_realtime_url().realtimeURL == "https://example.com/b"
    client.delete_realtime_url()  # type: ignore[no-untyped-call]  # Apple's library has no types here
    assert refused(client.get_realtime_url) == (404, 4040021)
    assert refused(client.delete_realtime_url) == (404, 4040021)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://localhost/",
        "https://",
        "hello",
        "https://[",
        "https://example.com/" + "x" * 237,
        None,
    ],
)
def test_a_realtime_url_that_apple_refuses(server: SimulatorServer, url: str | None) -> None:
    """The URL begins with https:// and has at most 256 characters; http is for this machine only."""
    assert put(server, "realtime/url", {"realtimeURL": url})[1]["errorCode"] == 4000215


def test_a_realtime_url_on_this_machine(client: Client) -> None:
    """A URL may be plain HTTP on the loopback, and may have 256 characters."""
    for url in ("http://localhost:8080/x", "http://127.0.0.1/", "https://example.com/" + "x" * 236):
        client.configure_realtime_url(RealtimeUrlRequest(realtimeURL=url))
        assert client.get_realtime_url().realtimeURL == url


def test_production_needs_a_passed_test_first(production: Client) -> None:
    """Apple refuses a real-time URL in production before a performance test passed in the sandbox."""
    request = RealtimeUrlRequest(realtimeURL="https://example.com/")
    assert refused(production.configure_realtime_url, request) == (403, 4030026)


# Performance test


@pytest.fixture
def endpoint(simulator: Simulator) -> Iterator[Server]:
    """An endpoint that answers every request with an approved message."""
    body = answer_of("message", messageIdentifier=shelve(simulator.app_data(APP.app_apple_id, SANDBOX)))
    with Server(lambda _: Response(200, {"content-type": "application/json"}, body)) as server:
        yield server


def test_a_passed_performance_test_allows_a_production_url(
    simulator: Simulator, server: SimulatorServer, client: Client, production: Client, endpoint: Server
) -> None:
    """A performance test calls the sandbox's URL; once it passes, production takes a URL."""
    client.configure_realtime_url(RealtimeUrlRequest(realtimeURL=endpoint.url))
    purchase = simulator.accounts.subscribe(APP.app_apple_id, MONTHLY)
    started = client.initiate_performance_test(PerformanceTestRequest(originalTransactionId=purchase.transaction_id))
    assert started.requestId is not None
    assert started.config is not None
    assert started.config.totalRequests == QUICK.total_requests
    server.tests.wait()
    report = client.get_performance_test_results(started.requestId)
    assert (report.result, report.successRate, report.numPending) == (PerformanceTestStatus.PASS, 100, 0)
    assert (report.target, report.config, report.rawFailures) == (endpoint.url, started.config, {})
    assert report.responseTimes is not None
    assert report.responseTimes.p50 is not None
    production.configure_realtime_url(RealtimeUrlRequest(realtimeURL="https://example.com/"))


def test_a_failed_performance_test_allows_no_production_url(
    simulator: Simulator, server: SimulatorServer, client: Client, production: Client
) -> None:
    """Answers that are not 200 fail the test under Apple's name for it, and production still takes no URL."""
    purchase = simulator.accounts.subscribe(APP.app_apple_id, MONTHLY)
    with Server(lambda _: Response(204)) as empty:
        client.configure_realtime_url(RealtimeUrlRequest(realtimeURL=empty.url))
        request = PerformanceTestRequest(originalTransactionId=purchase.transaction_id)
        started = client.initiate_performance_test(request)
        server.tests.wait()
    report = client.get_performance_test_results(started.requestId or "")
    assert report.result == PerformanceTestStatus.FAIL
    assert report.failures == {SendAttemptResult.UNSUCCESSFUL_HTTP_RESPONSE_CODE: QUICK.total_requests}
    request_url = RealtimeUrlRequest(realtimeURL="https://example.com/")
    assert refused(production.configure_realtime_url, request_url) == (403, 4030026)


def test_one_performance_test_at_a_time(
    simulator: Simulator, server: SimulatorServer, client: Client, endpoint: Server
) -> None:
    """While a test runs its result is PENDING, and a second one is refused."""
    client.configure_realtime_url(RealtimeUrlRequest(realtimeURL=endpoint.url))
    simulator.test_config = type(QUICK)(total_requests=1, total_duration_ms=1)
    held = HeldEndpoint()
    with Server(held) as slow:
        client.configure_realtime_url(RealtimeUrlRequest(realtimeURL=slow.url))
        purchase = simulator.accounts.subscribe(APP.app_apple_id, MONTHLY)
        request = PerformanceTestRequest(originalTransactionId=purchase.transaction_id)
        started = client.initiate_performance_test(request)
        assert refused(client.initiate_performance_test, request) == (400, 4000213)
        report = client.get_performance_test_results(started.requestId or "")
        assert (report.result, report.numPending) == (PerformanceTestStatus.PENDING, 1)
        held.let_go()
        server.tests.wait()


@pytest.mark.parametrize(("kind", "problem"), UNFIT_PURCHASES.items())
def test_a_transaction_unfit_for_a_performance_test(
    simulator: Simulator, client: Client, endpoint: Server, kind: str, problem: Any
) -> None:
    """A transaction that is not the original one of an active, unshared subscription is refused."""
    client.configure_realtime_url(RealtimeUrlRequest(realtimeURL=endpoint.url))
    purchase = simulator.accounts.subscribe(APP.app_apple_id, MONTHLY, kind)
    request = PerformanceTestRequest(originalTransactionId=purchase.transaction_id)
    assert refused(client.initiate_performance_test, request) == (400, problem.code)


def test_a_performance_test_without_transaction_or_url(simulator: Simulator, client: Client) -> None:
    """An unknown transaction is refused, and so is a test without a real-time URL."""
    assert refused(client.initiate_performance_test, PerformanceTestRequest("1")) == (400, 4000006)
    purchase = simulator.accounts.subscribe(APP.app_apple_id, MONTHLY)
    request = PerformanceTestRequest(originalTransactionId=purchase.transaction_id)
    assert refused(client.initiate_performance_test, request) == (400, 4000211)


def test_results_of_no_performance_test(client: Client) -> None:
    """A request id must be a UUID, and of a test of the same app."""
    assert refused(client.get_performance_test_results, "hello") == (400, 4000212)
    assert refused(client.get_performance_test_results, str(uuid4())) == (404, 4040018)


def test_production_has_no_performance_tests(production: Client) -> None:
    """In production the paths of performance tests do not exist."""
    assert refused(production.initiate_performance_test, PerformanceTestRequest("1")) == (404, None)
    assert refused(production.get_performance_test_results, str(uuid4())) == (404, None)


# Who may call


OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_PEM = OTHER_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "change",
    [
        {"signing_key": OTHER_PEM},
        {"key_id": "ABCDEFGHIJ"},
        {"issuer_id": str(uuid4())},
        {"bundle_id": "com.example.no"},
    ],
)
def test_unknown_credentials(server: SimulatorServer, change: dict[str, Any]) -> None:
    """Another key, key id, issuer or bundle id is refused with 401 and without Apple's JSON."""
    assert refused(apples_client(server, **change).get_message_list) == (401, None)


CLAIMS = {"iss": APP.issuer_id, "aud": "appstoreconnect-v1", "bid": APP.bundle_id}


@pytest.mark.parametrize(
    ("claims", "headers", "status"),
    [
        pytest.param({"exp": 3590}, {}, 200, id="an hour, nearly"),
        pytest.param({"exp": 3700}, {}, 401, id="more than an hour"),
        pytest.param({"exp": 300, "iat": -3400}, {}, 401, id="more than an hour since iat"),
        pytest.param({"exp": -1}, {}, 401, id="ended"),
        pytest.param({"exp": 300, "iat": 200}, {}, 401, id="issued in the future"),
        pytest.param({}, {}, 401, id="no end"),
        pytest.param({"exp": 300, "aud": "appstoreconnect"}, {}, 401, id="other audience"),
        pytest.param({"exp": 300}, {"typ": "JOSE"}, 401, id="other typ"),
        pytest.param({"exp": 300}, {"kid": ""}, 401, id="no kid"),
    ],
)
def test_the_token_of_a_call(
    simulator: Simulator, server: SimulatorServer, claims: dict[str, Any], headers: dict[str, Any], status: int
) -> None:
    """A token is valid for 60 minutes at most, is for Apple's audience, and names its key."""
    now = int(simulator.wall())
    times = {name: now + value if name in {"exp", "iat"} else value for name, value in claims.items()}
    token = jwt.encode({**CLAIMS, **times}, KEY, algorithm="ES256", headers={"kid": KEY_ID, **headers})
    assert status_of(server, f"Bearer {token}") == status


def status_of(server: SimulatorServer, authorization: str) -> int:
    url = f"{server.base_url(SANDBOX)}/inApps/v1/messaging/message/list"
    return requests.get(url, headers={"authorization": authorization}, timeout=PATIENCE).status_code


def test_a_token_of_another_algorithm(server: SimulatorServer) -> None:
    """A token of another algorithm than ES256, or of another scheme than Bearer, is refused with 401."""
    token = jwt.encode(CLAIMS, "secret" * 8, algorithm="HS256", headers={"kid": KEY_ID})
    assert status_of(server, f"Bearer {token}") == 401
    assert status_of(server, "Bearer hello") == 401
    assert status_of(server, "Basic aGVsbG8=") == 401


def test_an_app_without_access(simulator: Simulator, server: SimulatorServer, client: Client) -> None:
    """Before Apple grants access, every call gets a 404 with an empty body; afterwards it works."""
    staff_actions.set_access(simulator, APP, access=False)
    assert refused(client.get_message_list) == (404, None)
    assert put(server, "realtime/url", {"realtimeURL": "https://example.com/"}) == (404, None)
    staff_actions.set_access(simulator, APP, access=True)
    assert client.get_message_list().messageIdentifiers == []


def test_a_path_that_is_not_of_the_api(server: SimulatorServer) -> None:
    """An unknown path is a 404 in HTML, which differs from the empty 404 of missing access."""
    answer = requests.get(f"{server.url}/hello", timeout=PATIENCE)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html")


# How often


def test_the_sandbox_takes_360_calls_an_hour(simulator: Simulator, server: SimulatorServer) -> None:
    """The 361st call of an operation is 429; Retry-After is the beginning of the next hour, a UNIX time in ms."""
    limit = calls_per_hour("Get Message List", SANDBOX)
    assert limit == 360
    for _ in range(limit):
        simulator.rates.count(APP.app_apple_id, SANDBOX, "Get Message List", NOW)
    client = apples_client(server)
    assert refused(client.get_message_list) == (429, 4290000)
    token = client._generate_token()
    answer = requests.get(
        f"{server.base_url(SANDBOX)}/inApps/v1/messaging/message/list",
        headers={"authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    )
    assert answer.headers["retry-after"] == str((int(NOW) // SECONDS_PER_HOUR + 1) * SECONDS_PER_HOUR * 1000)


def test_an_hour_later_there_are_calls_again(simulator: Simulator, client: Client) -> None:
    """The simulator counts calls by hour, by operation and by environment."""
    for _ in range(360):
        simulator.rates.count(APP.app_apple_id, SANDBOX, "Get Message List", NOW)
    assert refused(client.get_message_list) == (429, 4290000)
    assert client.get_image_list().imageIdentifiers == []
    simulator.advance(SECONDS_PER_HOUR)
    assert client.get_message_list().messageIdentifiers == []


# Failures


def test_a_connection_that_is_dropped(simulator: Simulator) -> None:
    """If the connection is dropped after the call was carried out, the upload is in the simulator."""

    def forgetful(answer: Answer) -> Answer:
        def drop(request: Request) -> Response:
            answer(request)
            raise HangUp

        return drop

    identifier = uuid4()
    with SimulatorServer(simulator, wrap=forgetful) as server, pytest.raises(requests.ConnectionError):
        apples_client(server).upload_message(identifier, message())
    assert simulator.app_data(APP.app_apple_id, SANDBOX).message(str(identifier)) is not None


def test_a_bug_of_the_simulator_is_apples_500(
    simulator: Simulator, server: SimulatorServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the simulator itself fails, the client gets Apple's GeneralInternalError, and the log has the error."""
    simulator.database.run("DROP TABLE message")
    assert refused(apples_client(server).get_message_list) == (500, 5000000)
    assert "OperationalError" in capsys.readouterr().err


def test_a_body_larger_than_any_image(server: SimulatorServer) -> None:
    """A body larger than any image is refused with 413 before it is read."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=PATIENCE) as connection:
        connection.sendall(b"PUT /sandbox HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n")
        assert b" 413 " in connection.recv(1024)


# What the simulator remembers


def test_a_restart_keeps_everything(tmp_path: Any) -> None:
    """A reopened simulator has its content, default, URL and clock; an unfinished performance test has failed."""
    identifier, image = uuid4(), uuid4()
    with Simulator.open(tmp_path / "simulator", clock=lambda: NOW) as simulator:
        staff_actions.grant(simulator, APP, KEY_ID, PEM)
        with SimulatorServer(simulator) as server:
            client = apples_client(server)
            client.upload_image(image, FULL)
            client.upload_message(identifier, message(image=picture(image)))
            client.configure_default_message(MONTHLY, "en-US", default(identifier))
            client.configure_realtime_url(RealtimeUrlRequest(realtimeURL="http://127.0.0.1:9/"))
            simulator.advance(60)
            purchase = simulator.accounts.subscribe(APP.app_apple_id, ANNUAL)
            request = PerformanceTestRequest(originalTransactionId=purchase.transaction_id)
            started = client.initiate_performance_test(request)
        fingerprint = simulator.authority.fingerprint
    with Simulator.open(tmp_path / "simulator", clock=lambda: NOW) as simulator, SimulatorServer(simulator) as server:
        client = apples_client(server)
        assert [item.imageIdentifier for item in client.get_image_list().imageIdentifiers or []] == [image]
        assert client.get_default_message(MONTHLY, "en-US").messageIdentifier == identifier
        assert client.get_realtime_url().realtimeURL == "http://127.0.0.1:9/"
        assert refused(client.upload_message, identifier, message()) == (409, 4090001)
        assert (simulator.now(), simulator.authority.fingerprint) == (NOW + 60, fingerprint)
        assert client.get_performance_test_results(started.requestId or "").result == PerformanceTestStatus.FAIL


class HeldEndpoint:
    """Answers no request until it is let go."""

    def __init__(self) -> None:
        self._go = Event()

    def let_go(self) -> None:
        self._go.set()

    def __call__(self, _: Request) -> Response:
        self._go.wait(PATIENCE)
        return Response(204)
