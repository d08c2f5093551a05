"""The sync of review states, complete: the simulator, moto's SSM and table, and every way to fail."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from botocore.session import get_session
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from moto import mock_aws
from retention import table as rows
from retention.appstore.transport import AppleCallError, RateLimitedError
from retention.aws.deadline import Deadline
from retention.aws.sdk import SdkConnection
from retention.background_settings import SyncDeployment
from retention.catalog import MessageState
from retention.errors import ConfigurationError
from retention.limits import SECONDS_PER_HOUR, calls_per_hour
from retention.lookup.head import HEAD_SECONDS
from retention.lookup.store import Store
from retention.probe import Probed
from retention.request import PRODUCTION
from retention.review.lists import AppStore
from retention.review.snapshot import SnapshotFormatError
from retention.signing.keys import KeyRing
from retention.signing.signer import Signer

from console.local.rows import create_table
from console.simulator import staff_actions
from console.simulator.accounts import SimulatedApp
from console.simulator.api import Answer, HangUp, Request, Response
from console.simulator.app_data import AppData, UploadedImage, UploadedMessage
from console.simulator.server import Server, SimulatorServer
from console.simulator.simulator import Simulator
from tests.support.fake_table import ANYONE_EN, APP, HERO, KEEP_EN, KEEP_FR, SETTINGS, Clock
from tests.support.simulated_app import APP as SIMULATED_APP
from tests.support.simulated_app import KEY, NOW, PEM, make_simulator, text
from tests.support.small_release import put, release
from tests.support.sync_entry import PREFIX, VARIABLES, Lines, sync_entry
from tests.support.waiting import PATIENCE

TABLE = "retention"
KEY_ID, ISSUER = str(SETTINGS["keyId"]), str(SETTINGS["issuerId"])
OTHER_APP = 531412
MESSAGES = (KEEP_EN, KEEP_FR, ANYONE_EN)


def aws(service: str) -> Any:
    return get_session().create_client(service, region_name="us-east-1")


@pytest.fixture(scope="module")
def sync() -> Iterator[ModuleType]:
    """The sync's entry point, imported as Lambda imports it."""
    with sync_entry() as module:
        yield module


