"""Every screen that a customer can be shown, out of a coverage: which text, what stands next to it, on which devices.

A screen is one text (a set's, in one locale), one kind of answer with its offer or product, and one direction of the
device. Texts that no customer is shown now are screens too, with the reason. Pure: nothing is read here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, TypeAlias

from retention.catalog import FALLBACK, UNKNOWN, MessageState
from retention.decision import Delivery
from retention.locales import language_of, normalise
from retention.table import ANY_PRODUCT

from console.decisions.coverage import Cell, Coverage, Waiting
from console.file.edition import Edition, Standing
from console.file.entries import AnswerEntry, Document, ExperimentEntry, RuleEntry
from console.file.wording import fields_text

MESSAGE: Final = "message"
# The state of a text that the table has no row of, and of one where no table was asked.
NEW: Final = "NEW"
NOT_ASKED: Final = ""

# What a cell of the matrix shows.
OWN, OTHER, BACK, UNANSWERED = "own", "other", "back", "none"

_RIGHT_TO_LEFT: Final = frozenset({"ar", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"})
_DIGEST: Final = 10  # hexadecimal digits: two of 2 000 screens are alike once in half a million files

# The set, locale and id of a text.
_Place: TypeAlias = tuple[str, str, str]


@lru_cache(maxsize=1024)
def language(locale: str) -> str:
    """Return the language of a locale, however it is spelled."""
    return language_of(normalise(locale))


def is_mirrored(locale: str) -> bool:
    """Return whether a device in this locale is mirrored, and whether a text in it is read from right to left."""
    return language(locale) in _RIGHT_TO_LEFT


def digest_of(*parts: object) -> str:
    """Return a short digest in hexadecimal: what ids and classes of a page are made of, since names may hold markup."""
    form = json.dumps(parts, ensure_ascii=True, sort_keys=True, default=str)
    return hashlib.sha256(form.encode()).hexdigest()[:_DIGEST]


@dataclass(frozen=True, slots=True)
class ShownBy:
    """A rule that shows a screen; `arm` and `share` are of an experiment.

    `taking_part` is the share of customers in the experiment, None where all are.
    """

    rule: str
    arm: str | None = None
    share: str | None = None
    taking_part: str | None = None

    @property
    def share_text(self) -> str | None:
        """The share, and of which customers it is one."""
        return self.share if self.taking_part is None else f"{self.share} of the {self.taking_part} who take part"


@dataclass(frozen=True, slots=True)
class DrawnScreen:
    """One screen. `text` None: only an earlier release has it, and that is deleted.

    `terms` has the offer or product in words, `fields` as the release has them. `state` is Apple's state of the text,
    NEW, or NOT_ASKED; `images` has the states of its images that are not approved. `shown_to` has locales of devices,
    `default_of` the products and locales whose default message it is. `why_not`: why no customer is shown it now.
    `meanwhile` is the identity of the screen that serves until this text is approved.
    """

    identity: str
    kind: str
    terms: str
    messages: str
    locale: str
    message: str
    mirrored: bool
    text: Mapping[str, Any] | None = field(repr=False)
    fields: Mapping[str, Any] = field(repr=False)
    state: str = NOT_ASKED
    images: tuple[str, ...] = ()
    shown_to: tuple[str, ...] = ()
    by: tuple[ShownBy, ...] = ()
    default_of: tuple[tuple[str, str], ...] = ()
    why_not: str = ""
    meanwhile: str | None = None

    @property
    def locales(self) -> tuple[str, ...]:
        """The locale of the text, then those of the devices that show it, as an answer or as a default message."""
        return tuple(dict.fromkeys((self.locale, *self.shown_to, *(locale for _, locale in self.default_of))))

    @property
    def waits(self) -> bool:
        """Whether Apple has not approved the text or an image of it."""
        return self.state not in {"APPROVED", NOT_ASKED} or bool(self.images)


@dataclass(frozen=True, slots=True)
class BoardCell:
    """One product and locale: `screens` has the identity of each real-time answer's screen, None for a fallback.

    `held_out` is the screen of customers who are held out, None where they get no real-time answer.
    """

    cell: Cell
    screens: tuple[str | None, ...]
    default: str | None
    held_out: str | None = None

    @property
    def sign(self) -> str:
        """OWN, OTHER (some text is of another language than the device), BACK (for everyone) or UNANSWERED."""
        read = [answer.delivery.locale for answer in self.cell.real_time if answer.delivery is not None]
        if not read:
            return BACK if self.cell.complete else UNANSWERED
        device = language(self.cell.locale)
        return OWN if all(language(locale) == device for locale in read) else OTHER

    @property
    def lacks_default(self) -> bool:
        """Whether there are real-time answers and no default message, for a product that has a name."""
        return self.cell.delivers and not self.cell.default and self.cell.product != ANY_PRODUCT

    @property
    def distinct(self) -> tuple[str, ...]:
        """The screens of the cell, each once."""
        return tuple(dict.fromkeys(name for name in self.screens if name is not None))


@dataclass(frozen=True, slots=True)
class Board:
    """Screens by set, kind and locale, in the order of the file; cells in the order of the coverage."""

    screens: tuple[DrawnScreen, ...]
    cells: tuple[BoardCell, ...]

    @property
    def by_identity(self) -> Mapping[str, DrawnScreen]:
        return {screen.identity: screen for screen in self.screens}


def make_board(edition: Edition, known: Standing | None, found: Coverage) -> Board:
    """Return every screen of an edition, and the cells with the screens they lead to."""
    maker = _BoardMaker(edition, known, found)
    cells = tuple(maker.cell(cell) for cell in found.cells)
    maker.add_unshown()
    return Board(tuple(sorted(maker.finished(), key=maker.place)), cells)


def draw_text(messages: str, locale: str, message: str, text: Mapping[str, Any]) -> DrawnScreen:
    """Return the plain screen of one text, on a device of its own direction: for what is compared."""
    mirrored = is_mirrored(locale)
    identity = "s" + digest_of("text", messages, locale, message, text)
    return DrawnScreen(identity, MESSAGE, MESSAGE, messages, locale, message, mirrored, text, {})


@dataclass(slots=True)
class _Gathered:
    """A screen while its cells are gone through; dictionaries keep the order and each thing once."""

    screen: DrawnScreen
    shown_to: dict[str, None] = field(default_factory=dict)
    by: dict[ShownBy, None] = field(default_factory=dict)
    default_of: dict[tuple[str, str], None] = field(default_factory=dict)


class _BoardMaker:
    def __init__(self, edition: Edition, known: Standing | None, found: Coverage) -> None:
        self._edition, self._known, self._found = edition, known, found
        self._gathered: dict[tuple[str, str, str, str, bool], _Gathered] = {}
        self._answered: set[tuple[str, str | None]] = set()
        self._newest = {
            (name, locale): ids[0].lower()
            for name, texts in edition.texts.items()
            for locale, ids in texts.items()
            if ids
        }
        self._places = {place: number for number, place in enumerate(self._ordered_texts())}
        self._sets = {name: number for number, name in enumerate(edition.document.messages)}
        self._place_of: dict[str, tuple[str, str]] = {}
        for name, texts in edition.texts.items():
            for locale, ids in texts.items():
                for identifier in ids:
                    self._place_of.setdefault(identifier.lower(), (name, locale))

    def _ordered_texts(self) -> Iterator[tuple[str, str]]:
        default = self._edition.document.locales.default if self._edition.document.locales else ""
        for name, texts in self._edition.document.messages.items():
            for locale in sorted(texts, key=lambda locale: locale != default):
                yield name, locale

    def place(self, screen: DrawnScreen) -> tuple[int, str, str, int, bool, str]:
        """Return where a screen stands on the page."""
        first = self._sets.get(screen.messages, len(self._sets))
        text = self._places.get((screen.messages, screen.locale), len(self._places))
        return first, screen.kind, screen.terms, text, screen.mirrored, screen.identity

    def cell(self, cell: Cell) -> BoardCell:
        mirrored = is_mirrored(cell.locale)
        shown: list[str | None] = []
        for answer in cell.real_time:
            self._answered.add((answer.rule, answer.arm))
            if answer.delivery is None:
                shown.append(None)
                continue
            one = self._of_delivery(answer.delivery, mirrored=mirrored)
            one.shown_to[cell.locale] = None
            one.by[ShownBy(answer.rule, answer.arm, answer.share, answer.taking_part)] = None
            shown.append(one.screen.identity)
        held = self._held_out(cell, mirrored=mirrored)
        return BoardCell(cell, tuple(shown), self._default(cell, mirrored=mirrored), held)

    def _held_out(self, cell: Cell, *, mirrored: bool) -> str | None:
        holdout = self._found.holdout
        if cell.held_out is None or holdout is None:
            return None
        one = self._of_delivery(cell.held_out, mirrored=mirrored)
        one.shown_to[cell.locale] = None
        one.by[ShownBy(f"the holdout {holdout.key}", share=holdout.share)] = None
        return one.screen.identity

    def _default(self, cell: Cell, *, mirrored: bool) -> str | None:
        if cell.default is None:
            return None
        declared = self._edition.document.products.get(cell.product)
        messages, locale = self._place_of.get(cell.default, ("", cell.locale))
        if declared is not None and declared.default is not None:
            ids = self._edition.texts.get(declared.default, {})
            own = (each for each, names in ids.items() if cell.default in {name.lower() for name in names})
            locale = next(own, locale)
            messages = declared.default if locale in ids else messages
        one = self._of(messages, locale, cell.default, MESSAGE, {}, mirrored=mirrored)
        one.default_of[cell.product, cell.locale] = None
        return one.screen.identity

    def _of_delivery(self, delivery: Delivery, *, mirrored: bool) -> _Gathered:
        answer = delivery.answer
        identifier = delivery.message_id.lower()
        return self._of(answer.messages, delivery.locale, identifier, answer.kind, answer.fields, mirrored=mirrored)

    def _of(
        self, messages: str, locale: str, message: str, kind: str, fields: Mapping[str, Any], *, mirrored: bool
    ) -> _Gathered:
        terms = fields_text(kind, fields)
        key = messages, locale, message, terms, mirrored
        found = self._gathered.get(key)
        if found is None:
            identity = "s" + digest_of(messages, locale, message, kind, terms, mirrored)
            text = self._found.texts.get(message)
            screen = DrawnScreen(identity, kind, terms, messages, locale, message, mirrored, text, fields)
            found = self._gathered[key] = _Gathered(self._with_state(screen))
        return found

    def _with_state(self, screen: DrawnScreen) -> DrawnScreen:
        if self._known is None:
            return screen
        state = self._known.states.get(screen.message)
        if state is None:
            return replace(screen, state=NEW)
        return replace(screen, state=state.message, images=unapproved(state))

    def add_unshown(self) -> None:
        """Add the texts of answers that no customer gets now, then those that no answer names."""
        document = self._edition.document
        for rule, arm, entry in _answers(document):
            if (rule.name, arm) not in self._answered:
                self._add_texts(entry.messages, entry.kind, answer_fields(entry, document), self._why(rule))
        drawn = {(one.screen.messages, one.screen.locale, one.screen.message) for one in self._gathered.values()}
        waiting = {(each.messages, each.locale): each for each in self._found.waiting}
        named = {entry.messages: (rule, entry) for rule, _, entry in _answers(document)}
        for (messages, locale), message in self._newest.items():
            if (messages, locale, message) in drawn:
                continue
            if messages not in named and messages == self._held_out_set():
                self._add(messages, locale, message, MESSAGE, {}, "no customer who is held out is shown this locale")
                continue
            if messages not in named:
                self._add(messages, locale, message, MESSAGE, {}, "no rule shows it, and it is no default message")
                continue
            rule, entry = named[messages]
            why = f"no customer of {rule.name} is shown this locale"
            why = "it waits for Apple's approval" if (messages, locale) in waiting else why
            self._add(messages, locale, message, entry.kind, answer_fields(entry, document), why)

    def _held_out_set(self) -> str | None:
        """Return the set that customers who are held out get; None where Apple falls back for them."""
        holdout = self._edition.document.holdout
        return None if holdout is None or holdout.answer is None else holdout.answer.messages or None

    def _add_texts(self, messages: str, kind: str, fields: Mapping[str, Any], why: str) -> None:
        for locale in self._edition.texts.get(messages, {}):
            message = self._newest.get((messages, locale))
            if message is not None:
                self._add(messages, locale, message, kind, fields, why)

    def _add(self, messages: str, locale: str, message: str, kind: str, fields: Mapping[str, Any], why: str) -> None:
        one = self._of(messages, locale, message, kind, fields, mirrored=is_mirrored(locale))
        if not one.by and not one.default_of and not one.screen.why_not:
            one.screen = replace(one.screen, why_not=why)

    def _why(self, rule: RuleEntry) -> str:
        """Return why no customer gets the answer of a rule, as the coverage has it."""
        if self._found.paused:
            return "the app is paused"
        passed = (each.detail for cell in self._found.cells for each in cell.passed_over if each.rule == rule.name)
        out = (each.why for each in self._found.unreachable if each.rule == rule.name)
        return next(passed, None) or next(out, None) or f"no request comes to {rule.name}"

    def finished(self) -> Iterator[DrawnScreen]:
        """Yield the screens with what was gathered about them."""
        # Two sets with the same text have it under the same id, but not the same predecessor.
        served = {_place(one.screen): one.screen.identity for one in self._gathered.values()}
        waiting: dict[_Place, Waiting] = {
            (each.messages, each.locale, each.message): each for each in self._found.waiting
        }
        for one in self._gathered.values():
            messages, locale, _ = place = _place(one.screen)
            waits = waiting.get(place)
            earlier = None if waits is None else waits.predecessor
            before = None if earlier is None else served.get((messages, locale, earlier.lower()))
            yield replace(
                one.screen,
                shown_to=tuple(one.shown_to),
                by=tuple(one.by),
                default_of=tuple(one.default_of),
                meanwhile=before,
            )


def _place(screen: DrawnScreen) -> _Place:
    return screen.messages, screen.locale, screen.message


def unapproved(state: MessageState) -> tuple[str, ...]:
    """Return the states of a text's images that are not approved, each once."""
    return tuple(sorted({name or UNKNOWN for name in state.images.values() if name != "APPROVED"}))


