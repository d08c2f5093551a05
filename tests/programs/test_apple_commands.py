"""The commands that call Apple, as an operator types them: against a deployed stack and the simulator."""

from __future__ import annotations

import json
import re
import socket
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from retention import table as rows
from retention.catalog import APPROVED, REJECTED
from retention.request import PRODUCTION, SANDBOX

from console.appstore import repeats, wire
from console.appstore.api_key import ApiKey
from console.appstore.key_kind import is_connect_key
from console.deployment.where import Access, Where
from console.local.samples import EVENTS
from console.rollout import doctor
from console.rollout import performance_check as performance_test
from console.rollout.checks import running
from console.rollout.checks.known import Known
from console.simulator import staff_actions
from console.simulator.api import Response
from console.simulator.app_data import UploadedImage, UploadedMessage
from console.simulator.server import Server
from tests.support.operator_setup import APP_ID, PREFIX, OperatorSetup, set_up_operator
from tests.support.simulated_app import APP, KEY_ID, MONTHLY, PEM, answer_of, new_id, text

# plan, apply, promote


def test_plan_and_apply_in_the_sandbox(desk: OperatorSetup) -> None:
    """`plan` lists the changes and ends with 3; `apply` makes them and ends with 0; then neither has anything to do."""
    code, out, _ = desk("plan")
    assert code == 3
    assert "+ image hero: hero.png (FULL_SIZE)" in out
    assert "+ message keep fr-FR: “Restez”" in out
    assert f"+ default {MONTHLY}: en-US, fr-FR" in out
    assert "this takes about" in out
    code, out, _ = desk("apply")
    assert code == 0
    assert "Uploaded 2 images and 2 messages; release 1 is live; configured 2 defaults; imported 4 states." in out
    assert desk("plan")[:2] == (0, f"Nothing to do: {desk.file}, Apple and the table agree.\n")
    assert desk("apply")[0] == 0


def test_apply_in_production_ends_with_what_waits_for_apple(desk: OperatorSetup) -> None:
    """`apply` in production needs --yes, and ends with 3 and the number of messages and defaults that Apple reviews."""
    code, out, err = desk("apply", env="production")
    assert (code, "Add --yes" in err) == (1, True)
    assert desk.app_data(PRODUCTION).images() == {}
    code, out, _ = desk("apply", "--yes", env="production")
    assert code == 3
    assert out.endswith("waiting for Apple: 2 messages, 2 defaults\n")
    assert desk("plan", env="production")[0] == 3
    staff_actions.review(desk.app_data(PRODUCTION), APPROVED)
    code, out, _ = desk("apply", "--yes", env="production")
    assert (code, "Configured 2 defaults" in out) == (0, True)
    assert desk("plan", env="production")[0] == 0


def test_the_plan_as_json(desk: OperatorSetup) -> None:
    """The document of `plan` has every step, and that of `apply` what was done and what is left."""
    plan = desk.json("plan")
    assert plan["agrees"] is False
    assert [one["names"] for one in plan["uploadImages"]] == [["hero"], ["tick"]]
    assert plan["publish"]["basedOn"] is None
    assert len(plan["configureDefaults"]) == 2
    done = desk.json("apply")
    assert (done["agrees"], done["uploadedMessages"], done["release"]) == (True, 2, 1)
    assert desk.json("plan")["agrees"] is True


def test_a_deployed_stack_does_not_trust_the_test_authority(desk: OperatorSetup) -> None:
    """A stack's `explain` reports 401 for a request of the test authority; one of fields has its environment."""
    desk("apply")
    desk("apply", "--yes", env="production")
    here = ("--endpoint-url", desk.endpoint, "--json")
    event = ("--event", str(EVENTS / "message-200.json"), "--at", "2026-11-24T12:00:00Z")
    refused = json.loads(desk("explain", *event, "--env", "sandbox", *here, where=False)[1])
    assert (refused["status"], refused["refused"]["code"]) == (401, "path_untrusted")
    asked = json.loads(desk("explain", "--product", MONTHLY, "--env", "production", *here, where=False)[1])
    assert (asked["request"]["environment"], asked["refused"]) == (PRODUCTION, None)


