"""What `plan` and `apply` print: a diff, what waits for Apple, and the line that ends a run."""

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
    """Print a plan that `apply` would need `seconds` for, and what then still waits for Apple."""
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
        meanwhile = "; the text before is served until it is approved" if message.replaces else ""
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
            f"Note: the table lacks {plural(plan.behind, 'review state')} of Apple's lists: the sync imports them"
            " within minutes, `retention apply` at once."
        )
    if plan.agrees:
        out.print(f"Nothing to do: {file}, Apple and the table agree.", "green")


def header(message: UploadMessage) -> str:
    """Return the header of a message, by which a person recognises it."""
    return str(json.loads(message.upload.body)["header"])


def show_left(plan: Plan, out: Output) -> None:
    """Print what waits for Apple among the uploaded messages, and what App Review rejected."""
    for (name, state, meanwhile), locales in _grouped(
        ((name, review.state, review.meanwhile is not None), locale)
        for review in plan.in_review
        if review.uploaded
        for name, _, locale in (known.partition(" ") for known in review.names)
    ):
        serves = "the text before is served meanwhile" if meanwhile else "the next locale or rule answers meanwhile"
        out.print(f"… message {name} {', '.join(locales)}: {state}; {serves}")
    for product, locales in _grouped((one.product, one.locale) for one in plan.defaults_in_review):
        out.print(f"… default {product}: {', '.join(locales)}, once approved")
    for review in plan.rejected:
        out.print(
            f"✗ message {', '.join(review.names)}: {review.state} by App Review. Change the text or image, or write"
            " another `revision` to have the same message reviewed again.",
            "red",
        )


def _grouped(pairs: Iterable[tuple[K, str]]) -> Iterable[tuple[K, list[str]]]:
    """Return first → seconds of the pairs, both in their order."""
    found: dict[K, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found.items()


def summary(plan: Plan) -> str:
    """Return the last line of a plan or a run after which something still waits for Apple."""
    messages, defaults = plural(len(plan.in_review), "message"), plural(len(plan.defaults_in_review), "default")
    waiting = f"waiting for Apple: {messages}, {defaults}"
    return waiting + (f"; rejected: {plural(len(plan.rejected), 'message')}" if plan.rejected else "")


def show_estimate(seconds: float, out: Output) -> None:
    out.note(f"At the rate that Apple allows, this takes about {duration(seconds)}.")


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
    text = "; ".join(part for part in did if part)
    if text:
        out.print(f"{text[0].upper()}{text[1:]}.", "green")


def show_end(done: ApplyResult, out: Output) -> bool:
    """Print what a run did and what still waits for Apple. Return whether the file, Apple and the table agree."""
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
