"""What a checkout of this project prints, answers and writes in fixed situations, in a form that can be compared.

The form was recorded from the tree before a large move of modules; tests/programs/test_recorded.py compares today's
tree with it. What depends on the moment or on chance is named here, field by field, with the reason; and so are the
texts for people, of which only the place is compared. To record again, after a change that is meant:

    .venv/bin/python -m tests.support.record [ANOTHER CHECKOUT]
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import boto3

from tests.support.command_process import Commands, commands, entry_point, paths
from tests.support.waiting import PATIENCE

ROOT: Final = Path(__file__).resolve().parents[2]
RECORDED: Final = ROOT / "tests" / "programs" / "recorded"
START_SECONDS: Final = PATIENCE
APP: Final = 6745974591

# The commands that have commands.
GROUPS: Final = ("", "endpoint", "performance-test", "facts", "notifications", "simulator")

# What every program here sees of its surroundings; AWS and Apple are added once they run.
ENVIRONMENT: Final[Mapping[str, str]] = {
    "PATH": os.environ.get("PATH", ""),
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "COLUMNS": "200",
    "USER": "ada",
    "LOGNAME": "ada",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

# Where in a document → why its value is no part of the comparison; of its inner values their names and types are.
# A place is a field's name, with the names above it if the name alone is ambiguous; lists are not part of it.
VARYING: Final[Mapping[str, str]] = {
    "export.digest": "the digest of a file that has the time when it was written",
    "export.last.digest": "likewise",
    "row.customerKey": "random bytes",
    "responseTimes": "milliseconds",
    "serverTiming": "milliseconds",
    "tookMs": "milliseconds",
    "slowest": "which requests took longest",
    "line.times": "milliseconds, as are the next seven",
    **dict.fromkeys([f"line.{name}Time" for name in ("Verify", "Lookup", "Decide", "Sign", "Total")], "milliseconds"),
    "line.ColdWait": "milliseconds since the process began",
    "line.coldWait": "likewise",
    "line.CatalogAge": "seconds since the table was read",
    "line.catalogAge": "likewise",
    "line.timestamp": "when the line was written",
    "server-timing": "milliseconds",
    **dict.fromkeys(
        ("renewalDate", "purchaseDate", "expiresDate", "revocationDate"), "by the time of a simulated purchase"
    ),
    "x5c": "certificates: what they are worth is tested where they are read",
    "signature": "ECDSA signs the same text otherwise each time",
    "encodedSignature": "likewise",
}

# Where in a document → why it is there in one run and not in the next.
OPTIONAL: Final[Mapping[str, str]] = {
    "line.hasDefault": "unknown where the start had the time to read the states ahead",
}

# A row, by its sort key → why a table has it in one run and not in the next.
PASSING: Final[Mapping[str, str]] = {
    "pull": "a minute after its start, and then each minute, `make sandbox` reads Apple's history",
}

# A finding of doctor → why its verdict is another in the next run.
UNSETTLED: Final[Mapping[str, str]] = {
    "notifications": "bad until the first pull of `make sandbox` has ended",
}

# Where in a document → which text for people stands there. Its wording may change; that there is one may not.
WORDING: Final[Mapping[str, str]] = {
    "error": "why a command failed",
    "mistakes.wrong": "what is wrong in the file",
    "mistakes.instead": "what to write",
    "warnings.wrong": "likewise, of what is allowed and odd",
    "warnings.instead": "likewise",
    "findings.found": "what doctor found; `code` and `verdict` are for programs",
    "findings.advice": "what to do about it",
    "notes": "remarks on what was assumed",
    "note": "likewise",
    "detail": "why a rule passes or answers; `verdict` is for programs",
    "asks": "a condition in words",
    "when": "likewise",
    "says": "an answer, or a refusal, in words",
    "changes": "what a release changes, in words",
    "judged": "by which states texts were judged",
    "summary": "what is waited for",
    "steps.reason": "why the App Store passed a source over",
    "slowest.reason": "why an attempt failed",
    "explanation": "why the sync failed; `reason` is for programs",
    "SOCKET_ISSUE": "the first failure of this kind",
}


def plain(value: Any, places: Mapping[str, str], path: str) -> Any:
    """Return a JSON value in the form that is compared. `path` has the names above it, `.` between them."""
    if _is_at(path, WORDING):
        return _shape(value, "<words>")
    if _is_at(path, VARYING):
        return _shape(value, "<text>")
    if isinstance(value, dict):
        if value.get("code") in UNSETTLED and "verdict" in value:
            value = {**value, "verdict": "<verdict>", "advice": "of the verdict"}
        inside = {key: f"{path}.{key}" for key in value}
        return {key: plain(value[key], places, at) for key, at in inside.items() if not _is_at(at, OPTIONAL)}
    if isinstance(value, list):
        return [plain(inner, places, path) for inner in value]
    if isinstance(value, str):
        opened = _opened(value)
        return plain_text(value, places) if opened is None else plain(opened, places, path)
    if type(value) in {int, float} and any(_is_now(value / unit) for unit in (1, 1000)):
        return "<now>"
    return value


# What is dated later than this was dated by the programs that ran here; seconds since 1970.
_BEGUN = time.time() - 5
_A_DAY = 86400.0
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d{2,5}")
_JWS = re.compile(r"(eyJ[\w-]+)\.([\w-]+)\.([\w-]+)")


def plain_text(text: str, places: Mapping[str, str]) -> str:
    """Return a text without what depends on this run: its folders, ports, random ids, and instants of now."""
    if re.fullmatch(r"\d{10}", text) and _is_now(int(text)):
        return "<now>"
    for name, place in places.items():
        text = text.replace(place, f"<{name}>")
    return _INSTANT.sub(_now, _UUID4.sub("<random UUID>", _PORT.sub("<port>", text)))


def _now(found: re.Match[str]) -> str:
    return "<now>" if _is_now(datetime.fromisoformat(found[0]).timestamp()) else found[0]


def _is_now(seconds: float) -> bool:
    return _BEGUN <= seconds < _BEGUN + _A_DAY


def _is_at(path: str, among: Iterable[str]) -> bool:
    return any(f".{path}".endswith(f".{place}") for place in among)


def _shape(value: Any, text: str) -> Any:
    """Return a value with its names and types alone; an empty text, and null, stay as they are."""
    if isinstance(value, dict):
        return {key: _shape(inner, text) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shape(inner, text) for inner in value]
    if type(value) in {int, float}:
        return "<number>"
    return text if isinstance(value, str) and value else value


def _opened(text: str) -> Any:
    """Return what is inside a JWS, or in the base64 of a JSON object; None for any other text."""
    jws = _JWS.fullmatch(text)
    try:
        if jws:
            header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in jws.groups()[:2])
            return {"header": header, "claims": claims, "signature": jws[3]}
        if text.startswith("eyJ"):
            return json.loads(base64.b64decode(text))
    except ValueError:
        return None
    return None


@dataclass(frozen=True, slots=True)
class Typed:
    """One command that was typed: what of it is compared, and what it printed."""

    command: str
    code: int
    document: Any
    out: str


@dataclass
class OperatorSetup:
    """Where commands are typed: a folder with the file, and everything that they call."""

    tree: Path
    folder: Path
    commands: Commands
    places: Mapping[str, str]
    typed: list[Typed] = field(default_factory=list)
    forms: list[dict[str, Any]] = field(default_factory=list)
    signed: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "retention.yaml"

    @property
    def endpoint(self) -> str:
        return self.places["endpoint"]

    @property
    def aws(self) -> str:
        """The endpoint URL of every service of AWS."""
        return self.places["aws"]

    @property
    def production_table(self) -> str:
        """The table of the second stack that `make sandbox` makes."""
        return "retention-local-2"

    @property
    def quick_apple(self) -> str:
        """The App Store again, whose performance tests take a fraction of a second."""
        return self.places["quick apple"]

    def type(self, *arguments: str, as_json: bool = True) -> Typed:
        given = (*arguments, "--json") if as_json else arguments
        ended = self.commands.run(*given)
        found = json.loads(ended.out) if as_json and ended.out else None
        made = Typed(plain_text(" ".join(given), self.places), ended.code, found, ended.out + ended.err)
        form = {
            "command": made.command,
            "code": made.code,
            "document": plain(found, self.places, arguments[0]) if as_json else None,
        }
        self.forms.append(form)
        self.typed.append(made)
        return made

    def keep_rows(self, table: str) -> None:
        """Keep what the rows of a table hold. How a document is compressed depends on zlib; its content counts."""
        found = [row for row in rows_of(self.aws, table) if row["sk"]["S"] not in PASSING]
        rows = [{name: _unpacked(name, value) for name, value in row.items()} for row in found]
        self.forms.append({"command": f"the rows of {table}", "rows": [plain(row, self.places, "row") for row in rows]})

    def keep_export(self, file: str) -> None:
        """Keep the first and the last line of an exported file, and of the others which rows they hold, in order."""
        first, *lines, last = (
            json.loads(line) for line in gzip.decompress((self.folder / file).read_bytes()).splitlines()
        )
        items = [[*line, line["Item"]["pk"]["S"], line["Item"]["sk"]["S"]] for line in lines]
        form = {"first": first, "items": items, "last": last}
        self.forms.append({"command": f"the lines of {file}", "document": plain(form, self.places, "export")})

    def list_help(self, *verb: str) -> None:
        """Type `--help`, and keep what it lists: not the sentences."""
        ended = self.commands.run(*verb, "--help")
        found = [row for row in map(_listed, _rows(plain_text(ended.out, self.places))) if row is not None]
        if " ".join(verb) in GROUPS:
            found.sort(key=lambda row: str(row["names"]))
        else:
            # What an argument is called in the help is a word for people; its place in the line counts.
            found = [row if row["names"][0][0] == "-" else {**row, "names": ["<argument>"]} for row in found]
            found.sort(key=lambda row: (row["names"][0][0] == "-", *row["names"]) if row["names"][0][0] == "-" else ())
        self.forms.append({"command": " ".join((*verb, "--help")), "code": ended.code, "document": found})

    @contextmanager
    def function(self, table: str, **more: str) -> Iterator[Commands]:
        """Start a new process that has the Lambda functions, as configured for `table`."""
        root = (self.tree / "events" / "ca" / "root.der").read_bytes()
        with commands(
            self.tree,
            self.folder,
            {
                **ENVIRONMENT,
                "AWS_ENDPOINT_URL": self.aws,
                "AWS_ENDPOINT_URL_DYNAMODB": self.aws,
                "RETENTION_TABLE": table,
                "RETENTION_ENVIRONMENT": "Sandbox",
                "RETENTION_APP_APPLE_IDS": str(APP),
                "RETENTION_KEY_PREFIX": "/retention/sandbox",
                "RETENTION_TRUST_ANCHOR": base64.b64encode(root).decode(),
                "RETENTION_CLOCK": "2026-11-24T12:00:00+00:00",
                "POWERTOOLS_SERVICE_NAME": "retention-sandbox",
                "POWERTOOLS_METRICS_NAMESPACE": "Retention",
                **more,
            },
        ) as process:
            yield process

    def invoke(self, function: Commands, entry: str, event: object, name: str) -> None:
        """Call a Lambda function, and keep what it returns and the lines that it writes."""
        result, lines = function.call(entry, event)
        if isinstance(result, dict) and isinstance(result.get("body"), str) and result["body"].startswith("{"):
            result["body"] = json.loads(result["body"])
        written = [plain(json.loads(line), self.places, "line") for line in lines]
        self.forms.append({"command": name, "result": plain(result, self.places, "result"), "lines": written})


def _rows(shown: str) -> Iterator[str]:
    """Yield each row of the tables in a `--help`, with its continuation lines."""
    row = ""
    for line in re.findall(r"^│(.*)│$", shown, re.MULTILINE):
        if re.match(r" [* ]? {0,3}\S", line):
            yield row
            row = ""
        row += f" {line.strip()}"
    yield row


def _listed(row: str) -> dict[str, Any] | None:
    """Return the names of an option, its default, its variable, and whether it is required; of a command, its name."""
    names = re.match(r" (?:\*  +)?((?:(?:--?)?\[?[\w-]+\]?(?:\.\.\.)?)(?: +--?[\w-]+)*)", row)
    if names is None:
        return None
    found = dict(re.findall(r"\[(default|env var): ([^\]]*)\]", row))
    return {"names": names[1].split(), **found, **({"required": True} if "[required]" in row else {})}


@contextmanager
def desk(tree: Path, folder: Path) -> Iterator[OperatorSetup]:
    """Run what `make sandbox` runs, for the recorded app, and give a desk at which commands of `tree` are typed."""
    shutil.copytree(RECORDED / "app", folder, dirs_exist_ok=True)
    (folder / "events").symlink_to(tree / "events")
    with ExitStack() as parts:
        any_port = ("--port", "0", "--aws-port", "0", "--apple-port", "0")
        # What is recorded must not depend on whether a review was imported before the next command.
        program = ("-m", "console.local.sandbox", *any_port, "--no-reviews")
        up = parts.enter_context(running(tree, folder, program))
        printed = up(r"export .*\n")
        settings = dict(re.findall(r"(\w+)=(http\S+|local)", printed))
        (endpoint,) = re.findall(r"http://\S+/v1/retention-message", printed)
        quick = "simulator serve --port 0 --requests 4 --duration 80 --concurrency 2 --limit-ms 5000".split()
        module, _, function = entry_point(tree).partition(":")
        start = f"from {module} import {function}; {function}()"
        printed = parts.enter_context(running(tree, folder, ("-c", start, *quick)))(r"http://\S+/production\n")
        (quick_apple,) = set(re.findall(r"http://127\.0\.0\.1:\d+", printed))
        typing = parts.enter_context(commands(tree, folder, {**ENVIRONMENT, "HOME": str(folder), **settings}))
        make_tables(settings["AWS_ENDPOINT_URL"], "named", "other", "rows", "imported")
        places = {
            "endpoint": endpoint,
            "aws": settings["AWS_ENDPOINT_URL"],
            "apple": settings["RETENTION_APPLE_URL"],
            "quick apple": quick_apple,
            "folder": str(folder),
            "tree": str(tree),
        }
        yield OperatorSetup(tree, folder, typing, places)


@contextmanager
def running(tree: Path, folder: Path, program: Iterable[str]) -> Iterator[Callable[[str], str]]:
    """Run a program of `tree` until the block ends; give a function that waits for a pattern in what it prints."""
    log = folder / f"{uuid.uuid4()}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-P", "-u", *program],
            cwd=folder,
            env={**ENVIRONMENT, "HOME": str(folder), **paths(tree)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )

    def wait_for(pattern: str) -> str:
        give_up = time.monotonic() + START_SECONDS
        while not re.search(pattern, log.read_text(encoding="utf-8")):
            if time.monotonic() > give_up or process.poll() is not None:
                raise RuntimeError(f"it does not start:\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.02)
        return log.read_text(encoding="utf-8")

    try:
        yield wait_for
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


def make_tables(endpoint_url: str, *names: str) -> None:
    """Make empty tables as the template describes them."""
    for name in names:
        dynamodb(endpoint_url).create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )


def dynamodb(endpoint_url: str) -> Any:
    session = boto3.Session("local", "local", region_name="us-east-1")
    return session.client("dynamodb", endpoint_url=endpoint_url)


def rows_of(endpoint_url: str, table: str) -> list[dict[str, Any]]:
    """Return all rows of a table in DynamoDB's JSON, which writes bytes in base64, in the order of their keys."""
    found = dynamodb(endpoint_url).scan(TableName=table)
    assert "LastEvaluatedKey" not in found
    rows = [_each_binary(item, lambda held: base64.b64encode(held).decode()) for item in found["Items"]]
    return sorted(rows, key=lambda row: (row["pk"]["S"], row["sk"]["S"]))


def _unpacked(name: str, value: Mapping[str, Any]) -> Any:
    if name == "document":
        return hashlib.sha256(zlib.decompress(base64.b64decode(value["B"]))).hexdigest()
    return value


def write_rows(endpoint_url: str, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows that `rows_of` returned."""
    for row in rows:
        item = _each_binary(row, base64.b64decode)
        dynamodb(endpoint_url).put_item(TableName=table, Item=item)


def _each_binary(item: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a row with its binary attributes changed; they are at its top, as all that we write."""
    return {name: {"B": change(value["B"])} if "B" in value else value for name, value in item.items()}