def test_a_rejection_in_words(desk: OperatorSetup) -> None:
    """`plan` names each message that App Review rejected."""
    desk("apply", "--yes", env="production")
    staff_actions.review(desk.app_data(PRODUCTION), REJECTED)
    code, out, _ = desk("plan", env="production")
    assert code == 3
    assert "✗ message keep fr-FR: REJECTED by App Review." in out
    assert "rejected: 2 messages" in out


def test_mistakes_come_before_anything_is_asked(desk: OperatorSetup) -> None:
    """`apply` of a file with a mistake calls neither AWS nor Apple."""
    desk.rewrite("message: keep}", "message: keeep}")
    desk.server.stop()
    code, _, err = desk("apply")
    assert (code, "Did you mean `keep`?" in err) == (1, True)


def test_promotion(desk: OperatorSetup) -> None:
    """`promote` applies a file to production only after the same file has been applied to the sandbox."""
    code, _, err = desk("promote", "--from", "sandbox", "--to", "production", "--yes")
    assert code == 1
    assert "this file was not tried there: run `retention apply --env sandbox` first" in err
    assert desk.app_data(PRODUCTION).images() == {}
    desk("apply")
    code, out, _ = desk("promote", "--from", "sandbox", "--to", "production", "--yes")
    assert code == 3
    assert out.endswith("waiting for Apple: 2 messages, 2 defaults\n")
    assert set(desk.app_data(PRODUCTION).message_states()) == set(desk.app_data().message_states())
    assert desk("promote", "--to", "sandbox")[0] == 2


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(200, {"content-type": "text/html"}, b"<html>Sign in</html>"), "is not Apple's API"),
        (Response(404), "has no access to the Retention Messaging API"),
        (Response(401), "Apple does not accept the key"),
        (Response(403, {"content-type": "application/json"}, b'{"errorCode":4030014,"errorMessage":"Full."}'), "prune"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "apply", "status", "prune", "defaults"])
def test_each_failure_of_apple_is_one_sentence(
    tmp_path: Path,
    endpoint: str,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    response: Response,
    expected: str,
    command: str,
) -> None:
    """If Apple answers with a page, 401, 403 or 404, a command prints one sentence and ends with 1."""
    name = f"sick-{abs(hash(request.node.name))}"
    with set_up_operator(tmp_path, endpoint, name, capsys, lambda _: lambda _: response) as desk:
        code, out, err = desk(command, *(() if command in {"plan", "status"} else ("--yes",)))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert expected in err


