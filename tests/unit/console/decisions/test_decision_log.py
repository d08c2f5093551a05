"""The log of decisions is read in every form in which AWS and other tools export it."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from retention.decision import decide
from retention.log.record import Record
from retention.log.telemetry import Telemetry
from retention.rules import NO_FACTS

from console.decisions.decision_log import read_log
from console.file.edition import Edition
from console.local.samples import SAMPLE_CLOCK
from console.terminal.failure import Failure
from console.terminal.ordinary_file import NotOrdinaryError
from tests.support.logged_decisions import (
    COURSES,
    line,
    request,
)


def test_a_line_of_telemetry_is_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The line that the function writes today has the decision's fields and its metrics."""
    record = Record(
        outcome="answered", status=200, kind="message", rule="keep", experiment="e", arm="a", delivered=True, release=7,
        message="0000", locale_asked="fr-CA", locale_served="fr-FR", product_id="pro", request_identifier="r-1",
        customer_hash="0f" * 32, trust_anchor="apple", degraded=["head"],
    )  # fmt: skip
    Telemetry().emit(record, "info")
    file = tmp_path / "log"
    file.write_text(capsys.readouterr().out)
    [found] = read_log(file)
    assert found.at is not None
    assert (found.outcome, found.kind, found.rule, found.arm, found.release) == ("answered", "message", "keep", "a", 7)
    assert (found.message, found.locale, found.locale_served) == ("0000", "fr-CA", "fr-FR")
    assert (found.product_id, found.request_identifier, found.customer_hash) == ("pro", "r-1", "0f" * 32)
    assert found.degraded == {"head"}


def test_lines_of_older_and_newer_functions_are_read(tmp_path: Path) -> None:
    """A log that spans an update has fields and metrics in two lines, or in one: each request is read once."""
    fields = (
        '{"level":"INFO","message":"answered","timestamp":"2026-11-24 12:00:00,500+0000","service":"s","status":200,'
        '"kind":"message","rule":"keep","release":7,"messageIdentifier":"0000","localeAsked":"fr-CA",'
        '"productId":"pro","requestIdentifier":"r-1","trustAnchor":"apple","catalogAge":1.5,"times":{"total":1.25}}'
    )
    metrics = (
        '{"_aws":{"Timestamp":1795521600500,"CloudWatchMetrics":[{"Namespace":"Retention","Dimensions":[["service"]],'
        '"Metrics":[{"Name":"Verified","Unit":"Count"}]}]},"service":"s","Verified":[1.0]}'
    )
    both = f"{fields[:-1].replace('r-1', 'r-2')},{metrics[1:]}"
    file = tmp_path / "log"
    file.write_text(f"{fields}\n{metrics}\n{both}\n")
    assert [found.request_identifier for found in read_log(file)] == ["r-1", "r-2"]


NOISE = (
    "START RequestId: 1 Version: $LATEST\n",
    '{"_aws": {"Timestamp": 1}, "productId": "p", "localeAsked": "l", "requestIdentifier": "m"}\n',
    '{"level": "WARNING", "message": "rejected", "status": 401}\n',
    "REPORT RequestId: 1 Duration: 3 ms {not json\n",
)


def ndjson(one: dict[str, Any]) -> str:
    return "".join(NOISE) + json.dumps(one) + "\n"


def table(*rows: list[str], delimiter: str = ",") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


