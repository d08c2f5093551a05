"""Print what a customer who cancels sees, and why."""

from __future__ import annotations

from collections.abc import Iterator

from console.simulator.customer import NOTHING, CustomerScreen
from console.terminal.output import Output


def show(seen: CustomerScreen, out: Output) -> None:
    """Print what the customer sees, as lines or as one JSON document."""
    out.document(seen.document())
    for line in lines_of(seen):
        out.print(line)


def lines_of(seen: CustomerScreen) -> Iterator[str]:
    """Yield the lines that `retention simulator cancel` prints."""
    if seen.status is not None or seen.result:
        status = "no answer" if seen.status is None else f"HTTP {seen.status}"
        yield f"Endpoint: {status} in {seen.took_ms} ms, {seen.result}"
    for step in seen.steps:
        yield f"Not by {step.source}: {step.reason}" if step.reason else f"Shown by {step.source}: {seen.kind}"
    if seen.source == NOTHING:
        yield "The customer sees no retention message."
    yield from (f"  {line}" for line in _text(seen))
    yield from (f"Note: {note}" for note in seen.notes)


def _text(seen: CustomerScreen) -> Iterator[str]:
    content, detail = seen.content, seen.detail
    yield from (str(content[name]) for name in ("header", "body") if name in content)
    if isinstance(image := content.get("image"), dict):
        yield f"[{image['altText']}]"
    yield from (f"• {bullet['text']}" for bullet in content.get("bulletPoints") or [])
    if "offer" in content:
        yield f"Offer: {content['offer']}"
    if "productId" in detail:
        plan = f", {detail['billingPlanType']}" if "billingPlanType" in detail else ""
        yield f"Switch to {detail['productId']}{plan}"
    if seen.kind in {"promotionalOffer", "advancedCommerceInfo"}:
        yield f"With a signed {seen.kind}"
