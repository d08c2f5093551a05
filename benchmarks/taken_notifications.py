"""What a notification costs: verifying and reading its three tokens, merging what it teaches, and a batch of ten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from retention.jws import SignedPayloadVerifier
from retention.notifications.judge import NotificationJudge
from retention.notifications.learning import learned
from retention.notifications.notification import Notification, read_notification
from retention.subscription import merge

from benchmarks.in_process import Times
from benchmarks.known_customers import full_state
from benchmarks.timing import in_turns
from console.simulator.authority import Authority
from tests.minting import APP_ID, NOW, NOW_MS
from tests.minting.notifications import (
    BUNDLE,
    NOTIFICATION_UUID,
    body,
    data_claims,
    renewal_claims,
    transaction_claims,
)

# As many as Lambda gives the function at once.
BATCH: Final = 10


def posted(authority: Authority, at: int = 0) -> str:
    """Return a body as Apple posts it, nested tokens and all, of about the 18.7 KB that genuine ones have."""
    transaction = transaction_claims(transactionId=f"20000005000000{at:02}", purchaseDate=NOW_MS - at * 1000)
    tokens = {
        "signedTransactionInfo": authority.sign(transaction),
        "signedRenewalInfo": authority.sign(renewal_claims(signedDate=NOW_MS - at)),
    }
    envelope: dict[str, Any] = {
        "notificationType": "DID_RENEW",
        "notificationUUID": NOTIFICATION_UUID,
        "version": "2.0",
        "signedDate": NOW_MS,
        "data": {**data_claims(), **tokens},
    }
    return body(authority.sign(envelope))


def judge_of(authority: Authority) -> NotificationJudge:
    return NotificationJudge(SignedPayloadVerifier([authority.root_der]), {APP_ID: BUNDLE}, "Production", NOW)


def reports(authority: Authority, rounds: int) -> Times:
    """Measure one bare ECDSA verification, one notification, one merge into a full state, and a batch without I/O."""
    judge, bodies = judge_of(authority), [posted(authority, at) for at in range(BATCH)]
    full, report = full_state(), learned(read_notification(bodies[0], judge))
    if merge(full, report) == full:
        raise RuntimeError("the report should change the state")

    def batch() -> None:
        read = [learned(read_notification(each, judge)) for each in bodies]
        merge(full, *read)

    works: dict[str, Callable[[], object]] = {
        "notification_ecdsa": _bare(authority),
        "notification": lambda: _read(bodies[0], judge),
        "merge": lambda: merge(full, report),
        "notification_batch": batch,
    }
    # One at a time, so that few are interrupted by another program; a merge is short.
    return in_turns(works, rounds, {"merge": BATCH})


def _read(text: str, judge: NotificationJudge) -> Notification:
    found = read_notification(text, judge)
    if found.transaction is None or found.renewal is None:
        raise RuntimeError("the notification should have both tokens")
    return found


def _bare(authority: Authority) -> Callable[[], None]:
    """Return a function that only verifies a signature, over as many bytes as a nested token's."""
    signed = authority.sign(transaction_claims()).rpartition(".")[0].encode()
    algorithm, public = ec.ECDSA(hashes.SHA256()), authority.leaf_key.public_key()
    signature = authority.leaf_key.sign(signed, algorithm)
    return lambda: public.verify(signature, signed, algorithm)
