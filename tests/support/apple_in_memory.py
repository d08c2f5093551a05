"""Apple's two lists, defaults and URL in memory, and a session on them: for rooms that call Apple through a session.

It answers what `console.appstore.client.Apple` returns; what Apple itself does is the simulator's part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from retention.request import PRODUCTION
from retention.review.snapshot import ImageState

from console.appstore.errors import AppleError, Kind
from console.deployment.session import Session
from console.deployment.stack import Stack
from console.deployment.target import Target
from console.deployment.where import Where
from console.file.document import read_document
from tests.support.fake_table import APP, TABLE
from tests.support.planned_file import FILE
from tests.support.writable_table import WritableTable

if TYPE_CHECKING:
    from console.appstore.client import Apple


@dataclass
class AppleInMemory:
    """`state` is given to what is uploaded; `refusals` are raised by id; `calls` notes each call that changes Apple."""

    state: str = "APPROVED"
    message_states: dict[str, str] = field(default_factory=dict)
    image_states: dict[str, ImageState] = field(default_factory=dict)
    defaults: dict[tuple[str, str], str] = field(default_factory=dict)
    url: str | None = None
    refusals: dict[str, AppleError] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def _call(self, operation: str, identifier: str) -> None:
        if identifier in self.refusals:
            raise self.refusals[identifier]
        self.calls.append(operation)

    def messages(self) -> dict[str, str]:
        return dict(self.message_states)

    def images(self) -> dict[str, ImageState]:
        return dict(self.image_states)

    def upload_image(self, identifier: str, _: bytes, size: str) -> bool:
        self._call("upload image", identifier)
        self.image_states[identifier] = ImageState(self.state, size)
        return True

    def upload_message(self, identifier: str, _: bytes) -> bool:
        self._call("upload message", identifier)
        self.message_states[identifier] = self.state
        return True

    def delete_image(self, identifier: str) -> None:
        self._call("delete image", identifier)
        del self.image_states[identifier]

    def delete_message(self, identifier: str) -> None:
        self._call("delete message", identifier)
        del self.message_states[identifier]

    def configure_default(self, product_id: str, locale: str, message: str) -> None:
        self._call("configure default", message)
        self.defaults[product_id, locale] = message

    def realtime_url(self) -> str | None:
        return self.url

    def estimate(self, calls: Iterable[tuple[str, int]]) -> float:
        """Return a second for each call."""
        return float(sum(number for _, number in calls))


def refusal(kind: Kind = Kind.REFUSED, status: int | None = 400, error_code: int | None = None) -> AppleError:
    return AppleError(kind, f"Apple: {kind.value}.", status=status, error_code=error_code)


def target_in_memory(
    table: WritableTable | None = None, environment: str = PRODUCTION, name: str = "", **outputs: Any
) -> Target:
    """Return a target that is written to without a question; `name` and `outputs` are of its stack, by default none."""
    made = table or WritableTable()
    return Target(
        made.client(), Stack(name, TABLE, "", environment, **outputs), APP, "com.example.app", production=False
    )


def session_in_memory(
    folder: Path, apple: AppleInMemory, *, table: WritableTable | None = None, text: str = FILE, env: str | None = None
) -> Session:
    """Write `text` as retention.yaml into `folder`; return a session on it, the table and `apple`."""
    file = folder / "retention.yaml"
    file.write_text(text, encoding="utf-8")
    return Session(Where(env, file), read_document(file), target_in_memory(table), cast("Apple", apple))
