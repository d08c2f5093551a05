"""The console's client of Apple's API, against the simulator: every operation, every failure, every retry."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest
import requests
from appstoreserverlibrary.api_client import AppStoreServerAPIClient
from appstoreserverlibrary.models.Environment import Environment
from requests.adapters import HTTPAdapter
from retention.limits import SECONDS_PER_HOUR
from retention.request import PRODUCTION, SANDBOX
from retention.review.snapshot import ImageState

from console.appstore import client as apple
from console.appstore.api_key import ApiKey
from console.appstore.client import Apple
from console.appstore.errors import IMAGE_NOT_FOUND, AppleError, Kind
from console.appstore.wire import Wire
from console.simulator import staff_actions
from console.simulator.accounts import SimulatedApp
from console.simulator.api import Answer, HangUp, Request, Response
from console.simulator.server import Server, SimulatorServer
from console.simulator.simulator import Simulator
from tests.support.simulated_app import (
    APP,
    BULLET,
    FULL,
    KEY_ID,
    MONTHLY,
    NOW,
    PEM,
    Clock,
    answer_of,
    make_simulator,
    new_id,
    shelve,
    text,
)

KEY = ApiKey(KEY_ID, APP.issuer_id, PEM)
BODY = json.dumps(text()).encode()
HTML = Response(200, {"content-type": "text/html"}, b"<html>Sign in</html>")
UNCLEAR = Response(503, {"content-type": "text/html"}, b"<html>Bad gateway</html>")

Make = Callable[..., Apple]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def simulator(clock: Clock) -> Iterator[Simulator]:
    simulator = make_simulator(clock)
    yield simulator
    simulator.close()


@pytest.fixture
def make(clock: Clock) -> Iterator[Make]:
    """Return a function that makes clients of a server on the test's clock; they are closed at the end."""
    made: list[Apple] = []

    def make(server: Server, environment: str = SANDBOX, **changes: Any) -> Apple:
        base = server.base_url(environment)
        options: dict[str, Any] = {"base_url": base, "clock": clock, "sleep": clock.sleep, **changes}
        made.append(Apple(options.pop("key", KEY), options.pop("bundle_id", APP.bundle_id), environment, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def server(simulator: Simulator) -> Iterator[SimulatorServer]:
    with SimulatorServer(simulator) as server:
        yield server


@pytest.fixture
def client(server: SimulatorServer, make: Make) -> Apple:
    return make(server)


def failure(call: Callable[..., object], *arguments: Any) -> AppleError:
    with pytest.raises(AppleError) as caught:
        call(*arguments)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "PRIVATE" not in sentence
    return caught.value


def failing(
    *mishaps: Response | type[HangUp] | None, after: bool = False, only: str = ""
) -> Callable[[Answer], Answer]:
    """Wrap an API so that its first calls (to `only`, if given) meet these mishaps in turn; None lets a call through.

    With `after`, the call is carried out before its mishap, so the client cannot know that it was.
    """
    waiting = list(mishaps)

    def wrap(answer: Answer) -> Answer:
        def answered(request: Request) -> Response:
            mishap = waiting.pop(0) if waiting and only in f"{request.method} {request.target}" else None
            if mishap is None:
                return answer(request)
            if after:
                answer(request)
            if isinstance(mishap, Response):
                return mishap
            raise mishap

        return answered

    return wrap


# The operations


def test_all_fourteen_operations(simulator: Simulator, server: SimulatorServer, client: Apple) -> None:
    """Each of the fourteen operations reaches Apple, and the client returns its answer in this project's types."""
    image, tick, message = new_id(), new_id(), new_id()
    assert client.upload_image(image, FULL, "FULL_SIZE")
    assert client.upload_image(tick, BULLET, "BULLET_POINT")
    assert client.images() == {image: ImageState("APPROVED", "FULL_SIZE"), tick: ImageState("APPROVED", "BULLET_POINT")}
    assert client.upload_message(message, BODY)
    assert client.messages() == {message: "APPROVED"}
    assert client.default(MONTHLY, "en-US") is None
    client.configure_default(MONTHLY, "en-US", message)
    assert client.default(MONTHLY, "en-US") == message
    client.delete_default(MONTHLY, "en-US")
    assert client.default(MONTHLY, "en-US") is None
    client.delete_image(tick)
    client.delete_message(message)
    assert (list(client.images()), client.messages()) == ([image], {})
    assert client.realtime_url() is None
    with endpoint(simulator) as answering:
        client.set_realtime_url(answering.url)
        assert client.realtime_url() == answering.url
        purchase = simulator.accounts.subscribe(APP.app_apple_id, MONTHLY)
        started = client.start_performance_test(purchase.transaction_id)
        server.tests.wait()
        report = client.performance_test(started.request_id)
    assert (report.result, report.success_rate, report.pending, report.failures) == ("PASS", 100, 0, {})
    assert (report.test, report.target) == (started, answering.url)
    assert set(report.response_times_ms) == {"average", "p50", "p90", "p95", "p99"}
    client.delete_realtime_url()
    assert client.realtime_url() is None


def endpoint(simulator: Simulator) -> Server:
    body = answer_of("message", messageIdentifier=shelve(simulator.app_data(APP.app_apple_id, SANDBOX)))
    return Server(lambda _: Response(200, {}, body))


def test_a_message_is_uploaded_byte_for_byte(simulator: Simulator, make: Make) -> None:
    """The client sends a message's bytes unchanged, because its id was computed from these bytes."""
    seen: list[Request] = []

    def watch(answer: Answer) -> Answer:
        def watched(request: Request) -> Response:
            seen.append(request)
            return answer(request)

        return watched

    body = '{"body":"Behalte deine Wege.","header":"Für dich"}'.encode()
    with SimulatorServer(simulator, wrap=watch) as server:
        make(server).upload_message(new_id(), body)
    assert (seen[0].body, seen[0].headers["content-type"]) == (body, "application/json")


def test_apples_hosts_are_the_librarys() -> None:
    """Without another base URL the client calls the hosts of Apple's library, one for each environment."""
    for environment, host in ((SANDBOX, "api.storekit-sandbox.apple.com"), (PRODUCTION, "api.storekit.apple.com")):
        with Wire(KEY, APP.bundle_id, environment) as wire:
            assert wire._get_full_url("/x") == f"https://{host}/x"


def test_the_library_still_has_the_methods_that_we_override() -> None:
    """Apple's pinned library has the methods that we override; a new version that renames one fails here."""
    for name in ("_execute_request", "_make_request", "_get_full_url"):
        assert callable(getattr(AppStoreServerAPIClient, name))
    assert "_base_url" in vars(AppStoreServerAPIClient(PEM, KEY_ID, "i", "b", Environment.SANDBOX))


def test_the_key_is_in_no_repr() -> None:
    """The repr of a key leaves out the private key."""
    assert "PRIVATE" not in repr(KEY)


# Failures


def test_no_access(simulator: Simulator, client: Apple) -> None:
    """An empty 404 means that Apple has not granted access; the error has the page on which to ask for it."""
    staff_actions.set_access(simulator, APP, access=False)
    error = failure(client.messages)
    assert (error.kind, error.status) == (Kind.NO_ACCESS, 404)
    assert "developer.apple.com/contact" in str(error)


@pytest.mark.parametrize(
    "change",
    [
        {"key": replace(KEY, key_id="ABCDEFGHIJ")},
        {"key": replace(KEY, issuer_id="somebody")},
        {"bundle_id": "com.example.no"},
    ],
)
def test_wrong_credentials(server: SimulatorServer, make: Make, change: dict[str, Any], clock: Clock) -> None:
    """A 401 from Apple is an error of the kind UNAUTHORIZED, and the call is not repeated."""
    error = failure(make(server, **change).messages)
    assert (error.kind, clock.slept) == (Kind.UNAUTHORIZED, [])


@pytest.mark.parametrize(("offset", "expected"), [(7200.0, "ahead of"), (-7200.0, "behind"), (0.0, "issuer")])
def test_a_clock_that_is_wrong(
    server: SimulatorServer, make: Make, simulator: Simulator, offset: float, expected: str
) -> None:
    """After a 401 from Apple, the error names the clock if it differs from Apple's by hours, else the issuer id."""
    skewed = make(server, clock=lambda: simulator.wall() + offset, bundle_id="com.example.no")
    error = failure(skewed.messages)
    assert expected in str(error)
    assert error.clock_skew == pytest.approx(offset, abs=5)


def test_a_refusal_keeps_apples_code(client: Apple) -> None:
    """An error has Apple's text and code, and a hint where Apple's text has none."""
    error = failure(client.delete_image, new_id())
    assert (error.kind, error.status, error.error_code) == (Kind.REFUSED, 404, IMAGE_NOT_FOUND)
    assert "Delete Image" in str(error)
    assert "case-sensitive" in str(failure(client.default, MONTHLY, "en-us"))
    assert failure(client.set_realtime_url, "http://example.com/").error_code == 4000215


def test_production_refuses_a_url_before_a_performance_test(server: SimulatorServer, make: Make) -> None:
    """Apple refuses a production URL before a performance test has passed; the error names the command to run."""
    error = failure(make(server, PRODUCTION).set_realtime_url, "https://example.com/")
    assert "performance-test start" in str(error)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (HTML, Kind.NOT_APPLE),
        (replace(HTML, status=404), Kind.NOT_APPLE),
        (replace(HTML, status=403), Kind.NOT_APPLE),
        (Response(302, {"location": "https://example.com/sign-in"}), Kind.NOT_APPLE),
        (Response(200, {"content-type": "application/json"}, b"hello"), Kind.NOT_APPLE),
        (Response(200, {"content-type": "application/json"}, b'{"messageIdentifiers": 7}'), Kind.NOT_APPLE),
        (Response(200, {"content-type": "application/json"}, b"[]"), Kind.NOT_APPLE),
        (Response(200), Kind.NOT_APPLE),
        (Response(404), Kind.NO_ACCESS),
        (Response(500, {}, b"oops"), Kind.SERVER),
        (Response(503, {"content-type": "application/json"}, b'{"errorCode":5000001,"errorMessage":"x"}'), Kind.SERVER),
    ],
)
def test_answers_that_are_not_apples(make: Make, response: Response, kind: Kind) -> None:
    """A sign-in page, a redirect, JSON of another shape and a server's failure each have their kind of error."""
    with Server(lambda _: response) as server:
        assert failure(make(server).messages).kind == kind


