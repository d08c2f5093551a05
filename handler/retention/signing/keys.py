"""The signing key: a `.p8` in an SSM SecureString parameter at `<prefix>/<keyId>`, kept an hour, never shown."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from retention.aws.connection import Caller, CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError, Workers
from retention.errors import SigningError

T = TypeVar("T")

KEPT_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 5.0
# Parameter Store grants an account 40 GetParameter a second. Environments that came up in one burst and were refused
# together would, after one fixed wait, be refused together again: each waits some time between these.
THROTTLED_SECONDS: Final = (0.2, 2.0)
# A call that had less than this and was not answered says nothing about SSM: the next request may try at once.
FAIR_SECONDS: Final = 0.1

_THROTTLED = "ThrottlingException"

# A rotation has an old key and a new one.
_MAX_KEYS = 4


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """A parsed key (or the reason why there is none), when it is due, and never what it is."""

    key: T | None = field(repr=False)
    code: str
    due: float


def _by_chance() -> float:
    """Return a number from 0 up to 1, from the kernel: `random` would say the same in all copies of a snapshot."""
    return int.from_bytes(os.urandom(4)) / (1 << 32)


class KeyRing(Generic[T]):
    """Signing keys by key id. `parse(pem, key_id)` makes what signs, and raises SigningError where it cannot.

    `chance` gives numbers from 0 up to 1.
    """

    def __init__(
        self,
        connect: Callable[[], Caller],
        prefix: str,
        parse: Callable[[bytes, str], T],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = _by_chance,
    ) -> None:
        self._connect = connect
        self._prefix = prefix.rstrip("/")
        self._parse = parse
        self._monotonic = monotonic
        self._chance = chance
        self._lock = Lock()
        self._connecting = Lock()
        self._connection: Caller | None = None
        self._workers = Workers(self._abandon)
        self._kept: dict[str, _Kept[T]] = {}

    def get(self, key_id: str, deadline: Deadline) -> T:
        """Return the parsed key. Raises SigningError where it was never readable, at most every few seconds anew."""
        kept = self._kept.get(key_id)
        if kept is None or self._monotonic() >= kept.due:
            kept = self._fetch(key_id, kept, deadline)
        if kept.key is None:
            raise SigningError(kept.code, "the signing key cannot be had", key_id=key_id)
        return kept.key

    def forget(self) -> None:
        """Drop every key and connection: a snapshot must hold neither, and a restored one must not trust them."""
        with self._lock:
            self._kept.clear()
        self._abandon(0)

    def _fetch(self, key_id: str, old: _Kept[T] | None, deadline: Deadline) -> _Kept[T]:
        fair = deadline.left() >= FAIR_SECONDS
        try:
            key = self._parse(self._read(key_id, deadline), key_id)
            fetched: _Kept[T] = _Kept(key, "", self._monotonic() + KEPT_SECONDS)
        except (SigningError, OutOfTimeError, CallFailedError) as error:
            # Only a code goes on: an error about a key may quote the key.
            code = error.code if isinstance(error, SigningError) else "key_unavailable"
            key_before = None if old is None else old.key
            # What was given the crumbs of an init, and nothing serves in its place, may be tried at once.
            hurried = isinstance(error, OutOfTimeError) and not fair and key_before is None
            fetched = _Kept(key_before, code, self._monotonic() + (0.0 if hurried else self._wait_after(error)))
        with self._lock:
            beside_us = self._kept.pop(key_id, None)
            if fetched.key is None and beside_us is not None and beside_us.key is not None:
                fetched = beside_us  # another thread had more luck in the meantime
            self._kept[key_id] = fetched
            while len(self._kept) > _MAX_KEYS:
                del self._kept[next(iter(self._kept))]
        return fetched

    def _wait_after(self, error: Exception) -> float:
        """Return the seconds to leave Parameter Store alone after a failure."""
        if isinstance(error, CallFailedError) and error.code == _THROTTLED:
            least, most = THROTTLED_SECONDS
            return least + (most - least) * self._chance()
        return RETRY_SECONDS

    def _read(self, key_id: str, deadline: Deadline) -> bytes:
        request = {"Name": f"{self._prefix}/{key_id}", "WithDecryption": True}
        answer = self._workers.run(lambda: self._connected().call("get_parameter", request), deadline)
        return _value_of(answer).encode("utf-8", "surrogatepass")  # what is no text is no key

    def _connected(self) -> Caller:
        with self._connecting:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection

    def _abandon(self, thread: int) -> None:
        if self._connection is not None:
            self._connection.abandon(thread)


def _value_of(answer: dict[str, Any]) -> str:
    try:
        value = answer["Parameter"]["Value"]
    except (KeyError, TypeError):
        value = None
    if not isinstance(value, str):
        raise CallFailedError("UnexpectedAnswer")
    return value