def _answers(document: Document) -> Iterator[tuple[RuleEntry, str | None, AnswerEntry]]:
    """Yield every answer of the file that has a text, with its rule and arm."""
    for rule in document.rules:
        arms: list[tuple[str | None, AnswerEntry | None]]
        if isinstance(rule.gives, ExperimentEntry):
            arms = [(arm.name, arm.answer) for arm in rule.gives.arms]
        else:
            arms = [(None, rule.gives)]
        for name, answer in arms:
            if answer is not None and answer.kind != FALLBACK and answer.messages:
                yield rule, name, answer


def answer_fields(entry: AnswerEntry, document: Document) -> Mapping[str, Any]:
    """Return the fields of an answer as a release would have them."""
    match entry.kind:
        case "promotionalOffer":
            offer = document.offers[entry.target]
            identifier, signature = offer.offer_identifier, offer.signature
            return {"productId": offer.product_id, "offerIdentifier": identifier, "signature": signature}
        case "alternateProduct":
            plan = {"billingPlanType": entry.billing_plan_type} if entry.billing_plan_type else {}
            return {"productId": entry.target, **plan}
        case "advancedCommerce":
            return {"request": entry.request}
    return {}


def shares_of(screen: DrawnScreen) -> tuple[str, ...]:
    """Return the rules that show a screen, each with its arm and share of customers; the holdout has a share alone."""
    places = ((each.rule, ", ".join(filter(None, (each.arm, each.share_text)))) for each in screen.by)
    return tuple(f"{rule} ({part})" if part else rule for rule, part in places)