def test_an_empty_object_is_an_empty_list(make: Make) -> None:
    """The client takes `{}` for an empty list, since Apple documents neither field as required."""
    with Server(lambda _: Response(200, {"content-type": "application/json"}, b"{}")) as server:
        assert (make(server).messages(), make(server).images()) == ({}, {})


@pytest.mark.parametrize("body", [b'{"x": 1}', b'{"status": "maintenance"}', b'{"messageIdentifiers": null}'])
def test_an_object_without_a_list_is_no_empty_list(make: Make, body: bytes) -> None:
    """JSON without a list is an error: taken for an empty list, it would have everything uploaded again."""
    with Server(lambda _: Response(200, {"content-type": "application/json"}, body)) as server:
        for listed in (make(server).messages, make(server).images):
            error = failure(listed)
            assert error.kind == Kind.NOT_APPLE
            assert "its JSON has another shape" in str(error)


def test_a_sign_in_page_is_no_upload(make: Make) -> None:
    """An upload that a page with status 200 answers is not a success."""
    with Server(lambda _: HTML) as server:
        assert failure(make(server).upload_message, new_id(), BODY).kind == Kind.NOT_APPLE


def refused_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("url", "kind", "expected"),
    [
        (None, Kind.UNREACHABLE, "refuses connections"),
        ("http://retention.invalid", Kind.UNREACHABLE, "cannot be resolved"),
        ("hello", Kind.NOT_APPLE, "check the base URL"),
    ],
)
def test_a_network_that_is_dead(clock: Clock, url: str | None, kind: Kind, expected: str) -> None:
    """A host that refuses connections, a host without an address and a URL that is none each have their error."""
    base_url = url or refused_url()
    with Apple(KEY, APP.bundle_id, SANDBOX, base_url=base_url, clock=clock, sleep=clock.sleep) as client:
        error = failure(client.messages)
    assert (error.kind, expected in str(error)) == (kind, True)


