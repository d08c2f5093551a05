"""Apple's checks of an uploaded image or message, each with Apple's code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.simulator import problems, uploads
from console.simulator.app_data import UploadedImage
from console.simulator.problems import Problem
from tests.support.simulated_app import BULLET, FULL, new_id, png, text

FULL_ID, BULLET_ID, NAME = new_id(), new_id(), new_id()
IMAGES = {
    FULL_ID: UploadedImage(FULL_ID, "FULL_SIZE", "APPROVED"),
    BULLET_ID: UploadedImage(BULLET_ID, "BULLET_POINT", "APPROVED"),
}
PICTURE = {"imageIdentifier": FULL_ID, "altText": "A ridge"}
POINT = {"text": "Maps", "imageIdentifier": BULLET_ID, "altText": "A tick"}
LONG_ALT, LONG_TEXT = {**POINT, "altText": "x" * 151}, {**POINT, "text": "x" * 67}
CLIMBER = "\N{PERSON CLIMBING}"  # one code point, two UTF-16 units


def code_of(call: Any, *arguments: Any) -> int:
    with pytest.raises(Problem) as caught:
        call(*arguments)
    return caught.value.code


def test_an_identifier_is_a_uuid_in_either_case() -> None:
    """A UUID is returned in lower case, as the simulator keeps it."""
    assert uploads.identifier(NAME.upper()) == NAME


@pytest.mark.parametrize(
    "wrong",
    ["hello", "", None, 7, NAME[:-1], "{" + NAME + "}"],
    ids=["a word", "empty", "none", "a number", "cut short", "in braces"],
)
def test_an_identifier_that_is_no_uuid_is_a_bad_request(wrong: object) -> None:
    """Anything that is not a UUID in its usual form is refused."""
    assert code_of(uploads.identifier, wrong) == problems.GENERAL_BAD_REQUEST.code


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[]", b'"text"', b"null"])
def test_a_body_is_a_json_object(body: bytes) -> None:
    """A body that is not a JSON object is refused with the code that the operation names."""
    assert code_of(uploads.read_object, body) == problems.GENERAL_BAD_REQUEST.code
    assert code_of(uploads.read_object, body, problems.BAD_REALTIME_URL) == problems.BAD_REALTIME_URL.code


@pytest.mark.parametrize(
    ("content", "size"),
    [(FULL, "FULL_SIZE"), (png(3840, 2160, colour=2), "FULL_SIZE"), (BULLET, "BULLET_POINT")],
    ids=["lowest", "highest", "bullet point"],
)
def test_an_opaque_png_of_its_size_is_accepted(content: bytes, size: str) -> None:
    """A PNG without transparency, as wide and high as its size needs, passes."""
    uploads.check_image(content, size)


@pytest.mark.parametrize(
    ("content", "size", "kind"),
    [
        pytest.param(b"\xff\xd8\xff\xe0 JPEG", "FULL_SIZE", problems.INVALID_IMAGE, id="not PNG"),
        pytest.param(FULL[:-4], "FULL_SIZE", problems.INVALID_IMAGE, id="cut off"),
        pytest.param(png(3840, 160, colour=4), "FULL_SIZE", problems.INVALID_IMAGE, id="alpha"),
        pytest.param(png(3840, 160, extra=b"tRNS\0\0"), "FULL_SIZE", problems.INVALID_IMAGE, id="tRNS"),
        pytest.param(png(3839, 160), "FULL_SIZE", problems.BAD_IMAGE_SIZE, id="narrow"),
        pytest.param(png(3840, 2161), "FULL_SIZE", problems.BAD_IMAGE_SIZE, id="high"),
        pytest.param(FULL, "BULLET_POINT", problems.BAD_IMAGE_SIZE, id="of the other size"),
        pytest.param(FULL, "HUGE", problems.BAD_IMAGE_SIZE, id="of no size"),
    ],
)
def test_a_wrong_image_is_refused(content: bytes, size: str, kind: problems.ProblemKind) -> None:
    """An image that is no PNG, can be transparent, or has another size is refused with Apple's code for it."""
    assert code_of(uploads.check_image, content, size) == kind.code


def read(content: object) -> Any:
    return uploads.read_message(NAME, json.dumps(content).encode(), IMAGES.get)


def test_a_message_at_every_limit_is_read() -> None:
    """66, 144, 150 and 66 UTF-16 units and five bullet points pass; each image is listed once."""
    picture = {**PICTURE, "altText": "x" * 150, "imageIdentifier": FULL_ID.upper()}
    content = text(
        CLIMBER * 33,
        "x" * 144,
        image=picture,
        bulletPoints=[{**POINT, "text": "x" * 66}] * 5,
        headerPosition="ABOVE_IMAGE",
    )
    message = read(content)
    assert (message.identifier, message.content, message.state) == (NAME, content, "")
    assert message.images == (FULL_ID, BULLET_ID)


@pytest.mark.parametrize("more", [{}, {"image": None}, {"bulletPoints": None}, {"bulletPoints": []}])
def test_a_message_can_be_text_alone(more: dict[str, Any]) -> None:
    """Without image and bullet points, a message is header and body."""
    assert read(text(**more)).text_only


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(text("x" * 67), problems.HEADER_TOO_LONG, id="header"),
        pytest.param(text(CLIMBER * 34), problems.HEADER_TOO_LONG, id="header in UTF-16"),
        pytest.param(text(body="x" * 145), problems.BODY_TOO_LONG, id="body"),
        pytest.param(text(image={**PICTURE, "altText": "x" * 151}), problems.ALT_TEXT_TOO_LONG, id="alt text"),
        pytest.param(text(bulletPoints=[LONG_ALT]), problems.ALT_TEXT_TOO_LONG, id="its alt text"),
        pytest.param(text(bulletPoints=[LONG_TEXT]), problems.BULLET_POINT_TEXT_TOO_LONG, id="its text"),
        pytest.param(text(bulletPoints=[POINT] * 6), problems.TOO_MANY_BULLET_POINTS, id="six bullet points"),
        pytest.param(text(headerPosition="ABOVE_IMAGE"), problems.ABOVE_IMAGE_REQUIRES_AN_IMAGE, id="above no image"),
        pytest.param(text(image={**PICTURE, "imageIdentifier": new_id()}), problems.INVALID_IMAGE, id="unknown image"),
        pytest.param(text(image={**PICTURE, "imageIdentifier": BULLET_ID}), problems.INVALID_IMAGE, id="wrong size"),
        pytest.param(text(image=[]), problems.GENERAL_BAD_REQUEST, id="image is a list"),
        pytest.param(text(image={"imageIdentifier": FULL_ID}), problems.GENERAL_BAD_REQUEST, id="no alt text"),
        pytest.param(text(bulletPoints="none"), problems.GENERAL_BAD_REQUEST, id="bullet points are a text"),
        pytest.param(text(bulletPoints=["Maps"]), problems.GENERAL_BAD_REQUEST, id="a bullet point is a text"),
        pytest.param(text(headerPosition="BELOW"), problems.GENERAL_BAD_REQUEST, id="unknown position"),
        pytest.param(text(""), problems.GENERAL_BAD_REQUEST, id="empty header"),
        pytest.param({"header": "Stay"}, problems.GENERAL_BAD_REQUEST, id="no body"),
    ],
)
def test_a_wrong_message_is_refused(content: object, kind: problems.ProblemKind) -> None:
    """A message that breaks a limit of UploadMessageRequestBody is refused with Apple's code for it."""
    assert code_of(read, content) == kind.code
