"""How plans and what became of them read: a diff, what is left to Apple, and the line that ends a run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeVar

from console.rollout.apply import ApplyResult
from console.rollout.plan import Plan, UploadMessage
from console.terminal.output import Output
from console.terminal.words import duration, plural

K = TypeVar("K")


def show(plan: Plan, file: str, seconds: float, out: Output) -> None:
    """Print a plan that `apply` would need `seconds` for, and what it leaves to Apple."""
    show_plan(plan, file, out)
    if plan.has_changes:
        show_estimate(seconds, out)
    if plan.waits:
        out.print(summary(plan))
    out.document({**plan.document(), "estimatedSeconds": round(seconds)})


def show_plan(plan: Plan, file: str, out: Output) -> None:
    """Print a plan as a diff, or that there is nothing to do."""
    for image in plan.images:
        out.print(f"+ image {', '.join(image.names)}: {image.upload.path.name} ({image.upload.size})", "green")
    for message in plan.messages:
        meanwhile = "; the text before serves until it is approved" if message.replaces else ""
        out.print(f"+ message {', '.join(message.names)}: “{header(message)}”{meanwhile}", "green")
    if plan.publish is not None:
        after = "" if plan.publish.based_on is None else f" after {plan.publish.based_on}"
        out.print(f"+ release{after}:", "green")
        for change in plan.publish.changes:
            out.print(f"    {change}", {"+": "green", "-": "red"}.get(change[0], "yellow"))
    for (product, sign), locales in _grouped(
        ((one.product, "+" if one.before is None else "~"), one.locale) for one in plan.defaults
    ):
        out.print(f"{sign} default {product}: {', '.join(locales)}", "green" if sign == "+" else "yellow")
    show_left(plan, out)
    for note in plan.notes:
        out.print(f"Note: {note}")
    if plan.behind and not plan.has_changes:
        out.print(
            f"Note: the table has yet to hear of {plural(plan.behind, 'state')} at Apple: the sync brings them within"
            " minutes, `retention apply` at once."
        )
    if plan.agrees:
        out.print(f"Nothing to do: {file}, Apple and the table agree.", "green")


def header(message: UploadMessage) -> str:
    """Return the header of a message, for people to know it by."""
    return str(json.loads(message.upload.body)["header"])


def show_left(plan: Plan, out: Output) -> None:
    """Print what only Apple can settle of what it has, and what it refused."""
    for (name, state, meanwhile), locales in _grouped(
        ((name, review.state, review.meanwhile is not None), locale)
        for review in plan.in_review
        if review.uploaded
        for name, _, locale in (known.partition(" ") for known in review.names)
    ):
        serves = "the text before serves meanwhile" if meanwhile else "the next locale or rule answers meanwhile"
        out.print(f"… message {name} {', '.join(locales)}: {state}; {serves}")
    for product, locales in _grouped((one.product, one.locale) for one in plan.defaults_in_review):
        out.print(f"… default {product}: {', '.join(locales)}, once approved")
    for review in plan.rejected:
        out.print(
            f"✗ message {', '.join(review.names)}: {review.state} by App Review. Change the text or image, or, to have"
            " the same reviewed again, write another `revision`.",
            "red",
        )


def _grouped(pairs: Iterable[tuple[K, str]]) -> Iterable[tuple[K, list[str]]]:
    """Return the second of each pair by the first, both in the order they come in."""
    found: dict[K, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found.items()


def summary(plan: Plan) -> str:
    """Return the line that ends a plan or a run which leaves something to Apple."""
    messages, defaults = plural(len(plan.in_review), "message"), plural(len(plan.defaults_in_review), "default")
    told = f"waiting for Apple: {messages}, {defaults}"
    return told + (f"; rejected: {plural(len(plan.rejected), 'message')}" if plan.rejected else "")


def show_estimate(seconds: float, out: Output) -> None:
    out.note(f"At the pace that Apple allows, this takes about {duration(seconds)}.")


def show_done(done: ApplyResult, out: Output) -> None:
    """Print what a run did."""
    did = [
        f"uploaded {plural(done.images, 'image')} and {plural(done.messages, 'message')}"
        if done.images or done.messages
        else "",
        "" if done.published is None else f"release {done.published.number} is live",
        f"configured {plural(done.defaults, 'default')}" if done.defaults else "",
        f"imported {plural(done.states, 'state')}" if done.states else "",
    ]
    told = "; ".join(part for part in did if part)
    if told:
        out.print(f"{told[0].upper()}{told[1:]}.", "green")


def show_end(done: ApplyResult, out: Output) -> bool:
    """Print what a run did and what it leaves to Apple. Returns whether the file, Apple and the table agree."""
    show_done(done, out)
    left = done.left
    changed = bool(done.images or done.messages or done.published or done.defaults)
    if left is None or left.agrees:
        if changed:
            out.print("The file, Apple and the table agree.", "green")
        out.document({**done.document(), "agrees": True})
        return True
    if changed:
        show_left(left, out)
    out.document({**done.document(), "agrees": False, "summary": summary(left)})
    out.print(summary(left), "yellow")
    return False