def test_a_host_without_tls() -> None:
    """A host that answers in plain HTTP on an https URL is an error of the kind TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_in_plain_http() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = Thread(target=answer_in_plain_http)
        thread.start()
        base_url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with Apple(KEY, APP.bundle_id, SANDBOX, base_url=base_url, patience=0) as client:
            assert failure(client.messages).kind == Kind.TLS
        thread.join()


def test_an_answer_that_does_not_come(clock: Clock) -> None:
    """A host that accepts a connection and never answers is a time-out; the client tries four times in all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        options: dict[str, Any] = {"base_url": base_url, "clock": clock, "sleep": clock.sleep}
        with Apple(KEY, APP.bundle_id, SANDBOX, timeout=(0.05, 0.05), **options) as client:
            assert failure(client.messages).kind == Kind.TIMED_OUT
    assert clock.slept == [1, 2, 4]


# What is repeated, and what is not


@pytest.mark.parametrize("mishap", [UNCLEAR, HangUp])
def test_reading_is_repeated(simulator: Simulator, make: Make, clock: Clock, mishap: Any) -> None:
    """A call that only reads is repeated after one, two and four seconds, and each failure is reported."""
    reported: list[AppleError] = []
    with SimulatorServer(simulator, wrap=failing(mishap, mishap, mishap)) as server:
        assert make(server, repeating=reported.append).messages() == {}
    assert clock.slept == [1, 2, 4]
    assert [error.unclear for error in reported] == [True] * 3


