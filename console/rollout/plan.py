"""The steps that make Apple and the table agree with the file, and what then still waits for Apple.

Pure: a plan is made from the compiled file and the observed state. `console.rollout.apply` carries it out.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from retention import table as rows
from retention.catalog import ABSENT, APPROVED, PENDING, REJECTED, MessageState
from retention.request import SANDBOX

from console.file.compile import Compiled
from console.file.content import ImageUpload, MessageUpload
from console.file.entries import Document
from console.file.plans import plans_of
from console.file.release import CompiledRelease
from console.releases.read import StoredRelease
from console.rollout.defaults import DIFFERENT, WAITING, DefaultCoverage, coverage
from console.rollout.observed import Observed
from console.rollout.unlearned_facts import ADVICE, unlearned_facts
from console.terminal.json_form import form_of
from console.terminal.words import plural


@dataclass(frozen=True, slots=True)
class UploadImage:
    """An image that Apple does not have. `names` are its names in the file."""

    upload: ImageUpload
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UploadMessage:
    """A message that Apple does not have. `names` are its sets and locales, such as "welcome en-US".

    `replaces` is the id of the approved message that is served until this one is approved.
    """

    upload: MessageUpload
    names: tuple[str, ...]
    replaces: str | None


@dataclass(frozen=True, slots=True)
class Publish:
    """A new release, after the release `based_on` (None: it is the first). `changes` describe it, a line each."""

    based_on: int | None
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetDefault:
    """A default message to configure. `before` is the id of the present one, None if there is none."""

    product: str
    locale: str
    message: str
    before: str | None


@dataclass(frozen=True, slots=True)
class Review:
    """A message of the file that cannot be served yet. `state` is its own, or that of an image that is not approved.

    `meanwhile` is the id of the predecessor that is served; with None, the next locale or rule answers.
    """

    identifier: str
    names: tuple[str, ...]
    state: str
    meanwhile: str | None
    uploaded: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order in which they are taken, then what waits for Apple, then notes for the owner.

    `behind` is the number of states that the table does not have yet.
    """

    environment: str
    images: tuple[UploadImage, ...]
    messages: tuple[UploadMessage, ...]
    publish: Publish | None
    defaults: tuple[SetDefault, ...]
    in_review: tuple[Review, ...]
    rejected: tuple[Review, ...]
    waiting_defaults: tuple[DefaultCoverage, ...]
    behind: int
    notes: tuple[str, ...]

    @property
    def has_changes(self) -> bool:
        return bool(self.images or self.messages or self.publish or self.defaults)

    @property
    def waits(self) -> bool:
        return bool(self.in_review or self.rejected or self.waiting_defaults)

    @property
    def defaults_in_review(self) -> tuple[DefaultCoverage, ...]:
        """Defaults that wait for an approval, without those whose message is rejected: they wait for a new file."""
        rejected = {review.identifier for review in self.rejected}
        return tuple(one for one in self.waiting_defaults if one.wanted[0] not in rejected)

    @property
    def agrees(self) -> bool:
        """Whether file, Apple and table agree, and nothing waits for App Review."""
        return not self.has_changes and not self.waits

    def document(self) -> dict[str, Any]:
        """Return the --json document."""
        return {
            "environment": self.environment,
            "agrees": self.agrees,
            "uploadImages": [
                {"id": one.upload.identifier, "size": one.upload.size, "names": one.names, "file": str(one.upload.path)}
                for one in self.images
            ],
            "uploadMessages": [
                {"id": one.upload.identifier, "names": one.names, "replaces": one.replaces} for one in self.messages
            ],
            "publish": None if self.publish is None else form_of(self.publish),
            "configureDefaults": [form_of(one) for one in self.defaults],
            "waiting": {
                "messages": [form_of(one) for one in self.in_review],
                "rejected": [form_of(one) for one in self.rejected],
                "defaults": [
                    {"product": one.product, "locale": one.locale, "message": one.wanted[0]}
                    for one in self.waiting_defaults
                ],
            },
            "statesToImport": self.behind,
            "notes": self.notes,
        }


def upload_order(plan: Plan) -> Iterator[UploadImage | UploadMessage]:
    """Yield every upload, each message after its images.

    Images and messages alternate, since Apple counts them against separate limits.
    """
    images = deque(plan.images)
    missing = {image.upload.identifier for image in plan.images}
    waiting = {message: missing & set(message.upload.images) for message in plan.messages}
    users: dict[str, list[UploadMessage]] = defaultdict(list)
    for message, needs in waiting.items():
        for image in needs:
            users[image].append(message)
    ready = deque(message for message, needs in waiting.items() if not needs)
    while images or ready:
        if images:
            image_step = images.popleft()
            yield image_step
            for message in users[image_step.upload.identifier]:
                waiting[message].discard(image_step.upload.identifier)
                if not waiting[message]:
                    ready.append(message)
        if ready:
            yield ready.popleft()


