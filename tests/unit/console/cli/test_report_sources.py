"""Where a report's numbers come from: the bucket of a stack, by DuckDB here or by Athena there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from console.cli import report_sources
from console.cli.report_sources import LogChoice, open_source
from console.deployment.failures import sentence
from console.deployment.stack import Analysis, Stack
from console.deployment.where import Where
from console.effect.duckdb_engine import DuckDbEngine
from console.effect.log_cache import cache_logs
from console.effect.rows import Completeness, InputDigest, Literals, Row
from console.file.entries import ExperimentPlan
from console.releases.default_rows import RecordedDefault
from console.releases.experiments import PublishedExperiment, PublishedTrials
from console.releases.overview import TableOverview
from console.terminal.failure import Failure
from console.terminal.output import no_progress
from tests.support.analysis_parts import needs_analysis
from tests.support.called_verb import Call, caller
from tests.support.made_logs import APP, AT, KEY, MadeLog

pytestmark = needs_analysis
BUCKET: Final = "retention-production-analysis"
PLACE: Final = Analysis(BUCKET, "database", "group", "stream", "stream")
PUBLISHED: Final = PublishedExperiment(
    12, datetime(2026, 9, 30, tzinfo=UTC), True, KEY, "control", (("control", 5000), ("switch", 5000)),  # noqa: FBT003  # went live
    ExperimentPlan("kept", 30, 1500, ("refunded",)), "ab" * 32,
)  # fmt: skip
COMPLETE: Final = Completeness(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 11, 29, 21, tzinfo=UTC))
DEFAULTS: Final = {
    ("pro", "en-US"): RecordedDefault("m", "2026-10-05T00:00:00+00:00"),
    ("pro", "fr"): RecordedDefault("n"),
}
NOW: Final = datetime(2026, 11, 30, 12, tzinfo=UTC)


@dataclass
class StandInAthena:
    """Athena's place: it runs the queries by DuckDB over the same lines, and notes what it was made of."""

    athena: Any
    place: Analysis
    objects: list[Any]

    def run(self, name: str, literals: Literals) -> list[Row]:
        return ENGINES[0].run(name, literals)

    def inputs(self) -> InputDigest:
        return InputDigest("athena", len(self.objects), "ef" * 32, "cd" * 32)


ENGINES: list[DuckDbEngine] = []


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack whose bucket has both logs, on the day on which they arrived."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    made = replace(Stack("retention-production", "table", "", "Production"), analysis=PLACE)
    with mock_aws():
        s3: Any = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        words = MadeLog({"control": 400, "switch": 600}, 900).write(tmp_path / "logs")
        for table, file in (("exposures", words[1]), ("outcomes", words[3])):
            s3.put_object(Bucket=BUCKET, Key=f"{table}/day=2026-11-29/a.gz", Body=Path(file).read_bytes())
        ENGINES[:] = [DuckDbEngine(cache_logs([tmp_path / "logs"], tmp_path / "columns"), tmp_path / "scratch")]
        dynamodb: Any = SimpleNamespace(meta=SimpleNamespace(region_name="us-east-1"))
        target = SimpleNamespace(stack=made, app_table=None, app_apple_id=APP, dynamodb=dynamodb)
        monkeypatch.setattr(report_sources, "find_target", lambda _where: target)
        monkeypatch.setattr(report_sources, "read_trials", lambda *_: PublishedTrials((PUBLISHED,), (), ()))
        monkeypatch.setattr(report_sources, "look_at_table", lambda _table: TableOverview(defaults=DEFAULTS))
        monkeypatch.setattr(report_sources, "completeness_of", lambda _target: COMPLETE)
        monkeypatch.setattr(report_sources, "client", lambda service, **_: s3 if service == "s3" else service)
        monkeypatch.setattr(report_sources, "AthenaEngine", StandInAthena)
        yield made
        ENGINES[0].close()


def choice(**changed: Any) -> LogChoice:
    made = LogChoice(None, (), (), Where("production", Path("retention.yaml")), "duckdb", False, NOW, False)  # noqa: FBT003  # neither both engines nor rehearsals
    return replace(made, **changed)