def test_patience_ends(simulator: Simulator, make: Make, clock: Clock) -> None:
    """The client raises the error after the fourth failure; with a patience of zero, after the first."""
    with SimulatorServer(simulator, wrap=failing(*[UNCLEAR] * 9)) as server:
        assert failure(make(server).messages).kind == Kind.SERVER
        assert len(clock.slept) == 3
        assert failure(make(server, patience=0).messages).kind == Kind.SERVER
        assert len(clock.slept) == 3


@pytest.mark.parametrize("mishap", [UNCLEAR, HangUp])
@pytest.mark.parametrize("after", [False, True])
def test_an_upload_of_unclear_outcome(simulator: Simulator, make: Make, mishap: Any, after: bool) -> None:  # noqa: FBT001  # a table
    """After an upload of unclear outcome the client reads Apple's list, and uploads again only what is not in it."""
    uploads: list[str] = []

    def count(answer: Answer) -> Answer:
        def counted(request: Request) -> Response:
            if request.method == "PUT":
                uploads.append(request.target)
            return answer(request)

        return counted

    message, image = new_id(), new_id()
    for identifier, only, number in ((message, "PUT /sandbox/inApps/v1/messaging/message", 1), (image, "image", 2)):
        wrapped = failing(mishap, after=after, only=only)
        with SimulatorServer(simulator, wrap=lambda answer, wrapped=wrapped: count(wrapped(answer))) as server:  # type: ignore[misc]  # mypy infers no default
            client = make(server)
            if number == 1:
                assert client.upload_message(identifier, BODY)
            else:
                assert client.upload_image(identifier, FULL, "FULL_SIZE")
        assert len(uploads) == (number if after else 2 * number)
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    assert (list(app_data.message_states()), list(app_data.images())) == ([message], [image])


def test_an_upload_that_arrives_late(simulator: Simulator, make: Make) -> None:
    """An upload that Apple lists only after a 409 succeeds: the client finds the id in the list by then."""
    identifier = new_id()
    empty = Response(200, {"content-type": "application/json"}, b'{"messageIdentifiers":[]}')

    def late(answer: Answer) -> Answer:
        return failing(UNCLEAR, only="PUT", after=True)(failing(empty, only="GET")(answer))

    with SimulatorServer(simulator, wrap=late) as server:
        assert make(server).upload_message(identifier, BODY)


def test_an_identifier_that_is_ours_already(client: Apple) -> None:
    """A 409 for an id that is in the app's own list is no failure: the call returns that nothing was uploaded."""
    identifier, image = new_id(), new_id()
    assert client.upload_message(identifier, BODY)
    assert not client.upload_message(identifier, BODY)
    assert client.upload_image(image, FULL, "FULL_SIZE")
    assert not client.upload_image(image, FULL, "FULL_SIZE")


def test_an_identifier_of_another_app(simulator: Simulator, server: SimulatorServer, client: Apple, make: Make) -> None:
    """A 409 for an id that is not in the app's own list means that another app has it; the error names `revision`."""
    staff_actions.grant(simulator, SimulatedApp(1, "com.example.other", APP.issuer_id), KEY_ID, PEM)
    identifier = new_id()
    make(server, bundle_id="com.example.other").upload_message(identifier, BODY)
    error = failure(client.upload_message, identifier, BODY)
    assert (error.kind, error.status) == (Kind.TAKEN, 409)
    assert "`revision`" in str(error)


def test_a_deletion_of_unclear_outcome(simulator: Simulator, make: Make) -> None:
    """A deletion whose answer was lost counts as done, once the message is gone at Apple."""
    app_data = simulator.app_data(APP.app_apple_id, SANDBOX)
    identifier = shelve(app_data)
    with SimulatorServer(simulator, wrap=failing(HangUp, after=True)) as server:
        make(server).delete_message(identifier)
    assert app_data.message(identifier) is None


def test_a_test_is_not_started_twice(simulator: Simulator, make: Make, clock: Clock) -> None:
    """If the answer to starting a performance test is lost, the client raises an error and does not start it again."""
    with SimulatorServer(simulator, wrap=failing(HangUp, after=True)) as server:
        assert failure(make(server).start_performance_test, "1").unclear
    assert clock.slept == []


# Rates


def used_up(simulator: Simulator, operation: str) -> None:
    for _ in range(360):
        simulator.rates.count(APP.app_apple_id, SANDBOX, operation, NOW)


