"""A simulator with one app, Apple's own client for it, and the images and messages that the app uploads."""

from __future__ import annotations

import json
import struct
import time
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from appstoreserverlibrary.api_client import AppStoreServerAPIClient
from appstoreserverlibrary.models.Environment import Environment
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from retention.request import SANDBOX

from console.simulator import staff_actions
from console.simulator.accounts import SimulatedApp, Subscription
from console.simulator.app_data import AppData, UploadedImage, UploadedMessage
from console.simulator.authority import Authority
from console.simulator.database import Database
from console.simulator.server import SimulatorServer
from console.simulator.simulator import COMMITTED_AUTHORITY, Simulator, TestConfig

APP = SimulatedApp(6745974591, "com.example.app", "57246542-96fe-1a63-e053-0824d011072a")
KEY_ID = "2X9R4HXF34"
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
AUTHORITY = Authority.load(COMMITTED_AUTHORITY)

MONTHLY, ANNUAL, OTHER, COURSES = "pro.monthly", "pro.annual", "basic.monthly", "courses"
PRODUCTS = [
    Subscription(MONTHLY, "pro"),
    Subscription(ANNUAL, "pro"),
    Subscription(OTHER, "basic"),
    Subscription(COURSES, "courses", advanced_commerce=True),
]

# Ten minutes past a full hour; what the simulator counts by, so that no hour turns while a test runs.
NOW = 1_800_000_600.0

# The limit is wide, so that a busy machine fails no test; tests of the limit set their own.
PATIENT_MS = 300_000
QUICK = TestConfig(4, total_requests=8, total_duration_ms=80, response_time_threshold_ms=PATIENT_MS)


@dataclass
class Clock:
    """A clock that stands still, and moves when a program sleeps by it."""

    time: float = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def make_simulator(
    clock: Callable[[], float] = lambda: NOW,
    *,
    config: TestConfig = QUICK,
    strict: bool = False,
    wall: Callable[[], float] = time.time,
) -> Simulator:
    """Return a simulator in memory that knows APP, KEY and PRODUCTS. Close it."""
    simulator = Simulator(Database(":memory:"), AUTHORITY, config, clock, wall, strict)
    staff_actions.grant(simulator, APP, KEY_ID, PEM, PRODUCTS)
    return simulator


def apples_client(server: SimulatorServer, environment: str = SANDBOX, **changes: Any) -> AppStoreServerAPIClient:
    """Return Apple's own client; nothing of it is changed but its base URL."""
    given = {"signing_key": PEM, "key_id": KEY_ID, "issuer_id": APP.issuer_id, "bundle_id": APP.bundle_id} | changes
    client = AppStoreServerAPIClient(environment=Environment(environment), **given)
    client._base_url = server.base_url(environment)
    return client


def new_id() -> str:
    return str(uuid.uuid4())


def png(width: int, height: int, *, colour: int = 0, extra: bytes = b"") -> bytes:
    """Return a black PNG; `colour` is PNG's colour type, `extra` a chunk's name and data before the pixels."""
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    pixels = zlib.compress(bytes((width * samples + 1) * height), 1)
    chunks = [b"IHDR" + header, *([extra] if extra else []), b"IDAT" + pixels, b"IEND"]
    framed = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


FULL = png(3840, 160)
BULLET = png(1024, 1024)


def text(header: str = "Stay", body: str = "Keep your maps.", **more: Any) -> dict[str, Any]:
    return {"header": header, "body": body, **more}


def shelve(app_data: AppData, *, state: str = "APPROVED", image: str | None = None, **content: Any) -> str:
    """Add a message to an app's data without the API; `image` is the state of its image. Return its id."""
    identifier = new_id()
    images: list[str] = []
    extra: dict[str, Any] = {}
    if image is not None:
        images = [new_id()]
        app_data.add_image(UploadedImage(images[0], "FULL_SIZE", image), NOW)
        extra = {"image": {"imageIdentifier": images[0], "altText": "A ridge"}}
    app_data.add_message(UploadedMessage(identifier, text(**content, **extra), state, tuple(images)), NOW)
    return identifier


def answer_of(kind: str, **detail: Any) -> bytes:
    """Return a RealtimeResponseBody."""
    return json.dumps({kind: detail}).encode()