@dataclass
class SyncOnFakes:
    """What a run uses: the simulator with its app_data, the table, the parameters; and the lines of the last run."""

    module: ModuleType
    simulator: Simulator
    server: SimulatorServer
    dynamodb: Any
    ssm: Any
    apps: tuple[int, ...] = (APP,)
    answer: Callable[[Request, Answer], Response] = lambda request, simulator: simulator(request)
    requests: list[Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    lines: Lines = field(default_factory=Lines)

    @property
    def app_data(self) -> AppData:
        return self.simulator.app_data(APP, PRODUCTION)

    def sync(self, dynamodb: Any = None) -> Any:
        deployment = SyncDeployment(TABLE, self.apps, PREFIX, self.server.base_url(PRODUCTION))
        keys = KeyRing(lambda: SdkConnection(self.ssm), PREFIX, Signer.from_pem)
        return self.module.Sync(
            deployment,
            AppStore(deployment.apple_url, sleep=self.slept.append, clock=lambda: datetime.fromtimestamp(NOW, UTC)),
            self.lines,
            lambda _: self.module.SyncClients(dynamodb or self.dynamodb, keys),
        )

    def run(self, dynamodb: Any = None) -> Lines:
        """Run the sync once, and return the lines of that run."""
        self.lines = Lines()
        self.sync(dynamodb).run()
        return self.lines

    def state(self, message: str) -> MessageState:
        return rows.read_message(self.dynamodb.get_item(**rows.get(TABLE, rows.message_key(APP, message)))["Item"])

    def version(self) -> int:
        return int(self.dynamodb.get_item(**rows.get(TABLE, rows.head_key(APP)))["Item"]["catalogVersion"]["N"])


@pytest.fixture
def bench(sync: ModuleType) -> Iterator[SyncOnFakes]:
    """The sync with a live release, its messages and image approved at Apple, and the key in SSM."""
    made: list[SyncOnFakes] = []

    def wrap(answer: Answer) -> Answer:
        def wrapped(request: Request) -> Response:
            made[0].requests.append(request)
            return made[0].answer(request, answer)

        return wrapped

    with mock_aws(), make_simulator() as simulator:
        staff_actions.grant(simulator, SIMULATED_APP, KEY_ID, PEM)
        app_data = simulator.app_data(APP, PRODUCTION)
        app_data.add_image(UploadedImage(HERO, "FULL_SIZE", "APPROVED"), NOW)
        for message in MESSAGES:
            images = (HERO,) if message == KEEP_EN else ()
            app_data.add_message(UploadedMessage(message, text(), "APPROVED", images), NOW)
        dynamodb, ssm = aws("dynamodb"), aws("ssm")
        create_table(dynamodb, TABLE)
        put(dynamodb, TABLE)
        ssm.put_parameter(Name=f"{PREFIX}/{KEY_ID}", Value=PEM.decode(), Type="SecureString")
        with SimulatorServer(simulator, wrap=wrap) as server:
            made.append(SyncOnFakes(sync, simulator, server, dynamodb, ssm))
            yield made[0]


# What a run does


def test_states_come_from_apple_into_the_table(bench: SyncOnFakes) -> None:
    """A run makes two GET requests, and writes into each message's row whether it can be served."""
    lines = bench.run()
    assert [request.target.rpartition("/messaging")[2] for request in bench.requests] == [
        "/message/list",
        "/image/list",
    ]
    assert bench.state(KEEP_EN) == MessageState("APPROVED", {HERO: "APPROVED"})
    outcome, level, fields = lines.reported[0]
    assert (outcome, level, fields["messages"], fields["images"]) == ("synced", "info", 3, 1)
    assert lines.counted == {"MessagesRejected": [0], "ImagesRejected": [0], "SyncSucceeded": [1]}


def test_a_run_without_changes_writes_nothing(bench: SyncOnFakes) -> None:
    """A run that finds no change writes no row and does not raise the catalog version."""
    bench.run()
    before = bench.version()
    assert bench.run().reported[0][2]["written"] == 0
    assert bench.version() == before


def test_an_app_without_a_release_is_no_failure(bench: SyncOnFakes) -> None:
    """Apple is not asked for an app without a release, and the run succeeds."""
    bench.apps = (OTHER_APP,)
    lines = bench.run()
    assert (lines.words, bench.requests) == (["unpublished", "sync succeeded"], [])
    assert lines.counted == {"SyncSucceeded": [1]}


def test_each_call_has_its_own_token(bench: SyncOnFakes) -> None:
    """Each call has a new token, as Apple advises; the simulator checks signature, key, issuer, audience and app."""
    bench.run()
    tokens = [request.headers["authorization"] for request in bench.requests]
    assert all(token.startswith("Bearer ") for token in tokens)
    assert tokens[0] != tokens[1]


def test_rejections_of_live_content_are_counted_while_they_last(bench: SyncOnFakes) -> None:
    """Each run counts what the live release names and Apple rejects; what no release names does not count."""
    staff_actions.review(bench.app_data, "REJECTED", [KEEP_FR, HERO])
    bench.app_data.add_message(UploadedMessage("44444444-4444-5444-8444-444444444444", text(), "REJECTED", ()), NOW)
    bench.app_data.add_image(UploadedImage("55555555-5555-5555-8555-555555555555", "FULL_SIZE", "REJECTED"), NOW)
    for _ in range(2):
        lines = bench.run()
        assert lines.counted["MessagesRejected"] == lines.counted["ImagesRejected"] == [1]
        assert lines.reported[0][:2] == ("synced", "warning")


def test_live_messages_that_lose_approval_are_named(bench: SyncOnFakes) -> None:
    """A run logs once which live messages lost approval; half of them may, and their states are written."""
    bench.run()
    staff_actions.review(bench.app_data, "REJECTED", [KEEP_FR])
    lines = bench.run()
    assert lines.words == ["live messages lost approval", "synced", "sync succeeded"]
    assert lines.reported[0][2]["messageIdentifiers"] == [KEEP_FR]
    assert lines.counted["LiveApprovalLost"] == [1]
    assert not bench.state(KEEP_FR).servable
    assert "LiveApprovalLost" not in bench.run().counted


def test_the_safety_stop_is_logged_and_counted(bench: SyncOnFakes) -> None:
    """Empty lists are refused: nothing is written, and no message is logged as having lost approval."""
    bench.run()
    before = bench.dynamodb.scan(TableName=TABLE)["Items"]
    for message in MESSAGES:
        bench.app_data.delete_message(message)
    lines = bench.run()
    assert lines.words == ["refused"]
    assert lines.reported[0][2]["evidence"] == {"silenced": 2, "servable": 2}
    assert lines.counted == {"SyncRefused": [1]}
    assert bench.dynamodb.scan(TableName=TABLE)["Items"] == before


def test_the_function_serves_by_new_states_after_30_seconds(bench: SyncOnFakes) -> None:
    """A warm store reads `head` again after 30 s, and then has the new states."""
    bench.run()
    clock = Clock()
    store = Store(lambda: SdkConnection(bench.dynamodb), TABLE, monotonic=clock)

    def servable() -> bool:
        return store.catalog(APP, "pro.monthly", "fr-FR", Deadline.after(PATIENCE)).catalog.states[KEEP_FR].servable

    assert servable()
    staff_actions.review(bench.app_data, "REJECTED", [KEEP_FR])
    bench.run()
    assert HEAD_SECONDS <= 30
    clock.now += HEAD_SECONDS
    assert not servable()


# The stack's own URL


@pytest.mark.parametrize(
    ("probed", "words", "counted"),
    [
        (Probed(400), ("probe answered", "info", {"status": 400, "reason": ""}), 0),
        (Probed(404), ("probe failed", "error", {"status": 404, "reason": ""}), 1),
        (Probed(0, "SSLError"), ("probe failed", "error", {"status": None, "reason": "SSLError"}), 1),
    ],
)
def test_each_run_probes_the_stacks_own_url(
    bench: SyncOnFakes, probed: Probed, words: tuple[str, str, dict[str, Any]], counted: int
) -> None:
    """A run probes first, counts the failure or zero, logs no URL, and succeeds with any result of the probe."""
    asked = []

    def ask(url: str, region: str) -> Probed:
        asked.append((url, region))
        return probed

    made = bench.sync()
    deployment = replace(made.deployment, probe_url="https://a.example.com/v1/probe", region="eu-west-1")
    replace(made, deployment=deployment, ask_url=ask).run()
    assert asked == [("https://a.example.com/v1/probe", "eu-west-1")]
    assert bench.lines.reported[0] == words
    assert "a.example.com" not in json.dumps(bench.lines.reported)
    assert bench.lines.words[1:] == ["synced", "sync succeeded"]
    assert (bench.lines.counted["ProbeFailed"], bench.lines.counted["SyncSucceeded"]) == ([counted], [1])


def test_without_a_url_nothing_is_probed(bench: SyncOnFakes) -> None:
    """Without a URL, as on this machine, a run probes nothing and counts nothing."""
    assert "ProbeFailed" not in bench.run().counted


# Several apps


def test_one_app_s_failure_does_not_stop_the_next(bench: SyncOnFakes) -> None:
    """If one app fails, the next is synced all the same; the run succeeds only if all apps did."""
    settings = {**SETTINGS, "appAppleId": OTHER_APP, "bundleId": "com.example.other"}
    other = release("other")
    put(bench.dynamodb, TABLE, release=replace(other, app_apple_id=OTHER_APP, settings=settings))
    bench.apps = (OTHER_APP, APP)
    lines = bench.run()
    assert lines.words == ["failed", "synced"]
    assert [fields["appAppleId"] for _, _, fields in lines.reported] == [OTHER_APP, APP]
    assert lines.reported[0][2]["reason"] == "apple_unauthorized"
    assert lines.counted["SyncFailed"] == [1]
    assert "SyncSucceeded" not in lines.counted
    staff_actions.grant(bench.simulator, SimulatedApp(OTHER_APP, "com.example.other", ISSUER), KEY_ID, PEM)
    assert bench.run().words == ["synced", "synced", "sync succeeded"]


# What can go wrong at Apple


def reason(lines: Lines) -> str:
    (outcome,) = lines.reported
    assert outcome[0] == "failed"
    assert lines.counted == {"SyncFailed": [1]}
    return str(outcome[2]["reason"])


def test_without_access_apple_s_404_is_empty_and_named(bench: SyncOnFakes) -> None:
    """An empty 404 from Apple is logged as missing access."""
    staff_actions.set_access(bench.simulator, SIMULATED_APP, access=False)
    assert reason(bench.run()) == "apple_no_access"
    assert len(bench.requests) == 1


def test_a_rate_limit_ends_the_run_and_logs_until_when(bench: SyncOnFakes) -> None:
    """A 429 ends the run without a wait, and the log has the time of Retry-After."""
    for _ in range(calls_per_hour("Get Image List", PRODUCTION)):
        bench.simulator.rates.count(APP, PRODUCTION, "Get Image List", bench.simulator.now())
    lines = bench.run()
    outcome, level, fields = lines.reported[0]
    until = datetime.fromtimestamp((NOW // SECONDS_PER_HOUR + 1) * SECONDS_PER_HOUR, UTC)
    assert (outcome, level, fields["evidence"]) == ("rate limited", "warning", {"until": until.isoformat()})
    assert lines.counted == {"SyncFailed": [1]}
    assert bench.slept == []


@pytest.mark.parametrize("retry_after", ["", "soon", "9" * 40, "120"])
def test_a_rate_limit_without_a_time_is_logged_as_one(bench: SyncOnFakes, retry_after: str) -> None:
    """A 429 without a usable Retry-After is logged as a rate limit without a time."""
    bench.answer = lambda _request, _simulator: Response(429, {"retry-after": retry_after})
    outcome, level, fields = bench.run().reported[0]
    assert (outcome, level, fields["evidence"]) == ("rate limited", "warning", {})


@pytest.mark.parametrize("status", [500, 503, 599])
def test_a_call_is_repeated_after_one_failure_of_apple(bench: SyncOnFakes, status: int) -> None:
    """After a 5xx, the call is repeated once after a second, with a new token."""
    answers = [Response(status, body=b'{"errorCode": 5000000}')]
    bench.answer = lambda request, simulator: answers.pop() if answers else simulator(request)
    assert bench.run().words == ["synced", "sync succeeded"]
    assert bench.slept == [1.0]
    assert len({request.headers["authorization"] for request in bench.requests}) == 3


def test_a_connection_that_breaks_once_is_repeated(bench: SyncOnFakes) -> None:
    """A connection that Apple closed, as while the function was frozen, is opened again."""
    broken = [True]

    def answer(request: Request, simulator: Answer) -> Response:
        if broken:
            broken.pop()
            raise HangUp
        return simulator(request)

    bench.answer = answer
    assert bench.run().words == ["synced", "sync succeeded"]


def test_a_second_failure_ends_the_run(bench: SyncOnFakes) -> None:
    """A second failure ends the run; the log has Apple's status and error code."""
    bench.answer = lambda _request, _simulator: Response(500, body=b'{"errorCode": 5000000}')
    lines = bench.run()
    assert reason(lines) == "apple_failed"
    assert lines.reported[0][2]["evidence"] == {"path": "/message/list", "status": 500, "errorCode": 5000000}
    assert len(bench.requests) == 2


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (Response(401, body=b"Unauthenticated\n"), "apple_unauthorized"),
        (Response(403, body=b'{"errorCode": 4030000}'), "apple_refused"),
        (Response(302, {"location": "http://127.0.0.1:9/"}), "apple_refused"),
        (Response(418, body=b"[" * 100_000), "apple_refused"),
        (Response(499), "apple_refused"),
        (Response(200, body=b"<html>Sign in to the hotel's network</html>"), "snapshot_format"),
        (Response(200, body=b'{"messageIdentifiers": null}'), "snapshot_format"),
        (Response(200, body=b" " * (4 * 1024 * 1024 + 1)), "apple_refused"),
    ],
)
def test_an_answer_that_is_no_list_is_refused(bench: SyncOnFakes, response: Response, code: str) -> None:
    """An answer that is no list is logged by its reason, asked for once, not followed, and not written."""
    before = bench.dynamodb.scan(TableName=TABLE)["Items"]
    bench.answer = lambda _request, _simulator: response
    assert reason(bench.run()) == code
    assert len(bench.requests) == 1
    assert bench.dynamodb.scan(TableName=TABLE)["Items"] == before


def test_an_unreachable_apple_fails_the_run(bench: SyncOnFakes) -> None:
    """If Apple cannot be reached, the run fails after one repetition."""
    bench.server.stop()
    assert reason(bench.run()) == "apple_unreachable"
    assert bench.slept == [1.0]


# What can go wrong at AWS


def test_a_missing_key_fails_the_run(bench: SyncOnFakes) -> None:
    """Without the key in SSM the run fails, and Apple is not asked."""
    bench.ssm.delete_parameter(Name=f"{PREFIX}/{KEY_ID}")
    assert reason(bench.run()) == "key_unavailable"
    assert bench.requests == []


def test_an_unreadable_release_fails_the_run(bench: SyncOnFakes) -> None:
    """Without the live release's settings, which name the key, the run fails."""
    bench.dynamodb.delete_item(TableName=TABLE, Key=rows.settings_key(APP, 1))
    assert reason(bench.run()) == "release_unreadable"


def test_a_missing_table_fails_the_run(bench: SyncOnFakes) -> None:
    """If the table does not exist, the run fails with DynamoDB's own error code."""
    bench.dynamodb.delete_table(TableName=TABLE)
    assert reason(bench.run()) == "ResourceNotFoundException"


class Dying:
    """A client that raises an error at its n-th write, before the write or right after."""

    def __init__(self, client: Any, writes: int, *, after: bool) -> None:
        self._client, self._left, self._after = client, writes, after
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **request: Any) -> Any:
        with self._lock:
            self._left -= 1
            left = self._left
        if left > 0 or (left == 0 and self._after):
            self._client.update_item(**request)
        if left <= 0:
            raise ConnectionError("died")


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("writes", [1, 2, 3, 4])
def test_a_run_that_dies_at_any_write_is_repaired_by_the_next(bench: SyncOnFakes, writes: int, after: bool) -> None:  # noqa: FBT001  # a column
    """Lost approval is logged before the first write; the next run makes the table agree with Apple's lists."""
    bench.run()
    before = bench.version()
    staff_actions.review(bench.app_data, "REJECTED", [HERO, ANYONE_EN])
    lines = bench.run(Dying(bench.dynamodb, writes, after=after))
    assert lines.words == ["live messages lost approval", "failed"]
    assert lines.counted == {"LiveApprovalLost": [1], "SyncFailed": [1]}
    assert bench.run().words[-2:] == ["synced", "sync succeeded"]
    assert bench.state(KEEP_EN) == MessageState("APPROVED", {HERO: "REJECTED"})
    assert bench.state(ANYONE_EN) == MessageState("REJECTED")
    assert bench.version() > before
    assert bench.run().reported[0][2]["written"] == 0


