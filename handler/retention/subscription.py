"""What Apple has reported of one subscription: one state, merged in any order, and the facts that rules read. Pure.

Each report, a notification or an answer of Apple's API, is read into a small `State`. `merge` joins states, and is
commutative, associative and idempotent: any order, grouping and number of deliveries leads to the same result, byte
for byte. A state has two registers and three bounded sets:

    renewal       the newest renewal info; `status` of the same report is one of its fields
    transaction   the newest snapshot of the transaction that was the current one when it was signed
    transactions  one entry per transaction, its newest snapshot; those with the latest purchase dates are kept
    auto          when renewal info was signed → whether auto-renew was on; the latest are kept
    trouble       when renewal info was signed → whether Apple was retrying a failed payment; likewise

Nothing depends on a notification's type. In a register the greater `signed_date` wins, with all of its fields: a field
that Apple left out is absent. Two snapshots of one millisecond are ordered by their JSON text, so that no two runs can
disagree. Instants are UNIX milliseconds and prices are milliunits of the currency, as Apple writes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

from retention.errors import DocumentError
from retention.rules import Fact

Kind: TypeAlias = Literal["number", "text", "truth", "list"]

# A set's size. With both full, a state is below 3 KB as a packed document.
MAX_TRANSACTIONS: Final = 64
MAX_SNAPSHOTS: Final = 64

_DAY: Final = 86_400_000
_YEAR: Final = 365 * _DAY


@dataclass(frozen=True, slots=True)
class RenewalSnapshot:
    """Renewal info (JWSRenewalInfoDecodedPayload) as it was signed at `signed_date`, and the report's `status`.

    Codes are Apple's, unknown ones too. None: Apple left the field out, which for a truth value means no.
    """

    signed_date: int
    status: int | None = None
    product_id: str | None = None
    auto_renew_product_id: str | None = None
    auto_renew_status: int | None = None
    commitment_auto_renew_status: int | None = None
    renewal_billing_plan: str | None = None
    renewal_date: int | None = None
    grace_period_expires_date: int | None = None
    in_billing_retry: bool | None = None
    expiration_intent: int | None = None
    renewal_price: int | None = None
    offer_type: int | None = None
    offer_identifier: str | None = None
    recent_subscription_start_date: int | None = None
    price_increase_status: int | None = None
    win_back_offers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TransactionSnapshot:
    """The current transaction (JWSTransactionDecodedPayload) as it was signed at `signed_date`; None: left out."""

    signed_date: int
    product_id: str | None = None
    original_purchase_date: int | None = None
    expires_date: int | None = None
    group: str | None = None
    storefront: str | None = None
    currency: str | None = None
    price: int | None = None
    offer_type: int | None = None
    offer_identifier: str | None = None
    offer_discount_type: str | None = None
    billing_plan: str | None = None
    billing_period_number: int | None = None
    total_billing_periods: int | None = None
    ownership: str | None = None


class PastTransaction(NamedTuple):
    """A transaction, current or past, as it was signed at `signed_date`.

    `digest` stands for Apple's transactionId, which is not kept. A transaction is placed by its purchase date, so the
    first two fields are its key.
    """

    purchase_date: int
    digest: str
    signed_date: int
    product_id: str | None = None
    reason: str | None = None
    offer_type: int | None = None
    offer_identifier: str | None = None
    price: int | None = None
    revocation_date: int | None = None


Marks: TypeAlias = tuple[tuple[int, bool], ...]


@dataclass(frozen=True, slots=True)
class State:
    """All that is kept of one subscription. The sets are sorted, without repetitions, and within their bounds.

    `history_complete`: Apple's list of all its transactions (Get Transaction History) was merged into it once.
    """

    renewal: RenewalSnapshot | None = None
    transaction: TransactionSnapshot | None = None
    transactions: tuple[PastTransaction, ...] = ()
    auto: Marks = ()
    trouble: Marks = ()
    history_complete: bool = False


EMPTY: Final = State()


# Merging ------------------------------------------------------------------------------------------------------------


def merge(*states: State) -> State:
    """Return what all `states` report together; EMPTY for none. Any order, grouping or repetition gives the same."""
    return State(
        renewal=_newest(state.renewal for state in states),
        transaction=_newest(state.transaction for state in states),
        transactions=_transactions_of([state.transactions for state in states if state.transactions]),
        auto=_marks_of([state.auto for state in states if state.auto], min),
        trouble=_marks_of([state.trouble for state in states if state.trouble], max),
        history_complete=any(state.history_complete for state in states),
    )


_Snapshot = TypeVar("_Snapshot", RenewalSnapshot, TransactionSnapshot)
_Signed = TypeVar("_Signed", RenewalSnapshot, TransactionSnapshot, PastTransaction)


def _newest(snapshots: Iterable[_Snapshot | None]) -> _Snapshot | None:
    found: _Snapshot | None = None
    for snapshot in snapshots:
        if snapshot is not None and (found is None or _supersedes(snapshot, found)):
            found = snapshot
    return found


def _supersedes(one: _Signed, other: _Signed) -> bool:
    if one.signed_date != other.signed_date or one == other:
        return one.signed_date > other.signed_date
    return _text(one) > _text(other)


def _text(snapshot: RenewalSnapshot | TransactionSnapshot | PastTransaction) -> str:
    return json.dumps(snapshot if isinstance(snapshot, PastTransaction) else _register_document(snapshot))


def _transactions_of(sets: list[tuple[PastTransaction, ...]]) -> tuple[PastTransaction, ...]:
    if len(sets) <= 1:
        return sets[0] if sets else ()
    newest: dict[tuple[int, str], PastTransaction] = {}
    for transactions in sets:
        for each in transactions:
            held = newest.setdefault((each.purchase_date, each.digest), each)
            if held is not each and _supersedes(each, held):
                newest[each.purchase_date, each.digest] = each
    return tuple([newest[key] for key in sorted(newest)[-MAX_TRANSACTIONS:]])


def _marks_of(sets: list[Marks], prevails: Callable[[bool, bool], bool]) -> Marks:
    """Return the union. Of two marks of one millisecond the one that `prevails`: off, for `auto`, as it costs less."""
    if len(sets) <= 1:
        return sets[0] if sets else ()
    united = dict(sets[0])
    for marks in sets[1:]:
        for signed_date, mark in marks:
            united[signed_date] = prevails(mark, united.get(signed_date, mark))
    return tuple(sorted(united.items())[-MAX_SNAPSHOTS:])


# The document -------------------------------------------------------------------------------------------------------


def to_document(state: State) -> dict[str, Any]:
    """Return the state as JSON values; equal states give equal documents. Sets go by columns, which pack better."""
    return {
        "renewal": None if state.renewal is None else _register_document(state.renewal),
        "transaction": None if state.transaction is None else _register_document(state.transaction),
        "transactions": [list(column) for column in zip(*state.transactions, strict=True)],
        "auto": [list(column) for column in zip(*state.auto, strict=True)],
        "trouble": [list(column) for column in zip(*state.trouble, strict=True)],
        "historyComplete": state.history_complete,
    }


def from_document(document: object) -> State:
    """Return the state of a document. Raises DocumentError for one that `to_document` does not make."""
    if not isinstance(document, dict) or set(document) != _PARTS:
        raise DocumentError("what is kept of a subscription is of another shape")
    renewal, transaction, complete = document["renewal"], document["transaction"], document["historyComplete"]
    if not isinstance(complete, bool):
        raise DocumentError("`historyComplete` of a subscription is no truth value")
    return State(
        renewal=None if renewal is None else RenewalSnapshot(**_register(renewal, _RENEWAL_TYPES)),
        transaction=None if transaction is None else TransactionSnapshot(**_register(transaction, _TRANSACTION_TYPES)),
        transactions=tuple(map(PastTransaction._make, _rows(document["transactions"], _PAST_TYPES))),
        auto=_rows(document["auto"], _MARK_TYPES),
        trouble=_rows(document["trouble"], _MARK_TYPES),
        history_complete=complete,
    )


def _register_document(snapshot: RenewalSnapshot | TransactionSnapshot) -> dict[str, Any]:
    return {name: value for name in snapshot.__slots__ if (value := getattr(snapshot, name)) is not None}


_PARTS: Final = frozenset({"renewal", "transaction", "transactions", "auto", "trouble", "historyComplete"})
_NONE: Final = type(None)
_INTEGERS, _TEXTS, _TRUTHS = frozenset({int}), frozenset({str}), frozenset({bool})
_MAYBE_INTEGERS, _MAYBE_TEXTS = _INTEGERS | {_NONE}, _TEXTS | {_NONE}

# The type of each field: of a register that is present, of a column of a set.
_INTEGER_FIELDS: Final = frozenset(
    "signed_date status auto_renew_status commitment_auto_renew_status renewal_date grace_period_expires_date "
    "expiration_intent renewal_price recent_subscription_start_date price_increase_status original_purchase_date "
    "expires_date price offer_type billing_period_number total_billing_periods".split()
)
_OTHER_FIELDS: Final[Mapping[str, type]] = {"in_billing_retry": bool, "win_back_offers": list}


def _types_of(names: Iterable[str]) -> Mapping[str, type]:
    return {name: int if name in _INTEGER_FIELDS else _OTHER_FIELDS.get(name, str) for name in names}


_RENEWAL_TYPES: Final = _types_of(RenewalSnapshot.__slots__)
_TRANSACTION_TYPES: Final = _types_of(TransactionSnapshot.__slots__)
_PAST_TYPES: Final = (
    *(_INTEGERS, _TEXTS, _INTEGERS),
    *(_MAYBE_TEXTS, _MAYBE_TEXTS, _MAYBE_INTEGERS, _MAYBE_TEXTS, _MAYBE_INTEGERS, _MAYBE_INTEGERS),
)
_MARK_TYPES: Final = (_INTEGERS, _TRUTHS)


def _register(document: object, types: Mapping[str, type]) -> dict[str, Any]:
    """Return a register's fields, each known and of its type; `signed_date` is there."""
    if not isinstance(document, dict) or "signed_date" not in document:
        raise DocumentError("a snapshot of a subscription is of another shape")
    for name, value in document.items():
        if type(value) is not types.get(name):
            raise DocumentError("a snapshot of a subscription has a field of another kind")
    offers = document.get("win_back_offers")
    if offers is None:
        return document
    if not all(isinstance(offer, str) for offer in offers):
        raise DocumentError("a snapshot of a subscription has an offer that is no text")
    return {**document, "win_back_offers": tuple(offers)}


