"""Apple's checks of an uploaded image or message (apple-api.md, section 5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from retention.limits import (
    MAX_ALT_TEXT,
    MAX_BODY,
    MAX_BULLET_TEXT,
    MAX_BULLETS,
    MAX_HEADER,
    utf16_length,
)
from retention.request import is_uuid

from console.file.images import BULLET_POINT, FULL_SIZE, SIZES, NotPNGError, complaint, read_png
from console.simulator import problems
from console.simulator.app_data import UploadedImage, UploadedMessage
from console.simulator.problems import Problem, ProblemKind

ABOVE_IMAGE: Final = "ABOVE_IMAGE"
Images = Callable[[str], UploadedImage | None]

_HEADER_POSITIONS: Final = ("ABOVE_BODY", ABOVE_IMAGE)


def identifier(text: object) -> str:
    """Return a UUID in lower case. Raises Problem if `text` is not a UUID."""
    if not is_uuid(text):
        raise Problem(problems.GENERAL_BAD_REQUEST, f"Invalid request. {text!r} is not a UUID.")
    return text.lower()


def read_object(body: bytes, kind: ProblemKind = problems.GENERAL_BAD_REQUEST) -> dict[str, Any]:
    """Return the JSON object in `body`. Raises Problem of `kind` if there is none."""
    try:
        document = json.loads(body)
    except ValueError:
        raise Problem(kind, "Invalid request. The body is not JSON.") from None
    if not isinstance(document, dict):
        raise Problem(kind, "Invalid request. The body is not a JSON object.")
    return document


def check_image(content: bytes, size: str) -> None:
    """Raise Problem if Apple would refuse an image uploaded with `imageSize=size`."""
    if size not in SIZES:
        raise Problem(problems.BAD_IMAGE_SIZE)
    try:
        png = read_png(content)
    except NotPNGError as error:
        raise Problem(problems.INVALID_IMAGE, f"{problems.INVALID_IMAGE.message[:-1]}: {error}.") from None
    if png.transparency is not None:
        raise Problem(problems.INVALID_IMAGE, f"{problems.INVALID_IMAGE.message[:-1]}: it can be transparent.")
    if complaint(png, size) is not None:
        raise Problem(problems.BAD_IMAGE_SIZE)


def read_message(name: str, body: bytes, images: Images) -> UploadedMessage:
    """Return the message with the id `name` that an UploadMessageRequestBody describes, with an empty review state.

    `images` returns an uploaded image by its id. Raises Problem.
    """
    content = read_object(body)
    _text(content, "header", MAX_HEADER, problems.HEADER_TOO_LONG)
    _text(content, "body", MAX_BODY, problems.BODY_TOO_LONG)
    picture = content.get("image")
    used = [] if picture is None else [_image(picture, FULL_SIZE, images)]
    position = content.get("headerPosition", "ABOVE_BODY")
    if position not in _HEADER_POSITIONS:
        raise Problem(problems.GENERAL_BAD_REQUEST, "Invalid request. headerPosition is ABOVE_BODY or ABOVE_IMAGE.")
    if position == ABOVE_IMAGE and picture is None:
        raise Problem(problems.ABOVE_IMAGE_REQUIRES_AN_IMAGE)
    used += [_bullet(bullet, images) for bullet in _bullets(content)]
    return UploadedMessage(name, content, "", tuple(dict.fromkeys(used)))


def _bullets(content: Mapping[str, Any]) -> list[Any]:
    bullets = content.get("bulletPoints") or []
    if not isinstance(bullets, list):
        raise Problem(problems.GENERAL_BAD_REQUEST, "Invalid request. bulletPoints is an array.")
    if len(bullets) > MAX_BULLETS:
        raise Problem(problems.TOO_MANY_BULLET_POINTS)
    return bullets


def _bullet(bullet: object, images: Images) -> str:
    if not isinstance(bullet, dict):
        raise Problem(problems.GENERAL_BAD_REQUEST, "Invalid request. A bullet point is an object.")
    _text(bullet, "text", MAX_BULLET_TEXT, problems.BULLET_POINT_TEXT_TOO_LONG)
    return _image(bullet, BULLET_POINT, images)


def _image(picture: object, size: str, images: Images) -> str:
    """Return the id of an uploaded image with the size that this place needs. Raises Problem."""
    if not isinstance(picture, dict):
        raise Problem(problems.GENERAL_BAD_REQUEST, "Invalid request. image is an object.")
    _text(picture, "altText", MAX_ALT_TEXT, problems.ALT_TEXT_TOO_LONG)
    name = identifier(picture.get("imageIdentifier"))
    image = images(name)
    if image is None or image.size != size:
        # Assumption: of the errors that Apple lists for this call, the one about images.
        raise Problem(problems.INVALID_IMAGE, f"Invalid request. {name} is not an image of size {size}.")
    return name


def _text(holder: Mapping[str, Any], field: str, longest: int, too_long: ProblemKind) -> None:
    text = holder.get(field)
    if not isinstance(text, str) or not text:
        raise Problem(problems.GENERAL_BAD_REQUEST, f"Invalid request. {field} is required.")
    if utf16_length(text) > longest:
        raise Problem(too_long)
