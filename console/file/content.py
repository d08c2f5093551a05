"""The images and messages of a file as Apple will get them: checked, with the ids that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from retention.limits import MAX_IMAGES, MAX_MESSAGES

from console.file.entries import Bullet, Document, Image, Text
from console.file.identifiers import image_id, message_id, upload_body
from console.file.images import BULLET_POINT, FULL_SIZE, NotPNGError, check_pixels, complaint, read_image, read_png
from console.file.mistakes import Notes, Place
from console.file.paths import advice_where_missing, find_file
from console.terminal.ordinary_file import NotOrdinaryError

_NO_ID: Final = ""


@dataclass(frozen=True, slots=True)
class ImageUpload:
    """An image to upload under `identifier` with `size` as its imageSize."""

    identifier: str
    size: str
    path: Path


@dataclass(frozen=True, slots=True)
class MessageUpload:
    """A message to upload under `identifier`; `body` is the request, byte for byte. `images` are the ids it uses."""

    identifier: str
    body: bytes
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """Images by name; messages by set and locale."""

    images: Mapping[str, ImageUpload]
    messages: Mapping[str, Mapping[str, MessageUpload]]

    def all_messages(self) -> Iterator[MessageUpload]:
        return (message for texts in self.messages.values() for message in texts.values())


def read_content(document: Document, notes: Notes) -> Content:
    """Read the images of a document and make every id. What Apple would refuse is noted."""
    reader = _ContentReader(document, notes)
    images = {name: upload for name, image in document.images.items() if (upload := reader.image(image)) is not None}
    messages = {
        name: {locale: reader.message(text, images) for locale, text in texts.items()}
        for name, texts in document.messages.items()
    }
    content = Content(images, messages)
    reader.check_number("messages", len({message.identifier for message in content.all_messages()}), MAX_MESSAGES)
    reader.check_number("images", len({image.identifier for image in images.values()}), MAX_IMAGES)
    return content


@dataclass(frozen=True, slots=True)
class _ContentReader:
    document: Document
    notes: Notes

    @property
    def _app_apple_id(self) -> int:
        return 0 if self.document.app is None else self.document.app.app_apple_id

    def image(self, image: Image) -> ImageUpload | None:
        if not image.file:
            return None
        base = self.document.base_dir or Path()
        path = find_file(base, image.file)
        try:
            content = read_image(path)
        except NotOrdinaryError as error:
            self.notes.add(image.at, f"`{image.file}` {error.strerror}.", "Name a PNG file.")
            return None
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            instead = advice_where_missing(base, image.file, path)
            self.notes.add(image.at, f"`{image.file}` cannot be read: {reason}.", instead)
            return None
        self._check_image(image, content)
        return ImageUpload(image_id(self._app_apple_id, image.size, content, image.revision), image.size, path)

    def _check_image(self, image: Image, content: bytes) -> None:
        try:
            png = read_png(content)
        except NotPNGError as error:
            self.notes.add(image.at, f"`{image.file}` is no PNG image: {error}.", error.instead)
            return
        found = complaint(png, image.size) if image.size else None
        if found is not None:
            self.notes.add(image.at, f"`{image.file}`: {found[0]}", found[1])
        elif image.size:  # hence no more pixels than Apple takes
            self._check_pixels(image, content)

    def _check_pixels(self, image: Image, content: bytes) -> None:
        try:
            check_pixels(content)
        except NotPNGError as error:
            self.notes.add(image.at, f"`{image.file}` is no image that Apple could show: {error}.", error.instead)

    def message(self, text: Text, images: Mapping[str, ImageUpload]) -> MessageUpload:
        picture = None if text.image is None else self._used(text.image, FULL_SIZE, text.image_at, images)
        bullets = [self._bullet(bullet, images) for bullet in text.bullets]
        body = upload_body(
            header=text.header,
            body=text.body,
            image=None if picture is None else (picture, text.alt_text or ""),
            above_image=text.above_image,
            bullets=bullets,
        )
        used = [*([] if picture is None else [picture]), *(bullet[1] for bullet in bullets)]
        identifier = message_id(self._app_apple_id, body, text.revision)
        return MessageUpload(identifier, body, tuple(dict.fromkeys(used)))

    def _bullet(self, bullet: Bullet, images: Mapping[str, ImageUpload]) -> tuple[str, str, str]:
        return bullet.text, self._used(bullet.image, BULLET_POINT, bullet.at, images), bullet.alt_text

    def _used(self, name: str, size: str, at: Place, images: Mapping[str, ImageUpload]) -> str:
        """Return the id of the image called `name`, which must be declared with `size`."""
        image = self.document.images.get(name)
        if image is None and name:
            self.notes.unknown(at, "image", name, self.document.images)
        elif image is not None and image.size not in {size, ""}:
            others = [other.name for other in self.document.images.values() if other.size == size]
            instead = f"Declare it with `size: {size}`" + (f", or use `{others[0]}`." if others else ".")
            self.notes.add(at, f"The image `{name}` is {image.size}; {size} belongs here.", instead)
        return images[name].identifier if name in images else _NO_ID

    def check_number(self, what: str, number: int, most: int) -> None:
        if number > most:
            self.notes.add(Place(1, what), f"The file has {number} {what}.", f"Apple keeps at most {most} for an app.")