def _rows(columns: object, types: tuple[frozenset[type], ...]) -> tuple[Any, ...]:
    """Return a set's entries from its columns: all of one length, each value of a type of its column."""
    if columns == []:
        return ()
    if (
        not isinstance(columns, list)
        or len(columns) != len(types)
        or not all(isinstance(column, list) for column in columns)
    ):
        raise DocumentError("a set of a subscription is of another shape")
    if any(not known.issuperset(map(type, column)) for known, column in zip(types, columns, strict=True)):
        raise DocumentError("a set of a subscription holds a value of another kind")
    try:
        return tuple(zip(*columns, strict=True))
    except ValueError:
        raise DocumentError("a set of a subscription has columns of different lengths") from None


# Facts --------------------------------------------------------------------------------------------------------------

# Apple's codes, as rules name them. Enums are open: a code that is not here becomes OTHER.
OTHER: Final = "other"
STATUSES: Final[Mapping[int, str]] = {1: "active", 2: "expired", 3: "retry", 4: "grace", 5: "revoked"}
OFFER_TYPES: Final[Mapping[int, str]] = {
    1: "introductory",
    2: "promotional",
    3: "code",
    4: "winBack",
    5: "retention",  # an offer of App Store Connect's own retention messages
}
BILLING_PLANS: Final[Mapping[str, str]] = {"BILLED_UPFRONT": "upfront", "MONTHLY": "monthly"}
OWNERSHIPS: Final[Mapping[str, str]] = {
    "PURCHASED": "purchased",
    "FAMILY_SHARED": "familyShared",
    "ASSIGNED": "assigned",
}

