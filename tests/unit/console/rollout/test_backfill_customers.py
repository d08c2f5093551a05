"""A backfill of the customers whose ids the owner names."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from retention.notifications.history import Page, SignedStatus

from console.appstore.errors import AppleError, Kind
from console.rollout.backfill_customers import CustomersBackfill, read_ids
from console.terminal.failure import Failure

if TYPE_CHECKING:
    from console.rollout.backfill_learning import Learner

FIRST, SECOND, UNKNOWN = "2000000900000001", "2000000900000002", "2000000900000003"


@dataclass
class Apple:
    """Two pages of transactions for each customer; `number` is Apple's code for UNKNOWN."""

    number: int = 4040010

    def statuses(self, transaction_id: str) -> tuple[SignedStatus, ...]:
        if transaction_id == UNKNOWN:
            raise AppleError(Kind.REFUSED, "Apple refuses it.", error_code=self.number)
        return (SignedStatus("t" + transaction_id, "r" + transaction_id),)

    def transactions(self, transaction_id: str) -> Iterator[Page]:
        yield Page((transaction_id + "/1",), "2")
        yield Page((transaction_id + "/2",), None)


@dataclass
class Noted:
    """A learner that notes what it is given."""

    given: list[tuple[Any, list[str]]] = field(default_factory=list)

    def customer(self, statuses: tuple[SignedStatus, ...], transactions: list[str]) -> int:
        self.given.append((statuses, transactions))
        return 2


def made(ids: list[str]) -> tuple[CustomersBackfill, Noted]:
    noted = Noted()
    return CustomersBackfill(ids, cast("Learner", noted)), noted


def test_each_customer_is_asked_about_once_and_completely() -> None:
    """Statuses, and all pages of the transactions; progress counts customers."""
    work, noted = made([FIRST, SECOND])
    shown: list[tuple[str, int, int]] = []
    work.run([Apple(), Apple()], lambda *progress: shown.append(progress))
    assert sorted(transactions for _, transactions in noted.given) == [
        [f"{one}/1", f"{one}/2"] for one in (FIRST, SECOND)
    ]
    assert (work.left, work.subscriptions, work.unknown) == (0, 4, 0)
    assert shown == [("customers", number, 2) for number in range(3)]


@pytest.mark.parametrize("number", [4000006, 4000008, 4040005, 4040010])
def test_an_id_that_apple_does_not_know_is_counted(number: int) -> None:
    """An owner's list may have ids of other apps, or of test purchases."""
    work, noted = made([UNKNOWN, FIRST])
    work.run([Apple(number)], lambda *_: None)
    assert (work.unknown, len(noted.given), work.left) == (1, 1, 0)


def test_any_other_refusal_ends_it_without_an_id() -> None:
    """The operator reads Apple's reason; how many are left is known."""
    work, _ = made([FIRST, UNKNOWN, SECOND])
    with pytest.raises(AppleError) as caught:
        work.run([Apple(4030000)], lambda *_: None)
    assert work.left == 2
    assert UNKNOWN not in str(caught.value)
    assert UNKNOWN not in repr(work)


def test_ids_are_read_from_a_file_each_once(tmp_path: Path) -> None:
    """Blank lines and blanks around an id are passed by."""
    file = tmp_path / "ids.txt"
    file.write_text(f"{SECOND}\n\n  {FIRST} \r\n{SECOND}\n")
    assert read_ids(file) == [SECOND, FIRST]


def test_ids_are_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program's output may be piped in, so that ids are in no file."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{FIRST}\n"))
    assert read_ids(Path("-")) == [FIRST]


@pytest.mark.parametrize("line", ["abc", f"{FIRST},{SECOND}", "9" * 33, "٣"])
def test_a_line_that_is_no_id_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    """The line itself is not repeated: it may hold another secret."""
    file = tmp_path / "ids.txt"
    file.write_text(f"{FIRST}\n{line}\n", encoding="utf-8")
    with pytest.raises(Failure, match=r"Line 2 of .* is no transaction id") as caught:
        read_ids(file)
    assert line not in str(caught.value).replace(str(file), "")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A spreadsheet is none."""
    file = tmp_path / "ids.xlsx"
    file.write_bytes(b"PK\xff\xfe")
    with pytest.raises(Failure, match="not a text in UTF-8"):
        read_ids(file)
