"""The page of `retention preview --watch`: one version after another, with what is wrong meanwhile. Pure.

The policy allows one style sheet and one script by their hashes, as in the file that is written without `--watch`. Each
new version comes as an event, from the same address, and the script changes the document into it. A new style sheet has
another hash, which the policy of a document that is open cannot learn. So the script makes it (`CSSStyleSheet`), which
the policy leaves to scripts that it allows. A nonce would let in any markup that learned it, and a path of style sheets
all that is served there; this way markup can add neither style nor script, as in the file.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from console.file.mistakes import Mistake
from console.pages.frame import own_text, page_environment, policy
from console.pages.page import Drawn

_MOST_MISTAKES: Final = 100

# What the policy of the live page allows next to that of the file; a meta element cannot hold `frame-ancestors`.
_OWN_SERVER: Final = "; connect-src 'self'"
_NO_FRAMES: Final = "; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is wrong: mistakes of the file as `validate` has them, and other sentences. `below` is what is drawn below.

    `stale`: what is drawn is older than the file.
    """

    heading: str
    mistakes: tuple[Mistake, ...] = ()
    sentences: tuple[str, ...] = ()
    below: str = ""
    stale: bool = True


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """One version of the page: the document, its policy as an HTTP header, and the event that brings it to others."""

    name: str
    html: bytes
    policy: str
    event: bytes


def live_version(title: str, drawn: Drawn | None, notice: Notice | None) -> LiveVersion:
    """Return the page with what is drawn, if anything is, under a notice, if there is one."""
    environment = page_environment()
    wrong = "" if notice is None else environment.get_template("notice.html").render(notice=notice, most=_MOST_MISTAKES)
    own = [own_text("preview.css")] if drawn is None else [drawn.style]
    style, script = "\n".join([*own, own_text("live.css")]), f"{own_text('preview.js')}\n{own_text('live.js')}"
    parts = {
        "title": title,
        "style": style,
        "notice": wrong,
        "drawn": "" if drawn is None else drawn.body,
        "stale": notice is not None and notice.stale,
        "script": hashlib.sha256(script.encode()).hexdigest()[:16],
    }
    name = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
    rules = policy(style, script) + _OWN_SERVER
    html = environment.get_template("live.html").render(
        policy=rules,
        title=title,
        version=name,
        script_name=parts["script"],
        style=Markup(style),  # noqa: S704  # our own files, numbers and digests
        script=Markup(script),  # noqa: S704  # our own files
        notice=Markup(wrong),  # noqa: S704  # rendered with autoescape
        drawn=Markup(parts["drawn"]),  # noqa: S704  # likewise
        stale=parts["stale"],
    )
    event = json.dumps({"version": name, **parts})
    return LiveVersion(name, html.encode(), rules + _NO_FRAMES, event.encode())