_INTRODUCTORY: Final = 1
_REDEEMABLE: Final = frozenset({2, 4, 5})
_PURCHASE, _RENEWAL, _FREE_TRIAL = "PURCHASE", "RENEWAL", "FREE_TRIAL"
_CONSENT_PENDING: Final = 0

# Apple may write the beginning of a run some seconds before or after the purchase that it is.
_SAME_PURCHASE: Final = 60_000

_Code = TypeVar("_Code", int, str)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a formula is computed of: the state, its transactions, each once and oldest first, and now (UNIX ms)."""

    state: State
    transactions: tuple[PastTransaction, ...]
    now: int

    def days_since(self, instant: int | None) -> int | None:
        """Return full days, 0 on the first; also before it, since Apple signs a renewal ahead of its purchase date."""
        return None if instant is None else max(0, (self.now - instant) // _DAY)


def renews(auto_renew_status: int | None, commitment_auto_renew_status: int | None) -> bool | None:
    """Return whether the subscription renews when its period or its commitment ends; None where that is not known.

    When the customer of a plan with a commitment cancels, Apple changes the commitment's status alone.
    """
    status = auto_renew_status if commitment_auto_renew_status is None else commitment_auto_renew_status
    return bool(status) if status in {0, 1} else None


def facts(state: State, now: float, names: Iterable[str] | None = None) -> Mapping[str, Fact]:
    """Return the facts of a subscription by name, without the prefix; those that are not known are left out.

    `now` is in UTC epoch seconds. `names`: only these, all if None; a name that only a later version has is not known.
    """
    if state == EMPTY:
        return {}
    known = _Known(state, _distinct(state), round(now * 1000))
    wanted = _FORMULAS.keys() if names is None else frozenset(names)
    found = {name: formula(known) for name, (_, formula) in _FORMULAS.items() if name in wanted}
    return {name: fact for name, fact in found.items() if fact is not None}


def redemptions(state: State) -> tuple[tuple[str | None, int], ...]:
    """Return offerIdentifier and purchase date (UNIX ms) of each redemption that Apple reported, oldest first.

    A redemption is a transaction with a promotional, win-back or retention offer. One that was refunded later counts
    as well, and so does each paid period of an offer of several. Apple signs a renewal before its purchase date, which
    may therefore lie ahead of the clock: do not leave those out.
    """
    return tuple((each.offer_identifier, each.purchase_date) for each in _redeemed(_distinct(state)))


def offers_taken(state: State) -> tuple[tuple[str | None, int], ...] | None:
    """Return what limits of offers count: `redemptions`, and an offer of which there is no transaction yet.

    An active subscriber may redeem an offer that begins with the next period: until then renewal info alone shows it,
    and it is counted with the date of the renewal. It need not have an identifier: Apple's own retention offer may be
    without. None where no transaction is known: 0 would be a guess.
    """
    if not state.transactions:
        return None
    taken, renewal = redemptions(state), state.renewal
    if renewal is None or not _redeems_next(renewal, state.transaction):
        return taken
    at = renewal.signed_date if renewal.renewal_date is None else renewal.renewal_date
    return (*taken, (renewal.offer_identifier, at))


def _redeems_next(renewal: RenewalSnapshot, current: TransactionSnapshot | None) -> bool:
    """Return whether an offer begins with the next period; one of several periods began with the current one."""
    kind, name = renewal.offer_type, renewal.offer_identifier
    if kind not in _REDEEMABLE and (kind is not None or name is None):  # an identifier alone is some offer's
        return False
    if current is None or name != current.offer_identifier:
        return True
    return kind != current.offer_type and (name is None or None not in {kind, current.offer_type})


def _distinct(state: State) -> tuple[PastTransaction, ...]:
    """Return each transaction once, also if Apple should ever have moved a purchase date."""
    newest: dict[str, PastTransaction] = {}
    for each in state.transactions:
        held = newest.setdefault(each.digest, each)
        if held is not each and _supersedes(each, held):
            newest[each.digest] = each
    if len(newest) == len(state.transactions):
        return state.transactions
    return tuple(sorted(newest.values(), key=lambda each: each[:2]))


def _redeemed(transactions: Iterable[PastTransaction]) -> list[PastTransaction]:
    return [each for each in transactions if each.offer_type in _REDEEMABLE]


# The formulas. Each returns None where what it needs is not known.

_Formula: TypeAlias = Callable[[_Known], Fact | None]


def _renewal(formula: Callable[[RenewalSnapshot, _Known], Fact | None]) -> _Formula:
    def fact(known: _Known) -> Fact | None:
        return None if known.state.renewal is None else formula(known.state.renewal, known)

    return fact


def _current(formula: Callable[[TransactionSnapshot, _Known], Fact | None]) -> _Formula:
    def fact(known: _Known) -> Fact | None:
        return None if known.state.transaction is None else formula(known.state.transaction, known)

    return fact


def _all(formula: Callable[[_Known], Fact | None]) -> _Formula:
    """Return a formula over all transactions, for states that have one: where none is known, 0 would be a guess."""

    def fact(known: _Known) -> Fact | None:
        return formula(known) if known.transactions else None

    return fact


def _named(code: _Code | None, names: Mapping[_Code, str]) -> str | None:
    return None if code is None else names.get(code, OTHER)


def _units(milliunits: int | None) -> int | float | None:
    """Return a price in units of its currency: $1.99 is 1990 milliunits, ¥300 is 300 000."""
    if milliunits is None:
        return None
    return milliunits / 1000 if milliunits % 1000 else milliunits // 1000


def _auto_renew(renewal: RenewalSnapshot) -> bool | None:
    return renews(renewal.auto_renew_status, renewal.commitment_auto_renew_status)


def _days_until_renewal(renewal: RenewalSnapshot, known: _Known) -> int | None:
    return None if renewal.renewal_date is None else -((known.now - renewal.renewal_date) // _DAY)


def _status(renewal: RenewalSnapshot, known: _Known) -> str | None:
    """Return Apple's own word; where the report had none, what renewal info and the last transaction amount to."""
    if renewal.status is not None:
        return _named(renewal.status, STATUSES)
    if known.transactions and known.transactions[-1].revocation_date is not None:
        return "revoked"
    if renewal.grace_period_expires_date is not None and known.now < renewal.grace_period_expires_date:
        return "grace"
    if renewal.in_billing_retry:
        return "retry"
    if renewal.expiration_intent is not None:
        return "expired"
    if renewal.renewal_date is not None and known.now < renewal.renewal_date:
        return "active"
    # The period is over. With auto-renew on, the report of the renewal is on its way.
    on = _auto_renew(renewal)
    return None if on is None or renewal.renewal_date is None else "active" if on else "expired"


