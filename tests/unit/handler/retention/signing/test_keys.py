"""The signing key: fetched once an hour, kept when a fetch fails, and in no log."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from retention.aws.connection import CallFailedError
from retention.aws.deadline import Deadline, OutOfTimeError
from retention.errors import SigningError
from retention.signing.keys import KeyRing
from retention.signing.signer import Signer as RealSigner

from tests.support.fake_table import Clock
from tests.support.waiting import PATIENCE


class Parameters:
    """A fake SSM with one parameter for each name, which a test can make fail."""

    def __init__(self) -> None:
        self.values = {"/retention/KEY1": "pem-1", "/retention/KEY2": "pem-2"}
        self.calls: list[dict[str, Any]] = []
        self.fault = ""

    def call(self, operation: str, request: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
        assert operation == "get_parameter"
        self.calls.append(request)
        if self.fault == "hang":
            threading.Event().wait(deadline.left())
            raise OutOfTimeError
        if self.fault == "shape":
            return {"Parameter": []}
        if self.fault or request["Name"] not in self.values:
            raise CallFailedError(self.fault or "ParameterNotFound")
        return {"Parameter": {"Value": self.values[request["Name"]]}}

    def close(self) -> None:
        pass


class Signer:
    def __init__(self, pem: bytes, key_id: str) -> None:
        if pem == b"not a key":
            raise SigningError("key_unreadable", "not a P-256 private key")
        self.pem, self.key_id = pem, key_id


@pytest.fixture
def parameters() -> Parameters:
    return Parameters()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(parameters: Parameters, clock: Clock) -> KeyRing[Signer]:
    return KeyRing(lambda: parameters, "/retention/", Signer, monotonic=clock)  # type: ignore[arg-type,return-value]  # the fake has the port's shape


def get(ring: KeyRing[Signer], key_id: str = "KEY1", seconds: float = PATIENCE) -> Signer:
    return ring.get(key_id, Deadline.after(seconds))


def test_a_key_is_fetched_decrypted_and_kept_for_an_hour(
    ring: KeyRing[Signer], parameters: Parameters, clock: Clock
) -> None:
    """One call an hour, to the parameter named by prefix and key id, with decryption."""
    first = get(ring)
    assert (first.pem, first.key_id) == (b"pem-1", "KEY1")
    clock.now += 3599
    assert get(ring) is first
    assert parameters.calls == [{"Name": "/retention/KEY1", "WithDecryption": True}]
    clock.now += 1
    assert get(ring) is not first
    assert len(parameters.calls) == 2


def test_keys_rotate_by_name(ring: KeyRing[Signer]) -> None:
    """A release that names a new key id gets the new key; the old id still gets the old one."""
    assert (get(ring, "KEY1").pem, get(ring, "KEY2").pem) == (b"pem-1", b"pem-2")


@pytest.mark.parametrize("fault", ["ThrottlingException", "hang", "shape"])
def test_the_old_key_stays_in_use_when_its_renewal_fails(
    ring: KeyRing[Signer], parameters: Parameters, clock: Clock, fault: str
) -> None:
    """An outage of SSM does not stop signing; the next call to SSM is made 5 s later at the earliest."""
    first = get(ring)
    clock.now += 3600
    parameters.fault = fault
    seconds = 1 if fault == "hang" else PATIENCE
    assert get(ring, seconds=seconds) is first
    assert get(ring, seconds=seconds) is first
    assert len(parameters.calls) == 2
    clock.now += 5
    parameters.fault = ""
    assert get(ring) is not first


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 0.2), (0.5, 1.1), (0.99, 1.982)])
def test_a_throttled_fetch_is_repeated_after_a_random_wait(
    parameters: Parameters, clock: Clock, chance: float, seconds: float
) -> None:
    """Environments that start together and are throttled together do not all repeat their calls together."""
    ring = KeyRing(lambda: parameters, "/retention/", Signer, monotonic=clock, chance=lambda: chance)  # type: ignore[arg-type,return-value]  # as above
    parameters.fault = "ThrottlingException"
    for moment in (0.0, seconds - 0.01):
        clock.now += moment
        with pytest.raises(SigningError):
            get(ring)
    assert len(parameters.calls) == 1
    parameters.fault = ""
    clock.now += 0.011
    assert get(ring).pem == b"pem-1"


def test_a_throttled_renewal_is_repeated_after_a_random_wait_too(parameters: Parameters, clock: Clock) -> None:
    """If SSM throttles the renewal of a key, the old key stays in use until the repetition."""
    ring = KeyRing(lambda: parameters, "/retention/", Signer, monotonic=clock, chance=lambda: 0.5)  # type: ignore[arg-type,return-value]  # as above
    first = get(ring)
    clock.now += 3600
    parameters.fault = "ThrottlingException"
    assert get(ring) is get(ring) is first
    assert len(parameters.calls) == 2
    parameters.fault = ""
    clock.now += 1.11
    assert get(ring) is not first


def test_waits_are_random(parameters: Parameters) -> None:
    """By default the waits come from the operating system's random numbers and lie between 0.2 s and 2 s."""
    due_times = set()
    parameters.fault = "ThrottlingException"
    for _ in range(100):
        ring = KeyRing(lambda: parameters, "/retention/", Signer, monotonic=lambda: 0.0)  # type: ignore[arg-type,return-value]  # as above
        with pytest.raises(SigningError):
            get(ring)
        due_times.add(ring._kept["KEY1"].due)
    assert len(due_times) > 90
    assert min(due_times) >= 0.2
    assert max(due_times) < 2
    assert max(due_times) - min(due_times) > 1


