"""What Apple's staff and the app's team do in the simulator: keys, access, lists and reviews."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from retention.catalog import APPROVED, PENDING, REJECTED
from retention.request import PRODUCTION, SANDBOX

from console.simulator import staff_actions
from console.simulator.accounts import SimulatedApp, Subscription
from console.simulator.app_data import UploadedImage
from console.simulator.simulator import Simulator
from console.simulator.staff_actions import Entry
from console.terminal.failure import Failure, Misuse
from console.terminal.output import Output
from tests.support.simulated_app import APP, KEY_ID, NOW, PEM, PRODUCTS, make_simulator, new_id, shelve

OTHER = SimulatedApp(1, "com.example.other", APP.issuer_id)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with make_simulator() as simulator:
        yield simulator


def pem(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey,
    encryption: KeySerializationEncryption | None = None,
) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def test_a_grant_keeps_only_the_public_key(simulator: Simulator) -> None:
    """After a grant the simulator has app, products and public key; no private key is in its database."""
    key = simulator.accounts.key(KEY_ID)
    assert key is not None
    assert key.public_pem.startswith(b"-----BEGIN PUBLIC KEY-----")
    assert staff_actions.public_half(key.public_pem) == key.public_pem == staff_actions.public_half(PEM)
    assert list(simulator.accounts.products(APP.app_apple_id).values()) == sorted(
        PRODUCTS, key=lambda each: each.product_id
    )


def test_a_second_grant_replaces_products_and_gives_access_again(simulator: Simulator) -> None:
    """A grant for an app that lost its access gives it back, with the products of the second grant."""
    staff_actions.set_access(simulator, APP, access=False)
    assert [app.access for app in simulator.accounts.apps()] == [False]
    staff_actions.grant(simulator, APP, KEY_ID, PEM, [Subscription("one", "group")])
    assert simulator.accounts.apps() == [APP]
    assert list(simulator.accounts.products(APP.app_apple_id)) == ["one"]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (b"", "not an unencrypted PEM key"),
        (b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "not an unencrypted PEM key"),
        (pem(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"x")), "not an unencrypted PEM key"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "not a P-256 key"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "not a P-256 key"),
    ],
    ids=["empty", "broken", "encrypted", "P-384", "Ed25519"],
)
def test_a_key_that_is_not_p256_is_refused(key: bytes, reason: str) -> None:
    """A key in another form is refused, and the error quotes nothing of it."""
    with pytest.raises(Failure, match=reason) as caught:
        staff_actions.public_half(key)
    assert "c2VjcmV0" not in str(caught.value)


def test_a_new_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """A new key is a P-256 key in a file that only its owner can read."""
    made = staff_actions.make_key(tmp_path / "key.p8")
    assert (tmp_path / "key.p8").read_bytes() == made
    assert (tmp_path / "key.p8").stat().st_mode & 0o777 == 0o600
    assert staff_actions.public_half(made)


def test_a_new_key_overwrites_no_file(tmp_path: Path) -> None:
    """A file that exists keeps its content, and the error names it."""
    (tmp_path / "key.p8").write_bytes(b"mine")
    with pytest.raises(Failure, match=r"key\.p8 is there already"):
        staff_actions.make_key(tmp_path / "key.p8")
    assert (tmp_path / "key.p8").read_bytes() == b"mine"


def test_the_only_app_needs_no_name(simulator: Simulator) -> None:
    """With one app no name is needed; with two, the error lists them, and a name chooses."""
    assert staff_actions.find_app(simulator) == APP
    simulator.accounts.save_app(OTHER)
    with pytest.raises(Failure, match=r"--bundle-id: com\.example\.app, com\.example\.other"):
        staff_actions.find_app(simulator)
    assert staff_actions.find_app(simulator, "com.example.other") == OTHER
    with pytest.raises(Failure, match="--bundle-id"):
        staff_actions.find_app(simulator, "com.example.no")


def test_a_simulator_without_apps_names_the_verb_that_adds_one(tmp_path: Path) -> None:
    """Without any app, the error names `retention simulator grant`."""
    with staff_actions.open_simulator(tmp_path) as empty, pytest.raises(Failure, match="retention simulator grant"):
        staff_actions.find_app(empty)


def test_data_that_cannot_be_opened_is_a_failure(tmp_path: Path) -> None:
    """A broken authority in the simulator's directory becomes a Failure that names the directory."""
    with staff_actions.open_simulator(tmp_path):
        pass
    for path in (tmp_path / "authority").iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(Failure, match="cannot be opened"), staff_actions.open_simulator(tmp_path):
        pass


