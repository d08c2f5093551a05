"""A small release to publish, and what publishing it takes, for tests of the console's side of the table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from retention.aws.app_table import AppTable

from console.file.release import CompiledRelease, ImageFacts
from console.releases.publish import Published, publish_release
from tests.support.fake_table import ANYONE_EN, APP, HERO, KEEP_EN, KEEP_FR, SETTINGS, sheet

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def release(name: str = "one", *, products: int = 1, source: bytes | None = None) -> CompiledRelease:
    """Return a release whose every rule is called `name`, for pro.monthly and `products` - 1 others."""
    names = ["pro.monthly", *(f"pro.{number}" for number in range(1, products))]
    texts: Mapping[str, Mapping[str, Any]] = {
        "keep": {"en-US": (KEEP_EN,), "fr-FR": (KEEP_FR,)},
        "unused": {"en-US": (ANYONE_EN,)},
    }
    served = {locale: list(ids) for locale, ids in texts["keep"].items()}
    return CompiledRelease(
        app_apple_id=APP,
        settings=SETTINGS,
        sheets={
            **{product: sheet(product, name, served) for product in names},
            "*": {**sheet(None, name, served)},
        },
        texts=texts,
        messages={KEEP_EN: (HERO,), KEEP_FR: (), ANYONE_EN: ()},
        images={HERO: ImageFacts("FULL_SIZE", "hero.png")},
        source=f"# {name}\n".encode() if source is None else source,
    )


def put(client: Any, table: str, name: str = "one", **more: Any) -> Published:
    options = {"who": "ada", "commit": "abc123", "now": NOW, **more}
    made = options.pop("release", None) or release(name)
    return publish_release(AppTable(client, table, made.app_apple_id), made, **options)
