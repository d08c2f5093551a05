"""The rows of messages and images that a release names: created or completed, no `state` ever overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from retention import table as rows
from retention.aws.app_table import AppTable
from retention.catalog import UNKNOWN
from retention.table import Item, Request

from console.file.release import CompiledRelease, ImageFacts


def asset_updates(app_table: AppTable, release: CompiledRelease) -> list[Request]:
    """Return the updates that the rows of the release's images and messages still need."""
    app = app_table.app_apple_id
    images, messages = _known(app_table, rows.IMAGE), _known(app_table, rows.MESSAGE)
    states = {name: rows.state_of(item) for name, item in images.items()}
    return [
        *(
            _image(app, name, facts)
            for name, facts in release.images.items()
            if not _describes(images.get(name.lower()), facts)
        ),
        *(
            _message(app, name, used, states)
            for name, used in release.messages.items()
            if not _folds(messages.get(name.lower()), used)
        ),
    ]


def state_updates(app_table: AppTable, release: CompiledRelease) -> list[Request]:
    """Return what corrects image states that a snapshot changed between our reading and writing them into messages.

    Messages are read before images, as a snapshot writes images before messages: so what we put into a message is
    never older than what we found there.
    """
    app = app_table.app_apple_id
    messages = _known(app_table, rows.MESSAGE)
    states = {name: rows.state_of(item) for name, item in _known(app_table, rows.IMAGE).items()}
    ours = {name.lower() for name in release.messages}
    return [
        _refolded(app, message, image, state, states[image])
        for message, item in messages.items()
        if message in ours
        for image, state in rows.read_message(item).images.items()
        if states.get(image, state) != state
    ]


def _known(app_table: AppTable, prefix: str) -> dict[str, Item]:
    return {rows.id_of(item): item for item in app_table.of_app(prefix)}


def _image(app: int, name: str, facts: ImageFacts) -> Request:
    return {
        "Key": rows.image_key(app, name),
        "UpdateExpression": "SET #size = :size, fileName = :file, #state = if_not_exists(#state, :unknown)",
        "ExpressionAttributeNames": {"#size": "size", "#state": "state"},
        "ExpressionAttributeValues": {
            ":size": {"S": facts.size},
            ":file": {"S": facts.file_name},
            ":unknown": {"S": UNKNOWN},
        },
    }


def _message(app: int, name: str, images: Iterable[str], states: Mapping[str, str]) -> Request:
    folded = {image.lower(): {"S": states.get(image.lower(), UNKNOWN)} for image in images}
    return {
        "Key": rows.message_key(app, name),
        "UpdateExpression": "SET images = :images, #state = if_not_exists(#state, :unknown)",
        # An id comes from its content, images included: a map that is there is the same, with newer states.
        "ConditionExpression": "attribute_not_exists(images) OR NOT attribute_type(images, :map)",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {
            ":images": {"M": folded},
            ":unknown": {"S": UNKNOWN},
            ":map": {"S": "M"},
        },
    }


def _refolded(app: int, message: str, image: str, seen: str, state: str) -> Request:
    return {
        "Key": rows.message_key(app, message),
        "UpdateExpression": "SET images.#image = :state",
        "ConditionExpression": "images.#image = :seen",
        "ExpressionAttributeNames": {"#image": image},
        "ExpressionAttributeValues": {":state": {"S": state}, ":seen": {"S": seen}},
    }


def _describes(item: Item | None, facts: ImageFacts) -> bool:
    return item is not None and (item.get("size"), item.get("fileName"), "state" in item) == (
        {"S": facts.size},
        {"S": facts.file_name},
        True,
    )


def _folds(item: Item | None, images: Iterable[str]) -> bool:
    """Return whether a message's row already has its state and its images."""
    if item is None or "state" not in item or "M" not in item.get("images", {}):
        return False
    return set(item["images"]["M"]) == {image.lower() for image in images}
