"""The entries of an owner's file as typed values, each with its place: `document` reads them, `compile` uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from retention.conditions import Condition

from console.file.mistakes import Mistake, Place
from console.file.schedules import Schedule

# Arms by name and slots, in order: what customers are assigned by.
Shares: TypeAlias = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class AppEntry:
    """`issuer_id` and `key_id` are empty where the file leaves them out; they are needed for signing only."""

    app_apple_id: int
    bundle_id: str
    issuer_id: str
    key_id: str
    at: Place


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The In-App Purchase key that `app` names. A field is None where it is missing, empty where it is a mistake."""

    issuer_id: str | None
    key_id: str | None
    at: Place
    issuer_at: Place


# What follows is kept under its name even where a field of it is a mistake, which is noted: the name is none. A text or
# a name that could not be read is then empty, and no second mistake is noted for it.


@dataclass(frozen=True, slots=True)
class Environment:
    """A deployment: the CloudFormation stack that has the table and the URL."""

    name: str
    stack: str
    region: str


@dataclass(frozen=True, slots=True)
class ProductEntry:
    """`period` is ISO 8601, P1W to P1Y. `default` names the message set that Apple keeps as default message."""

    product_id: str
    group: str
    period: str
    advanced_commerce: bool
    bundle: bool
    default: str | None
    at: Place


@dataclass(frozen=True, slots=True)
class Locales:
    """`fallbacks` is keyed by locale or bare language, normalised."""

    default: str
    fallbacks: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Image:
    """`file` is as written, relative to the document. `size` is Apple's imageSize."""

    name: str
    file: str
    size: str
    revision: int | None
    at: Place


@dataclass(frozen=True, slots=True)
class Bullet:
    """`image` names an image of the file."""

    text: str
    image: str
    alt_text: str
    at: Place


@dataclass(frozen=True, slots=True)
class Text:
    """One message: a set's text in one locale, canonical (NFC, no outer whitespace)."""

    header: str
    body: str
    image: str | None
    alt_text: str | None
    above_image: bool
    bullets: tuple[Bullet, ...]
    revision: int | None
    at: Place
    image_at: Place

    @property
    def pictured(self) -> bool:
        """Apple takes neither image nor bullets next to an offer or a switch plan."""
        return self.image is not None or bool(self.bullets)


@dataclass(frozen=True, slots=True)
class OfferLimit:
    """How often a customer may redeem: fewer than `times` in the `days` before a request, else no rule offers it.

    `of` is what counts: `this` offer, or `any` that Apple has reported as redeemed.
    """

    times: int
    days: int
    of: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotional offer made in App Store Connect. `signature` is v1 or v2; `limit` None: it has none."""

    name: str
    product_id: str
    offer_identifier: str
    signature: str
    at: Place
    limit: OfferLimit | None
    limit_at: Place


@dataclass(frozen=True, slots=True)
class AnswerEntry:
    """`target` is a product for alternateProduct, an offer's name for promotionalOffer, else empty.

    `messages` is the name of a set, empty for `fallback`. `request` is the owner's part of a
    SubscriptionModifyInAppRequest.
    """

    kind: str
    messages: str
    at: Place
    messages_at: Place
    target: str = ""
    billing_plan_type: str | None = None
    request: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ArmEntry:
    """`slots` of 10 000; None where its weight is a mistake."""

    name: str
    slots: int | None
    answer: AnswerEntry | None


@dataclass(frozen=True, slots=True)
class LayerEntry:
    """The slots of the layer `name` that an experiment has, `first` to `last` of 0 to 9 999."""

    name: str
    first: int
    last: int
    at: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class TrafficStep:
    """From when on (UTC seconds) how many of the 10 000 slots take part; `day` is the local date of the file."""

    day: str
    starts: int
    slots: int


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """What an experiment is to show, written down before it begins.

    `metric` and `guardrails` are of METRICS. An outcome counts up to `horizon_days` after a customer's first exposure.
    `customers` is the planned number in all arms together, after which the result is read.
    """

    metric: str
    horizon_days: int
    customers: int
    guardrails: tuple[str, ...] = ()


# What a customer can be counted by, `horizon_days` after the first exposure.
METRICS: Final = ("kept", "cancelled", "switched", "redeemed", "renewed", "refunded", "revenue")


@dataclass(frozen=True, slots=True)
class ExperimentEntry:
    """`control` is the arm that the others are compared with: the one the file names, else the first.

    `traffic` is by time, and its shares never fall. Where `layer`, `traffic` and `plan` are None, it has none.
    """

    key: str
    arms: tuple[ArmEntry, ...]
    at: Place
    control: str = ""
    layer: LayerEntry | None = None
    traffic: tuple[TrafficStep, ...] | None = None
    plan: ExperimentPlan | None = None

    @property
    def shares(self) -> Shares:
        """The arms by name and slots."""
        return tuple((arm.name, arm.slots or 0) for arm in self.arms)


@dataclass(frozen=True, slots=True)
class HoldoutEntry:
    """Customers whom no rule answers: `slots` of 10 000, None where the percentage is a mistake.

    `answer` is a message or `fallback`, None where it is a mistake.
    """

    key: str
    slots: int | None
    answer: AnswerEntry | None
    at: Place
    key_at: Place


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """`gives` is the answer or the experiment, None where it is a mistake.

    A rule that is not `understood` has a mistake of form somewhere in it.
    """

    name: str
    condition: Condition | None
    understood: bool
    schedule: Schedule
    gives: AnswerEntry | ExperimentEntry | None
    at: Place
    schedule_at: Place

    @property
    def answers(self) -> tuple[AnswerEntry, ...]:
        """Every answer this rule may give, in file order."""
        if isinstance(self.gives, ExperimentEntry):
            return tuple(arm.answer for arm in self.gives.arms if arm.answer is not None)
        return () if self.gives is None else (self.gives,)


Messages: TypeAlias = Mapping[str, Mapping[str, Text]]


@dataclass(frozen=True, slots=True)
class Document:
    """One retention.yaml as it was read. Nothing may be published while there are `mistakes`; `warnings` are printed.

    `file` names it in messages; `base_dir` is where its images are looked for, None where they cannot be had (a file
    that comes from a release). `sets_at` has the place of each message set.
    """

    file: str
    base_dir: Path | None
    app: AppEntry | None
    signing_key: SigningKey | None
    environments: Mapping[str, Environment]
    products: Mapping[str, ProductEntry]
    locales: Locales | None
    images: Mapping[str, Image]
    messages: Messages
    sets_at: Mapping[str, Place]
    offers: Mapping[str, Offer]
    rules: tuple[RuleEntry, ...]
    source: bytes
    mistakes: tuple[Mistake, ...]
    warnings: tuple[Mistake, ...] = ()
    holdout: HoldoutEntry | None = None

    @property
    def experiments(self) -> Mapping[str, ExperimentEntry]:
        """Each experiment by its key; rules with the same key have the same."""
        return {rule.gives.key: rule.gives for rule in self.rules if isinstance(rule.gives, ExperimentEntry)}
