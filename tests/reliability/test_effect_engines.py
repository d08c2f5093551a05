"""Both engines run the same text: DuckDB on files of this machine, and MiniStack's Athena on S3 and Glue."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from console.deployment.stack import Analysis
from console.deployment.stored_lines import StoredObject
from console.effect.athena_engine import AthenaEngine
from console.effect.compared import compare_engines
from console.effect.duckdb_engine import DuckDbEngine
from console.effect.load import load_data
from console.effect.log_cache import cache_logs
from console.effect.queries import NAMES, literals_of
from console.effect.tables import DAY, TABLES, column, serde_parameters
from console.terminal.failure import Failure
from tests.e2e.whole_aws import MiniStack
from tests.support.analysis_parts import needs_analysis
from tests.support.evidence_page import keep, size
from tests.support.random_logs import RandomLog, random_log, write_log
from tests.support.required_parts import real

pytestmark = needs_analysis

LOGS: Final = size(20, 3)
BUCKET: Final = "lines"
PLACE: Final = Analysis(BUCKET, "retention", "retention", "", "")


@pytest.fixture(scope="module")
def logs() -> list[RandomLog]:
    return [random_log(number) for number in range(5_000, 5_000 + LOGS)]


@pytest.fixture(scope="module")
def folder(logs: list[RandomLog], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the lines of all logs in the folders of the bucket, metrics and members that differ in case included."""
    exposures = [{**line, "catalogAge": 1.5, "CatalogAge": [1.5]} for log in logs for line in log.exposures]
    outcomes = [line for log in logs for line in log.outcomes]
    return write_log(tmp_path_factory.mktemp("engines") / "log", exposures, outcomes)


@pytest.fixture(scope="module")
def aws(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """Run MiniStack with the bucket, the database, the tables and the work group."""
    with ExitStack() as stack:
        started = MiniStack.start(tmp_path_factory.mktemp("aws"))
        running: MiniStack = real(lambda: stack.enter_context(started))
        s3, glue = running.client("s3"), running.client("glue")
        s3.create_bucket(Bucket=BUCKET)
        for path in sorted(folder.rglob("*.json")):
            body = f"{_every_column(path.parent.parent.name)}\n{path.read_text()}"
            s3.put_object(Bucket=BUCKET, Key=f"{path.relative_to(folder)}.gz", Body=gzip.compress(body.encode()))
        glue.create_database(DatabaseInput={"Name": PLACE.database})
        for table, members in TABLES.items():
            glue.create_table(DatabaseName=PLACE.database, TableInput=_table(table, members))
        athena = running.client("athena")
        results = {"ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/athena/"}}
        athena.create_work_group(Name=PLACE.work_group, Configuration=results)
        yield running


def _every_column(table: str) -> str:
    """Return a line of no app: MiniStack's Athena takes columns and types from the lines, AWS's from the Glue table."""
    of_type = {"string": "-", "boolean": False}
    return json.dumps({member: of_type.get(kind, 0) for member, kind in TABLES[table].items()})


def _table(name: str, members: dict[str, str]) -> dict[str, Any]:
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": DAY, "Type": "string"}],
        "Parameters": {
            "projection.enabled": "true",
            "projection.day.type": "date",
            "projection.day.format": "yyyy-MM-dd",
            "projection.day.range": "2026-08-01,NOW",
            "storage.location.template": f"s3://{BUCKET}/{name}/{DAY}=${{{DAY}}}/",
        },
        "StorageDescriptor": {
            "Location": f"s3://{BUCKET}/{name}/",
            "Columns": [{"Name": column(member), "Type": kind} for member, kind in members.items()],
            "SerdeInfo": {
                "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
                "Parameters": serde_parameters(members),
            },
        },
    }


@pytest.fixture(scope="module")
def athena(aws: MiniStack) -> AthenaEngine:
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    objects = [
        StoredObject(one["Key"], one["ETag"].strip('"'), one["Size"], datetime.now(UTC))
        for page in pages
        for one in page["Contents"]
    ]
    return AthenaEngine(aws.client("athena"), PLACE, objects, sleep=lambda _seconds: None)


def test_both_engines_return_the_same_rows(
    athena: AthenaEngine, folder: Path, logs: list[RandomLog], tmp_path: Path
) -> None:
    """Every query of every log has the same rows, and a report the same data."""
    duckdb = DuckDbEngine(cache_logs([folder], tmp_path / "cache"), tmp_path / "scratch")
    rows = 0
    for number, log in enumerate(logs):
        found = compare_engines(duckdb, athena, log.question)
        assert [each for each in found if not each.equal] == [], number
        rows += sum(each.rows[0] for each in found)
    question = logs[0].question
    assert replace(load_data(athena, question), inputs=duckdb.inputs()) == load_data(duckdb, question)
    assert athena.inputs().files > 0
    keep(
        "engines",
        f"The {len(NAMES)} queries about {len(logs)} random logs, as DuckDB answers them from files of this machine and"
        " as MiniStack's Athena does over HTTP, from gzipped lines in S3 by Glue tables with partition projection."
        f" Rows compared: {rows:,}. Different: 0. MiniStack runs a query by DuckDB too: what this shows is that the"
        " text, the tables and the reading of results fit each other. That the text means the same to Trino rests on"
        " the subset that it keeps to: sqlglot reads it alike as Trino's and as DuckDB's SQL, Trino's grammar accepts"
        " it, and a test refuses the constructs on which the two differ. The owner's first `retention report --compare`"
        " on a real account is the last proof.",
        (),
        (),
    )


def test_a_table_that_is_missing_is_named_as_such(aws: MiniStack, logs: list[RandomLog]) -> None:
    """In a database without tables a query fails, with what to do about it."""
    elsewhere = AthenaEngine(aws.client("athena"), replace(PLACE, database="other"), (), sleep=lambda _seconds: None)
    with pytest.raises(Failure, match="deploy the stack with Analysis=on"):
        elsewhere.run("ratio", literals_of(logs[0].question))
