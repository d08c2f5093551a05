"""Searches all objects of a Python process for secrets, and starts a process of the function to search.

    objects_alive()          everything that anything reaches, strings and byte strings too
    python live_objects.py   wires the function as under SnapStart, answers events, runs the hook, and looks

Bytes and strings are not known to the collector of garbage: they are found through what holds them. That is objects the
collector knows, what those refer to (dictionaries of classes and modules, caches, defaults, cells), and the frames of
every thread, whose variables are reached through no object at all.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from tests.support.waiting import attempts


def objects_alive() -> list[Any]:
    """Return every object that is reached from what the collector knows and from the frames of all threads."""
    gc.collect()
    roots: list[Any] = [*gc.get_objects(), sys.modules, *_frames()]
    seen: dict[int, Any] = {}
    waiting = roots
    ours = {id(seen), id(roots)}
    while waiting:
        found = waiting.pop()
        if id(found) in seen or id(found) in ours:
            continue
        seen[id(found)] = found
        waiting.extend(_held_by(found))
    return list(seen.values())


def texts_of(found: Iterable[Any]) -> list[bytes]:
    """Return the strings among `found`, as UTF-8, and the byte strings."""
    texts = [each.encode("utf-8", "surrogatepass") for each in found if isinstance(each, str)]
    return [*texts, *(bytes(each) for each in found if isinstance(each, bytes | bytearray | memoryview))]


def _frames() -> Iterator[FrameType]:
    for frame in sys._current_frames().values():
        above: FrameType | None = frame
        while above is not None:
            yield above
            above = above.f_back


def _held_by(found: Any) -> Iterable[Any]:
    if isinstance(found, FrameType):
        return [
            found.f_locals,
            *gc.get_referents(found),
        ]  # the garbage collector does not know the variables of a running frame
    if isinstance(found, CodeType):
        return found.co_consts
    if isinstance(found, io.BytesIO | io.StringIO) and not found.closed:
        return [found.getvalue()]
    return gc.get_referents(found)


def main() -> None:
    """Answer the events on standard input, run the hook where that is asked for, look, and only then read for what.

    Arguments: the fingerprint of the root that passes for Apple's, `hook` or nothing, and a file of secrets in hex.
    """
    hooks: list[Any] = []
    runtime = ModuleType("snapshot_restore_py")
    runtime.register_before_snapshot = hooks.append  # type: ignore[attr-defined]  # a module made here
    runtime.register_after_restore = lambda _: None  # type: ignore[attr-defined]  # likewise
    sys.modules["snapshot_restore_py"] = runtime
    app = importlib.import_module("app")  # this process becomes the function's
    root, wanted_hook, secrets = sys.argv[1:]
    app.APPLE_ROOT_FINGERPRINT = root  # type: ignore[attr-defined]  # our root passes for Apple's
    events, answers = json.load(sys.stdin), []
    for _ in attempts(0.2):
        answers = [app.get_retention_message(event, None) for event in events]
        if any("promotionalOffer" in answer.get("body", "") for answer in answers):
            break  # on a busy machine the service looks slow, and the next rule answers: then ask again
    for hook in hooks if wanted_hook else []:
        hook()
    everything = objects_alive()
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415  # see above

    keys = sum(isinstance(found, EllipticCurvePrivateKey) for found in everything)
    texts = texts_of(everything)
    wanted = [bytes.fromhex(line) for line in Path(secrets).read_text(encoding="ascii").split()]
    alive = [any(secret in text for text in texts) for secret in wanted]
    print(json.dumps({"answers": answers, "found": alive, "keys": keys, "texts": len(texts)}))  # noqa: T201  # to the test


if __name__ == "__main__":
    main()
