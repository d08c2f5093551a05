"""Time passes and certificates change, and only requests of Apple are signed by the real key. Each case is tried."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from retention.errors import VerificationError
from retention.jws import MAX_PATHS, TEST_AUTHORITY_KEYS, VerifierStats, apple_root
from retention.request import MAX_AGE, MAX_AHEAD
from retention.settings import Deployment
from retention.verification.certificates import anchor_key

from console.local.embedded_stack import LocalTable, function_environment
from console.local.samples import EVENTS
from console.simulator.authority import Authority
from tests.contract.test_template import acceptable, parameters, refused_by
from tests.minting import der, root_plan
from tests.support import real_parts
from tests.support.changing_certificates import (
    APP,
    MESSAGE,
    NOW,
    OFFERS,
    V1,
    Asked,
    CountingVerifier,
    Process,
    app_store,
    ask_until,
    event_of,
    fingerprint,
    is_signed_by,
    metrics_of,
    process,
    replace_validity,
    root_der,
)
from tests.support.endpoint_on_fakes import MESSAGE as PLAIN_MESSAGE
from tests.support.endpoint_on_fakes import catalog, load_app, make_endpoint, rule
from tests.support.local_aws import AwsFront
from tests.support.real_parts import Artefact, Emulator
from tests.support.reliability_page import keep, size
from tests.support.required_parts import real
from tests.support.sam_template import read_template, resources, template
from tests.support.simulated_app import PEM

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
TEST_CA: Final = Authority.load(EVENTS / "ca")
REHEARSAL: Final = Authority.create(
    "Rehearsal Root CA", datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(days=7)
)
METHOD: Final = (
    "Certificates are made for this test, under a root that takes the place of Apple's in this process alone. The rows "
    "about freezing and restoring use the endpoint as it is wired at start, over real sockets, with DynamoDB Local and "
    'a Parameter Store. The rows with "deployed" use the built artefact under Lambda\'s runtime emulator, which does '
    "not know that it is local. The simulator checks signatures, with the public half of the real key."
)

Note = Callable[[str, str], None]


@pytest.fixture(scope="module")
def note() -> Iterator[Note]:
    """Takes what was tried and what happened; docs/reliability.md has one row for each."""
    rows: list[tuple[str, str]] = []
    yield lambda tried, came: rows.append((tried, came))
    keep("trust", METHOD, ("tried", "what happened"), rows)


# Certificates end


def refused(verifier: CountingVerifier, token: str, now: datetime) -> str:
    with pytest.raises(VerificationError) as caught:
        verifier.verify(token, now)
    return caught.value.code


@pytest.mark.parametrize("place", ["leaf", "intermediate", "root"])
def test_a_warm_verifier_refuses_a_certificate_that_has_ended(place: str, note: Note) -> None:
    """A remembered verdict is used in a certificate's last second, and the next second refuses the certificate."""
    end = NOW + timedelta(minutes=10)
    by_place: dict[str, dict[str, datetime]] = {"leaf": {"until": end}, "intermediate": {"intermediate_until": end}}
    authority = app_store("ends", f"of {place}", **by_place.get(place, {}))
    root = der(replace_validity(root_plan(), end)) if place == "root" else root_der()
    verifier, token = CountingVerifier([root]), event_token(authority)
    assert verifier.verify(token, end - MINUTE)
    assert verifier.verify(token, end)
    assert verifier.checked == 1
    codes = {refused(verifier, token, end + SECOND) for _ in range(2)}
    # For an ended root, cryptography reports only that there is no path.
    assert codes == {"path_untrusted" if place == "root" else "certificate_expired"}
    note(
        f"the {place} ends; the verifier accepted its chain a minute ago",
        f"accepted from memory in its last second; one second later refused, `{codes.pop()}`",
    )


