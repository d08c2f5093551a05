"""Apple's two lists, as saved files, whichever comes first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from retention.review.snapshot import (
    ImageState,
    SnapshotFormatError,
    SnapshotRefusedError,
    read_image_list,
    read_message_list,
)

from console.terminal.failure import Failure
from console.terminal.ordinary_file import read_ordinary

# 2 000 ids of each take a few hundred KiB.
_MAX_BYTES = 16 * 2**20
_LISTS = {"messageIdentifiers": "Get Message List", "imageIdentifiers": "Get Image List"}


def read_lists(files: Sequence[Path]) -> tuple[dict[str, str], dict[str, ImageState]]:
    """Return message id → state and image id → state. Raises Failure unless both lists are there, each once."""
    found: dict[str, bytes] = {}
    for file in files:
        body = read_ordinary(file, _MAX_BYTES, pipes=True)
        names = _names(file, body)
        for name in names:
            if name in found:
                raise Failure(f"{file} holds {_LISTS[name]} a second time.")
            found[name] = body
    for name, operation in _LISTS.items():
        if name not in found:
            raise Failure(f"The body of {operation} is missing: without it everything in it would count as deleted.")
    try:
        return read_message_list(found["messageIdentifiers"]), read_image_list(found["imageIdentifiers"])
    except SnapshotFormatError as error:
        raise Failure(f"These are not Apple's lists: {error}.") from None


def _names(file: Path, body: bytes) -> list[str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Failure(f"{file} is not JSON: {error}.") from None
    names = [name for name in _LISTS if isinstance(document, dict) and name in document]
    if not names:
        raise Failure(f"{file} has neither `messageIdentifiers` nor `imageIdentifiers`: it is none of Apple's lists.")
    return names


def advised(error: SnapshotRefusedError, nothing: str) -> SnapshotRefusedError:
    """Return the refusal with what was not done, and what to do if Apple's lists are right."""
    sentence = f"{error}; {nothing}. If that is how it is, add --allow-silencing"
    return SnapshotRefusedError(error.code, sentence, **error.evidence)
