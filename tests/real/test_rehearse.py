"""A rehearsal from end to end: `make serve` as a process, which runs the built artefact under Lambda's runtime."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from console.cli.main import main
from console.local.emulator import prepare
from console.local.processes import ROOT
from console.local.samples import EVENTS, SAMPLE
from console.simulator.rehearsal_authority import obtain
from tests.support import real_parts
from tests.support.required_parts import real
from tests.support.waiting import PATIENCE, attempts

START_SECONDS = PATIENCE
URL = re.compile(r"^Answering at (http://\S+)", re.MULTILINE)

# Apple's shape, shortened; the threshold is so long that this machine's speed decides nothing.
SHORT = ("--requests", "20", "--duration", "500", "--threshold", "30000", "--json")


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[str, Path]]:
    """Run `make serve`'s program; yields its URL and the file with the functions' output. It is stopped by SIGTERM."""
    log, errors = folder / "serve.out", folder / "serve.err"
    command = [sys.executable, "-m", "console.local.serve", "--port", "0", "--dynamodb-port", "0", *options]
    with log.open("wb") as out, errors.open("wb") as err:
        # a session of its own, so that processes it leaves behind can be found
        server = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
    try:
        yield _awaited(server, errors), log
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(START_SECONDS)


def _awaited(server: subprocess.Popen[bytes], errors: Path) -> str:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and server.poll() is None:
        found = URL.search(errors.read_text())
        if found:
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"it does not serve:\n{errors.read_text()}")


def emulators(artefact: real_parts.Artefact) -> set[int]:
    """Return the ids of processes that run this artefact."""
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and (folder / "cwd").readlink() == artefact.function:
                found.add(int(folder.name))
        except OSError:
            continue
    return found


@pytest.fixture
def rehearse(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    def rehearse(url: str, product: str, *options: str) -> tuple[int, dict[str, Any]]:
        with pytest.raises(SystemExit) as ended:
            main(["rehearse", url, "--product", product, "--file", str(SAMPLE), *SHORT, *options])
        return int(ended.value.code or 0), json.loads(capsys.readouterr().out)

    return rehearse


Rehearse = Callable[..., tuple[int, dict[str, Any]]]


def in_time(rehearse: Rehearse, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Rehearse until every request was answered: a busy machine may read the table too late for an answer."""
    for _ in attempts():
        code, document = rehearse(*arguments)
        if not document["failures"]:
            break
    return code, document


def test_a_rehearsal_on_environments_on_demand(
    artefact: real_parts.Artefact, tmp_path: Path, rehearse: Rehearse
) -> None:
    """With its root as trust anchor, every request of a rehearsal is a 200, and each environment has one cold start."""
    real(prepare)
    signer = obtain(tmp_path / "ca", datetime.now(UTC))
    before = emulators(artefact)
    for _ in attempts():  # a busy machine may read the table too late for an answer
        with serving(tmp_path, "--environments", "3", "--trust-anchor", signer.anchor) as (url, log):
            code, document = rehearse(url, "trailhead.pro.annual", "--duration", "0", "--ca", str(tmp_path / "ca"))
            inits = log.read_text().count("INIT REPORT")
            assert emulators(artefact) - before
        if not document["failures"]:
            break
    more = document["rehearsal"]
    assert (code, document["result"], document["successRate"]) == (0, "PASS", 100)
    assert more["cold"]["requests"] == inits
    assert 1 <= inits <= 3
    assert more["cold"]["requests"] + more["warm"]["requests"] == 20
    assert {"verify", "lookup", "decide", "total"} <= set(more["slowest"][0]["serverTiming"])
    assert emulators(artefact) <= before, "an environment outlived the server"


def test_a_stack_without_the_anchor_refuses(artefact: real_parts.Artefact, tmp_path: Path, rehearse: Rehearse) -> None:
    """An endpoint that trusts another root answers 401, and the rehearsal ends after one request with the reason."""
    assert artefact.function.is_dir()
    with serving(tmp_path, "--environments", "1") as (url, _):
        code, document = rehearse(url, "trailhead.pro.annual", "--concurrency", "1", "--ca", str(tmp_path / "ca"))
    assert (code, document["result"], document["numPending"]) == (1, "FAIL", 19)
    assert "401" in document["rehearsal"]["stopped"]


def test_a_rehearsal_on_the_function_in_the_server(tmp_path: Path, rehearse: Rehearse) -> None:
    """Plain `make serve` trusts the committed test authority, which can sign a rehearsal."""
    with serving(tmp_path) as (url, _):
        code, document = in_time(rehearse, url, "trailhead.pro.monthly", "--ca", str(EVENTS / "ca"))
    assert (code, document["result"], document["failures"]) == (0, "PASS", {})


def test_a_rehearsal_by_the_live_release(dynamodb_local: str, tmp_path: Path, rehearse: Rehearse) -> None:
    """With a table, the forecast is made from the live release, and has the arm that the customer gets."""
    with serving(tmp_path, "--endpoint-url", dynamodb_local) as (url, _):
        where = ("--table", "retention-local", "--endpoint-url", dynamodb_local)
        code, document = in_time(rehearse, url, "trailhead.pro.monthly", "--ca", str(EVENTS / "ca"), *where)
    more = document["rehearsal"]
    assert (code, document["successRate"]) == (0, 100)
    assert more["forecast"]["source"].startswith("release ")
    assert more["forecast"]["locales"][0]["message"] is not None
    assert not any("the endpoint answered" in note for note in more["notes"])


def test_serving_environments_without_sam_names_what_to_do(tmp_path: Path) -> None:
    """On a machine without SAM, `--environments` ends with 1 and a sentence that names `make setup`."""
    program = (
        "import sys; from pathlib import Path; from console.local import artefact, emulator, serve;"
        f" artefact.PYTHON = emulator.ROOT = Path({str(tmp_path)!r}) / 'none';"
        " sys.exit(serve.main(['--port', '0', '--dynamodb-port', '0', '--environments', '1']))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "handler")))}
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "make setup" in ended.stderr
    assert "Traceback" not in ended.stderr
