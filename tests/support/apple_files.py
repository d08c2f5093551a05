"""Files of Apple's report "App Store Retention Messaging", made up in its documented form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

HEAD: Final = (
    "Date\tApp Name\tApp Apple Identifier\tCurrent Group Subscription\tCurrent Subscription Group Identifier"
    "\tCurrent Subscription\tCurrent Subscription Identifier\tEvent\tPage\tRetention Message Type"
    "\tMessage Selection Type\tSave Type\tDevice\tPlatform Version\tTerritory\tCounts\n"
)

# A day, the subscription's name and id, the event, the selection, the save type, and the count.
AppleLine = tuple[str, str, str, str, str, str, int]


def apple_file(lines: Sequence[AppleLine]) -> str:
    """Return the text of a file with these lines."""
    rows = (
        f"{day}\tTrailhead\t6745974591\tPro\t22\t{name}\t{number}\t{event}\tCancel\tText message with optional image"
        f"\t{selection}\t{save}\tiPhone\tiOS 26\tUS\t{count}\n"
        for day, name, number, event, selection, save, count in lines
    )
    return HEAD + "".join(rows)


def apple_lines(saves: Mapping[str, Sequence[int]], chose: int = 100) -> list[AppleLine]:
    """Return lines from 1 October 2026 on, with `saves` a day of `chose` by selection; twice as many page views."""
    found: list[AppleLine] = []
    for selection, counts in saves.items():
        for at, count in enumerate(counts):
            day = f"2026-10-{at + 1:02}"
            found.append((day, "Pro", "111", "Page views", selection, "", 2 * chose))
            found.append((day, "Pro", "111", "Saves", selection, "Don\u2019t cancel", count))
            found.append((day, "Pro", "111", "Cancels", selection, "", chose - count))
    return found