def test_a_clock_set_back_before_a_certificate_begins(note: Note) -> None:
    """A clock set back before the leaf begins refuses it; set forward again, the path is checked again."""
    authority = app_store("begins", since=NOW - MINUTE)
    verifier, token = CountingVerifier([root_der()]), event_token(authority)
    assert verifier.verify(token, NOW)
    assert refused(verifier, token, NOW - MINUTE - SECOND) == "certificate_not_yet_valid"
    assert verifier.verify(token, NOW - SECOND)
    assert verifier.checked == 3
    note(
        "the clock is set back to a second before the leaf begins, then to within its time",
        "refused, `certificate_not_yet_valid`; then accepted, after a new check of the path",
    )


def event_token(authority: Authority) -> str:
    token: str = json.loads(event_of(authority, MESSAGE, NOW)["body"])["signedPayload"]
    return token


# The next certificate


@dataclasses.dataclass
class Rotation:
    """An endpoint on a catalog in memory that takes the minted root for Apple's, with a clock that the test sets."""

    bench: Any
    verifier: CountingVerifier
    now: datetime

    @classmethod
    def over(cls, patch: pytest.MonkeyPatch, *known: Authority) -> Rotation:
        bench = make_endpoint(catalog(rule(PLAIN_MESSAGE)), acknowledged=frozenset(map(fingerprint, known)))
        made = cls(bench, CountingVerifier([root_der()]), NOW)
        deployment = dataclasses.replace(bench.endpoint.deployment, clock=lambda: made.now)
        bench.endpoint = dataclasses.replace(bench.endpoint, deployment=deployment, verifier=made.verifier)
        patch.setattr(load_app(), "APPLE_ROOT_FINGERPRINT", anchor_digest())
        return made

    def ask(self, authority: Authority) -> int:
        return int(self.bench.endpoint.respond(event_of(authority, MESSAGE, self.now))["statusCode"])

    @property
    def last(self) -> Any:
        return self.bench.lines.records[-1]


def anchor_digest() -> str:
    return CountingVerifier([root_der()]).authenticate(event_token(app_store("any")), NOW).anchor


def test_the_next_leaf_needs_no_redeploy(monkeypatch: pytest.MonkeyPatch, note: Note) -> None:
    """Old and new leaves, below the same intermediate and another, are answered in any order until the old one ends."""
    overlap_ends = NOW + timedelta(weeks=4)
    old = app_store("2025", until=overlap_ends)
    same_intermediate = app_store("2027", since=NOW - MINUTE)
    below_another = app_store("2027 again", "second", since=NOW - MINUTE)
    turns, rotation = size(2000, 100), Rotation.over(monkeypatch, old)
    for turn in range(turns):
        assert rotation.ask((old, same_intermediate, below_another)[turn % 3]) == 200
    assert rotation.verifier.checked == 3
    rotation.now = overlap_ends
    assert [rotation.ask(each) for each in (old, same_intermediate, below_another)] == [200, 200, 200]
    rotation.now += SECOND
    assert [rotation.ask(each) for each in (same_intermediate, old, below_another, old)] == [200, 401, 200, 401]
    assert rotation.last.reason == "certificate_expired"
    note(
        f"old leaf, new leaf, and a leaf below a new intermediate in turn, {turns} requests to one process",
        "all 200; each path was checked once, then all three came from the cache",
    )
    note(
        "four weeks later, in the old leaf's last second and in the next",
        "all three 200; then the old one 401, `certificate_expired`, both new ones 200; nothing was deployed",
    )


def test_more_certificates_than_are_remembered_are_answered(monkeypatch: pytest.MonkeyPatch, note: Note) -> None:
    """Four paths are remembered; with six leaves in turn each request is answered, and no more are remembered."""
    many = [app_store(f"leaf {number}", f"{number % 2}") for number in range(MAX_PATHS + 2)]
    rotation = Rotation.over(monkeypatch)
    assert {rotation.ask(each) for _ in range(3) for each in many} == {200}
    assert rotation.verifier.stats() == VerifierStats(paths=MAX_PATHS, headers=MAX_PATHS)
    note(f"{len(many)} leaves in turn, three times", f"all 200; {MAX_PATHS} paths are remembered, never more")


# Warnings