def test_entries_are_listed_by_environment_and_kind(simulator: Simulator) -> None:
    """Of each environment come the images with their size, then the messages with their header."""
    sandbox, production = (simulator.app_data(APP.app_apple_id, name) for name in (SANDBOX, PRODUCTION))
    message, image, waiting = (
        shelve(sandbox, header="Stay"),
        new_id(),
        shelve(production, state=PENDING, header="Bleib"),
    )
    sandbox.add_image(UploadedImage(image, "BULLET_POINT", APPROVED), NOW)
    listed = [
        Entry(SANDBOX, "image", image, APPROVED, "BULLET_POINT"),
        Entry(SANDBOX, "message", message, APPROVED, "Stay"),
        Entry(PRODUCTION, "message", waiting, PENDING, "Bleib"),
    ]
    assert list(staff_actions.entries(simulator, APP)) == listed
    assert list(staff_actions.entries(simulator, APP, PRODUCTION)) == listed[2:]


def test_entries_are_shown_as_a_table_or_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    """A table has a row for each entry; with --json, the document has their fields."""
    entry = Entry(SANDBOX, "message", "m1", APPROVED, "Stay")
    staff_actions.show_entries([entry], Output())
    assert capsys.readouterr().out.splitlines()[-1].split() == [SANDBOX, "message", "m1", APPROVED, "Stay"]
    staff_actions.show_entries([entry], Output(as_json=True))
    assert json.loads(capsys.readouterr().out) == [
        {"environment": SANDBOX, "kind": "message", "identifier": "m1", "state": APPROVED, "text": "Stay"}
    ]


def test_a_review_without_ids_is_of_everything_that_waits(simulator: Simulator) -> None:
    """Without ids, each pending image and message gets the state, and no other one does."""
    app_data = simulator.app_data(APP.app_apple_id, PRODUCTION)
    rejected, waiting = shelve(app_data, state=REJECTED), shelve(app_data, state=PENDING, image=PENDING)
    (image,) = app_data.images()
    assert staff_actions.review(app_data, APPROVED) == [image, waiting]
    assert app_data.message_states() == {rejected: REJECTED, waiting: APPROVED}


def test_a_review_of_an_unknown_id_changes_nothing(simulator: Simulator) -> None:
    """If one of the ids is unknown, no message is reviewed; what is not a UUID is misuse."""
    app_data = simulator.app_data(APP.app_apple_id, PRODUCTION)
    waiting, unknown = shelve(app_data, state=PENDING), new_id()
    with pytest.raises(Failure, match=f"no image and no message {unknown} in Production"):
        staff_actions.review(app_data, APPROVED, [waiting.upper(), unknown])
    assert app_data.message_states() == {waiting: PENDING}
    with pytest.raises(Misuse, match="'hello' is not a UUID"):
        staff_actions.review(app_data, APPROVED, ["hello"])


@pytest.mark.parametrize(
    "url", ["https://api.example.com/v1/notifications", "https://api.example.com:8443/x", "http://127.0.0.1:8080/x"]
)
def test_a_notification_url_can_be_set_and_removed(simulator: Simulator, url: str) -> None:
    """App Store Connect takes https; the simulator takes http to this machine too. None removes the URL."""
    outbox = simulator.outbox(APP.app_apple_id, SANDBOX)
    staff_actions.set_notification_url(outbox, url)
    assert outbox.url == url
    staff_actions.set_notification_url(outbox, None)
    assert outbox.url is None


@pytest.mark.parametrize(
    "url",
    ["hello", "http://api.example.com/x", "https://api.example.com:80/x", "https://api.example.com:x/", "https://["],
)
def test_a_notification_url_that_apple_refuses(simulator: Simulator, url: str) -> None:
    """Neither http to another machine nor a port below 1024 other than 443 is a notification URL."""
    outbox = simulator.outbox(APP.app_apple_id, SANDBOX)
    with pytest.raises(Misuse, match="no URL for notifications"):
        staff_actions.set_notification_url(outbox, url)
    assert outbox.url is None
