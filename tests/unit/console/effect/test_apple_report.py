"""Apple's own report: read strictly, and Real-time compared with Default from day to day."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from console.effect.apple_report import contrasts, read_apple_report
from console.terminal.failure import Failure
from tests.support.analysis_parts import needs_analysis
from tests.support.apple_files import HEAD, apple_file, apple_lines

FIRST, LAST = "2026-10-01", "2026-10-31"


def test_the_report_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    """In any order and case, with others among them; gzipped or not, with or without a byte order mark."""
    text = apple_file([("2026-10-01", "Pro", "111", "Page views", "DEFAULT", "", 40)])
    swapped = "\n".join("\t".join(reversed(line.split("\t"))) for line in text.splitlines())
    forms = (text.encode(), b"\xef\xbb\xbf" + text.encode(), gzip.compress(text.encode()), swapped.encode())
    for number, form in enumerate(forms):
        path = tmp_path / f"{number}.txt"
        path.write_bytes(form)
        [one] = read_apple_report(path)
        assert (one.day, one.app_apple_id, one.subscription, one.subscription_id) == (
            "2026-10-01",
            6745974591,
            "Pro",
            "111",
        )
        assert (one.selection, one.views, one.cancels, one.saves) == ("default", 40, 0, 0)


def test_lines_of_devices_and_territories_are_added_up(tmp_path: Path) -> None:
    """One line for each day, subscription and selection; events are written in the singular or the plural."""
    lines = [
        ("2026-10-01", "Pro", "111", "Page view", "Real-time", "", 10),
        ("2026-10-01", "Pro", "111", "Page views", "Real-time", "", 5),
        ("2026-10-01", "Pro", "111", "Cancels", "Real-time", "", 3),
        ("2026-10-01", "Pro", "111", "Saves", "Real-time", "Don\u2019t cancel", 2),
        ("2026-10-01", "Pro", "111", "Saves", "Real-time", "Switch plan", 1),
        ("2026-10-01", "Pro", "111", "Saves", "", "Don\u2019t cancel", 9),
    ]
    path = tmp_path / "report.txt"
    path.write_text(apple_file(lines), encoding="utf-8")
    without, real_time = read_apple_report(path)
    assert (without.selection, without.saves) == ("", 9)
    assert (real_time.views, real_time.cancels, real_time.saves) == (15, 3, 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Date\tCounts\n", "lacks the columns “App Apple Identifier”, .* not Apple's report"),
        (HEAD.replace("\tEvent", "\tEvents"), "lacks the column “Event”, so it is not Apple's report"),
        (apple_file([("1 Oct", "Pro", "1", "Saves", "Default", "", 1)]), "line 2: the column “Date” has “1 Oct”"),
        (apple_file([(FIRST, "Pro", "1", "Tap", "Default", "", 1)]), "line 2: the column “Event” has “Tap”"),
        (apple_file([(FIRST, "Pro", "1", "Saves", "Later", "", 1)]), "“Message Selection Type” has “Later”"),
        (apple_file([(FIRST, "Pro", "1", "Saves", "Default", "", -1)]), "“Counts” has “-1”"),
        ("\x00", "lacks the columns"),
        ("", "lacks the columns"),
    ],
    ids=["two", "one", "date", "event", "selection", "counts", "binary", "empty"],
)
def test_another_file_is_refused(tmp_path: Path, content: str, words: str) -> None:
    """With what it lacks, or the line and the column that are not known here: to pass over one would lose customers."""
    path = tmp_path / "report.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Failure, match=words):
        read_apple_report(path)


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    """Cut off, not text, a damaged checksum, or not there."""
    whole = gzip.compress(apple_file(apple_lines({})).encode())
    for name, form, words in (
        ("cut", whole[:-12], "cut off"),
        ("damaged", whole[:-8] + b"12345678", "cannot be read: its gzip is damaged"),
        ("image", b"\xff\xd8\xff", "not text in UTF-8"),
    ):
        (tmp_path / name).write_bytes(form)
        with pytest.raises(Failure, match=words):
            read_apple_report(tmp_path / name)
    with pytest.raises(Failure, match="cannot be read: No such file or directory"):
        read_apple_report(tmp_path / "none")


@needs_analysis
def test_real_time_is_compared_with_default_from_day_to_day(tmp_path: Path) -> None:
    """The difference of the save rates, and an interval that is as wide as the days differ."""
    path = tmp_path / "report.txt"
    saves = {"Default": [10, 12, 8, 11, 9, 10, 10], "Real-time": [20, 22, 18, 21, 19, 20, 20]}
    path.write_text(apple_file(apple_lines(saves)), encoding="utf-8")
    [one] = contrasts(read_apple_report(path), FIRST, LAST)
    assert (one.subscription, one.days, one.first_day, one.last_day) == ("Pro", 7, "2026-10-01", "2026-10-07")
    assert (one.default.save_rate, one.real_time.save_rate, one.default_share) == (0.1, 0.2, 0.5)
    assert one.difference == pytest.approx(0.1)
    assert one.interval == pytest.approx((0.1, 0.1), abs=1e-9)  # both move alike, so the difference does not
    apart = {"Default": [10, 12, 8, 11, 9, 10, 10], "Real-time": [20, 18, 22, 19, 21, 20, 20]}
    path.write_text(apple_file(apple_lines(apart)), encoding="utf-8")
    [other] = contrasts(read_apple_report(path), FIRST, LAST)
    # Residuals of 0, -4, 4, -2, 2, 0, 0 of 700: sqrt(7/6 * 40) / 700, times t of 6 degrees of freedom.
    half = (7 / 6 * 40) ** 0.5 / 700 * 2.4469118511449692
    assert other.interval == pytest.approx((0.1 - half, 0.1 + half))


def test_few_days_have_no_interval(tmp_path: Path) -> None:
    """Fewer than seven days with both do not show how much days differ."""
    path = tmp_path / "report.txt"
    path.write_text(apple_file(apple_lines({"Default": [10] * 6, "Real-time": [20] * 6})), encoding="utf-8")
    [one] = contrasts(read_apple_report(path), FIRST, LAST)
    assert one.difference == pytest.approx(0.1)
    assert one.interval is None


def test_a_subscription_with_one_selection_is_not_compared(tmp_path: Path) -> None:
    """Nor are days outside the experiment."""
    path = tmp_path / "report.txt"
    path.write_text(apple_file(apple_lines({"Real-time": [20] * 9})), encoding="utf-8")
    assert contrasts(read_apple_report(path), FIRST, LAST) == ()
    path.write_text(apple_file(apple_lines({"Default": [1], "Real-time": [2]})), encoding="utf-8")
    assert contrasts(read_apple_report(path), "2026-10-02", LAST) == ()


def test_a_day_on_which_no_customer_chose_has_no_rate(tmp_path: Path) -> None:
    """Page views alone are no save rate."""
    path = tmp_path / "report.txt"
    lines = [(FIRST, "Pro", "1", "Page views", selection, "", 4) for selection in ("Default", "Real-time")]
    path.write_text(apple_file(lines), encoding="utf-8")
    [one] = contrasts(read_apple_report(path), FIRST, LAST)
    assert (one.default.save_rate, one.difference, one.interval) == (None, None, None)