def _in_intro(current: TransactionSnapshot, known: _Known) -> bool | None:
    if current.offer_type != _INTRODUCTORY:
        return False
    return None if current.expires_date is None else known.now < current.expires_date


def _in_trial(current: TransactionSnapshot, known: _Known) -> bool | None:
    if current.offer_type != _INTRODUCTORY or current.offer_discount_type not in {_FREE_TRIAL, None}:
        return False
    if current.offer_discount_type is None and current.price != 0:  # before 2023 Apple did not write the type
        return None if current.price is None else False
    return _in_intro(current, known)


def _months_left(current: TransactionSnapshot, _: _Known) -> int | None:
    if current.total_billing_periods is None or current.billing_period_number is None:
        return None
    return current.total_billing_periods - current.billing_period_number


def _last_redeemed(known: _Known) -> PastTransaction | None:
    return max(_redeemed(known.transactions), default=None, key=lambda each: each[:2])


def _days_since_offer(known: _Known) -> int | None:
    last = _last_redeemed(known)
    return None if last is None else known.days_since(last.purchase_date)


def _last_offer(known: _Known) -> str | None:
    last = _last_redeemed(known)
    return None if last is None else last.offer_identifier


def _refunded(known: _Known) -> list[int]:
    return [each.revocation_date for each in known.transactions if each.revocation_date is not None]


