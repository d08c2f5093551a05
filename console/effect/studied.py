"""What a report is about: an experiment or a holdout, its arms, and the plan it is read by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Where a plan comes from.
RELEASE: Final = "release"
FILE: Final = "file"
NONE: Final = "none"

DEFAULT_METRIC: Final = "kept"
DEFAULT_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """The plan that a report reads by.

    `customers` is the planned number in all arms together; None: there is no appointed reading. `origin`: RELEASE, with
    its number, when it was published (ISO 8601) and the plan's digest; FILE, which was perhaps never published; or
    NONE, where metric and days are the defaults.
    """

    metric: str = DEFAULT_METRIC
    horizon_days: int = DEFAULT_DAYS
    customers: int | None = None
    guardrails: tuple[str, ...] = ()
    origin: str = NONE
    release: int | None = None
    published_at: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class StudiedArm:
    """An arm, its `slots` of 10 000 in the newest version, and whether it is left to Apple's fallback."""

    name: str
    slots: int
    is_fallback: bool = False


@dataclass(frozen=True, slots=True)
class StudiedVersion:
    """The experiment as one release published it; `plan` None: without a plan."""

    release: int
    published_at: str
    control: str
    arms: tuple[tuple[str, int], ...]
    plan: ReadingPlan | None


@dataclass(frozen=True, slots=True)
class Studied:
    """An experiment or a holdout, as its releases or its file have it.

    `arms` begin with the control. `versions` are in the order of their releases, empty where only a file is known.
    `is_known` False: neither a file nor a release has it, and all is from the log.
    `defaults_changed`: when default messages were configured at Apple (ISO 8601), as far as the table has it.
    `unreadable`: later releases than the first version whose file cannot be read, so what they planned is not known.
    """

    key: str
    is_holdout: bool
    environment: str | None
    arms: tuple[StudiedArm, ...]
    plan: ReadingPlan
    versions: tuple[StudiedVersion, ...] = ()
    defaults_changed: tuple[str, ...] = ()
    unreadable: tuple[int, ...] = ()
    is_known: bool = True

    @property
    def control(self) -> str:
        return self.arms[0].name

    @property
    def fallback_arms(self) -> tuple[str, ...]:
        return tuple(arm.name for arm in self.arms if arm.is_fallback)