def test_a_dead_network_is_one_sentence(desk: OperatorSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """If nothing listens at Apple's URL, a command reports each attempt, then the error, also in --json's document."""
    monkeypatch.setattr(repeats, "_PAUSES", (0.0, 0.0, 0.0))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    arguments = ("--env", "sandbox", "--endpoint-url", desk.endpoint, "--apple-url", url)
    code, out, err = desk("plan", *arguments, where=False)
    sentence = f"There is no connection to {url}/sandbox: it refuses connections"
    assert (code, out, err.splitlines()) == (1, "", [*[f"{sentence}; trying again."] * 3, f"{sentence}."])
    code, out, _ = desk("apply", *arguments, "--json", where=False)
    assert (code, "no connection" in json.loads(out)["error"]) == (1, True)


def test_a_key_that_cannot_be_read(desk: OperatorSetup) -> None:
    """A key file that does not exist is reported, and the command ends with 1."""
    code, _, err = desk("plan", "--key", "/nowhere/key.p8")
    assert (code, "cannot be read" in err) == (1, True)


def test_a_table_alone_does_not_say_which_app_store(desk: OperatorSetup, tmp_path: Path) -> None:
    """With a table and no environment, a command does not guess between sandbox and production."""
    (tmp_path / "key.p8").write_bytes(PEM)
    arguments = ("--table", desk.table(), "--region", "us-east-1", "--apple-url", desk.server.url)
    code, _, err = desk("plan", *arguments, "--key", str(tmp_path / "key.p8"), where=False)
    assert (code, "It is not known which App Store is meant" in err) == (1, True)
    code, _, err = desk("plan", *arguments, "--env", "sandbox", where=False)
    assert (code, "There is no API key" in err) == (1, True)


# status


def test_status(desk: OperatorSetup) -> None:
    """`status` lists each message with its state, the message served meanwhile, and the rules that wait for review."""
    code, out, _ = desk("status", env="production")
    assert (code, "not uploaded" in out) == (3, True)
    desk("apply", "--yes", env="production")
    staff_actions.review(desk.app_data(PRODUCTION), APPROVED)
    code, out, _ = desk("status", env="production")
    assert (code, "lacks 4 review states of Apple's lists" in out) == (3, True)
    assert [one["serves"] for one in desk.json("status", env="production")["messages"]] == [None, None]
    desk("apply", "--yes", env="production")
    code, out, _ = desk("status", env="production")
    assert (code, "behind" in out) == (0, False)
    first = desk.json("status", env="production")["messages"][1]["identifier"]
    desk.rewrite("header: Restez,", "header: Restez encore,")
    desk("apply", "--yes", env="production")
    found = desk.json("status", env="production")
    (waiting,) = [one for one in found["messages"] if one["waitingRules"]]
    assert (waiting["set"], waiting["locale"], waiting["state"]) == ("keep", "fr-FR", "PENDING")
    assert (waiting["serves"], waiting["waitingRules"]) == (first, ["everyone"])
    assert datetime.fromisoformat(waiting["since"]).tzinfo is UTC
    assert found["images"][0]["usedBy"] == ["keep en-US"]
    assert found["others"] == {"APPROVED": 1}
    _, out, _ = desk("status", env="production")
    assert "everyone" in out
    assert first in out


def test_an_image_in_review_holds_its_messages(desk: OperatorSetup) -> None:
    """`status` shows that an approved message waits for an image in review."""
    desk("apply", "--yes", env="production")
    app_data = desk.app_data(PRODUCTION)
    for identifier in app_data.message_states():
        app_data.review("message", identifier, APPROVED)
    _, out, _ = desk("status", env="production")
    assert "APPROVED, an image PENDING" in out


# defaults


def test_defaults_are_configured_and_verified(desk: OperatorSetup) -> None:
    """`defaults --verify` asks Apple for each default, corrects our record and configures the missing default."""
    desk("apply")
    desk.app_data().delete_default(MONTHLY, "fr-FR")
    assert desk("defaults")[0] == 0
    code, out, _ = desk("defaults", "--verify")
    assert code == 0
    assert "2 calls to Apple" in out
    assert "our record was wrong for 1, and is corrected" in out
    assert "Configured 1 default." in out
    assert desk.app_data().default(MONTHLY, "fr-FR") is not None
    assert "our record is right" in desk("defaults", "--verify")[1]


def test_gaps_are_shown_first(desk: OperatorSetup) -> None:
    """`defaults --show` lists gaps first: locales in which a product answers without a default message."""
    desk.rewrite("default: keep", "default: plain")
    desk.rewrite("rules:", "  plain: {en-US: {header: Plain, body: Text.}}\nrules:")
    desk("apply")
    found = desk.json("defaults", "--show")["defaults"]
    assert [(one["locale"], one["standing"]) for one in found] == [("fr-FR", "gap"), ("en-US", "agreed")]
    _, out, _ = desk("plan")
    assert f"{MONTHLY} answers in fr-FR without a default message" in out
    assert "add the text to `plain`" in out


def test_defaults_that_are_not_wanted_stay_until_deleted(desk: OperatorSetup) -> None:
    """Defaults that the file does not name stay, until `defaults --delete-others --yes` deletes them at Apple."""
    desk("apply")
    desk.rewrite(", default: keep", "")
    code, out, _ = desk("plan")
    assert "`retention defaults --delete-others` deletes them." in out
    assert desk("apply")[0] == 0
    assert len(desk.app_data().defaults()) == 2
    code, _, err = desk("defaults", "--delete-others")
    assert (code, "Add --yes" in err) == (1, True)
    code, out, _ = desk("defaults", "--delete-others", "--yes")
    assert (code, "Deleted 2 defaults." in out) == (0, True)
    assert desk.app_data().defaults() == {}


# prune


def test_prune_keeps_what_releases_defaults_and_the_file_name(desk: OperatorSetup) -> None:
    """`prune` keeps each message that a release, a default or the file names, and deletes others only with --yes."""
    desk("apply")
    desk.rewrite("header: Restez,", "header: Restez encore,")
    desk("apply")
    kept = set(desk.app_data().message_states())
    assert desk("prune")[1] == "There is nothing to prune.\n"
    stranger, picture = new_id(), new_id()
    desk.app_data().add_image(UploadedImage(picture, "FULL_SIZE", APPROVED), 0)
    desk.app_data().add_message(UploadedMessage(stranger, text(), APPROVED, (picture,)), 0)
    code, _, err = desk("prune")
    assert (code, "This would delete 1 message and 1 image at Apple (Sandbox). Add --yes" in err) == (1, True)
    assert desk.json("prune", "--show")["neverPublished"] == [stranger]
    code, out, _ = desk("prune", "--yes")
    assert (code, "Deleted 1 message and 1 image." in out) == (0, True)
    assert set(desk.app_data().message_states()) == kept
    assert picture not in desk.app_data().images()
    assert desk("plan")[0] == 0


def test_prune_keeps_what_is_uploaded_and_not_yet_published(desk: OperatorSetup) -> None:
    """`prune` keeps an uploaded message that only the file names: a deleted id can never be used again."""
    message = desk.json("plan")["uploadMessages"][1]["id"]
    desk.app_data().add_message(UploadedMessage(message, text(), APPROVED), 0)
    assert desk("prune")[1] == "There is nothing to prune.\n"


# endpoint


def test_the_endpoint_is_set_shown_and_deleted(desk: OperatorSetup) -> None:
    """`endpoint set` without a URL configures the stack's own; `endpoint delete` needs --yes."""
    assert desk("endpoint", "show")[1] == "Apple has no real-time URL here.\n"
    assert desk("endpoint", "set")[1] == "Apple calls https://example.com/v1/retention-message.\n"
    assert desk.json("endpoint", "show") == {"url": "https://example.com/v1/retention-message"}
    assert desk("endpoint", "delete")[0] == 1
    assert desk("endpoint", "delete", "--yes")[0] == 0
    assert desk.json("endpoint", "delete") == {"deleted": None}


def test_the_secret_of_the_url_is_shown_with_secret_only(desk: OperatorSetup) -> None:
    """Commands print <PathSecret> for the secret in a URL, because output ends up in logs; `--secret` shows it."""
    secret = "k3-7hT_q9XwLz2mNpV5c"
    url, masked = (f"https://example.com/v1/retention-message/{last}" for last in (secret, "<PathSecret>"))
    assert desk("endpoint", "set", url)[1] == f"Apple calls {masked}.\n"
    assert desk.json("endpoint", "set", url) == {"url": masked}
    assert desk("endpoint", "show")[1] == f"{masked}\n"
    assert desk("endpoint", "show", "--secret")[1] == f"{url}\n"
    assert desk.json("endpoint", "show", "--secret") == {"url": url}
    for command in (("doctor",), ("endpoint", "set", url + "/x" * 200), ("endpoint", "delete"), ("endpoint", "show")):
        for form in ((), ("--json",)):
            assert secret not in "".join(desk(*command, *form)[1:])
    assert desk.json("endpoint", "delete", "--yes") == {"deleted": masked}
    code, _, err = desk("endpoint", "set", "http://example.com/")
    assert (code, "it must begin with https://" in err) == (2, True)
    for unreachable in ("https://localhost/x", "https://192.168.1.10/x", f"{url}\n", f" {url}", f"{url}/a b"):
        code, _, err = desk("endpoint", "set", unreachable)
        assert (code, "Apple would not accept" in err, secret in err) == (2, True, False), err
    code, _, err = desk("endpoint", "set", "--yes", env="production")
    assert (code, "Pass a performance test in the sandbox first" in err) == (1, True)


# performance-test


def test_the_performance_test(desk: OperatorSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """`start` is refused without a URL, while paused, or if an answer would not be 200; `wait` reports the result."""
    monkeypatch.setattr(performance_test, "_POLL_SECONDS", 0.05)
    transaction = desk.simulator.accounts.subscribe(APP_ID, MONTHLY).transaction_id
    start = ("performance-test", "start", "--transaction", transaction)
    desk("apply")
    code, _, err = desk(*start)
    assert (code, "configure one with `retention endpoint set`" in err) == (1, True)
    body = answer_of("message", messageIdentifier=next(iter(desk.app_data().message_states())))
    with Server(lambda _: Response(200, {}, body)) as answering:
        desk.app_data().set_realtime_url(answering.url)
        request_id = desk.json(*start)["requestId"]
        code, out, _ = desk("performance-test", "wait", request_id)
        assert (code, out.startswith("PASS: 100 % succeeded; Apple wants 95 %.")) == (0, True)
        assert desk.json("performance-test", "show", request_id)["result"] == "PASS"
        desk.rewrite("{name: everyone, answer", "{name: everyone, when: {customer.inTrial: true}, answer")
        desk("apply")
        code, _, err = desk(*start)
        assert (code, "Apple would get no 200" in err) == (1, True)
        here = ("--env", "sandbox", "--endpoint-url", desk.endpoint)
        assert desk("pause", *here, where=False)[0] == 0
        code, _, err = desk(*start)
        assert (code, "run `retention resume` first" in err) == (1, True)
        assert desk("resume", *here, where=False)[0] == 0
        code, out, _ = desk(*start, "--anyway")
        assert code == 0
        assert re.search(r"`retention performance-test wait \S+ --env sandbox` waits for its result", out)
        desk.server.tests.wait()
    code, _, err = desk("performance-test", "show", request_id, env="production")
    assert (code, "in the sandbox only" in err) == (1, True)


def test_a_failed_performance_test_is_1(desk: OperatorSetup) -> None:
    """A performance test that fails ends `wait` with 1 and Apple's reasons."""
    transaction = desk.simulator.accounts.subscribe(APP_ID, MONTHLY).transaction_id
    desk("apply")
    with Server(lambda _: Response(500)) as answering:
        desk.app_data().set_realtime_url(answering.url)
        request_id = desk.json("performance-test", "start", "--transaction", transaction)["requestId"]
        desk.server.tests.wait()
    code, out, _ = desk("performance-test", "wait", request_id)
    assert (code, "FAIL: 0 %" in out, "UNSUCCESSFUL_HTTP_RESPONSE_CODE" in out) == (1, True, True)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["plan", "--apple-url", "foo"], "`foo` is not an address"),
        (
            ["plan", "--apple-url", "http://127.0.0.1:1/production"],
            "is Production, and the environment named is Sandbox",
        ),
        (["plan", "--endpoint-url", "foo"], "`foo` is not an address"),
        (["endpoint", "ftp://x"], "Apple would not accept"),
        (["defaults", "--show", "--delete-others"], "--show only shows"),
    ],
)
def test_a_command_that_was_called_wrongly_is_2(desk: OperatorSetup, arguments: list[str], expected: str) -> None:
    """A mistake in the arguments ends a command with 2 and one error, as text and as JSON."""
    here = ["--env", "sandbox", "--endpoint-url", desk.endpoint, "--apple-url", desk.server.url]
    verb, *options = arguments
    code, out, err = desk(verb, *(["set"] if verb == "endpoint" else []), *here, *options, where=False)
    assert (code, out) == (2, "")
    assert expected in err
    code, out, _ = desk(verb, *(["set"] if verb == "endpoint" else []), *here, *options, "--json", where=False)
    assert (code, expected in json.loads(out)["error"]) == (2, True)