def _upgrades(known: _Known) -> int | None:
    """Return how many purchases came after the one that began the current run, whether or not that one is known."""
    start = None if known.state.renewal is None else known.state.renewal.recent_subscription_start_date
    if start is None:
        return None
    earliest = start - _SAME_PURCHASE
    purchases = sorted(
        each.purchase_date for each in known.transactions if each.reason == _PURCHASE and each.purchase_date >= earliest
    )
    return len(purchases) - bool(purchases and purchases[0] <= start + _SAME_PURCHASE)


def _plans_held(known: _Known) -> tuple[str, ...] | None:
    seen = {each.product_id for each in known.transactions}
    seen |= {register.product_id for register in (known.state.renewal, known.state.transaction) if register}
    return tuple(sorted(product for product in seen if product is not None)) or None


def _turned_off(known: _Known) -> list[int]:
    """Return when auto-renew was seen off right after it was seen on."""
    marks = known.state.auto
    return [date for (_, before), (date, on) in pairwise(marks) if before and not on]


def _times_turned_off(known: _Known) -> int | None:
    return len(_turned_off(known)) if known.state.auto else None


def _billing_troubles(known: _Known) -> int | None:
    """Return how often a retry began in the last 365 days. No subscription begins in one, so the first mark counts."""
    since, marks = known.now - _YEAR, known.state.trouble
    before = (False, *(retrying for _, retrying in marks))
    entries = [date for (date, retrying), was in zip(marks, before, strict=False) if retrying and not was]
    return sum(date > since for date in entries) if marks else None


