"""A release: everything one publishing writes, compiled from one retention.yaml and not yet given a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from retention.catalog import format_of


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """One image as the file describes it. `size` is Apple's imageSize: FULL_SIZE or BULLET_POINT."""

    size: str
    file_name: str


@dataclass(frozen=True, slots=True)
class CompiledRelease:
    """Documents are JSON-ready and in the shapes of `retention.catalog`."""

    app_apple_id: int
    settings: Mapping[str, Any]
    sheets: Mapping[str, Mapping[str, Any]]  # product id, or ANY_PRODUCT
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]  # set → locale → message ids, newest first
    messages: Mapping[str, tuple[str, ...]]  # id of each message the file contains → the ids of its images
    images: Mapping[str, ImageFacts]
    source: bytes  # the file, as it was read
    plans: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # `plans_of` it; the function reads none

    @property
    def format(self) -> int:
        """The oldest format that has all its sheets use."""
        return max(map(format_of, self.sheets.values()), default=1)