def test_a_rate_limit_is_waited_out(simulator: Simulator, client: Apple, clock: Clock) -> None:
    """After a 429 the client waits until Retry-After, a UNIX time in ms, and calls again, also for an upload."""
    used_up(simulator, "Upload Message")
    assert client.upload_message(new_id(), BODY)
    next_hour = (NOW // SECONDS_PER_HOUR + 1) * SECONDS_PER_HOUR
    assert clock.slept == [pytest.approx(next_hour + 1 - NOW)]


def test_a_rate_limit_without_patience(simulator: Simulator, server: SimulatorServer, make: Make, clock: Clock) -> None:
    """With a patience of zero, the error after a 429 has the time from which Apple takes calls again."""
    used_up(simulator, "Get Message List")
    error = failure(make(server, patience=0).messages)
    assert (error.kind, error.status, clock.slept) == (Kind.RATE_LIMITED, 429, [])
    assert error.retry_at == (NOW // SECONDS_PER_HOUR + 1) * SECONDS_PER_HOUR
    assert "2027-01-15 09:00:00 UTC" in str(error)


@pytest.mark.parametrize(
    "header", [{}, *({"retry-after": each} for each in ("soon", "253402300799999", "9" * 23, "9" * 400, "120", "-1"))]
)
def test_a_rate_limit_without_a_time(simulator: Simulator, make: Make, clock: Clock, header: dict[str, str]) -> None:
    """A 429 without a time, or with one that is past or far in the future, makes the client wait for a minute."""
    body = b'{"errorCode":4290000,"errorMessage":"Rate limit exceeded."}'
    limited = Response(429, {"content-type": "application/json", **header}, body)
    with SimulatorServer(simulator, wrap=failing(limited)) as server:
        assert make(server).messages() == {}
    assert clock.slept == [pytest.approx(61)]


def test_a_rate_limit_that_never_ends(make: Make, clock: Clock) -> None:
    """After four 429s for one call the client raises the error."""
    with Server(lambda _: Response(429, {}, b"{}")) as server:
        assert failure(make(server).messages).kind == Kind.RATE_LIMITED
    assert len(clock.slept) == 3


def test_no_call_is_refused_for_its_rate(
    simulator: Simulator, server: SimulatorServer, make: Make, clock: Clock
) -> None:
    """The client spaces more uploads than Apple takes in an hour, reports each wait before it, and is never refused."""
    reported: list[tuple[str, float]] = []
    client = make(server, waiting=lambda operation, seconds: reported.append((operation, seconds)))
    expected = client.estimate([(apple.UPLOAD_MESSAGE, 361)])
    for _ in range(361):
        client.upload_message(new_id(), BODY)
    assert reported == [(apple.UPLOAD_MESSAGE, SECONDS_PER_HOUR)]
    assert clock.slept == [SECONDS_PER_HOUR]
    assert expected == pytest.approx(SECONDS_PER_HOUR + 0.3, abs=1)
    row = simulator.database.one("SELECT number FROM calls WHERE operation = 'Upload Message'")
    assert row == (1,)


def test_requests_has_no_retries_of_its_own() -> None:
    """The HTTP transport has no retries: the client decides which calls to repeat."""
    adapter = requests.Session().get_adapter("https://")
    assert isinstance(adapter, HTTPAdapter)
    assert adapter.max_retries.total == 0


# Secrets


@pytest.mark.parametrize("part", ["whole", "header", "signature", "cut short"])
def test_our_token_is_in_no_error(make: Make, part: str) -> None:
    """An error quotes Apple's answer without our token, complete or in part, because errors end up in logs."""
    sent: list[str] = []

    def echo(request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        sent.append(token)
        header, _, signature = token.split(".")
        quoted = {"whole": token, "header": header, "signature": f"x{signature}", "cut short": token[30:70]}[part]
        refusal = {"errorCode": 4000001, "errorMessage": f"Not a token of ours: {quoted}"}
        return Response(400, {"content-type": "application/json"}, json.dumps(refusal).encode())

    with Server(echo) as server:
        error = failure(make(server).messages)
    assert "Not a token of ours: …" in str(error)
    assert not any(sent[0][start : start + 16] in str(error) for start in range(len(sent[0]) - 15))


def test_a_token_for_a_content_type_is_in_no_error(make: Make) -> None:
    """A server that is not Apple's can send our token back as a content type; the error does not have it."""

    def echo(request: Request) -> Response:
        return Response(404, {"content-type": request.headers["authorization"].removeprefix("Bearer ")}, b"?")

    with Server(echo) as server:
        assert "eyJ" not in str(failure(make(server).messages))