def test_an_environment_has_its_releases_and_its_watermark(stack: Stack) -> None:
    """The plan as it was published, and when default messages were configured."""
    with open_source(choice(), no_progress) as source:
        assert stack.analysis == PLACE
        assert (source.trials.keys, source.trials.environment) == ((KEY,), "production")
        assert source.trials.defaults_changed == ("2026-10-05T00:00:00+00:00",)
        assert source.completeness(NOW) == COMPLETE
        assert source.engine.inputs().files == 2


def test_a_report_of_an_environment_reads_its_plan(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """From release 12, which is older than the first exposure."""
    assert stack.analysis
    call: Call = caller(capsys)
    ended = call("report", KEY, "--env", "production", "--at", AT, "--json")
    assert ended.code == 0
    assert (ended.document["plan"]["release"], ended.document["state"]) == (12, "readingDiffers")
    assert ended.document["environment"] == "production"
    listed = call("report", "--env", "production", "--at", AT, "--json").document["reports"]
    assert [one["experiment"] for one in listed] == [KEY]


def test_both_engines_are_compared(
    stack: Stack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row; a difference is named on standard error, with exit code 1."""
    assert stack.analysis
    call: Call = caller(capsys)
    words = ("report", KEY, "--env", "production", "--at", AT)
    assert "Both engines return the same rows for all 8 queries." in call(*words, "--compare").out
    by_athena = call(*words, "--engine", "athena", "--compare", "--json")
    assert by_athena.document["inputs"]["engine"] == "athena"
    monkeypatch.setattr(StandInAthena, "run", lambda _self, name, literals: ENGINES[0].run(name, literals)[1:])
    other = call(*words, "--compare")
    assert other.code == 1
    assert "cohort: " in other.err


def with_stack(made: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    dynamodb = SimpleNamespace(meta=SimpleNamespace(region_name="us-east-1"))
    target = SimpleNamespace(stack=made, app_table=None, app_apple_id=APP, dynamodb=dynamodb)
    monkeypatch.setattr(report_sources, "find_target", lambda _where: target)


@pytest.mark.parametrize("compare", [False, True], ids=["one engine", "both"])
@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_a_stack_without_lines_is_one_sentence(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, engine: str, *, compare: bool
) -> None:
    """Analysis is off, the table has no stack, or no line has arrived yet: with either engine, before any query."""
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="empty")
    for made, words in (
        (replace(stack, analysis=None), "The stack retention-production stores no lines .* deploy it with Analysis=on"),
        (Stack("", "table", "", ""), "--table has no bucket of lines: name the environment with --env"),
        (replace(stack, analysis=replace(PLACE, bucket="empty")), "empty of .* has no lines yet.* doctor --env prod"),
    ):
        with_stack(made, monkeypatch)
        asked = choice(engine=engine, compare=compare)
        with pytest.raises(Failure, match=words), open_source(asked, no_progress):
            pass


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        ("AccessDenied", 403, "These credentials may not do ListObjectsV2: attach the stack's OperatorPolicyArn."),
        ("ExpiredToken", 400, "AWS does not accept these credentials (ExpiredToken): sign in again."),
        ("InvalidAccessKeyId", 403, "AWS does not accept these credentials (InvalidAccessKeyId): sign in again."),
        ("NoSuchBucket", 404, "The stack's bucket of lines is not there: deploy the stack with Analysis=off, and"),
    ],
)
@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_a_bucket_that_cannot_be_listed_is_one_sentence(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, engine: str, code: str, status: int, text: str
) -> None:
    """The same for both engines, since the digest of either is of what the bucket has."""
    assert stack.analysis
    s3: Any = boto3.client("s3", region_name="us-east-1")
    monkeypatch.setattr(report_sources, "client", lambda *_, **__: s3)
    with Stubber(s3) as stub:
        stub.add_client_error("list_objects_v2", code, "no", http_status_code=status)
        with pytest.raises(ClientError) as raised, open_source(choice(engine=engine), no_progress):
            pass
    assert str(sentence(raised.value)).startswith(text)