FORMS: dict[str, Callable[[dict[str, Any]], str]] = {
    "lines": ndjson,
    "export to S3": lambda one: f"2026-11-24T12:00:00.000Z {json.dumps(one)}\n",
    "aws logs tail": lambda one: f"2026-11-24T12:00:00.000000+00:00 2026/11/24/[12]abc {json.dumps(one)}\n",
    "filter-log-events": lambda one: json.dumps(
        {"events": [{"logStreamName": "s", "message": json.dumps(one) + "\n", "eventId": "1"}], "searched": []},
        indent=4,
    ),
    "filter-log-events on one line": lambda one: json.dumps({"events": [{"message": json.dumps(one) + "\n"}]}),
    "filter-log-events as text": lambda one: f"EVENTS\t1\t1795521600000\tstream\t{json.dumps(one)}\t1795521600001\n",
    "query results": lambda one: json.dumps(
        {"results": [[{"field": "@message", "value": json.dumps(one)}]], "status": "Complete"}, indent=4
    ),
    "Logs Insights as JSON": lambda one: json.dumps([{"@timestamp": "t", "@message": one}]),
    "a subscription, twice on a line": lambda one: "".join(
        json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": json.dumps(one)}]})
        for _ in range(2)
    ),
    "aws logs tail, short": lambda one: f"2026-11-24T12:00:00 {json.dumps(one)}\n",
    "aws logs tail as JSON": lambda one: f"2026-11-24T12:00:00+00:00 2026/11/24/[12]abc {json.dumps(one, indent=4)}\n",
    "aws logs tail as JSON, twice": lambda one: f"2026-11-24T12:00:00 s\n{json.dumps(one, indent=4)}\n" * 2,
    "get-log-events": lambda one: json.dumps(
        {"events": [{"timestamp": 1, "message": json.dumps(one), "ingestionTime": 2}], "nextForwardToken": "f"},
        indent=4,
    ),
    "query results with other fields": lambda one: json.dumps(
        {
            "results": [
                [
                    {"field": "@timestamp", "value": "2026-11-24 12:00:00.000"},
                    {"field": "@message", "value": json.dumps(one)},
                    {"field": "@ptr", "value": "CmEKJgoi"},
                ]
            ]
        },
        indent=4,
    ),
    "Logs Insights as JSON, indented": lambda one: json.dumps([{"@timestamp": "t", "@message": one}], indent=2),
    "Logs Insights as JSON, a text": lambda one: json.dumps([{"@ptr": "p", "@message": json.dumps(one)}], indent=2),
    "the log viewer's CSV": lambda one: table(["timestamp", "message"], ["1795521600000", json.dumps(one) + "\n"]),
    "the log viewer's CSV, twice": lambda one: table(
        ["timestamp", "message"], *([["1795521600000", json.dumps(one) + "\n"]] * 2)
    ),
    "Logs Insights' CSV": lambda one: table(["@timestamp", "@message"], ["2026-11-24 12:00:00.000", json.dumps(one)]),
    "its columns in another order": lambda one: table(
        ["@ptr", "@message", "@logStream", "@timestamp"], ["CmEK", json.dumps(one), "s,t", "2026-11-24 12:00:00.000"]
    ),
    "the message alone": lambda one: table(["@message"], [json.dumps(one)]),
    "with semicolons": lambda one: table(["timestamp", "message"], ["1", json.dumps(one)], delimiter=";"),
    "with tabs": lambda one: table(["@timestamp", "@message"], ["1", json.dumps(one)], delimiter="\t"),
    "the fields of a query": lambda one: table([*one, "empty"], [*map(str, one.values()), ""]),
    "rows without a head": lambda one: table(["1795521600000", json.dumps(one) + "\n"]),
    "indented JSON, one after another": lambda one: json.dumps({"events": []}, indent=2) + json.dumps(one, indent=2),
    "a long list": lambda one: json.dumps(
        [*({"@timestamp": "t", "@message": {"level": "INFO", "n": n}} for n in range(300)), {"@message": one}], indent=2
    ),
    "a list of many records": lambda one: json.dumps(
        {"events": [*({"message": f"START {n}\n"} for n in range(900)), {"message": json.dumps(one)}]}, indent=4
    ),
    "a list of messages": lambda one: json.dumps(["START RequestId: 1\n", json.dumps(one) + "\n"], indent=4),
    "a long list of messages": lambda one: json.dumps(
        [*(f"START RequestId: {n}\n" for n in range(900)), json.dumps(one)], indent=4
    ),
    "Docker's envelope": lambda one: json.dumps({"log": json.dumps(one) + "\n", "stream": "stdout"}),
    "Splunk's envelope": lambda one: json.dumps({"preview": False, "result": {"_raw": json.dumps(one)}}),
    "an envelope with the fields": lambda one: json.dumps({"content": {"attributes": one, "host": "h"}}),
    "Excel's first line": lambda one: (
        "sep=;\n" + table(["timestamp", "message"], ["1", json.dumps(one)], delimiter=";")
    ),
    "a table in Markdown": lambda one: f"| @timestamp | @message |\n| --- | --- |\n| 1 | {json.dumps(one)} |\n",
    "CRLF": lambda one: ndjson(one).replace("\n", "\r\n"),
    "a byte order mark": lambda one: "\ufeff" + json.dumps(one),
    "a byte order mark before a table": lambda one: "\ufeff" + table(["timestamp", "message"], ["1", json.dumps(one)]),
    "non-ASCII": lambda one: json.dumps({**one, "rule": "für alle"}, ensure_ascii=False) + "\n",
}