def test_a_foreign_error_is_logged_without_its_text(bench: SyncOnFakes) -> None:
    """A foreign error is logged with its type and place, without its text, which might quote anything."""
    bench.run()
    staff_actions.review(bench.app_data, "REJECTED", [ANYONE_EN])
    _, _, fields = bench.run(Dying(bench.dynamodb, 1, after=False)).reported[-1]
    assert fields["reason"] == "ConnectionError"
    assert "died" not in json.dumps(fields)
    assert "update_item" in fields["evidence"]["at"]


def test_two_runs_at_once_leave_the_newer_states(bench: SyncOnFakes) -> None:
    """A run that meets rows which another run has changed meanwhile starts again with new lists."""
    staff_actions.review(bench.app_data, "PENDING", [KEEP_FR])
    other = bench.sync()
    met: list[bool] = []

    class Meeting(Dying):
        def update_item(self, **request: Any) -> Any:
            if not met:
                met.append(True)
                staff_actions.review(bench.app_data, "APPROVED", [KEEP_FR])
                other.run()
            return self._client.update_item(**request)

    bench.run(Meeting(bench.dynamodb, 0, after=False))
    assert bench.run().words == ["synced", "sync succeeded"]
    assert bench.state(KEEP_FR).servable


# Secrets


def test_no_line_has_a_key_or_a_token(bench: SyncOnFakes, capsys: pytest.CaptureFixture[str]) -> None:
    """No line of a run, succeeded or failed, has a key or a token."""
    bench.run()
    texts = [str(bench.lines.reported)]
    bench.answer = lambda request, _simulator: Response(401, body=request.headers["authorization"].encode())
    bench.run()
    bench.server.stop()
    bench.run()
    texts += [str(bench.lines.reported), *capsys.readouterr()]
    tokens = [request.headers["authorization"].removeprefix("Bearer ") for request in bench.requests]
    secrets = [*tokens, PEM.decode().splitlines()[1], f"{KEY.private_numbers().private_value:x}"]
    assert len(tokens) >= 3
    assert not [secret for secret in secrets for text in texts if secret in text]


