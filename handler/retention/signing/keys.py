"""Reads signing keys: each is a `.p8` in the SSM SecureString `<prefix>/<keyId>`, kept for an hour and never logged."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Generic, TypeVar

from retention.aws.connection import Caller, CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError
from retention.errors import SigningError

T = TypeVar("T")

KEPT_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 5.0
# Parameter Store grants an account 40 GetParameter a second. Environments that start in one burst and are refused
# together would be refused together again after one fixed wait: each waits a random time between these seconds.
THROTTLED_SECONDS: Final = (0.2, 2.0)
# A call with less time than this may fail though SSM is well: then the next request may try at once.
FAIR_SECONDS: Final = 0.1

_THROTTLED = "ThrottlingException"

# A rotation needs the old key and the new one at the same time, and a stack may serve several apps.
_MAX_KEYS = 4


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """A parsed key, or the code of the reason why there is none, and when it is to be read again."""

    key: T | None = field(repr=False)
    code: str
    due: float


def _by_chance() -> float:
    """Return a number from 0 up to 1, from the kernel: `random` would be the same in all copies of a snapshot."""
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
        self._kept: dict[str, _Kept[T]] = {}

    def get(self, key_id: str, deadline: Deadline) -> T:
        """Return the parsed key. Raises SigningError if it was never readable; SSM is called again after a wait."""
        kept = self._kept.get(key_id)
        if kept is None or self._monotonic() >= kept.due:
            kept = self._fetch(key_id, kept, deadline)
        if kept.key is None:
            raise SigningError(kept.code, "the signing key cannot be had", key_id=key_id)
        return kept.key

    def forget(self) -> None:
        """Drop every key and connection: a snapshot must hold neither, and after a restore both may be outdated."""
        with self._lock:
            self._kept.clear()
        if self._connection is not None:
            self._connection.close()

    def _fetch(self, key_id: str, old: _Kept[T] | None, deadline: Deadline) -> _Kept[T]:
        fair = deadline.left() >= FAIR_SECONDS
        try:
            key = self._parse(self._read(key_id, deadline), key_id)
            fetched: _Kept[T] = _Kept(key, "", self._monotonic() + KEPT_SECONDS)
        except (SigningError, OutOfTimeError, CallFailedError) as error:
            # Only a code is kept: the text of an error about a key may quote the key.
            code = error.code if isinstance(error, SigningError) else "key_unavailable"
            key_before = None if old is None else old.key
            # With hardly any time left, and no older key to use meanwhile, the next request may try at once.
            hurried = isinstance(error, OutOfTimeError) and not fair and key_before is None
            fetched = _Kept(key_before, code, self._monotonic() + (0.0 if hurried else self._wait_after(error)))
        with self._lock:
            meanwhile = self._kept.pop(key_id, None)
            if fetched.key is None and meanwhile is not None and meanwhile.key is not None:
                fetched = meanwhile  # another thread has read it in the meantime
            self._kept[key_id] = fetched
            while len(self._kept) > _MAX_KEYS:
                del self._kept[next(iter(self._kept))]
        return fetched

    def _wait_after(self, error: Exception) -> float:
        """Return for how many seconds Parameter Store is not asked again after a failure."""
        if isinstance(error, CallFailedError) and error.code == _THROTTLED:
            least, most = THROTTLED_SECONDS
            return least + (most - least) * self._chance()
        return RETRY_SECONDS

    def _read(self, key_id: str, deadline: Deadline) -> bytes:
        request = {"Name": f"{self._prefix}/{key_id}", "WithDecryption": True}
        answer = self._connected().call("get_parameter", request, deadline)
        return _value_of(answer).encode("utf-8", "surrogatepass")  # the parser refuses it if it is no text

    def _connected(self) -> Caller:
        with self._connecting:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection


def _value_of(answer: dict[str, Any]) -> str:
    parameter = answer.get("Parameter")
    value = parameter.get("Value") if isinstance(parameter, dict) else None
    if not isinstance(value, str):
        raise CallFailedError("UnexpectedAnswer")
    return value