PACKED: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip twice": lambda text: gzip.compress(gzip.compress(text.encode())),
    "UTF-16": lambda text: text.removeprefix("\ufeff").encode("utf-16"),
}


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("form", FORMS)
def test_a_log_is_read_in_every_form(form: str, packed: str, sample: Edition, tmp_path: Path) -> None:
    """In any form, compressed or not, the decisions are found, and no other line counts as one."""
    asked = request(1, COURSES, "en-US")
    one = line(asked, decide(asked, sample.catalog(COURSES), SAMPLE_CLOCK, NO_FACTS))
    file = tmp_path / "log"
    file.write_bytes(PACKED[packed](FORMS[form](one)))
    found = list(read_log(file))
    assert len(found) == (2 if "twice" in form else 1)
    assert {entry.request_identifier for entry in found} == {"request-1"}
    assert found[0].at == SAMPLE_CLOCK.timestamp()


def test_a_log_is_read_line_by_line(sample: Edition, tmp_path: Path) -> None:
    """A log may be larger than memory: the first decision is returned before the file has been read."""
    asked = request(1, COURSES, "en-US")
    text = ndjson(line(asked, decide(asked, sample.catalog(COURSES), SAMPLE_CLOCK, NO_FACTS)))
    file = tmp_path / "log"
    file.write_text(text * 10_000)
    entries = read_log(file)
    assert next(entries).request_identifier == "request-1"
    file.write_text("")  # the rest comes from the buffer
    assert len(list(entries)) < 100


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{" * 100_000, b"[" * 200_000, b'{"a": ' * 50_000])
def test_any_other_file_has_no_decisions(content: bytes, tmp_path: Path) -> None:
    """Reading a file of any bytes ends without an error."""
    (tmp_path / "log").write_bytes(content)
    assert list(read_log(tmp_path / "log")) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04\x14\0\x06\0\x08\0\0\0\0\0[Content_Types].xml", "a workbook of a spreadsheet program"),
        (b"PK\x03\x04\x14\0log.json", "a ZIP archive: unpack it"),
        (b"\x28\xb5\x2f\xfd\0", "packed by zstd"),
        (bz2.compress(b"{}"), "packed by bzip2"),
        (lzma.compress(b"{}"), "packed by xz"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"\n<!DOCTYPE html><html>", "a page of HTML"),
        (b"%PDF-1.7", "a PDF"),
    ],
)  # fmt: skip
def test_an_export_in_a_binary_format_is_refused_by_its_name(content: bytes, message: str, tmp_path: Path) -> None:
    """Otherwise it would look like a log without decisions."""
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(Failure, match=message):
        list(read_log(tmp_path / "log"))


def test_a_pipe_is_read_and_a_device_is_not(tmp_path: Path) -> None:
    """A pipe with another program's output is a log; an endless device is refused at once."""
    reading, writing = os.pipe()
    os.write(writing, ndjson(dict.fromkeys(("productId", "localeAsked", "requestIdentifier"), "x")).encode())
    os.close(writing)
    assert len(list(read_log(Path(f"/dev/fd/{reading}")))) == 1
    os.close(reading)
    assert list(read_log(Path("/dev/null"))) == []
    with pytest.raises(NotOrdinaryError, match="is a device"):
        list(read_log(Path("/dev/zero")))
    (tmp_path / "log.zip").write_bytes(b"PK\x03\x04...")
    with pytest.raises(Failure, match="ZIP archive"):
        list(read_log(tmp_path / "log.zip"))


def test_an_incomplete_gzip_file_is_refused(tmp_path: Path) -> None:
    """A download that broke off is an error, not a shorter log."""
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"x" * 100_000)[:60])
    with pytest.raises(Failure, match="no complete gzip file"):
        list(read_log(tmp_path / "log.gz"))