# The wire


def lists_at(url: str) -> AppStore:
    return AppStore(url, sleep=lambda _: None)


@contextmanager
def serving(treat: Callable[[socket.socket], None]) -> Iterator[str]:
    """Yield the address of a server on this machine that treats every connection so."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    treat(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"//127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stopped.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


def test_a_server_that_drips_is_cut_at_the_deadline() -> None:
    """A server that sends a byte every 0.05 s is cut at the deadline of the call."""
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while not ended.wait(0.05):
            connection.sendall(b" ")

    with serving(drip) as url:
        with pytest.raises(AppleCallError) as caught:
            lists_at(f"http:{url}").messages(lambda: "token", Deadline.after(0.3))
        ended.set()
    assert caught.value.code == "apple_unreachable"
    assert caught.value.evidence["error"] == "OutOfTimeError"


def self_signed() -> bytes:
    """Return a certificate for 127.0.0.1 that no public root signed, PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(1))
    return builder.sign(KEY, SHA256()).public_bytes(Encoding.PEM)


def test_a_server_without_a_public_root_gets_no_token(tmp_path: Any) -> None:
    """A server whose certificate no public root signed gets no token."""
    (tmp_path / "server.pem").write_bytes(PEM + self_signed())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            heard.append(secured.recv(65536))

    with serving(answer) as url, pytest.raises(AppleCallError) as caught:
        lists_at(f"https:{url}").messages(lambda: "token", Deadline.after(PATIENCE))
    assert caught.value.evidence["error"] == "SSLError"
    assert not any(heard)