def fires(alarm: str, values: list[float]) -> bool:
    """Judge a period's values as the template's alarm does: return whether the alarm fires."""
    given = resources("AWS::CloudWatch::Alarm")[alarm]["Properties"]
    value = max(values) if given["Statistic"] == "Maximum" else sum(values)
    threshold = given["Threshold"]
    return bool(value < threshold if given["ComparisonOperator"] == "LessThanThreshold" else value >= threshold)


def of_metric(records: list[Any], name: str) -> list[float]:
    return [value for record in records for value in metrics_of(record).get(name, [])]


def test_a_new_leaf_is_answered_and_reported(monkeypatch: pytest.MonkeyPatch, note: Note) -> None:
    """The first request of a new leaf is answered, named in the log and fires the alarm; acknowledged, it does not."""
    old, new = app_store("2025"), app_store("2027")
    rotation = Rotation.over(monkeypatch, old)
    assert [rotation.ask(old), rotation.ask(new)] == [200, 200]
    seen = rotation.bench.lines.records
    assert [record.new_leaf for record in seen] == [None, fingerprint(new)]
    assert not of_metric(seen[:1], "NewLeaf")
    assert fires("NewSigningCertificateAlarm", of_metric(seen, "NewLeaf"))
    note(
        "Apple's root, and a leaf this release had never seen",
        "200; `newLeaf` of the log names it, `NewLeaf` counts it, NewSigningCertificate fires",
    )
    acknowledging = {**STARTING, "RETENTION_KNOWN_LEAVES": f"{fingerprint(old)},{fingerprint(new)}"}
    assert acceptable("KnownLeaves", acknowledging["RETENTION_KNOWN_LEAVES"])
    known = Deployment.from_env(acknowledging).known_leaves
    assert known > {fingerprint(old), fingerprint(new)}
    knowing = Rotation.over(monkeypatch, old, new)
    assert [knowing.ask(new), knowing.last.new_leaf] == [200, None]
    note("the same leaf, acknowledged by `KnownLeaves`", "200, and not counted as new")


def test_the_alarm_fires_before_a_leaf_ends(monkeypatch: pytest.MonkeyPatch, note: Note) -> None:
    """The alarm fires once fewer than 30 days are left, and stops with the first request of a newer leaf."""
    old, new = app_store("2025", until=NOW + timedelta(days=40)), app_store("2027")
    rotation = Rotation.over(monkeypatch)
    left = {}
    for days, signing in ((10, [old]), (11, [old]), (12, [old, new])):
        rotation.now = NOW + timedelta(days=days)
        rotation.bench.lines.records.clear()
        assert {rotation.ask(each) for each in signing} == {200}
        values = of_metric(rotation.bench.lines.records, "LeafDaysLeft")
        left[max(values)] = fires("CertificateAlarm", values)
    assert left == {30.0: False, 29.0: True, 688.0: False}
    note(
        "the leaf ends in 30 days; in 29; in 28, and a newer one is seen too",
        "no alarm; Certificate fires; it ends again",
    )


def test_a_rehearsals_leaf_is_not_counted_as_apples(monkeypatch: pytest.MonkeyPatch, note: Note) -> None:
    """A rehearsal's leaf counts neither as a new leaf of Apple's nor in the days that Apple's has left."""
    rotation = Rotation.over(monkeypatch)
    monkeypatch.setattr(load_app(), "APPLE_ROOT_FINGERPRINT", "00" * 32)
    assert rotation.ask(app_store("rehearsal", until=NOW + timedelta(days=6))) == 200
    assert not set(metrics_of(rotation.last)) & {"NewLeaf", "LeafDaysLeft"}
    note("a rehearsal's leaf, six days before its end", "200; neither `NewLeaf` nor `LeafDaysLeft` is touched by it")


# Frozen and thawed


