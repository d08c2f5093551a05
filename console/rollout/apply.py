"""`retention apply`: carry a plan out. What it did not finish, the next run does, since each begins by looking again.

The order keeps every stop harmless. Images go before the messages that use them, both before the release that names
them, and default messages, which must be approved, come last. Until the release, nobody is answered differently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from retention.review.snapshot import Lists, SnapshotRefusedError, follow

from console.appstore import client as apple
from console.appstore.client import AppleError, Kind
from console.appstore.saved_lists import advised
from console.deployment.session import Session
from console.file.compile import Compiled, compile_document
from console.file.identifiers import image_id
from console.file.images import read_image
from console.releases.current import PublishConflictError
from console.releases.overview import look_at_table
from console.releases.publish import Published
from console.rollout.defaults import configure_all
from console.rollout.observed import Observed, observe, read_apple_lists
from console.rollout.plan import Plan, UploadImage, UploadMessage, make_plan, upload_order
from console.rollout.publish import Draft
from console.rollout.publish import publish as write_release
from console.terminal.failure import Failure
from console.terminal.output import Output
from console.terminal.words import plural


@dataclass(frozen=True, slots=True)
class PlanWithInputs:
    """A plan, and what it was made of."""

    plan: Plan
    compiled: Compiled
    seen: Observed


@dataclass(slots=True)
class ApplyResult:
    """What one run did, and the plan that is left: only what Apple must settle."""

    images: int = 0
    messages: int = 0
    published: Published | None = None
    defaults: int = 0
    states: int = 0
    left: Plan | None = None

    def document(self) -> dict[str, Any]:
        return {
            "uploadedImages": self.images,
            "uploadedMessages": self.messages,
            "release": None if self.published is None else self.published.number,
            "configuredDefaults": self.defaults,
            "importedStates": self.states,
            "left": None if self.left is None else self.left.document(),
        }


def observe_and_plan(
    session: Session, *, reshuffle: bool = False, now: datetime | None = None, lists: Lists | None = None
) -> PlanWithInputs:
    """Look at Apple, unless its lists are given, and at the table, and plan. Nothing is changed."""
    seen = observe(session, lists)
    compiled = compile_document(
        session.document,
        environment=session.where.env,
        previous=seen.previous if seen.table.live else None,
        now=now or datetime.now(UTC),
        reshuffle=reshuffle,
    )
    return PlanWithInputs(make_plan(session.document, compiled, seen), compiled, seen)


def estimate(session: Session, plan: Plan) -> float:
    """Return how many seconds a plan takes at the pace that Apple allows."""
    uploads = (
        apple.UPLOAD_IMAGE if isinstance(step, UploadImage) else apple.UPLOAD_MESSAGE for step in upload_order(plan)
    )
    return session.apple.estimate(
        [
            *((operation, 1) for operation in uploads),
            (apple.GET_IMAGE_LIST, 2),
            (apple.GET_MESSAGE_LIST, 2),
            (apple.CONFIGURE_DEFAULT, len(plan.defaults)),
        ]
    )


@dataclass(slots=True)
class ApplyRun:
    """One run. What it was confirmed with may be old by now, so that everything is looked at anew."""

    session: Session
    out: Output
    reshuffle: bool = False
    allow_silencing: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    done: ApplyResult = field(default_factory=ApplyResult)

    def run(self, planned: PlanWithInputs) -> ApplyResult:
        """Carry out what is planned. Raises Failure, having said how far it came."""
        current = self._look_again(planned)
        if current.plan.images or current.plan.messages:
            self._upload(current.plan)
            current = self._look_again(planned)
            _require_all(current.plan)
        if current.plan.publish is not None:
            current = self._publish(current, planned)
        if current.plan.defaults:
            self._configure(current.plan)
        self.done.left = self._left(current)
        return self.done

    def _left(self, current: PlanWithInputs) -> Plan:
        """Plan once more by what the table says now. Apple's lists need not be asked for again."""
        target = self.session.target
        seen = replace(current.seen, table=look_at_table(target.app_table))
        compiled = compile_document(
            self.session.document, environment=self.session.where.env, previous=seen.previous, now=self.now()
        )
        return make_plan(self.session.document, compiled, seen)

    def _look_again(self, planned: PlanWithInputs) -> PlanWithInputs:
        """Tell the table what Apple's lists say by now, and plan by that.

        What was planned with may be old: a question waited for its answer, uploads waited for Apple's limits.
        """
        lists = self._follow()
        current = observe_and_plan(self.session, reshuffle=self.reshuffle, now=self.now(), lists=lists)
        before, now = planned.compiled.content.images, current.compiled.content.images
        for name, image in now.items():
            if image.identifier != before[name].identifier:
                raise _changed(image.path)
        if current.plan.publish is not None and _number(current.seen) != _number(planned.seen):
            raise Failure(
                f"Release {_number(current.seen)} went live meanwhile, and it is not what the file says. Nothing was"
                " published: run `retention apply` again, and its plan says what yours would change."
            )
        return current

    def _follow(self) -> Lists:
        """Import Apple's lists into the table, and return them as they were read last."""
        target, read = self.session.target, list[Lists]()

        def lists() -> Lists:
            read.append(read_apple_lists(self.session))
            return read[-1]

        try:
            report = follow(target.app_table, lists, allow_silencing=self.allow_silencing)
        except SnapshotRefusedError as error:
            raise advised(error, "nothing was imported or published") from None
        self.done.states += report.written
        return read[-1]

    # Uploading

    def _upload(self, plan: Plan) -> None:
        """Upload all that Apple takes. What it refuses for good is told at the end, all at once."""
        refused: dict[str, str] = {}
        totals, taken = {"images": len(plan.images), "messages": len(plan.messages)}, Counter[str]()
        try:
            with self.out.progress() as report:
                for step in upload_order(plan):
                    self._take(step, refused)
                    taken["images" if isinstance(step, UploadImage) else "messages"] += 1
                    for what, total in totals.items():
                        report(what, taken[what], total)
        except (Failure, KeyboardInterrupt):
            left = sum(totals.values()) - taken.total()
            self.out.warn(
                f"Stopped with {plural(left, 'upload')} to go; nothing was published. `retention apply` goes on from"
                " there."
            )
            raise
        if refused:
            told = "\n".join(refused.values())
            raise Failure(
                f"{told}\nNothing was published. Correct the file and run `retention apply` again; what is uploaded"
                " stays."
            )

    def _take(self, step: UploadImage | UploadMessage, refused: dict[str, str]) -> None:
        """Take one step, or note why Apple refuses it for good. Anything else that fails is raised."""
        if isinstance(step, UploadMessage) and refused.keys() & set(step.upload.images):
            return  # it would be refused for its image, whose reason is the one to tell
        try:
            if isinstance(step, UploadImage):
                self.done.images += self._upload_image(step)
            else:
                self.done.messages += self.session.apple.upload_message(step.upload.identifier, step.upload.body)
        except Failure as error:
            if not _is_final(error):
                raise
            refused[step.upload.identifier] = f"{', '.join(step.names)}: {error}"

    def _upload_image(self, step: UploadImage) -> bool:
        upload, app = step.upload, self.session.target.app_apple_id
        content = read_image(upload.path)
        revisions = {self.session.document.images[name].revision for name in step.names}
        if upload.identifier not in {image_id(app, upload.size, content, revision) for revision in revisions}:
            raise _changed(upload.path)
        return self.session.apple.upload_image(upload.identifier, content, upload.size)

    # The release, and the defaults

    def _publish(self, current: PlanWithInputs, planned: PlanWithInputs) -> PlanWithInputs:
        """Make the release live. Where another one went live first, it may be another run's with the same file."""
        try:
            self.done.published = self._write(current)
        except PublishConflictError:
            current = self._look_again(planned)
            if current.plan.publish is not None:
                raise
        return current

    def _write(self, current: PlanWithInputs) -> Published:
        draft = Draft(
            current.compiled,
            self.session.target,
            current.seen.table.live.number if current.seen.table.live else None,
            self.now(),
            self.session.where.file.resolve().parent,
        )
        with self.out.progress() as report:
            return write_release(draft, report)

    def _configure(self, plan: Plan) -> None:
        wanted = {(one.product, one.locale): one.message for one in plan.defaults}
        with self.out.progress() as report:
            self.done.defaults = configure_all(self.session, wanted, report)


def _changed(path: Path) -> Failure:
    return Failure(f"{path} changed while this ran: run `retention apply` again.")


def _number(seen: Observed) -> int | None:
    return None if seen.table.live is None else seen.table.live.number


def _require_all(plan: Plan) -> None:
    """Make sure that nothing is left to upload. Raises Failure."""
    missing = len(plan.images) + len(plan.messages)
    if missing:
        raise Failure(
            f"Apple took {plural(missing, 'upload')} that its lists do not have yet. Nothing was published: run"
            " `retention apply` again in a minute."
        )


def _is_final(error: Failure) -> bool:
    """Tell whether Apple refused one upload for what it is, so that the others may go on."""
    return isinstance(error, AppleError) and (
        error.kind is Kind.TAKEN or (error.kind is Kind.REFUSED and error.status == HTTPStatus.BAD_REQUEST)
    )