def test_lists_are_read_and_wrong_ones_refused() -> None:
    """A list of images is read; for a list of messages the same answer is a SnapshotFormatError."""
    with Server(lambda _: Response(200, body=b'{"imageIdentifiers": []}')) as server:
        apple = lists_at(server.url)
        assert apple.images(lambda: "token", Deadline.after(PATIENCE)) == {}
        with pytest.raises(SnapshotFormatError):
            apple.messages(lambda: "token", Deadline.after(PATIENCE))
    assert "None" not in str(RateLimitedError("/message/list", None))


# The entry point


def test_the_entry_point_runs_what_was_wired(sync: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda calls `sync.sync_states`, which runs the wired sync; its default is Apple's production host."""
    assert sync.SYNC.deployment.apple_url == "https://api.storekit.apple.com"
    assert sync.SYNC.deployment.app_apple_ids == (APP,)
    lines = Lines()
    no_apps = SyncDeployment(TABLE, (), PREFIX, "http://127.0.0.1:9")
    monkeypatch.setattr(sync, "SYNC", sync.Sync(no_apps, AppStore(no_apps.apple_url), lines))
    assert sync.sync_states({}, None) == {"apps": []}
    assert lines.words == ["sync succeeded"]


def test_a_wrong_environment_stops_the_start(
    sync: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong variable stops the sync's start, and the log names the variable."""
    # Powertools keeps one logger for each service, with the output stream that it began with.
    wrong = {"RETENTION_APPLE_URL": "http://127.0.0.1:1", "POWERTOOLS_SERVICE_NAME": "sync-that-does-not-start"}
    for name, value in {**VARIABLES, **wrong, "AWS_LAMBDA_FUNCTION_NAME": "f"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError):
        sync.start()
    assert "RETENTION_APPLE_URL" in capsys.readouterr().out


def test_clients_are_made_for_each_run(sync: ModuleType) -> None:
    """Each run makes new clients: those of the run before are minutes old, and a key may have been replaced."""
    deployment = SyncDeployment(TABLE, (APP,), PREFIX, "http://127.0.0.1:9")
    with mock_aws():
        first, second = sync.clients_from_aws(deployment), sync.clients_from_aws(deployment)
        assert first.dynamodb is not second.dynamodb
        aws("ssm").put_parameter(Name=f"{PREFIX}/{KEY_ID}", Value=PEM.decode(), Type="SecureString")
        assert first.keys.get(KEY_ID, Deadline.after(PATIENCE)).key_id == KEY_ID
