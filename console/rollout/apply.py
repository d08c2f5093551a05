"""`retention apply`: carry out a plan. Each run first reads Apple's lists and the table, so it continues a stopped one.

The order makes it harmless to stop anywhere: images are uploaded before the messages that use them, both before the
release that names them is published, and default messages, which must be approved, are configured last. Until the
release is live, every request is answered as before.
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
from console.appstore.errors import AppleError, Kind
from console.appstore.saved_lists import advised
from console.deployment.session import Session
from console.file.compile import Compiled, compile_document
from console.file.identifiers import image_id
from console.file.images import read_image
from console.releases.head import PublishConflictError
from console.releases.overview import look_at_table
from console.releases.publish import Published
from console.rollout.defaults import configure_all
from console.rollout.observed import Observed, observe, read_apple_lists
from console.rollout.plan import Plan, UploadImage, UploadMessage, make_plan, upload_order
from console.rollout.publish import Draft, publish_draft
from console.terminal.failure import Failure
from console.terminal.output import Output
from console.terminal.words import plural


@dataclass(frozen=True, slots=True)
class PlanWithInputs:
    """A plan, with the compiled file and the observed state that it was made from."""

    plan: Plan
    compiled: Compiled
    seen: Observed


@dataclass(slots=True)
class ApplyResult:
    """What one run did: numbers of uploads, defaults and states, and the release.

    `left` is the plan after the run, which has only steps that wait for Apple.
    """

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
    """Read Apple's lists (unless `lists` has them) and the table, compile the file, and plan. Changes nothing.

    Raises Mistakes, AppleError, ReleaseError and AWS's errors.
    """
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
    """Return how many seconds the calls of a plan take at the rate that Apple allows."""
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
    """One run. The plan that the operator confirmed can be old by now, so the run reads and plans again first."""

    session: Session
    out: Output
    reshuffle: bool = False
    allow_silencing: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    done: ApplyResult = field(default_factory=ApplyResult)

    def run(self, planned: PlanWithInputs) -> ApplyResult:
        """Carry out the plan. Raises Failure; a warning before it names how many uploads are left."""
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
        """Plan once more from the table as it is now, and from Apple's lists as they were read last."""
        target = self.session.target
        seen = replace(current.seen, table=look_at_table(target.app_table))
        compiled = compile_document(
            self.session.document, environment=self.session.where.env, previous=seen.previous, now=self.now()
        )
        return make_plan(self.session.document, compiled, seen)

    def _look_again(self, planned: PlanWithInputs) -> PlanWithInputs:
        """Import Apple's present lists into the table, and plan from them.

        The lists of the earlier plan can be old: the operator took time to confirm, and Apple's limits delay uploads.
        """
        lists = self._follow()
        current = observe_and_plan(self.session, reshuffle=self.reshuffle, now=self.now(), lists=lists)
        before, now = planned.compiled.content.images, current.compiled.content.images
        for name, image in now.items():
            if image.identifier != before[name].identifier:
                raise _changed(image.path)
        if current.plan.publish is not None and _number(current.seen) != _number(planned.seen):
            raise Failure(
                f"Release {_number(current.seen)} went live meanwhile, and it differs from the file. Nothing was"
                " published: run `retention apply` again; its plan shows what your file would change."
            )
        return current

    def _follow(self) -> Lists:
        """Import Apple's lists into the table, and return the lists that were imported."""
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
        """Make all uploads of a plan. Those that Apple refuses for good are reported together, in one Failure."""
        refused: dict[str, str] = {}
        totals, taken = {"images": len(plan.images), "messages": len(plan.messages)}, Counter[str]()
        try:
            with self.out.progress() as report:
                for step in upload_order(plan):
                    self._upload_one(step, refused)
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
            reasons = "\n".join(refused.values())
            raise Failure(
                f"{reasons}\nNothing was published. Correct the file and run `retention apply` again; what is uploaded"
                " stays."
            )

    def _upload_one(self, step: UploadImage | UploadMessage, refused: dict[str, str]) -> None:
        """Make one upload, or note in `refused` why Apple refuses it for good. Every other failure is raised."""
        if isinstance(step, UploadMessage) and refused.keys() & set(step.upload.images):
            return  # Apple would refuse it because of its image, and the reason for the image is noted already
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
        """Make the release live. If another went live first, that is an error unless it has the same content."""
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
            return publish_draft(draft, report)

    def _configure(self, plan: Plan) -> None:
        wanted = {(one.product, one.locale): one.message for one in plan.defaults}
        with self.out.progress() as report:
            self.done.defaults = configure_all(self.session, wanted, report)


def _changed(path: Path) -> Failure:
    return Failure(f"{path} changed while this ran: run `retention apply` again.")


def _number(seen: Observed) -> int | None:
    return None if seen.table.live is None else seen.table.live.number


def _require_all(plan: Plan) -> None:
    """Raise Failure if Apple's lists lack an image or a message that was uploaded."""
    missing = len(plan.images) + len(plan.messages)
    if missing:
        raise Failure(
            f"Apple took {plural(missing, 'upload')} that its lists do not have yet. Nothing was published: run"
            " `retention apply` again in a minute."
        )


def _is_final(error: Failure) -> bool:
    """Return whether Apple refused this upload for its own content or id, so that the other uploads can go on."""
    return isinstance(error, AppleError) and (
        error.kind is Kind.TAKEN or (error.kind is Kind.REFUSED and error.status == HTTPStatus.BAD_REQUEST)
    )
