"""`retention prune` step by step: what can be deleted, the question, and what was deleted."""

from __future__ import annotations

from collections.abc import Sequence

from console.appstore.client import DELETE_IMAGE, DELETE_MESSAGE
from console.deployment.session import Session
from console.deployment.target import confirm_deletion
from console.rollout.apply import observe_and_plan
from console.rollout.prune import Prunable, delete_prunable, find_prunable, kept_messages
from console.terminal.output import Output
from console.terminal.words import duration, plural


def examine(session: Session) -> Prunable:
    """Return what can be deleted at Apple. Changes nothing."""
    found = observe_and_plan(session, reshuffle=True)
    return find_prunable(found.seen, kept_messages(session), found.compiled)


def show(prunable: Prunable, out: Output) -> None:
    """Print each message and image that can be deleted."""
    if prunable.empty:
        out.print("There is nothing to prune.", "green")
        return
    rows = [
        ("message", name, state, "never published from this table" if name in prunable.never_published else "")
        for name, state in prunable.messages.items()
    ]
    out.table(("", "id", "state", ""), rows + [("image", name, state, "") for name, state in prunable.images.items()])


def prune(session: Session, prunable: Prunable, out: Output, *, yes: bool) -> list[str]:
    """Ask, then delete. Return the images that Apple keeps because messages use them.

    Raises Failure if the operator does not confirm.
    """
    calls = [(DELETE_MESSAGE, len(prunable.messages)), (DELETE_IMAGE, len(prunable.images))]
    out.print(f"At the rate that Apple allows, this takes about {duration(session.apple.estimate(calls))}.")
    confirm_deletion(session.target, f"{_counted(prunable)} at Apple", yes=yes)
    with out.progress() as report:
        return delete_prunable(session, prunable, report)


def show_end(prunable: Prunable, kept: Sequence[str] | None, out: Output) -> None:
    """Print what was deleted, and which images Apple kept. With `kept` None, nothing was deleted."""
    if kept is not None:
        out.print(f"Deleted {_counted(prunable, kept)}.", "green")
    if kept:
        out.print(f"Apple keeps {plural(len(kept), 'image')} that messages still use: {', '.join(kept)}.")
    out.document({**prunable.document(), "deleted": kept is not None, "stillUsed": list(kept or ())})


def _counted(prunable: Prunable, kept: Sequence[str] = ()) -> str:
    images = len(prunable.images) - len(kept)
    return f"{plural(len(prunable.messages), 'message')} and {plural(images, 'image')}"
