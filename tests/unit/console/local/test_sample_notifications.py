"""The sample notifications: signed tokens in a signed notification, as Lambda hands it on."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from console.local.sample_events import RENEWED
from console.local.sample_notifications import (
    NotificationSample,
    notification_samples,
    sample_notification,
    write_sample_notifications,
)
from console.local.samples import EVENTS, SAMPLE_CLOCK
from console.simulator.authority import Authority

AUTHORITY = Authority.load(EVENTS / "ca")
SAMPLES = {sample.name: sample for sample in notification_samples(AUTHORITY)}


def claims_in(signed: str) -> Any:
    part = signed.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def tokens_of(name: str) -> tuple[Any, Any]:
    """Return the claims of a scene's transaction and renewal."""
    data: Any = SAMPLES[name].claims["data"]
    return claims_in(data["signedTransactionInfo"]), claims_in(data["signedRenewalInfo"])


def test_each_scene_has_a_name_and_an_identifier_of_its_own() -> None:
    """Files and notificationUUIDs differ, and no notification is signed after the samples' clock."""
    samples = SAMPLES.values()
    assert len({sample.file_name for sample in samples}) == len(samples)
    assert len({sample.claims["notificationUUID"] for sample in samples}) == len(samples)
    clock = int(SAMPLE_CLOCK.timestamp() * 1000)
    assert all(isinstance(date := sample.claims["signedDate"], int) and date <= clock for sample in samples)


def test_every_fate_has_a_scene() -> None:
    """There is a scene for each fate but that of a table that is away, and of what was known before."""
    fates = {sample.fate for sample in SAMPLES.values()}
    assert fates == {"merged", "test", "ignored", "forged", "other app", "parked"}


def test_scenes_show_what_readers_get_wrong() -> None:
    """A cancelled commitment still renews; a refund has an old transaction; a downgrade turns auto-renew on."""
    transaction, renewal = tokens_of("turned-off-in-commitment")
    assert (renewal["autoRenewStatus"], renewal["commitmentInfo"]["commitmentAutoRenewStatus"]) == (1, 0)
    transaction, renewal = tokens_of("old-plan-refunded")
    assert transaction["productId"] != renewal["productId"]
    assert "revocationDate" in transaction
    assert tokens_of("turned-off")[1]["autoRenewStatus"] == 0
    assert tokens_of("turned-on-by-downgrade")[1]["autoRenewStatus"] == 1
    transaction, _ = tokens_of("renewed-with-offer")
    assert (transaction["offerType"], transaction["offerIdentifier"]) == (2, "retention_annual_30")
    assert tokens_of("renewed")[0]["originalTransactionId"] == RENEWED


def test_a_notification_is_a_record_of_lambda() -> None:
    """The event has one record with the body that Apple would post, its digest, and the queue it came from."""
    [record] = sample_notification(SAMPLES["subscribed"], AUTHORITY)["Records"]
    assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
    assert claims_in(json.loads(record["body"])["signedPayload"]) == SAMPLES["subscribed"].claims
    assert (record["eventSource"], record["attributes"]["ApproximateReceiveCount"]) == ("aws:sqs", "1")


def test_a_tampered_one_has_the_signature_of_another_text() -> None:
    """Its payload was changed after signing; header and signature are those of the genuine one."""

    def parts(sample: NotificationSample) -> list[str]:
        [record] = sample_notification(sample, AUTHORITY)["Records"]
        return str(json.loads(record["body"])["signedPayload"]).split(".")

    tampered = SAMPLES["tampered"]
    genuine = NotificationSample("tampered", "merged", tampered.claims)
    assert [one == other for one, other in zip(parts(tampered), parts(genuine), strict=True)] == [True, False, True]


def test_every_sample_is_written(tmp_path: Path) -> None:
    """Each scene is a file, the same bytes each time."""
    for folder in ("one", "two"):
        write_sample_notifications(tmp_path / folder)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert set(one) == {sample.file_name for sample in SAMPLES.values()}
    assert one == two
