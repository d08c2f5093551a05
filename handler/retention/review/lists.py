"""Apple's two lists of review states, each by one signed GET: Get Message List and Get Image List."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from retention.appstore.transport import AppleCall, Transport
from retention.aws.deadline import Deadline
from retention.review.snapshot import ImageState, read_image_list, read_message_list

PATH: Final = "/inApps/v1/messaging"


class AppStore:
    """The lists at one address. `token()` is called once for each request: Apple advises a new token each time."""

    def __init__(
        self,
        url: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._transport = Transport(url, sleep=sleep, clock=clock)

    def messages(self, token: Callable[[], str], deadline: Deadline) -> dict[str, str]:
        """Return message id → state. Raises AppleCallError or SnapshotFormatError."""
        return read_message_list(self._transport.ask(_list("/message/list"), token, deadline))

    def images(self, token: Callable[[], str], deadline: Deadline) -> dict[str, ImageState]:
        """Return image id → state and size. Raises AppleCallError or SnapshotFormatError."""
        return read_image_list(self._transport.ask(_list("/image/list"), token, deadline))

    def close(self) -> None:
        """Drop idle connections: nothing keeps them alive between two runs."""
        self._transport.close()


def _list(name: str) -> AppleCall:
    return AppleCall(name, PATH + name)
