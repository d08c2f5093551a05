"""The data of one app in one environment: images, messages, default messages and the real-time URL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from retention.request import PRODUCTION, SANDBOX

from console.simulator.database import Database

ENVIRONMENTS: Final = (SANDBOX, PRODUCTION)

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UploadedImage:
    identifier: str
    size: str
    state: str


@dataclass(frozen=True, slots=True)
class UploadedMessage:
    """A message at Apple. `content` is its UploadMessageRequestBody; `images` are the ids of all images it uses."""

    identifier: str
    content: Content
    state: str
    images: tuple[str, ...] = ()

    @property
    def text_only(self) -> bool:
        return not self.images


@dataclass(frozen=True, slots=True)
class AppData:
    """One app in one environment. Ids are in lower case here; Apple's libraries send upper or lower case."""

    database: Database
    app: int
    environment: str

    def is_taken(self, kind: str, identifier: str) -> bool:
        """Return whether any app ever used the id in this environment.

        Assumption: ids are shared by all apps and never free again; Apple documents neither a scope nor reuse after
        deletion.
        """
        query = "SELECT 1 FROM taken WHERE environment = ? AND kind = ? AND identifier = ?"
        return self.database.one(query, self.environment, kind, identifier) is not None

    def _take(self, kind: str, identifier: str) -> None:
        self.database.run("INSERT INTO taken VALUES (?, ?, ?)", self.environment, kind, identifier)

    def add_image(self, image: UploadedImage, now: float) -> None:
        with self.database.transaction():
            self._take("image", image.identifier)
            self.database.run(
                "INSERT INTO image VALUES (?, ?, ?, ?, ?, ?)",
                self.app, self.environment, image.identifier, image.size, image.state, now,
            )  # fmt: skip

    def images(self) -> dict[str, UploadedImage]:
        rows = self.database.all(
            "SELECT identifier, size, state FROM image WHERE app = ? AND environment = ? ORDER BY rowid",
            self.app, self.environment,
        )  # fmt: skip
        return {row[0]: UploadedImage(*row) for row in rows}

    def image(self, identifier: str) -> UploadedImage | None:
        row = self.database.one(
            "SELECT identifier, size, state FROM image WHERE app = ? AND environment = ? AND identifier = ?",
            self.app, self.environment, identifier,
        )  # fmt: skip
        return None if row is None else UploadedImage(*row)

    def image_is_used(self, identifier: str) -> bool:
        query = "SELECT 1 FROM picture WHERE app = ? AND environment = ? AND image = ?"
        return self.database.one(query, self.app, self.environment, identifier) is not None

    def delete_image(self, identifier: str) -> bool:
        statement = "DELETE FROM image WHERE app = ? AND environment = ? AND identifier = ?"
        return self.database.run(statement, self.app, self.environment, identifier) > 0

    def add_message(self, message: UploadedMessage, now: float) -> None:
        with self.database.transaction():
            self._take("message", message.identifier)
            self.database.run(
                "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)",
                self.app, self.environment, message.identifier,
                json.dumps(message.content, ensure_ascii=False), message.state, now,
            )  # fmt: skip
            for image in dict.fromkeys(message.images):
                self.database.run(
                    "INSERT INTO picture VALUES (?, ?, ?, ?)", self.app, self.environment, message.identifier, image
                )

    def message_states(self) -> dict[str, str]:
        rows = self.database.all(
            "SELECT identifier, state FROM message WHERE app = ? AND environment = ? ORDER BY rowid",
            self.app, self.environment,
        )  # fmt: skip
        return dict(rows)

    def message(self, identifier: str) -> UploadedMessage | None:
        row = self.database.one(
            "SELECT identifier, content, state FROM message WHERE app = ? AND environment = ? AND identifier = ?",
            self.app, self.environment, identifier,
        )  # fmt: skip
        if row is None:
            return None
        used = self.database.all(
            "SELECT image FROM picture WHERE app = ? AND environment = ? AND message = ?",
            self.app, self.environment, identifier,
        )  # fmt: skip
        return UploadedMessage(row[0], json.loads(row[1]), row[2], tuple(image for (image,) in used))

    def delete_message(self, identifier: str) -> bool:
        with self.database.transaction():
            where = "WHERE app = ? AND environment = ? AND"
            self.database.run(f"DELETE FROM picture {where} message = ?", self.app, self.environment, identifier)  # noqa: S608  # our own words
            statement = f"DELETE FROM message {where} identifier = ?"  # noqa: S608  # likewise
            return self.database.run(statement, self.app, self.environment, identifier) > 0

    def review(self, kind: str, identifier: str, state: str) -> bool:
        """Set the review state of an "image" or a "message"; return whether it exists."""
        table = {"image": "image", "message": "message"}[kind]
        statement = f"UPDATE {table} SET state = ? WHERE app = ? AND environment = ? AND identifier = ?"  # noqa: S608  # one of two names
        return self.database.run(statement, state, self.app, self.environment, identifier) > 0

    def count(self, kind: str) -> int:
        table = {"image": "image", "message": "message"}[kind]
        query = f"SELECT COUNT(*) FROM {table} WHERE app = ? AND environment = ?"  # noqa: S608  # one of two names
        row = self.database.one(query, self.app, self.environment)
        return int(row[0]) if row else 0

    def configure_default(self, product_id: str, locale: str, message: str) -> None:
        self.database.run(
            "REPLACE INTO default_message VALUES (?, ?, ?, ?, ?)",
            self.app, self.environment, product_id, locale, message,
        )  # fmt: skip

    def default(self, product_id: str, locale: str) -> str | None:
        row = self.database.one(
            "SELECT message FROM default_message WHERE app = ? AND environment = ? AND product_id = ? AND locale = ?",
            self.app, self.environment, product_id, locale,
        )  # fmt: skip
        return None if row is None else str(row[0])

    def defaults(self) -> dict[tuple[str, str], str]:
        """Return every default: (product id, locale) → message id. Apple itself has no such list."""
        rows = self.database.all(
            "SELECT product_id, locale, message FROM default_message WHERE app = ? AND environment = ? ORDER BY 1, 2",
            self.app, self.environment,
        )  # fmt: skip
        return {(product_id, locale): message for product_id, locale, message in rows}

    def delete_default(self, product_id: str, locale: str) -> None:
        self.database.run(
            "DELETE FROM default_message WHERE app = ? AND environment = ? AND product_id = ? AND locale = ?",
            self.app, self.environment, product_id, locale,
        )  # fmt: skip

    def set_realtime_url(self, url: str | None) -> bool:
        """Set the URL, or remove it with None; return whether that changed a record."""
        if url is not None:
            return self.database.run("REPLACE INTO realtime_url VALUES (?, ?, ?)", self.app, self.environment, url) > 0
        statement = "DELETE FROM realtime_url WHERE app = ? AND environment = ?"
        return self.database.run(statement, self.app, self.environment) > 0

    @property
    def realtime_url(self) -> str | None:
        query = "SELECT url FROM realtime_url WHERE app = ? AND environment = ?"
        row = self.database.one(query, self.app, self.environment)
        return None if row is None else str(row[0])

    def set_asc_message(self, product_id: str, content: Content | None) -> None:
        """Set, or with None remove, a subscription's App Store Connect message: `header`, `body`, optional `offer`.

        There is one per subscription, for both environments: sandbox testers see its latest draft.
        """
        if content is None:
            self.database.run("DELETE FROM asc_message WHERE app = ? AND product_id = ?", self.app, product_id)
            return
        text = json.dumps(content, ensure_ascii=False)
        self.database.run("REPLACE INTO asc_message VALUES (?, ?, ?)", self.app, product_id, text)

    def asc_message(self, product_id: str) -> Content | None:
        row = self.database.one(
            "SELECT content FROM asc_message WHERE app = ? AND product_id = ?", self.app, product_id
        )
        content: Content | None = None if row is None else json.loads(row[0])
        return content