def test_without_an_environment_it_is_2(desk: OperatorSetup) -> None:
    """Without --env and --table a command ends with 2; `doctor` reports it as one finding and ends with 1."""
    for verb in ("plan", "apply", "status", "doctor"):
        code, out, err = desk(verb, where=False)
        if verb == "doctor":
            assert (code, "Name the environment with --env" in out) == (1, True), verb  # one finding among others
        else:
            assert (code, "Name the environment with --env" in err) == (2, True), verb


# doctor


def findings(desk: OperatorSetup, *arguments: str, env: str = "sandbox") -> dict[str, Any]:
    found = desk.json("doctor", *arguments, env=env)
    return {one["code"]: one for one in found["findings"]}


def log_a_certificate(desk: OperatorSetup, days: int) -> None:
    logs, group = desk.aws("logs"), desk.table()
    logs.create_log_stream(logGroupName=group, logStreamName=f"s{days}")
    event = {"timestamp": int(time.time() * 1000) - 1000, "message": json.dumps({"leafDaysLeft": days})}
    logs.put_log_events(logGroupName=group, logStreamName=f"s{days}", logEvents=[event])


def test_a_healthy_deployment(desk: OperatorSetup) -> None:
    """On a stack with a release, defaults and a URL, `doctor` finds nothing wrong."""
    desk("apply")
    desk("endpoint", "set")
    code, out, _ = desk("doctor")
    assert (code, "✗" in out) == (0, False), out
    assert "✓ Apple (Sandbox) accepts the key" in out
    assert "Nothing is wrong." in out


