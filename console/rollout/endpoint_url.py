"""`retention endpoint set`: which URL Apple is to call, refused where Apple could not call it."""

from __future__ import annotations

import re

from console.appstore.realtime_url import check_url, shown
from console.deployment.target import Target
from console.terminal.failure import Misuse


def choose(url: str | None, target: Target, *, local: bool) -> str:
    """Return `url`, or the stack's. `local`: it is set in a simulator, which reaches this machine. Raises Misuse."""
    chosen = url or target.url
    if not chosen:
        raise Misuse("Name the URL: no stack says which it is.")
    if "<" in chosen:
        raise Misuse(f"The stack's URL ends in a secret that it does not show: name the complete URL, {chosen}.")
    try:
        check_url(chosen)
    except ValueError as error:
        raise Misuse(f"Apple would not take {_refused(chosen)}: {error}.") from None
    if chosen.startswith("http:") and not local:
        raise Misuse(f"Apple cannot reach {shown(chosen)}, which is this machine: name a public https:// URL.")
    return chosen


def _refused(url: str) -> str:
    """Return a URL for an error, up to what does not belong into it: behind that, a secret is not known as one."""
    sound = re.split("[^!-~]", url.strip(), maxsplit=1)[0]
    return shown(sound) if sound else "this URL"
