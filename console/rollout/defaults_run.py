"""`retention defaults` step by step: verify the records, show them, configure what differs, delete what is unwanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from retention.locales import APPLE_LOCALES

from console.appstore.client import CONFIGURE_DEFAULT, GET_DEFAULT
from console.deployment.session import Session
from console.deployment.target import confirm, confirm_deletion
from console.rollout.apply import observe_and_plan
from console.rollout.defaults import (
    DIFFERENT,
    OTHER,
    WAITING,
    DefaultCoverage,
    Place,
    configure_all,
    coverage,
    remove,
    verify,
)
from console.rollout.observed import observe
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import duration, plural

_ADVICE = {
    "gap": "the file names no default here",
    "waiting": "its message is not approved yet",
    "different": "to be configured",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The options `--show`, `--verify`, `--delete-others` and `--yes`."""

    show_only: bool = False
    verify: bool = False
    delete_others: bool = False
    yes: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """Defaults to configure at Apple, and recorded defaults to delete there."""

    configure: tuple[DefaultCoverage, ...] = ()
    delete: tuple[DefaultCoverage, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """What was done, and how every default stands afterwards. `corrected` are the places whose record was wrong."""

    verified: bool
    done: Work
    covered: Sequence[DefaultCoverage]
    corrected: Sequence[Place] = field(default=())


def work_list(covered: Sequence[DefaultCoverage], choice: Choice) -> Work:
    """Return what to configure and what to delete, given the present defaults: nothing with `show_only`."""
    if choice.show_only:
        return Work()
    delete = (one for one in covered if choice.delete_others and one.standing == OTHER)
    return Work(tuple(one for one in covered if one.standing == DIFFERENT), tuple(delete))


def settle(session: Session, choice: Choice, out: Output) -> Settled:
    """Verify, show and carry out what `choice` asks for. Raises Failure if the operator does not confirm."""
    found = observe_and_plan(session, reshuffle=True)

    def look_again() -> list[DefaultCoverage]:
        return coverage(session.document, found.compiled, observe(session))

    covered = coverage(session.document, found.compiled, found.seen)
    corrected = _verify(session, covered, out, yes=choice.yes) if choice.verify else []
    if corrected:
        covered = look_again()
    _show(covered, out)
    work = work_list(covered, choice)
    if work.configure or work.delete:
        carry_out(work, session, out, yes=choice.yes)
        covered = look_again()
    return Settled(choice.verify, work, covered, corrected)


def _verify(session: Session, covered: Sequence[DefaultCoverage], out: Output, *, yes: bool) -> list[Place]:
    places = [(one.product, one.locale) for one in covered]
    _note_time(session, GET_DEFAULT, len(places), out)
    confirm(session.target, "correct our record of default messages", yes=yes)
    recorded = {(one.product, one.locale): one.recorded for one in covered if one.recorded is not None}
    with out.progress() as report:
        wrong = verify(session, places, recorded, report)
    out.print(
        f"Apple was asked for {plural(len(places), 'default')}: "
        + (f"our record was wrong for {len(wrong)}, and is corrected." if wrong else "our record is right.")
    )
    return wrong


def carry_out(work: Work, session: Session, out: Output, *, yes: bool) -> None:
    """Configure, then delete, each after a question. Raises Failure if Apple refuses or the operator declines."""
    if work.configure:
        configured = plural(len(work.configure), "default")
        _note_time(session, CONFIGURE_DEFAULT, len(work.configure), out)
        confirm(session.target, f"configure {configured}", yes=yes)
        with out.progress() as report:
            configure_all(session, {(one.product, one.locale): str(one.target) for one in work.configure}, report)
        out.print(f"Configured {configured}.", "green")
    if work.delete:
        confirm_deletion(session.target, plural(len(work.delete), "default message"), yes=yes)
        for one in work.delete:
            remove(session, one.product, one.locale)
        out.print(f"Deleted {plural(len(work.delete), 'default')}.", "green")


def _note_time(session: Session, operation: str, calls: int, out: Output) -> None:
    seconds = session.apple.estimate([(operation, calls)])
    out.note(f"{plural(calls, 'call')} to Apple, at the rate that it allows: about {duration(seconds)}.")


def _show(covered: Sequence[DefaultCoverage], out: Output) -> None:
    out.table(
        ("product", "locale", "", "default", "since (UTC)", ""),
        [
            (
                one.product,
                one.locale,
                one.standing,
                one.recorded or "none",
                one.configured_at[:16].replace("T", " "),
                _ADVICE.get(one.standing, ""),
            )
            for one in covered
        ],
    )
    uncovered = len(APPLE_LOCALES - {one.locale for one in covered})
    if uncovered:
        out.print(
            f"Note: in Apple's other {uncovered} locales no product has a default message, and Apple may show nothing"
            " there. To add a locale, add its text to a message set; two locales can share one message."
        )


def show_end(settled: Settled, out: Output) -> bool:
    """Print what was done and what waits for Apple. Return whether every default is as in the file."""
    out.document(
        {
            "verified": settled.verified,
            "corrected": [f"{product} {locale}" for product, locale in settled.corrected],
            "configured": len(settled.done.configure),
            "deleted": len(settled.done.delete),
            "defaults": [{**form_of(one), "standing": one.standing} for one in settled.covered],
        }
    )
    waiting = sum(one.standing == WAITING for one in settled.covered)
    different = sum(one.standing == DIFFERENT for one in settled.covered)
    if waiting or different:
        more = f"; to configure: {plural(different, 'default')}" if different else ""
        out.print(f"waiting for Apple: {plural(waiting, 'default')}{more}", "yellow")
    return not (waiting or different)