def test_an_empty_deployment(desk: OperatorSetup) -> None:
    """Before the first `apply`, `doctor` reports that release, defaults and URL are missing."""
    code, out, _ = desk("doctor")
    assert code == 1
    assert "✗ Nothing has been published. Publish with `retention apply`." in out
    found = findings(desk)
    assert {code for code, one in found.items() if one["verdict"] == "bad"} == {"release", "endpoint", "defaults"}


def test_live_messages_and_the_sync(desk: OperatorSetup) -> None:
    """`doctor` names live messages in review, and review states that Apple has and the table has not."""
    desk("apply", "--yes", env="production")
    found = findings(desk, env="production")
    assert "keep fr-FR (PENDING)" in found["live-messages"]["found"]
    staff_actions.review(desk.app_data(PRODUCTION), APPROVED)
    sync = findings(desk, env="production")["sync"]
    assert sync["verdict"] == "unknown"
    assert "behind Apple's lists by 4 states" in sync["found"]


@pytest.mark.parametrize(
    ("times", "verdict", "found"),
    [
        ({"syncedAt": 3, "statesAt": 1}, "good", "The sync last imported review states 3 min ago."),
        ({"syncedAt": 20, "statesAt": 1}, "bad", "The sync last imported review states 20 min ago; it does so every"),
        ({"statesAt": 1}, "unknown", "The sync has not run yet"),
        ({"statesAt": 20}, "bad", "The sync has never imported review states."),
    ],
)
def test_a_sync_that_does_not_run_is_not_hidden_by_an_apply(
    desk: OperatorSetup, times: dict[str, int], verdict: str, found: str
) -> None:
    """`doctor` judges the sync by the sync's own imports, not by those of `apply`."""
    desk("apply")
    head, now = rows.head_key(APP_ID), datetime.now(UTC)
    desk.aws("dynamodb").update_item(
        TableName=desk.table(),
        Key=head,
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in times),
        ExpressionAttributeValues={
            f":{name}": {"S": (now - timedelta(minutes=minutes)).isoformat()} for name, minutes in times.items()
        },
    )
    sync = findings(desk)["sync"]
    assert sync["verdict"] == verdict
    assert found in sync["found"]