@pytest.fixture(scope="module")
def sample() -> Iterator[dict[str, str]]:
    """The sample, published into a DynamoDB Local for this module; yields the variables of a local function."""
    with ExitStack() as parts:
        endpoint = real(lambda: parts.enter_context(real_parts.dynamodb_local()))
        table = LocalTable(endpoint)
        compiled, _ = table.publish(NOW)
        table.import_states(compiled)
        table.write_customers(APP.app_apple_id)
        yield dict(function_environment(endpoint, APP.app_apple_id))


@pytest.fixture
def aws(sample: dict[str, str]) -> Iterator[AwsFront]:
    with AwsFront(sample["AWS_ENDPOINT_URL_DYNAMODB"], PEM) as front:
        yield front


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch, sample: dict[str, str], aws: AwsFront) -> Iterator[Process]:
    with process(monkeypatch, aws, sample) as made:
        yield made


def another_pem() -> bytes:
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def signed(answer: dict[str, Any], pem: bytes, now: datetime) -> bool:
    return is_signed_by(pem, V1, answer, now.timestamp())


SLEPT = [timedelta(hours=3), timedelta(weeks=3)]


@pytest.mark.parametrize("slept", SLEPT, ids=["hours", "weeks"])
def test_a_restored_snapshot_reads_and_checks_everything_again(function: Process, slept: timedelta, note: Note) -> None:
    """No key and no connection is in a snapshot; restored, the function reads head and key and checks paths again."""
    ending, lasting = app_store("2025", until=NOW + timedelta(weeks=2)), app_store("2027")
    function.endpoint.warm(restored=True)
    answer, _ = function.post(ending, V1)
    assert signed(answer, PEM, function.clocks.now)
    assert function.idle()

    function.endpoint.before_snapshot()
    assert not function.endpoint.keys._kept
    assert not function.idle()
    function.freeze(slept)
    function.aws.pem = another_pem()  # the parameter got another key meanwhile
    function.calls()
    function.endpoint.after_restore()
    first, *ahead, last = function.calls()
    assert (first, set(ahead), last) == ("GetItem head", {"BatchGetItem"}, "GetParameter")

    ended = slept > timedelta(weeks=2)
    answer, record = function.post(ending, V1)
    assert (answer["statusCode"], record.reason) == ((401, "certificate_expired") if ended else (200, None))
    answer, record = function.post(lasting, V1)
    assert signed(answer, function.aws.pem, function.clocks.now)
    assert not signed(answer, PEM, function.clocks.now)
    assert record.catalog_age is not None
    assert (record.catalog_age < 30, set(record.degraded) & {"head", "catalog", "states"}) == (True, set())
    of_ending = "401, `certificate_expired`, although it had been accepted before and was in memory" if ended else "200"
    note(
        f"restored {span(slept)} later, the monotonic clock where it stood, every connection dead, another key stored",
        "no key and no socket was in the snapshot; head, states and key were read before the first request, answered "
        f"at once and signed by the new key; the leaf that ends after two weeks: {of_ending}",
    )


def span(slept: timedelta) -> str:
    return f"{slept.days // 7} weeks" if slept.days else f"{slept.seconds // 3600} hours"


def test_after_a_freeze_without_a_hook_everything_is_read_again(function: Process, note: Note) -> None:
    """After a freeze of two hours that only the wall clock shows, one request reads head, states and key again."""
    lasting = app_store("2027")
    function.post(lasting, V1)
    function.calls()
    function.post(lasting, V1)
    assert function.calls() == ["GetItem profile"]
    function.freeze(timedelta(hours=2))
    function.aws.pem = another_pem()
    answer, record = function.post(lasting, V1)
    assert signed(answer, function.aws.pem, function.clocks.now)
    assert function.calls() == ["GetItem head", "BatchGetItem", "GetItem profile", "GetParameter"]
    assert not set(record.degraded) & {"head", "catalog", "states"}
    note(
        "frozen for two hours between two requests, no hook called, every connection dead, another key stored",
        "head, review states and key were read anew within that request, which was signed by the new key",
    )


