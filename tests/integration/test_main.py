"""The command as an operator meets it: output, exit codes, one sentence for every failure."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoRegionError
from retention.errors import RetentionError, UnreadableRowError

from console.cli.main import main
from console.decisions.made_request import read_facts
from console.deployment.failures import sentence
from console.local.embedded_stack import embedded_dynamodb
from console.local.rows import create_table
from console.local.samples import EVENTS, SAMPLE
from tests.support.operator_setup import assert_camel_case
from tests.support.waiting import PATIENCE

APP = "6745974591"
Run = Callable[..., tuple[int, str, str]]
VERBS = (
    "validate publish releases rollback pause resume plan apply promote export import import-states status"
    " defaults prune explain sign-request rehearse doctor"
).split()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with embedded_dynamodb() as url:
        yield url


@pytest.fixture
def table(endpoint: str, request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The options that name an empty table, a new one for each test."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", request.node.name)
    create_table(boto3.client("dynamodb", endpoint_url=endpoint), name)
    return "--table", name, "--endpoint-url", endpoint


def test_help_names_every_command(run: Run) -> None:
    """`retention --help` names every verb."""
    code, out, _ = run("--help")
    assert code == 0
    for verb in VERBS:
        assert verb in out


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_command_has_an_example(run: Run, verb: str) -> None:
    """Each verb's `--help` has an example of the command."""
    code, out, _ = run(verb, "--help")
    assert code == 0
    assert "Example" in out
    assert f"retention {verb}" in " ".join(out.split())


def test_help_has_four_groups(run: Run) -> None:
    """`retention --help` lists the verbs in four groups: Write, Publish, Apple and Understand."""
    out = run("--help")[1]
    assert re.findall(r"─ (\w+) ─", out) == ["Options", "Write", "Publish", "Apple", "Understand"]


@pytest.mark.parametrize("verb", ["endpoint", "performance-test"])
def test_verbs_of_verbs_have_examples(run: Run, verb: str) -> None:
    """`endpoint set` and the other verbs of verbs have an example in their `--help`."""
    for inner in ("set", "show", "delete") if verb == "endpoint" else ("start", "wait", "show"):
        code, out, _ = run(verb, inner, "--help")
        assert (code, f"Example: retention {verb} {inner}" in " ".join(out.split())) == (0, True)


def test_validate_does_not_import_boto3() -> None:
    """`validate` does not import boto3, which takes half a second."""
    code = (
        "import sys\nfrom console.cli.main import main\n"
        f"try: main(['validate', {str(SAMPLE)!r}, '--at', '2026-11-24T12:00:00Z'])\n"
        "except SystemExit as e: assert not e.code\n"
        "assert not {'boto3', 'botocore'} & sys.modules.keys()\n"
    )
    root = SAMPLE.parent.parent
    paths = f"{root}:{root / 'handler'}"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env={"PYTHONPATH": paths})


def test_validate_prints_what_is_in_a_good_file(run: Run) -> None:
    """`validate` prints the numbers of rules, products, messages and images of a good file, and has a JSON form."""
    assert run("validate", str(SAMPLE))[:2] == (0, f"{SAMPLE} is good: 9 rules, 6 products, 19 messages, 3 images.\n")
    code, out, _ = run("validate", str(SAMPLE), "--json", "--env", "production")
    assert code == 0
    assert json.loads(out)["ok"] is True


def test_validate_reports_every_mistake(run: Run, tmp_path: Path) -> None:
    """`validate` reports every mistake with its line and what to write instead, as text and as JSON."""
    file = tmp_path / "bad.yaml"
    file.write_text("app: {appAppleId: 1, bundleID: com.example.app}\nlocales: {default: en_US}\nrules: []\n")
    code, out, err = run("validate", str(file))
    assert (code, out) == (1, "")
    assert f"{file}:1: app.bundleID: The app has no field `bundleID`. Did you mean `bundleId`?" in err
    assert f"{file}:2: locales.default: Apple has no locale `en_US`. Did you mean `en-US`?" in err
    assert "4 mistakes in" in err
    code, out, _ = run("validate", str(file), "--json")
    document = json.loads(out)
    assert (code, document["ok"], len(document["mistakes"])) == (1, False, 4)
    assert set(document["mistakes"][0]) == {"file", "line", "where", "wrong", "instead"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("validate",),
        ("validate", "a", "--at", "yesterday"),
        ("validate", "a", "--at", "2026-12-01"),
        ("rollback", "twelve"),
        ("explain", "a"),
        ("sign-request", "--environment", "Xcode"),
    ],
)
def test_misuse_is_2(run: Run, arguments: tuple[str, ...]) -> None:
    """An unknown verb, a missing argument and a wrong value end a command with 2."""
    assert run(*arguments)[0] == 2