def test_the_certificate_of_apple(desk: OperatorSetup) -> None:
    """`doctor` reads from the log how many days Apple's newest certificate has left."""
    logs, group = desk.aws("logs"), desk.table()
    # moto does not support JSON patterns.
    logs.meta.events.register(
        "provide-client-params.cloudwatch-logs.FilterLogEvents",
        lambda params, **_: {key: value for key, value in params.items() if key != "filterPattern"},
    )
    assert running.leaf_days(logs, group, datetime.now(UTC)) is None
    for days in (12, 200):
        log_a_certificate(desk, days)
        assert running.leaf_days(logs, group, datetime.now(UTC)) == days


def test_a_certificate_near_its_end(desk: OperatorSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate with twelve days left is bad, one with 200 days is good, and without a log line it is unknown."""
    desk("apply")
    for days, verdict in ((12, "bad"), (200, "good"), (None, "unknown")):
        monkeypatch.setattr(running, "leaf_days", lambda *_, days=days: days)
        assert findings(desk)["certificate"]["verdict"] == verdict


def test_no_access(desk: OperatorSetup) -> None:
    """An empty 404 from Apple is the finding `no-access`, with where to ask for access."""
    staff_actions.set_access(desk.simulator, APP, access=False)
    assert "Ask for it" in findings(desk)["no-access"]["found"]


def test_a_wrong_key(desk: OperatorSetup, tmp_path: Path) -> None:
    """A file that is no key, a key whose name is not the key's id, and a key that Apple refuses are three findings."""
    (tmp_path / "AuthKey_ABCDEFGHIJ.p8").write_bytes(PEM)
    (tmp_path / "none.p8").write_text("hello")
    found = findings(desk, "--key", str(tmp_path / "none.p8"))
    assert "is not an unencrypted PEM private key" in found["api-key"]["found"]
    found = findings(desk, "--key", str(tmp_path / "AuthKey_ABCDEFGHIJ.p8"))
    assert "an In-App Purchase key is needed" in found["api-key"]["found"]
    desk.rewrite(f"bundleId: {APP.bundle_id}", "bundleId: com.example.other")
    assert "check all three" in findings(desk)["unauthorized"]["found"]


def test_a_key_of_the_app_store_connect_api() -> None:
    """The App Store Connect API accepts only its own keys."""
    key = ApiKey(KEY_ID, APP.issuer_id, PEM)
    for status, kind in ((200, True), (403, True), (401, False), (500, None)):
        with Server(lambda _, status=status: Response(status)) as connect:  # type: ignore[misc]  # one status a turn
            assert is_connect_key(key, connect.url) is kind
    assert is_connect_key(key, "http://127.0.0.1:1") is None


@pytest.mark.parametrize(
    ("status", "code"), [(200, "wrong-key-kind"), (401, "wrong-issuer-or-bundle"), (500, "unauthorized")]
)
def test_what_a_401_means(desk: OperatorSetup, monkeypatch: pytest.MonkeyPatch, status: int, code: str) -> None:
    """After Apple's 401 the App Store Connect API shows whether the kind of key is wrong, or issuer or bundle id."""
    monkeypatch.setattr(
        wire.Wire,
        "_get_full_url",
        lambda _, path: f"{desk.server.base_url(SANDBOX)}{path}",
    )
    desk.rewrite(f"bundleId: {APP.bundle_id}", "bundleId: com.example.other")
    with Server(lambda _: Response(status)) as connect:
        where = Where("sandbox", desk.file, None, desk.endpoint)
        known = Known(where, Access(), datetime.now(UTC), connect.url)
        assert code in {finding.code for finding in doctor.findings(known)}


def test_a_clock_that_is_wrong(
    tmp_path: Path, endpoint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 401 while the Date of Apple's answer is years away is the finding `clock-skew`."""
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *_: "Tue, 24 Nov 2020 12:00:00 GMT")
    with set_up_operator(tmp_path, endpoint, "clock", capsys, lambda _: lambda _: Response(401)) as desk:
        assert "ahead of Apple's. Set it." in findings(desk)["clock-skew"]["found"]


def test_rate_limit_and_wrong_host(tmp_path: Path, endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A 429, a page in Apple's place and a 500 are three findings, each bad."""
    answers = {
        "rate-limit": Response(429, {"retry-after": "1800003600000"}),
        "wrong-host": Response(200, {"content-type": "text/html"}, b"<html>"),
        "apple-fails": Response(500),
    }
    for code, response in answers.items():
        with set_up_operator(tmp_path, endpoint, f"doctor-{code}", capsys, lambda _, r=response: lambda _: r) as desk:  # type: ignore[misc]  # one answer a turn
            assert findings(desk)[code]["verdict"] == "bad"


def test_what_is_missing_in_aws(desk: OperatorSetup) -> None:
    """`doctor` has a finding each for a missing table, a missing parameter, one that is no key, and a missing stack."""
    ssm, name = desk.aws("ssm"), f"{PREFIX}/{desk.name}/{KEY_ID}"
    ssm.put_parameter(Name=name, Value="hello", Type="SecureString", Overwrite=True)
    assert "is not an unencrypted PEM" in findings(desk)["signing-key"]["found"]
    ssm.delete_parameter(Name=name)
    assert "There is no parameter" in findings(desk)["signing-key"]["found"]
    desk.aws("dynamodb").delete_table(TableName=desk.table())
    found = findings(desk)
    assert "There is no such table" in found["table"]["found"]
    assert found["release"]["verdict"] == "unknown"
    desk.rewrite("-sandbox, region", "-elsewhere, region")
    assert "deploy it first" in findings(desk)["table"]["found"]


def test_a_file_with_mistakes_hides_nothing_else(desk: OperatorSetup) -> None:
    """`doctor` reports the first mistake of the file with its line, and examines Apple all the same."""
    desk.rewrite("message: keep}", "message: keeep}")
    found = findings(desk)
    assert "1 mistake, the first on line" in found["file"]["found"]
    assert found["apple"]["verdict"] == "good"