def test_restored_without_aws_the_old_catalog_is_served_and_marked(function: Process, note: Note) -> None:
    """Restored without AWS, the function serves a catalog marked three weeks old, and the next rule for an offer."""
    lasting = app_store("2027")
    function.post(lasting, V1)
    function.endpoint.before_snapshot()
    function.freeze(timedelta(weeks=3))
    function.aws.away = True
    function.endpoint.after_restore()
    answer, record = function.post(lasting, V1)
    assert (answer["statusCode"], record.kind) == (200, "message")
    assert set(record.degraded) == {"head", "states", "customer", "signing"}
    assert record.catalog_age is not None
    assert record.catalog_age >= timedelta(weeks=3).total_seconds()
    assert fires("StaleCatalogAlarm", of_metric([record], "CatalogAge"))
    function.aws.away = False
    function.clocks.later(seconds=5)
    answer, record = function.post(lasting, V1)
    assert signed(answer, PEM, function.clocks.now)
    assert not set(record.degraded) & {"head", "catalog", "states", "signing"}
    note(
        "restored three weeks later while neither DynamoDB nor SSM answers",
        "200, by the next rule without a key; marked `head`, `states`, `signing`, three weeks old; StaleCatalog fires; "
        "five seconds after AWS is back all is read and signed",
    )


# Who gets the real key's signature


def test_apples_requests_are_signed_by_the_real_key(function: Process, note: Note) -> None:
    """Under the root in Apple's place, each offer's signature verifies with the stored key."""
    authority, now = app_store("2027"), NOW.timestamp()
    for offer in OFFERS:
        answer, record = function.post(authority, offer)
        assert record.trust_anchor == "apple"
        assert is_signed_by(PEM, offer, answer, now)
        assert not is_signed_by(another_pem(), offer, answer, now)
    assert function.calls().count("GetParameter") == 1
    note("V1, V2 and Advanced Commerce, under the root in Apple's place", "signed by the real key")


def test_another_anchors_requests_ask_for_no_key(
    monkeypatch: pytest.MonkeyPatch, sample: dict[str, str], aws: AwsFront, note: Note
) -> None:
    """Under any other root the same offers are signed by a throwaway key, and Parameter Store is not asked."""
    authority, now = app_store("2027"), NOW.timestamp()
    with process(monkeypatch, aws, sample, apples=False) as function:
        for offer in OFFERS * size(100, 5):
            answer, record = function.post(authority, offer)
            assert record.trust_anchor == anchor_digest()
            assert offer.answer in answer["body"]
            assert not is_signed_by(PEM, offer, answer, now)
        assert "GetParameter" not in function.calls()
    note(
        f"the same three under another anchor, {size(100, 5)} times, in a process that has no key yet",
        "answered, none signed by the real key; no call of SSM",
    )


# Deployed: the built artefact, with a function's name from Lambda, and not marked as local

DEPLOYED: Final = {"AWS_SAM_LOCAL": "", "RETENTION_CLOCK": ""}
STARTING: Final = {
    "AWS_LAMBDA_FUNCTION_NAME": "retention-sandbox",
    "RETENTION_TABLE": "retention",
    "RETENTION_ENVIRONMENT": "Sandbox",
    "RETENTION_APP_APPLE_IDS": str(APP.app_apple_id),
    "RETENTION_KEY_PREFIX": "/retention/sandbox",
}

Start = Callable[[Mapping[str, str]], Emulator]


def lines_of(function: Emulator) -> list[dict[str, Any]]:
    return [json.loads(line) for line in function.log.splitlines() if line.startswith("{")]