def make_plan(document: Document, compiled: Compiled, seen: Observed) -> Plan:
    """Return the plan for a file that was compiled with the predecessors of `seen.previous`."""
    names = _message_names(compiled)
    # The state of a message after its upload: the sandbox approves at once, production reviews.
    predicted = APPROVED if seen.environment == SANDBOX else PENDING
    unique = {message.identifier: message for message in compiled.content.all_messages()}
    reviews = list(_reviews(unique, names, compiled, seen, predicted))
    covered = coverage(document, compiled, seen, predicted)
    publish = _publish(compiled.release, seen.table.live)
    return Plan(
        environment=seen.environment,
        images=tuple(_images(compiled, seen)),
        messages=tuple(
            UploadMessage(message, names[identifier], _predecessor(identifier, compiled.release, seen))
            for identifier, message in unique.items()
            if identifier not in seen.messages
        ),
        publish=publish,
        defaults=tuple(
            SetDefault(one.product, one.locale, one.target, one.recorded)
            for one in covered
            if one.standing == DIFFERENT and one.target is not None
        ),
        in_review=tuple(review for review in reviews if review.state != REJECTED),
        rejected=tuple(review for review in reviews if review.state == REJECTED),
        waiting_defaults=tuple(one for one in covered if _waits(one)),
        behind=seen.behind,
        notes=(*_notes(covered, document), *_unlearned(document, seen)),
    )


def _waits(one: DefaultCoverage) -> bool:
    """Return whether the newest wanted default has to wait for Apple, even if a predecessor is configured meanwhile."""
    return one.standing == WAITING or (one.standing == DIFFERENT and one.target != one.wanted[0])


def _message_names(compiled: Compiled) -> dict[str, tuple[str, ...]]:
    names = defaultdict(list)
    for name, texts in compiled.content.messages.items():
        for locale, message in texts.items():
            names[message.identifier].append(f"{name} {locale}")
    return {identifier: tuple(found) for identifier, found in names.items()}


def _images(compiled: Compiled, seen: Observed) -> Iterator[UploadImage]:
    names = defaultdict(list)
    for name, image in compiled.content.images.items():
        names[image.identifier].append(name)
    unique = {image.identifier: image for image in compiled.content.images.values()}
    for identifier, image in unique.items():
        if identifier not in seen.images:
            yield UploadImage(image, tuple(names[identifier]))


def _predecessor(identifier: str, release: CompiledRelease, seen: Observed) -> str | None:
    """Return the id of the approved message that is served until this one is approved, None if there is none."""
    for texts in release.texts.values():
        for ids in texts.values():
            if ids[0] == identifier:
                return next((old for old in ids[1:] if seen.known(old).servable), None)
    return None


def _reviews(
    unique: Mapping[str, MessageUpload],
    names: Mapping[str, tuple[str, ...]],
    compiled: Compiled,
    seen: Observed,
    predicted: str,
) -> Iterator[Review]:
    for identifier, message in unique.items():
        state = _expected(seen.state(identifier, message.images), predicted)
        if not state.servable:
            yield Review(
                identifier,
                names[identifier],
                _worst(state),
                _predecessor(identifier, compiled.release, seen),
                identifier in seen.messages,
            )


def _expected(state: MessageState, predicted: str) -> MessageState:
    """Return the state that a message will have when everything is uploaded."""
    images = {image: predicted if found == ABSENT else found for image, found in state.images.items()}
    return MessageState(predicted if state.message == ABSENT else state.message, images)


def _worst(state: MessageState) -> str:
    found = [state.message, *state.images.values()]
    return REJECTED if REJECTED in found else next(one for one in found if one != APPROVED)


# The release --------------------------------------------------------------------------------------------------------


def _publish(release: CompiledRelease, live: StoredRelease | None) -> Publish | None:
    if live is None:
        return Publish(None, (f"the first release: {plural(len(_rules(release.sheets)), 'rule')}",))
    changes = tuple(differences(release, live))
    return Publish(live.number, changes) if changes else None


def differences(release: CompiledRelease, live: StoredRelease) -> Iterator[str]:
    """Yield each change that `release` makes to the live one, as a line of text; nothing if both answer alike.

    Predecessors are not compared: a text loses its predecessor by itself, when it is approved.
    """
    sheets = rows.parse(rows.canonical(release.sheets))  # a live release has lists where a compiled one has tuples
    yield from _text_changes(release, live)
    yield from _rule_changes(_rules(sheets), _rules(live.sheets))
    yield from _holdout_changes(_holdout(sheets), _holdout(live.sheets))
    yield from _plan_changes(release, live)
    compared = {*release.settings, *live.settings} - {"format"}
    changed = sorted(key for key in compared if _differ(release.settings, live.settings, key))
    if changed:
        yield f"settings: {', '.join(changed)}"
    if live.format != release.format:
        yield f"the release's format: {live.format} → {release.format}"
    mine, theirs = _comparable(sheets, release.texts), _comparable(live.sheets, live.texts)
    products = sorted(name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name))
    if products and not any(_rule_changes(_rules(sheets), _rules(live.sheets))):
        yield f"the answers of {', '.join('other products' if name == '*' else name for name in products)}"


