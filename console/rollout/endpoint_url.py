"""`retention endpoint set`: choose the real-time URL, and refuse one that Apple could not call."""

from __future__ import annotations

import re

from console.appstore.realtime_url import check_url, shown
from console.deployment.target import Target
from console.terminal.failure import Misuse


def choose(url: str | None, target: Target, *, local: bool) -> str:
    """Return `url`, or without it the stack's URL. Raises Misuse if Apple could not call it.

    `local` is whether the URL is for a simulator on this machine, which reaches URLs that Apple cannot.
    """
    chosen = url or target.stack.url
    if not chosen:
        raise Misuse("Name the URL: no stack was found that has one.")
    if "<" in chosen:
        raise Misuse(f"The stack's URL ends in a secret that it does not show: name the complete URL, {chosen}.")
    try:
        check_url(chosen)
    except ValueError as error:
        raise Misuse(f"Apple would not accept {_refused(chosen)}: {error}.") from None
    if chosen.startswith("http:") and not local:
        raise Misuse(f"Apple cannot reach {shown(chosen)}, which is this machine: name a public https:// URL.")
    return chosen


def _refused(url: str) -> str:
    """Return a URL for an error text, without its secret and cut before the first character that no URL has.

    Behind such a character, `shown` would not recognise a secret.
    """
    sound = re.split("[^!-~]", url.strip(), maxsplit=1)[0]
    return shown(sound) if sound else "this URL"