def test_a_release_from_publishing_to_rollback(run: Run, table: tuple[str, ...]) -> None:
    """Publish, import states, roll back, pause and resume, with what `releases` and `explain` print in between."""
    app = (*table, "--app", APP)
    assert "Release 1 is live (the first): 7 sheets" in run("publish", str(SAMPLE), *table)[1]
    code, out, _ = run("publish", str(SAMPLE), *table, "--json")
    assert (code, json.loads(out)["release"], json.loads(out)["previous"]) == (0, 2, 1)
    lists = [str(EVENTS / "states" / name) for name in ("images.json", "messages.json")]
    assert "19 messages and 3 images" in run("import-states", *lists, *app)[1]
    live = [entry for entry in json.loads(run("releases", *app, "--json")[1]) if entry["live"]]
    assert [entry["number"] for entry in live] == [2]
    assert "9 rules, 6 products, 19 messages" in run("releases", *app)[1]
    assert run("rollback", *app)[1] == "Release 1 is live again, instead of 2.\n"
    assert run("rollback", "2", *app, "--json")[0] == 0
    asked = ("explain", *app, "--product", "trailhead.pro.annual", "--locale", "de-DE")
    assert "200, by the rule keep-pro:" in run(*asked)[1]
    assert "Paused" in run("pause", *app)[1]
    assert "204, no body (paused)" in run(*asked)[1]
    assert "Answering again." in run("resume", *app)[1]
    document = json.loads(run(*asked, "--json")[1])
    # The German text is in review, so the text of the default locale is served.
    assert (document["rule"], document["locale"], document["status"]) == ("keep-pro", "en-US", 200)
    drafted = run("explain", str(SAMPLE), *table, "--product", "trailhead.pro.annual", "--locale", "de-DE", "--json")
    assert json.loads(drafted[1])["locale"] == "en-US"


@pytest.fixture
def other_table(endpoint: str, table: tuple[str, ...]) -> tuple[str, ...]:
    """A second empty table."""
    create_table(boto3.client("dynamodb", endpoint_url=endpoint), f"{table[1]}-2")
    return "--table", f"{table[1]}-2", "--endpoint-url", endpoint


def test_an_app_moves_from_table_to_table(
    run: Run, table: tuple[str, ...], other_table: tuple[str, ...], tmp_path: Path
) -> None:
    """`export` and `import` report what they moved between two tables, and that the file has the customer key."""
    app, file = ("--app", APP), str(tmp_path / "app.jsonl.gz")
    for _ in range(2):
        run("publish", str(SAMPLE), *table)
    code, out, err = run("export", file, *table, *app)
    assert code == 0
    assert re.search(
        r"^\d+ rows are in .*: 2 releases \(2 is live\); profiles of customers are only in it with --profiles\.$",
        out,
        re.MULTILINE,
    )
    assert "customer key" in err
    document = json.loads(run("export", f"{file}.2", *table, *app, "--profiles", "--json")[1])
    assert (document["release"], document["releases"], document["profiles"]) == (2, [1, 2], 0)
    assert "2 releases, of which 2 is live." in run("import", file, *other_table, *app)[1]
    assert run("releases", *other_table, *app)[1] == run("releases", *table, *app)[1]
    code, out, _ = run("import", file, *other_table, *app, "--json")
    assert (code, json.loads(out)["already"]) == (0, True)
    assert "nothing was written" in run("import", file, *other_table, *app)[1]