def test_a_stack_with_a_rehearsal_anchor_never_lets_the_real_key_sign(
    emulator: Start, sample: dict[str, str], aws: AwsFront, note: Note
) -> None:
    """For requests under the rehearsal's anchor the real key is neither used nor fetched, also when init fetched it."""
    anchor = {"RETENTION_TRUST_ANCHOR": encoded(REHEARSAL.root_der), "AWS_ENDPOINT_URL_SSM": aws.url}
    function = emulator({**sample, **DEPLOYED, **anchor})
    function.invoke(event_of(REHEARSAL, MESSAGE, datetime.now(UTC)))
    at_init = list(aws.calls)
    for offer in OFFERS * size(50, 2):
        answer = offered(function, offer)
        assert not is_signed_by(PEM, offer, answer, datetime.now(UTC).timestamp())
    assert aws.calls == at_init
    assert at_init in ([], ["GetParameter"])  # none if a busy machine left init no time for it
    lines = [line for line in lines_of(function) if "trustAnchor" in line]
    assert {line["trustAnchor"] for line in lines} == {REHEARSAL.fingerprint}
    note(
        "deployed Sandbox with a rehearsal anchor, the real key in SSM: "
        f"V1, V2 and Advanced Commerce, {size(50, 2)} times",
        "all answered, none signed by the real key; SSM was asked at init, for Apple's requests, and never again",
    )


def offered(function: Emulator, offer: Asked) -> dict[str, Any]:
    return ask_until(
        lambda: function.invoke(event_of(REHEARSAL, offer, datetime.now(UTC))),
        lambda answer: offer.answer in answer.get("body", ""),
    )


def encoded(der_bytes: bytes) -> str:
    return base64.b64encode(der_bytes).decode()


def of_the_public_key() -> bytes:
    """Return a new self-signed root with another name, made with the leaf key that events/ca publishes."""
    return der(dataclasses.replace(replace_validity(root_plan("My own root", TEST_CA.leaf_key)), key=TEST_CA.leaf_key))


def altered(root: bytes) -> bytes:
    """Return the root with one bit of its signature flipped; an anchor's own signature is not checked."""
    return root[:-1] + bytes([root[-1] ^ 1])


def spelled_longer(root: bytes) -> bytes:
    """Return the same certificate in BER that is no DER: its length in three bytes instead of two."""
    assert root[:2] == b"\x30\x82"
    return b"\x30\x83\x00" + root[2:]


CLOCK: Final = {"RETENTION_CLOCK": NOW.isoformat()}
PRODUCTION: Final = {"RETENTION_ENVIRONMENT": "Production"}

# What a deployed function is given, and the reason with which it does not start.
REFUSED: Final[tuple[tuple[str, dict[str, str], bytes | None, str], ...]] = (
    ("the committed test CA's root", {}, TEST_CA.root_der, "test_authority_deployed"),
    ("a new root made with the test CA's public leaf key", {}, of_the_public_key(), "test_authority_deployed"),
    ("the test CA's root, its own signature damaged", {}, altered(TEST_CA.root_der), "trust_anchor_not_root"),
    ("the test CA's intermediate", {}, TEST_CA.intermediate_der, "trust_anchor_not_root"),
    ("the test CA's leaf", {}, TEST_CA.leaf_der, "trust_anchor_not_root"),
    ("the test CA's root, in BER that is no DER", {}, spelled_longer(TEST_CA.root_der), "trust_anchor_malformed"),
    ("the test CA's root and a byte", {}, TEST_CA.root_der + b"\x00", "trust_anchor_malformed"),
    ("a fixed clock", CLOCK, None, "clock_deployed"),
    ("a fixed clock and a rehearsal's root", CLOCK, REHEARSAL.root_der, "clock_deployed"),
    ("a fixed clock, in Production", {**CLOCK, **PRODUCTION}, None, "clock_deployed"),
    ("a rehearsal's root, in Production", PRODUCTION, REHEARSAL.root_der, "anchor_in_production"),
    ("the committed test CA's root, in Production", PRODUCTION, TEST_CA.root_der, "anchor_in_production"),
    ("Apple's own root as an anchor, in Production", PRODUCTION, apple_root(), "anchor_in_production"),
    ("an acknowledged leaf that is no fingerprint", {"RETENTION_KNOWN_LEAVES": "4C38"}, None, "variable_invalid"),
)