def _differ(left: Mapping[str, Any], right: Mapping[str, Any], key: str) -> bool:
    return bool(left.get(key) != right.get(key))


def _text_changes(release: CompiledRelease, live: StoredRelease) -> Iterator[str]:
    mine, theirs = _firsts(release.texts), _firsts(live.texts)
    for place in sorted({*mine, *theirs}):
        name, locale = place
        if place not in theirs:
            yield f"+ text {name} {locale}"
        elif place not in mine:
            yield f"- text {name} {locale}"
        elif mine[place] != theirs[place]:
            kept = len(release.texts[name][locale]) > 1
            yield f"~ text {name} {locale}" + (": the text before is served until it is approved" if kept else "")


def _firsts(texts: Mapping[str, Mapping[str, tuple[str, ...]]]) -> dict[tuple[str, str], str]:
    return {(name, locale): ids[0] for name, by_locale in texts.items() for locale, ids in by_locale.items()}


def _rules(sheets: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for product in sorted(sheets):
        for rule in sheets[product]["rules"]:
            found[rule["name"]].append([product, rule])
    return found


def _rule_changes(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    for name in mine:
        if name not in theirs:
            yield f"+ rule {name}"
        elif mine[name] != theirs[name]:
            yield f"~ rule {name}"
    yield from (f"- rule {name}" for name in theirs if name not in mine)


def _holdout(sheets: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the holdout, which every sheet has alike."""
    found: Mapping[str, Any] | None = sheets[rows.ANY_PRODUCT].get("holdout")
    return found


def _holdout_changes(mine: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None) -> Iterator[str]:
    if mine is not None and theirs is not None and mine["key"] == theirs["key"]:
        if mine != theirs:
            yield f"~ holdout {mine['key']}"
        return
    if mine is not None:
        yield f"+ holdout {mine['key']}"
    if theirs is not None:
        yield f"- holdout {theirs['key']}"


def _plan_changes(release: CompiledRelease, live: StoredRelease) -> Iterator[str]:
    """Yield the experiments whose plan or control changes: no answer does, but the report reads the release's."""
    theirs = {} if live.document is None else plans_of(live.document)
    for key, mine in release.plans.items():
        before = theirs.get(key)
        if before is not None and any(mine[part] != before[part] for part in ("control", "plan")):
            yield f"~ plan of the experiment {key}"


def _comparable(
    sheets: Mapping[str, Mapping[str, Any]], texts: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> dict[str, Any]:
    """Return the sheets without predecessors, with set and locale in place of each message id.

    So a changed text, which `_text_changes` reports, does not count as a changed rule too.
    """
    places = defaultdict(list)
    for (name, locale), message in _firsts(texts).items():
        places[message].append(f"{name} {locale}")
    found = {}
    for product, sheet in sheets.items():
        sets = {
            name: {locale: places.get(ids[0], [ids[0]]) for locale, ids in by_locale.items()}
            for name, by_locale in sheet["sets"].items()
        }
        # Which texts have images follows from the texts; the holdout has a line of its own.
        rest = {key: value for key, value in sheet.items() if key not in {"pictured", "holdout"}}
        found[product] = {**rest, "sets": sets}
    return found


# Notes for the owner ------------------------------------------------------------------------------------------------


def _notes(covered: list[DefaultCoverage], document: Document) -> Iterator[str]:
    gaps = [one for one in covered if one.answers and one.uncovered and not one.wanted]
    for product in sorted({one.product for one in gaps}):
        locales = ", ".join(one.locale for one in gaps if one.product == product)
        found = document.products.get(product)
        named = None if found is None else found.default
        instead = f"write `default:` under {product}" if named is None else f"add the text to `{named}`"
        yield f"{product} answers in {locales} without a default message, and Apple may then show nothing: {instead}."
    others = [f"{one.product} {one.locale}" for one in covered if not one.wanted and not one.uncovered]
    if others:
        yield (
            f"Default messages that the file does not want stay: {', '.join(others)}."
            " `retention defaults --delete-others` deletes them."
        )


def _unlearned(document: Document, seen: Observed) -> Iterator[str]:
    unlearned = unlearned_facts(document) if seen.learns is False else None
    if unlearned is not None:
        yield f"{unlearned} {ADVICE}"
