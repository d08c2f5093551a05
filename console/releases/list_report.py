"""The releases of an app as `retention releases` prints them."""

from __future__ import annotations

from collections.abc import Sequence

from console.releases.listing import Listed
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import plural


def show(listed: Sequence[Listed], out: Output) -> None:
    """Print a row for each release, the live one marked."""
    rows = [
        (
            "*" if one.live else "",
            str(one.number),
            "" if one.published_at is None else f"{one.published_at:%Y-%m-%d %H:%M}",
            one.published_by,
            one.commit[:10],
            _contents(one),
        )
        for one in listed
    ]
    if rows:
        out.table(("", "release", "published (UTC)", "by", "commit", "what"), rows)
    else:
        out.print("Nothing has been published for this app.")
    out.document([form_of(one) for one in listed])


def _contents(one: Listed) -> str:
    if not one.complete:
        return "incomplete"
    numbers = ((one.rules, "rule"), (one.products, "product"), (one.messages, "message"))
    counts = ", ".join(plural(number, noun) for number, noun in numbers)
    return counts if one.went_live else f"{counts}; never live"