@pytest.mark.parametrize("fault", ["AccessDeniedException", "hang", "shape"])
def test_a_key_that_was_never_readable_cannot_sign(
    ring: KeyRing[Signer], parameters: Parameters, clock: Clock, fault: str
) -> None:
    """A request gets an error with a code within its deadline, and SSM is not called for each request."""
    parameters.fault = fault
    for _ in range(3):
        with pytest.raises(SigningError) as error:
            get(ring, seconds=1 if fault == "hang" else PATIENCE)
        assert error.value.code == "key_unavailable"
    assert len(parameters.calls) == 1
    parameters.fault = ""
    clock.now += 5
    assert get(ring).pem == b"pem-1"


def test_a_fetch_cut_short_in_init_is_repeated_at_once(ring: KeyRing[Signer], parameters: Parameters) -> None:
    """A fetch that had too little time shows nothing about SSM, so the first request may fetch at once."""
    parameters.fault = "hang"
    with pytest.raises(SigningError):
        get(ring, seconds=0.02)
    parameters.fault = ""
    assert get(ring).pem == b"pem-1"


def test_a_parameter_that_is_no_key_keeps_its_own_reason(ring: KeyRing[Signer], parameters: Parameters) -> None:
    """The error has the parser's code and not its text, which might quote the key."""
    parameters.values["/retention/KEY1"] = "not a key"
    with pytest.raises(SigningError) as error:
        get(ring)
    assert error.value.code == "key_unreadable"


def test_keys_are_never_shown(ring: KeyRing[Signer]) -> None:
    """`repr` of a key ring and of its entries does not contain the key."""
    get(ring)
    assert "pem" not in repr(ring) + repr(ring._kept).replace(repr(ring._prefix), "")


def test_a_snapshot_holds_no_key(ring: KeyRing[Signer], parameters: Parameters) -> None:
    """After `forget` no key is in memory; the next use fetches it again."""
    get(ring)
    ring.forget()
    assert not ring._kept
    get(ring)
    assert len(parameters.calls) == 2


def test_only_a_few_keys_are_kept(ring: KeyRing[Signer], parameters: Parameters) -> None:
    """Four keys are kept at most: a rotation needs two, and no catalog can make the ring grow."""
    for number in range(20):
        parameters.values[f"/retention/K{number}"] = "pem"
        get(ring, f"K{number}")
    assert len(ring._kept) == 4


def test_a_failed_fetch_keeps_the_key_of_a_concurrent_one(
    ring: KeyRing[Signer], parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two concurrent first requests SSM answers one only: both can sign."""
    answered = parameters.call

    def fails_late(*_: Any) -> dict[str, Any]:
        monkeypatch.setattr(parameters, "call", answered)
        get(ring)  # the concurrent request
        raise CallFailedError("ThrottlingException")

    monkeypatch.setattr(parameters, "call", fails_late)
    assert get(ring).pem == b"pem-1"
    assert get(ring).pem == b"pem-1"


def test_a_value_that_is_no_text_is_no_key() -> None:
    """A lone surrogate in the parameter reaches the parser, which refuses it with a code."""
    parameters = Parameters()
    parameters.values["/retention/KEY1"] = "\ud800"
    ring = KeyRing(lambda: parameters, "/retention/", RealSigner.from_pem)  # type: ignore[arg-type,return-value]  # as above
    with pytest.raises(SigningError) as refused:
        ring.get("KEY1", Deadline.after(PATIENCE))
    assert refused.value.code == "key_unreadable"
