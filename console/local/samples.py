"""The sample app of `events/`: its release at a fixed instant, its customers, and Apple's two lists for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from retention.catalog import APPROVED, PENDING, REJECTED

from console.file.compile import Compiled, compile_document
from console.file.content import Content
from console.file.document import read_document

EVENTS: Final = Path(__file__).resolve().parents[2] / "events"
SAMPLE: Final = EVENTS / "retention.yaml"
# The time (RETENTION_CLOCK) at which the sample events are answered.
SAMPLE_CLOCK: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)

# One message in review and one rejected: customers with these locales get another locale's message.
_EXCEPTIONS: Final = {("keep-pro", "de-DE"): PENDING, ("offer-text", "es-MX"): REJECTED}

# originalTransactionId → the facts of the customer's profile.
CUSTOMERS: Final[Mapping[str, Mapping[str, str | float | bool]]] = {
    "2000000900000180": {"tenureDays": 412},
    "2000000900000007": {"tenureDays": 5, "inTrial": True},
}


def compile_sample() -> Compiled:
    """Compile events/retention.yaml as of SAMPLE_CLOCK."""
    return compile_document(
        read_document(SAMPLE, file="events/retention.yaml"), environment="sandbox", now=SAMPLE_CLOCK
    )


def sample_states(content: Content) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the bodies of Apple's Get Message List and Get Image List for the sample."""
    return _message_list(content), _image_list(content)


def _message_list(content: Content) -> dict[str, Any]:
    states: dict[str, str] = {}
    for name, texts in content.messages.items():
        for locale, message in texts.items():
            states[message.identifier] = _EXCEPTIONS.get((name, locale), APPROVED)
    listed = [{"messageIdentifier": message, "messageState": state} for message, state in states.items()]
    return {"messageIdentifiers": listed}


def _image_list(content: Content) -> dict[str, Any]:
    listed = [
        {"imageIdentifier": image.identifier, "imageState": APPROVED, "imageSize": image.size}
        for image in content.images.values()
    ]
    return {"imageIdentifiers": listed}


def write_sample_states(directory: Path) -> None:
    """Write messages.json and images.json into `directory`."""
    messages, images = sample_states(compile_sample().content)
    directory.mkdir(parents=True, exist_ok=True)
    write_document(directory / "messages.json", messages)
    write_document(directory / "images.json", images)


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON file in the format of the files of `events/`."""
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