@pytest.mark.parametrize(("given", "variables", "anchor", "code"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_deployed_function_refuses_to_start(
    emulator: Start,
    given: str,
    variables: dict[str, str],
    anchor: bytes | None,
    code: str,
    note: Note,
) -> None:
    """The function ends at its start, with the reason in one line, which has nothing of the given anchor."""
    trusted = {"RETENTION_TRUST_ANCHOR": "" if anchor is None else encoded(anchor)}
    nowhere = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{real_parts.free_port()}"}
    function = emulator({**STARTING, **nowhere, **DEPLOYED, **trusted, **variables})
    with pytest.raises(RuntimeError, match="ConfigurationError"):
        function.invoke(event_of(TEST_CA, MESSAGE, datetime.now(UTC)))
    starts = function.log.count("INIT RTDONE(status: error)")
    lines = lines_of(function)
    assert starts >= 1
    assert [line["message"] for line in lines] == ["refused to start"] * starts
    assert {(line["level"], line["reason"]) for line in lines} == {("CRITICAL", code)}
    assert not any(secret in function.log for secret in filter(None, trusted.values()))
    note(f"deployed with {given}", f"does not start: `{code}`")


def test_the_limits_of_signed_date_are_exact(emulator: Start, sample: dict[str, str], note: Note) -> None:
    """The built artefact accepts a request five minutes old or one ahead by its own clock, and no millisecond more."""
    function = emulator({**sample, **CLOCK})
    at = int(NOW.timestamp() * 1000)
    ahead, age = MAX_AHEAD // timedelta(milliseconds=1), MAX_AGE // timedelta(milliseconds=1)
    assert (age, ahead) == (300_000, 60_000)
    for signed_date, status, reason in (
        (at - age, 200, None),
        (at - age - 1, 403, "too_old"),
        (at + ahead, 200, None),
        (at + ahead + 1, 403, "too_new"),
    ):
        event = event_of(TEST_CA, MESSAGE, NOW, signedDate=signed_date)
        answer = ask_until(partial(function.invoke, event), lambda answer: answer["statusCode"] != 503)
        line = lines_of(function)[-1]
        assert (answer["statusCode"], line.get("reason")) == (status, reason)
    note("signed exactly 5 min ago; a millisecond earlier", "200; 403, `too_old`")
    note("signed exactly 1 min ahead of our clock; a millisecond later", "200; 403, `too_new`")


def test_cloudformation_refuses_an_anchor_in_production(artefact: Artefact, note: Note) -> None:
    """A rule of the template refuses an anchor in production; no parameter sets a clock or marks a stack as local."""
    assert read_template(artefact.template)["Rules"] == template()["Rules"]
    for anchor in (REHEARSAL.root_der, TEST_CA.root_der, apple_root()):
        given = {"RehearsalTrustAnchor": encoded(anchor)}
        assert acceptable("RehearsalTrustAnchor", encoded(anchor))
        live = {**given, "Environment": "Production", "AlarmEmail": "ops@example.com"}
        assert refused_by(parameters(live)) == ["RehearsalStaysOutOfProduction"]
        assert refused_by(parameters(given)) == []
    for function in resources("AWS::Serverless::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables.get("RETENTION_CLOCK", "") == ""
        assert "AWS_SAM_LOCAL" not in variables
    note(
        "the built template with a rehearsal's root, the test CA's, Apple's as RehearsalTrustAnchor in Production",
        "refused by its rule RehearsalStaysOutOfProduction; no parameter sets a clock, or marks a stack as local",
    )


def test_only_the_test_authoritys_keys_are_refused_as_anchors(note: Note) -> None:
    """The root of a rehearsal is accepted as an anchor, and so is one that only shares the test CA's name."""
    namesake = Authority.create()
    assert anchor_key(TEST_CA.root_der) in TEST_AUTHORITY_KEYS
    for root in (REHEARSAL.root_der, namesake.root_der):
        assert anchor_key(root) not in TEST_AUTHORITY_KEYS
        given = {**STARTING, "RETENTION_TRUST_ANCHOR": encoded(root)}
        assert Deployment.from_env(given).trust_anchor == root
    note("a rehearsal's own root; a root with the test CA's name and another key", "taken by a deployed Sandbox stack")