def test_exporting_overwrites_nothing_and_makes_a_name(
    run: Run, table: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`export` never overwrites a file; without a name it makes one of the app id, the table and the time."""
    monkeypatch.chdir(tmp_path)
    app = ("--app", APP)
    run("publish", str(SAMPLE), *table)
    (tmp_path / "kept").write_text("an earlier one")
    code, _, err = run("export", "kept", *table, *app)
    assert (code, err) == (1, "The file kept exists, and is not overwritten: name another.\n")
    named = Path(json.loads(run("export", *table, *app, "--json")[1])["file"])
    assert re.fullmatch(rf"retention-{APP}-{re.escape(table[1])}-\d{{8}}T\d{{6}}Z\.jsonl\.gz", named.name)
    assert named.exists()


def test_a_release_left_out_of_an_export(run: Run, endpoint: str, table: tuple[str, ...], tmp_path: Path) -> None:
    """`export` leaves out a release whose rows are incomplete, and reports its number."""
    for _ in range(2):
        run("publish", str(SAMPLE), *table)
    key = {"pk": {"S": f"app#{APP}#release#1"}, "sk": {"S": "texts"}}
    boto3.client("dynamodb", endpoint_url=endpoint).delete_item(TableName=table[1], Key=key)
    code, _, err = run("export", str(tmp_path / "file"), *table, "--app", APP)
    assert (code, "Release 1 is not in the file: release 1 is damaged" in err) == (0, True)


def test_importing_is_refused_in_a_sentence(run: Run, table: tuple[str, ...], tmp_path: Path) -> None:
    """`import` refuses a bad file, another app's, an app that is there already and the other environment."""
    app, file = ("--app", APP), str(tmp_path / "app.jsonl.gz")
    run("publish", str(SAMPLE), *table)
    run("export", file, *table, *app)
    (tmp_path / "none").write_text("nothing")
    assert "This is not a complete export" in run("import", str(tmp_path / "none"), *table, *app)[2]
    assert "No such file" in run("import", str(tmp_path / "nowhere"), *table, *app)[2]
    assert f"This is an export of app {APP}, not of 1." in run("import", file, *table, "--app", "1")[2]
    run("publish", str(SAMPLE), *table)
    refused = json.loads(run("import", file, *table, *app, "--json")[1])
    assert (refused["code"], "--replace" in refused["error"]) == ("already_there", True)
    code, _, err = run("import", file, *table, *app, "--replace", "--file", str(SAMPLE), "--env", "production")
    assert (code, "Sandbox" in err) == (1, True)
    assert run("import", file, *table, *app, "--replace")[0] == 0


def test_importing_into_production_needs_yes(run: Run, table: tuple[str, ...], tmp_path: Path) -> None:
    """`import` into production needs --yes, as every write to production does."""
    file, production = str(tmp_path / "app.jsonl.gz"), (*table, "--file", str(SAMPLE), "--env", "production")
    run("publish", str(SAMPLE), *table)
    assert run("export", file, *production)[0] == 0
    code, _, err = run("import", file, *production)
    assert (code, "Add --yes" in err) == (1, True)
    assert run("import", file, *production, "--yes")[0] == 0


def test_a_bad_file_changes_nothing(run: Run, table: tuple[str, ...], tmp_path: Path) -> None:
    """`publish` of a file with one mistake publishes nothing."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(SAMPLE.read_text().replace("message: keep-basic}", "message: keep-basik}"))
    code, _, err = run("publish", str(bad), *table)
    assert code == 1
    assert "Did you mean `keep-basic`?" in err
    assert run("releases", *table, "--app", APP, "--json")[1] == "[]\n"


def test_nothing_published_is_one_sentence(run: Run, table: tuple[str, ...]) -> None:
    """Before the first publish, and for an unknown release, a command prints one sentence, also as JSON."""
    app = (*table, "--app", APP)
    assert run("releases", *app)[1] == "Nothing has been published for this app.\n"
    for command in (("rollback",), ("pause",), ("explain", "--product", "p")):
        code, out, err = run(*command, *app)
        assert (code, out) == (1, "")
        assert err == "Nothing has been published for this app.\n"
    run("publish", str(SAMPLE), *table)
    assert json.loads(run("rollback", "9", *app, "--json")[1])["error"] == "There is no complete release 9."


def test_writing_to_production_needs_yes(run: Run, table: tuple[str, ...]) -> None:
    """Without a terminal, writing to production needs --yes."""
    code, _, err = run("publish", str(SAMPLE), *table, "--env", "production")
    assert code == 1
    assert "Add --yes" in err
    assert run("publish", str(SAMPLE), *table, "--env", "production", "--yes")[0] == 0
    code, _, err = run("pause", "--table", "t", "--app", APP)
    assert (code, "in production" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "ends", "expected"),
    [
        (("--table", "nowhere"), 1, "There is no such table here"),
        (("--table", "t", "--endpoint-url", "http://127.0.0.1:9"), 1, "Nothing answers at the endpoint"),
        (("--env", "sandbx"), 1, "has no environment `sandbx`. Did you mean `sandbox`?"),
        ((), 2, "Name the environment with --env, or the table with --table."),
    ],
)
def test_dead_ends_are_one_sentence(
    run: Run, endpoint: str, arguments: tuple[str, ...], ends: int, expected: str
) -> None:
    """An unreachable endpoint, a missing table and an unknown environment each end with 1 or 2 and one sentence."""
    here = () if "--endpoint-url" in arguments else ("--endpoint-url", endpoint)
    code, out, err = run("releases", "--file", str(SAMPLE), *arguments, *here)
    assert (code, out) == (ends, "")
    assert expected in err
    assert err.count("\n") == 1


def test_an_environment_without_a_stack_is_reported(run: Run, tmp_path: Path) -> None:
    """An environment of the file that names no stack is reported with the line to add."""
    file = tmp_path / "retention.yaml"
    file.write_text(SAMPLE.read_text(encoding="utf-8").replace("stack: retention-sandbox, ", ""), encoding="utf-8")
    code, out, err = run("releases", "--file", str(file), "--env", "sandbox")
    assert (code, out) == (1, "")
    assert "names no stack for `sandbox`: write `stack: …` under it." in err


@pytest.mark.parametrize("url", ["foo", "http://[", "http://127.0.0.1:99999", "ftp://x", "http://"])
def test_an_address_that_is_none_is_one_sentence(run: Run, url: str) -> None:
    """An --endpoint-url that is no address ends a command with 2."""
    code, _, err = run("releases", "--table", "t", "--app", "1", "--endpoint-url", url)
    assert (code, err) == (2, f"`{url}` is not an address: write one like http://127.0.0.1:8000.\n")


class _SignInPage(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", "13")
        self.end_headers()
        self.wfile.write(b"<html></html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name for it
        pass


@pytest.mark.parametrize(
    "command",
    [("releases",), ("pause",), ("rollback",), ("explain", "--product", "p"), ("publish", str(SAMPLE))],
    ids=lambda command: command[0],
)
def test_a_page_instead_of_dynamodb_is_no_success(run: Run, command: tuple[str, ...]) -> None:
    """Behind a proxy that answers 200 with a page, each command ends with 1 and names DynamoDB."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _SignInPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        app = () if command[0] == "publish" else ("--app", APP)
        code, out, err = run(*command, "--table", "t", *app, "--endpoint-url", f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert (code, out) == (1, "")
    assert "is not DynamoDB" in err


def test_no_credentials_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without AWS credentials, a command ends with one sentence that names them."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    code, _, err = run("releases", "--table", "t", "--app", "1")
    assert (code, "No AWS credentials were found" in err) == (1, True)


def test_a_row_of_another_writer_is_one_sentence() -> None:
    """A row that this console did not write is reported as that, and not as a bug."""
    assert sentence(UnreadableRowError("x is missing")) == (
        "The table has a row that this console did not write: x is missing."
    )


def test_a_missing_file_is_one_sentence(run: Run, tmp_path: Path) -> None:
    """Files that do not exist are named."""
    assert "No such file" in run("validate", str(tmp_path / "none.yaml"))[2]
    assert "There is no retention.yaml" in run("releases", "--env", "sandbox")[2] or (Path("retention.yaml")).exists()


def test_lists_that_are_not_apples_are_refused(run: Run, tmp_path: Path) -> None:
    """`import-states` takes Apple's two lists and nothing else."""
    (tmp_path / "a.json").write_text('{"a": 1}')
    code, _, err = run("import-states", str(tmp_path / "a.json"), "--table", "t", "--app", "1")
    assert (code, "none of Apple's lists" in err) == (1, True), err


def test_a_signed_request_can_be_explained(run: Run, tmp_path: Path) -> None:
    """`sign-request` prints a request, and `explain` reports that the test authority signed it."""
    body = run("sign-request", "--product", "trailhead.pro.annual", "--locale", "ja")[1]
    assert list(json.loads(body)) == ["signedPayload"]
    (tmp_path / "body.json").write_text(body)
    out = run("explain", str(SAMPLE), "--event", str(tmp_path / "body.json"))[1]
    assert "trailhead.pro.annual in ja" in out
    assert "the local test CA signed it" in out
    assert "promotionalOfferSignatureV1" in out


AT = ("--at", "2026-11-24T12:00:00Z")


@pytest.mark.parametrize(
    ("event", "code"),
    [("tampered-401", "signature_invalid"), ("wrong-app-403", "wrong_app"), ("too-old-403", "too_old")],
)
def test_a_request_that_is_refused_is_explained_as_refused(run: Run, event: str, code: str) -> None:
    """For a refused request, `explain` prints the status and the code, then the answer that the rules would give."""
    asked = ("explain", str(SAMPLE), "--event", str(EVENTS / f"{event}.json"), *AT)
    status = int(event[-3:])
    document = json.loads(run(*asked, "--json")[1])
    assert (document["status"], document["body"], document["refused"]["status"]) == (status, None, status)
    assert document["refused"]["code"] == code
    assert (document["otherwise"]["status"], bool(document["otherwise"]["body"])) == (200, True)
    out = run(*asked)[1]
    assert out.index(f"\n{status}, no body ({code}: ") < out.index("\nOtherwise it would be 200, by the rule ")


def test_a_request_for_the_other_environment_is_refused_where_a_table_names_it(
    run: Run, table: tuple[str, ...]
) -> None:
    """`explain` checks a request's environment with a table's; for a file alone, it notes that none was named."""
    run("publish", str(SAMPLE), *table)
    event = ("--event", str(EVENTS / "wrong-environment-403.json"), *AT, "--json")
    live = json.loads(run("explain", *table, "--app", APP, *event)[1])
    drafted = json.loads(run("explain", str(SAMPLE), *table, *event)[1])
    for document in (live, drafted):
        assert (document["status"], document["refused"]["code"]) == (403, "wrong_environment")
    alone = json.loads(run("explain", str(SAMPLE), *event)[1])
    assert (alone["status"], alone["refused"], alone["otherwise"]) == (200, None, None)
    assert any("no environment was named" in note for note in alone["notes"])


def test_output_is_plain_where_colour_is_not_wanted(run: Run) -> None:
    """Output that does not go to a terminal has no escape sequences."""
    _, out, err = run("explain", str(SAMPLE), "--product", "trailhead.pro.monthly")
    assert "\x1b" not in out + err


class _RefusedError(Exception):
    """Stands in for botocore's ClientError, which carries AWS's response."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": message}}
        self.operation_name = "Query"


_RefusedError.__module__ = "botocore.exceptions"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ExpiredTokenException", "sign in again"),
        ("AccessDeniedException", "OperatorPolicyArn"),
        ("ThrottlingException", "AWS refused Query (ThrottlingException)"),
        ("ResourceNotFoundException", "There is no such table here"),
    ],
)
def test_each_refusal_of_aws_has_a_next_step(code: str, expected: str) -> None:
    """Each of AWS's errors becomes a sentence with what to do."""
    assert expected in str(sentence(_RefusedError(code)))


def test_a_bug_is_no_sentence() -> None:
    """An error that the console does not know becomes no sentence, so that its traceback is shown."""
    assert sentence(KeyError("x")) is None
    assert "does not exist: deploy" in str(sentence(_RefusedError("ValidationError", "Stack with id x does not exist")))


@pytest.mark.parametrize(
    "arguments", [("validate",), ("nope",), ("releases", "--app", "abc"), ("explain",), ("validate", "no-such-file")]
)
def test_with_json_every_failure_is_a_document(run: Run, arguments: tuple[str, ...]) -> None:
    """With --json, a failure prints one JSON document on standard output, with the same exit code."""
    plain, _, _ = run(*arguments)
    code, out, err = run(*arguments, "--json")
    assert code == plain
    assert set(json.loads(out)) == {"error"}
    assert err == ""


def test_a_path_keeps_its_spelling(run: Run) -> None:
    """A file's name at the beginning of an error keeps its spelling."""
    assert "\nevents" in "\n" + run("validate", "events")[2]


@pytest.mark.parametrize("content", ['{"a":' + "[" * 100_000, "a." + "W1tb" * 50_000 + ".b"])
def test_a_deeply_nested_event_is_one_sentence(run: Run, tmp_path: Path, content: str) -> None:
    """An event that nests a hundred thousand levels deep is reported in one sentence."""
    event = tmp_path / "event.json"
    event.write_text(content)
    code, _, err = run("explain", str(SAMPLE), "--event", str(event))
    assert code == 1
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("fact", ["[" * 100_000, "Infinity", "NaN"])
def test_a_fact_that_is_no_number_is_text(fact: str) -> None:
    """The value of a fact that JSON cannot hold is kept as text."""
    assert read_facts([f"a={fact}"], unreadable=False) == {"a": fact}


def console(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "console.cli.main", *arguments]
    return subprocess.run(command, cwd=EVENTS.parent, check=False, timeout=PATIENCE, **options)


def test_any_terminal_gets_any_text() -> None:
    """If standard output is ASCII, `--json` and text escape the characters that it cannot hold."""
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    failed = console("validate", "été.yaml", "--json", env=env, capture_output=True)
    assert json.loads(failed.stdout)["error"].startswith("été.yaml")
    shown = console("explain", str(SAMPLE), "--product", "trailhead.pro.monthly", env=env, capture_output=True)
    assert shown.returncode == 0
    assert b"\\u2192" in shown.stdout


def test_a_closed_pipe_gets_no_traceback() -> None:
    """A closed pipe, a full disk and a closed stream end a command without a traceback, with one sentence at most."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as closed_pipe, Path("/dev/full").open("wb") as full:
        for stdout in (closed_pipe, full):
            for more in ([], ["--json"]):
                ended = console("validate", str(SAMPLE), *more, stdout=stdout, stderr=subprocess.PIPE)
                assert b"Traceback" not in ended.stderr
                assert b"Exception ignored" not in ended.stderr
                assert len(ended.stderr.splitlines()) <= 1
    closed = console("validate", str(SAMPLE), preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE)
    assert (closed.returncode, closed.stderr) == (0, b"")


def test_a_missing_region_names_the_variable_that_boto3_reads() -> None:
    """Without a region, the error names AWS_DEFAULT_REGION, which boto3 reads; it does not read AWS_REGION."""
    text = sentence(NoRegionError())
    assert text is not None
    assert "AWS_DEFAULT_REGION" in text


def test_a_sentence_keeps_the_name_it_begins_with(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file name at the beginning of an error keeps its lower case."""
    monkeypatch.chdir(tmp_path)
    Path("em.json").write_text("{")
    Path("retention.yaml").write_text(SAMPLE.read_text())
    assert run("import-states", "em.json", "--table", "t", "--app", "1")[2].startswith("em.json is not JSON: ")
    assert run("releases", "--env", "nope")[2].startswith("retention.yaml has no environment `nope`. ")


def test_an_error_of_the_function_becomes_a_sentence() -> None:
    """The console prints the text of a RetentionError as one sentence: a capital first and one full stop."""
    assert sentence(RetentionError("code", "release 3 is live already")) == "Release 3 is live already."
    assert sentence(RetentionError("code", "Not signed for Sandbox.")) == "Not signed for Sandbox."


def test_json_has_one_spelling_of_names_and_times(run: Run, table: tuple[str, ...]) -> None:
    """JSON documents have camelCase keys, as Apple's do, and times in ISO 8601 with an offset."""
    app = (*table, "--app", APP)
    run("publish", str(SAMPLE), *table)
    lists = [str(EVENTS / "states" / name) for name in ("images.json", "messages.json")]
    for command in (("releases",), ("import-states", *lists), ("explain", "--product", "trailhead.pro.annual")):
        assert_camel_case(json.loads(run(*command, *app, "--json")[1]))
    (listed,) = json.loads(run("releases", *app, "--json")[1])
    assert datetime.fromisoformat(listed["publishedAt"]).tzinfo is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+", listed["publishedAt"])


def test_the_safety_stop_names_the_option_that_imports(run: Run, table: tuple[str, ...], tmp_path: Path) -> None:
    """If lists would stop most live messages from being served, nothing is imported, and the error has the option."""
    app = (*table, "--app", APP)
    run("publish", str(SAMPLE), *table)
    run("import-states", *(str(EVENTS / "states" / name) for name in ("images.json", "messages.json")), *app)
    empty = tmp_path / "empty.json"
    empty.write_text('{"messageIdentifiers": [], "imageIdentifiers": []}')
    code, _, err = run("import-states", str(empty), *app)
    assert code == 1
    assert re.fullmatch(
        r"By these lists, (\d+) of the \1 messages that live rules can serve could no longer be served;"
        r" nothing was imported\."
        r" If that is how it is, add --allow-silencing\.\n",
        err,
    )
    assert json.loads(run("import-states", str(empty), *app, "--json")[1])["code"] == "snapshot_refused"
    assert run("import-states", str(empty), *app, "--allow-silencing")[0] == 0
