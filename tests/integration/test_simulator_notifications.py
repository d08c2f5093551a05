"""Apple's own client against the simulator: test notifications and history, and an endpoint that receives them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from appstoreserverlibrary.api_client import APIException, AppStoreServerAPIClient, GetTransactionHistoryVersion
from appstoreserverlibrary.models.AutoRenewStatus import AutoRenewStatus
from appstoreserverlibrary.models.CheckTestNotificationResponse import CheckTestNotificationResponse
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.models.NotificationHistoryRequest import NotificationHistoryRequest
from appstoreserverlibrary.models.NotificationTypeV2 import NotificationTypeV2
from appstoreserverlibrary.models.SendAttemptResult import SendAttemptResult
from appstoreserverlibrary.models.Status import Status
from appstoreserverlibrary.models.TransactionHistoryRequest import TransactionHistoryRequest
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier
from retention.request import PRODUCTION, SANDBOX

from console.simulator.api import Request, Response
from console.simulator.notification_delivery import Mishaps
from console.simulator.outbox import OutgoingNotification, SendAttempt
from console.simulator.server import Server, SimulatorServer
from console.simulator.simulator import Simulator
from console.simulator.subscriptions.life import Seller, SoldProduct
from console.simulator.subscriptions.purchases import bought
from console.simulator.subscriptions.renewals import renewed
from tests.support.simulated_app import APP, AUTHORITY, MONTHLY, apples_client, make_simulator
from tests.support.waiting import attempts

ALL_TRANSACTIONS = TransactionHistoryRequest()


class Receiver:
    """An endpoint for notifications: keeps each body it gets, and answers `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.received: list[str] = []

    def __call__(self, request: Request) -> Response:
        assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
        self.received.append(json.loads(request.body)["signedPayload"])
        return Response(self.status, body=b"ignored")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator(time.time) as simulator:
        yield simulator


@pytest.fixture
def server(simulator: Simulator) -> Iterator[SimulatorServer]:
    with SimulatorServer(simulator, mishaps=Mishaps()) as server:
        yield server


@pytest.fixture
def client(server: SimulatorServer) -> AppStoreServerAPIClient:
    return apples_client(server)


@pytest.fixture
def receiver(simulator: Simulator) -> Iterator[Receiver]:
    """A receiver at the sandbox's notification URL of APP."""
    receiver = Receiver()
    with Server(receiver) as server:
        simulator.outbox(APP.app_apple_id, SANDBOX).set_url(f"{server.url}/v1/notifications")
        yield receiver


def code_of(error: pytest.ExceptionInfo[APIException]) -> tuple[int, int | None]:
    return error.value.http_status_code, error.value.raw_api_error


def status_of(client: AppStoreServerAPIClient, token: str | None) -> CheckTestNotificationResponse:
    """Ask for the status of a test notification until it has one."""
    for _ in attempts():
        try:
            return client.get_test_notification_status(token or "")
        except APIException as error:
            if error.raw_api_error != 4040008:
                raise
    raise AssertionError("no status came")


def dates() -> NotificationHistoryRequest:
    now = int(time.time() * 1000)
    return NotificationHistoryRequest(startDate=now - 60_000, endDate=now + 60_000)


def test_a_test_notification_reaches_the_url(client: AppStoreServerAPIClient, receiver: Receiver) -> None:
    """A TEST is posted to the URL, its status shows the attempt, and Apple's verifier accepts its signature."""
    token = client.request_test_notification().testNotificationToken
    assert token is not None
    found = status_of(client, token)
    assert found.sendAttempts is not None
    assert [attempt.sendAttemptResult for attempt in found.sendAttempts] == [SendAttemptResult.SUCCESS]
    assert receiver.received == [found.signedPayload]
    verifier = SignedDataVerifier([AUTHORITY.root_der], False, Environment.SANDBOX, APP.bundle_id)  # noqa: FBT003  # Apple's
    notification = verifier.verify_and_decode_notification(receiver.received[0])
    assert notification.notificationType == NotificationTypeV2.TEST
    assert str(UUID(notification.notificationUUID)) == token.split("_")[0]


@pytest.mark.parametrize("status", [404, 503])
def test_a_refusal_is_an_attempt_too(client: AppStoreServerAPIClient, receiver: Receiver, status: int) -> None:
    """A status outside 200 to 206 is recorded under Apple's name; the sandbox makes no second attempt."""
    receiver.status = status
    token = client.request_test_notification().testNotificationToken
    found = status_of(client, token)
    assert found.sendAttempts is not None
    assert [attempt.sendAttemptResult for attempt in found.sendAttempts] == [
        SendAttemptResult.UNSUCCESSFUL_HTTP_RESPONSE_CODE
    ]
    history = client.get_notification_history(None, dates())
    assert history.notificationHistory is not None
    assert [item.signedPayload for item in history.notificationHistory] == receiver.received


def test_what_apple_refuses(client: AppStoreServerAPIClient) -> None:
    """Without a URL there is no test notification, and a token that Apple never gave has no status."""
    with pytest.raises(APIException) as refused:
        client.request_test_notification()
    assert code_of(refused) == (404, 4040007)
    with pytest.raises(APIException) as refused:
        client.get_test_notification_status(f"{uuid4()}_1")
    assert code_of(refused) == (404, 4040008)
    with pytest.raises(APIException) as refused:
        client.get_notification_history(None, NotificationHistoryRequest(startDate=2, endDate=1))
    assert code_of(refused) == (400, 4000013)


def test_history_is_read_page_by_page(server: SimulatorServer, simulator: Simulator) -> None:
    """Apple's client reads all pages, in Production too, until hasMore is false; an expired token is Apple's error."""
    outbox = simulator.outbox(APP.app_apple_id, PRODUCTION)
    now = int(time.time() * 1000)
    with simulator.database.transaction():
        outbox.set_url("http://127.0.0.1:9/")
        for number in range(45):
            outbox.add(OutgoingNotification(str(uuid4()), "DID_RENEW", "", now, f"signed {number}"), simulator.now())
        for stored in outbox.due(simulator.now()):
            outbox.record(stored.number, SendAttempt(simulator.now(), "SUCCESS"), None)
    client = apples_client(server, PRODUCTION)
    request = dates()
    page = client.get_notification_history(None, request)
    first = page.paginationToken
    listed = [*(page.notificationHistory or ())]
    while page.hasMore:
        page = client.get_notification_history(page.paginationToken, request)
        listed += page.notificationHistory or ()
    assert [item.signedPayload for item in listed] == [f"signed {number}" for number in range(45)]
    simulator.advance(3600)
    with pytest.raises(APIException) as refused:
        client.get_notification_history(first, request)
    assert code_of(refused) == (400, 4000017)


def test_apples_client_reads_statuses_and_transactions(client: AppStoreServerAPIClient, simulator: Simulator) -> None:
    """Both answers name app and environment, and Apple's verifier accepts every token in them."""
    seller = Seller(APP.app_apple_id, APP.bundle_id, SANDBOX)
    began = int(time.time() * 1000) - 30 * 30 * 86_400_000
    subscription, _ = bought(seller, SoldProduct(MONTHLY), "2000000000000007", began)
    for _ in range(25):
        subscription, _ = renewed(subscription, subscription.current.expires)
    simulator.subscriptions(APP.app_apple_id, SANDBOX).save(subscription)
    verifier = SignedDataVerifier([AUTHORITY.root_der], False, Environment.SANDBOX, APP.bundle_id)  # noqa: FBT003  # Apple's
    statuses = client.get_all_subscription_statuses(subscription.current.transaction_id, [Status.ACTIVE])
    assert (statuses.environment, statuses.appAppleId) == (Environment.SANDBOX, APP.app_apple_id)
    [entry] = (statuses.data or [])[0].lastTransactions or []
    assert entry.status == Status.ACTIVE
    renewal = verifier.verify_and_decode_renewal_info(entry.signedRenewalInfo or "")
    assert (renewal.originalTransactionId, renewal.autoRenewStatus) == ("2000000000000007", AutoRenewStatus.ON)
    tokens: list[str] = []
    page = client.get_transaction_history("2000000000000007", None, ALL_TRANSACTIONS, GetTransactionHistoryVersion.V2)
    tokens += page.signedTransactions or []
    while page.hasMore:
        page = client.get_transaction_history(
            "2000000000000007", page.revision, ALL_TRANSACTIONS, GetTransactionHistoryVersion.V2
        )
        tokens += page.signedTransactions or []
    found = [verifier.verify_and_decode_signed_transaction(token).transactionId for token in tokens]
    assert found == [one.transaction_id for one in subscription.transactions]


def test_an_unknown_customer_is_apples_error(client: AppStoreServerAPIClient) -> None:
    """An id of no transaction is not found, and what is no id is a bad request."""
    for identifier, expected in (("2000000000000001", (404, 4040010)), ("mine", (400, 4000006))):
        with pytest.raises(APIException) as refused:
            client.get_all_subscription_statuses(identifier)
        assert code_of(refused) == expected