_FORMULAS: Final[Mapping[str, tuple[Kind, _Formula]]] = {
    "tenureDays": ("number", _renewal(lambda r, known: known.days_since(r.recent_subscription_start_date))),
    "customerDays": ("number", _current(lambda t, known: known.days_since(t.original_purchase_date))),
    "daysUntilRenewal": ("number", _renewal(_days_until_renewal)),
    "nextProductId": ("text", _renewal(lambda r, _: r.auto_renew_product_id)),
    "group": ("text", _current(lambda t, _: t.group)),
    "storefront": ("text", _current(lambda t, _: t.storefront)),
    "currency": ("text", _current(lambda t, _: t.currency)),
    "price": ("number", _current(lambda t, _: _units(t.price))),
    "renewalPrice": ("number", _renewal(lambda r, _: _units(r.renewal_price))),
    "autoRenew": ("truth", _renewal(lambda r, _: _auto_renew(r))),
    "status": ("text", _renewal(_status)),
    "inTrial": ("truth", _current(_in_trial)),
    "inIntro": ("truth", _current(_in_intro)),
    "currentOffer": ("text", _current(lambda t, _: t.offer_identifier)),
    "currentOfferType": ("text", _current(lambda t, _: _named(t.offer_type, OFFER_TYPES))),
    "nextOffer": ("text", _renewal(lambda r, _: r.offer_identifier)),
    "offersRedeemed": ("number", _all(lambda known: len(_redeemed(known.transactions)))),
    "daysSinceOffer": ("number", _days_since_offer),
    "lastOffer": ("text", _last_offer),
    "billingPlan": ("text", _current(lambda t, _: _named(t.billing_plan, BILLING_PLANS))),
    "nextBillingPlan": ("text", _renewal(lambda r, _: _named(r.renewal_billing_plan, BILLING_PLANS))),
    "commitmentMonth": ("number", _current(lambda t, _: t.billing_period_number)),
    "commitmentMonthsLeft": ("number", _current(_months_left)),
    "ownership": ("text", _current(lambda t, _: _named(t.ownership, OWNERSHIPS))),
    "renewals": ("number", _all(lambda known: sum(each.reason == _RENEWAL for each in known.transactions))),
    "timesTurnedOff": ("number", _times_turned_off),
    "daysSinceTurnedOff": ("number", lambda known: known.days_since(max(_turned_off(known), default=None))),
    "refunds": ("number", _all(lambda known: len(_refunded(known)))),
    "daysSinceRefund": ("number", lambda known: known.days_since(max(_refunded(known), default=None))),
    "upgrades": ("number", _all(_upgrades)),
    "plansHeld": ("list", _plans_held),
    "billingTroubles": ("number", _billing_troubles),
    "priceIncreasePending": ("truth", _renewal(lambda r, _: r.price_increase_status == _CONSENT_PENDING)),
    "winBackOffers": ("list", _renewal(lambda r, _: r.win_back_offers)),
    "factsAgeDays": ("number", _renewal(lambda r, known: known.days_since(r.signed_date))),
    "historyComplete": ("truth", lambda known: known.state.history_complete),
}

# Every fact by its name without the prefix, and of which kind it is.
FACT_KINDS: Final[Mapping[str, Kind]] = {name: kind for name, (kind, _) in _FORMULAS.items()}
