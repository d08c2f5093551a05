"""How `retention replay` prints: the answers that change, with their counts, and the one JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from console.decisions.replay import AnswerChange, Replayed
from console.terminal.json_form import form_of
from console.terminal.output import Output
from console.terminal.words import plural

_NAMES: Final = 3


def show(found: Replayed, source: str, out: Output) -> None:
    """Print what a replay found, as text or as one JSON document."""
    out.print(f"{plural(found.requests, 'logged request')} against {source}{_period(found)}.", "bold")
    changes = _by_count(found)
    out.print(f"{found.unchanged} of {found.decided} are answered as before ({_share(found.unchanged, found)}).")
    if changes:
        out.print("")
        out.table(
            ("requests", "share", "before", "after", "products", "locales", "for example"),
            [
                (
                    str(change.count),
                    _share(change.count, found),
                    f"{change.before}: {change.before_answer}",
                    f"{change.after}: {change.after_answer}" + (" (the same answer)" if change.same_answer else ""),
                    _some(change.products),
                    _some(change.locales),
                    change.examples[0],
                )
                for change in changes
            ],
        )
    out.print("")
    _show_rest(found, out)
    out.document(form_of(_document(found, source)))


def _show_rest(found: Replayed, out: Output) -> None:
    for rule, number in found.undecidable.most_common():
        out.print(
            f"{number} undecidable: whether `{rule}` answers is up to facts about the customer, or to what they have"
            f" redeemed, which are not logged (such as {found.examples[rule][0]}).",
            "yellow",
        )
    for reason, number in found.skipped.most_common():
        out.print(f"{number} left out: {reason}.", "yellow")
    if found.proved:
        out.print(f"{found.proved} decided because the logged decision proves what the facts were.")
    if found.unnamed:
        out.print(
            f"{found.unnamed} answers before name no offer or product in the log: compared by kind and message only."
        )
    if found.rehearsals:
        out.print(f"{found.rehearsals} were rehearsals, not signed by Apple.")


def _period(found: Replayed) -> str:
    if found.first is None or found.last is None:
        return ""
    first, last = _instant(found.first), _instant(found.last)
    return f", {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _by_count(found: Replayed) -> list[AnswerChange]:
    return sorted(found.changes.values(), key=lambda change: -change.count)


def _percentage(count: int, found: Replayed) -> float:
    return float(round(Decimal(count) * 100 / found.decided, 2)) if found.decided else 0.0


def _share(count: int, found: Replayed) -> str:
    return f"{_percentage(count, found):g} %"


def _some(names: set[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:_NAMES]) + (" …" if len(listed) > _NAMES else "")


@dataclass(frozen=True, slots=True)
class _SideForm:
    by: str
    says: str


@dataclass(frozen=True, slots=True)
class _ChangeForm:
    before: _SideForm
    after: _SideForm
    same_answer: bool
    requests: int
    share: float
    products: Sequence[str]
    locales: Sequence[str]
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class _UndecidableForm:
    rule: str
    requests: int
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class _ReplayForm:
    """The JSON document. Shares are percentages of the requests that could be decided."""

    against: str
    from_: datetime | None
    to: datetime | None
    requests: int
    decided: int
    unchanged: int
    changed: int
    proved_by_decision: int
    compared_without_terms: int
    rehearsals: int
    changes: Sequence[_ChangeForm]
    undecidable: Sequence[_UndecidableForm]
    left_out: Mapping[str, int]


def _document(found: Replayed, source: str) -> _ReplayForm:
    return _ReplayForm(
        against=source,
        from_=_instant(found.first),
        to=_instant(found.last),
        requests=found.requests,
        decided=found.decided,
        unchanged=found.unchanged,
        changed=found.changed,
        proved_by_decision=found.proved,
        compared_without_terms=found.unnamed,
        rehearsals=found.rehearsals,
        changes=[_change_form(change, found) for change in _by_count(found)],
        undecidable=[
            _UndecidableForm(rule, number, found.examples[rule]) for rule, number in found.undecidable.most_common()
        ],
        left_out=dict(found.skipped.most_common()),
    )


def _change_form(change: AnswerChange, found: Replayed) -> _ChangeForm:
    return _ChangeForm(
        before=_SideForm(change.before, change.before_answer),
        after=_SideForm(change.after, change.after_answer),
        same_answer=change.same_answer,
        requests=change.count,
        share=_percentage(change.count, found),
        products=sorted(change.products),
        locales=sorted(change.locales),
        examples=change.examples,
    )
