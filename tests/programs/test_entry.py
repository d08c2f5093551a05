"""Every program ends in an exit code and a sentence, also when its reader stops, in any place and after any error."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from console.local.samples import SAMPLE
from console.terminal.program import TRACEBACK
from tests.support.sam_template import ROOT
from tests.support.waiting import PATIENCE, eventually

# -P as in the installed command: the current folder is no place of modules
RETENTION = [sys.executable, "-P", "-c", "from console.cli.entry import retention; retention()"]
DEMO = [sys.executable, "-I", "-m", "console.local.demo"]
SERVE = [sys.executable, "-I", "-m", "console.local.serve", "--port", "0", "--dynamodb-port", "0"]
SIMULATOR = [*RETENTION, "simulator"]
PATHS: Final = os.pathsep.join([str(ROOT), str(ROOT / "handler")])
FILE = (
    "app: {appAppleId: 1, bundleId: a.b, issuerId: 57246542-96fe-1a63-e053-0824d011072a, keyId: 2X9R4HXF34}\n"
    "environments: {sandbox: {stack: s, region: us-east-1}}\n"
)


def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
    given: dict[str, Any] = {
        "cwd": ROOT,
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    return subprocess.run(command, check=False, timeout=PATIENCE, **{**given, **options})


def assert_no_traceback(*texts: bytes | None) -> None:
    for text in texts:
        assert not any(word in (text or b"") for word in (b"Traceback", b"Exception ignored", b"KeyboardInterrupt"))


@pytest.mark.parametrize(
    "command",
    [[*RETENTION, "validate", str(SAMPLE)], [*RETENTION, "--help"], [*RETENTION, "validate", "nope"], DEMO, SIMULATOR],
    ids=["validate", "help", "failure", "run", "simulator"],
)
@pytest.mark.parametrize("listener", ["pipe", "full", "all full", "closed", "all closed"])
def test_whoever_stops_listening_gets_no_traceback(command: list[str], listener: str) -> None:
    """A pipe that is closed at its other end, a disk that is full, streams that are closed."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as pipe, Path("/dev/full").open("wb") as full:
        choices: dict[str, dict[str, Any]] = {
            "pipe": {"stdout": pipe},
            "full": {"stdout": full},
            "all full": {"stdout": full, "stderr": full},
            "closed": {"preexec_fn": lambda: os.close(1)},
            "all closed": {"preexec_fn": lambda: os.closerange(0, 3), **dict.fromkeys(("stdin", "stdout", "stderr"))},
        }
        ended = run(command, **choices[listener])
    assert_no_traceback(ended.stderr)
    assert 0 <= ended.returncode <= 2


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ([*RETENTION, "validate", "nope.yaml"], 1),
        ([*RETENTION, "status", "--env", "sandbox"], 1),
        ([*RETENTION, "export", "--env", "sandbox"], 1),
        ([*RETENTION, "simulator", "--help"], 0),
        ([sys.executable, "-I", "-m", "console.local.sandbox"], 1),
        (DEMO, 0),
    ],
)
def test_a_current_directory_that_is_gone(tmp_path: Path, command: list[str], code: int) -> None:
    """A shell can stand in a folder that was deleted meanwhile."""
    gone = tmp_path / "gone"
    gone.mkdir()
    ended = run(["sh", "-c", 'rmdir "$0" && exec "$@"', str(gone), *command], cwd=gone)
    assert_no_traceback(ended.stderr)
    assert ended.returncode == code
    assert code == 0 or len(ended.stderr.splitlines()) == 1


# Interrupts itself, as Ctrl-C would, where it first does `event` (Python's audit events) to what ends in `name`. An
# interruption after so many seconds would meet another place on each machine, on a slow one Python's own beginning.
INTERRUPTED: Final = """
import os, runpy, signal, sys

def interrupt(event, found):
    if not seen and event == {event!r} and str(found[0]).endswith({name!r}):
        seen.append(event)
        os.kill(os.getpid(), signal.SIGINT)

seen = []
sys.addaudithook(interrupt)
"""
COMMAND: Final = "from console.cli.entry import retention; retention()"
# what `-m` does: the package's __init__ finds it as its program's name
PROGRAM: Final = "sys.argv[0] = '-m'; runpy.run_module('console.local.{name}', run_name='__main__', alter_sys=True)"


@pytest.mark.parametrize(
    ("program", "options", "event", "name"),
    [
        (COMMAND, ("explain", str(SAMPLE), "--product", "trailhead.pro.annual"), "import", "typer"),
        (COMMAND, ("explain", str(SAMPLE), "--product", "trailhead.pro.annual"), "import", "yaml"),
        (COMMAND, ("explain", str(SAMPLE), "--product", "trailhead.pro.annual"), "open", SAMPLE.name),
        (PROGRAM.format(name="demo"), (), "import", "boto3"),
        (PROGRAM.format(name="demo"), (), "import", "rich.table"),
        (PROGRAM.format(name="demo"), (), "import", "app"),
        (PROGRAM.format(name="demo"), (), "open", "message-200.json"),
        (PROGRAM.format(name="serve"), ("--port", "0", "--dynamodb-port", "0"), "import", "yaml"),
        (PROGRAM.format(name="serve"), ("--port", "0", "--dynamodb-port", "0"), "import", "app"),
    ],
)
def test_an_interruption_is_one_word(program: str, options: tuple[str, ...], event: str, name: str) -> None:
    """While modules are imported, and while it works."""
    code = INTERRUPTED.format(event=event, name=name) + program
    ended = run([sys.executable, "-P", "-c", code, *options], env={**os.environ, "PYTHONPATH": PATHS})
    assert (ended.returncode in {130, -signal.SIGINT}, ended.stderr) == (True, b"Interrupted.\n")


def test_an_interruption_ends_a_server(tmp_path: Path) -> None:
    """While it serves: by the exit code of an end that is meant, and without a word."""
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(SERVE, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        assert eventually(lambda: "until Ctrl-C" in log.read_text(encoding="utf-8") or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
    assert_no_traceback(log.read_bytes())


@pytest.mark.parametrize("option", ["--port", "--aws-port", "--apple-port"])
def test_a_port_in_use(tmp_path: Path, option: str) -> None:
    file = tmp_path / 'it\'s a "file" é.yaml'
    file.write_text(FILE)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = {"--port": "0", "--aws-port": "0", "--apple-port": "0", option: str(taken.getsockname()[1])}
        options = [word for pair in ports.items() for word in pair]
        simulator = ["--directory", str(tmp_path / "box")]
        ended = run([sys.executable, "-I", "-m", "console.local.sandbox", "--file", str(file), *options, *simulator])
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert ports[option].encode() in ended.stderr


@pytest.mark.parametrize("directory", ["/proc/nope", "/dev/null"])
def test_a_folder_that_cannot_be_written(tmp_path: Path, directory: str) -> None:
    file = tmp_path / "retention.yaml"
    file.write_text(FILE)
    ports = ["--port", "0", "--aws-port", "0", "--apple-port", "0"]
    for command in (
        [sys.executable, "-I", "-m", "console.local.sandbox", "--file", str(file), *ports, "--directory", directory],
        [*RETENTION, "simulator", "serve", "--port", "0", "--directory", directory],
    ):
        ended = run(command)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
        assert directory.encode() in ended.stderr


@pytest.mark.parametrize(
    "encoding", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_a_terminal_that_has_no_letters_but_ascii(encoding: dict[str, str]) -> None:
    environment = {**os.environ, "LC_ALL": "POSIX", **encoding}
    for command in ([*RETENTION, "--help"], [*RETENTION, "explain", str(SAMPLE), "--product", "trailhead.pro.annual"]):
        ended = run(command, env=environment)
        assert (ended.returncode, ended.stderr) == (0, b"")
    assert_no_traceback(run([*RETENTION, "validate", "é — “”.yaml"], env=environment).stderr)


@pytest.mark.parametrize("show", [False, True])
@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        (
            (
                "import console.file.document as d\nd.read_document = fault\n"
                "from console.cli.entry import retention\nretention()"
            ),
            1,
        ),
        ("from console.terminal.program import carry_out\nraise SystemExit(carry_out(fault, unknown))", 1),
        ("from console.terminal.program import begin\nbegin(unknown, local=True)\nfault()", 1),
    ],
    ids=["retention", "carry_out", "uncaught"],
)
def test_an_unexpected_error_is_reported_by_class_and_place(code: str, exit_code: int, show: bool) -> None:  # noqa: FBT001  # a parameter
    """The sentence leaves out the message, which could quote a key; RETENTION_TRACEBACK adds the traceback."""
    fault = "def fault(*_, **__): raise KeyError('hush-hush')\ndef unknown(_): return None\n"
    environment = {**os.environ, **({TRACEBACK: "1"} if show else {})}
    ended = run([sys.executable, "-c", fault + code, "validate", str(SAMPLE)], env=environment)
    text = ended.stderr.decode()
    assert ended.returncode == exit_code
    assert "KeyError at <string>:1" in text
    assert TRACEBACK in text
    assert ("Traceback" in text, "hush" in text, len(text.splitlines()) == 1) == (show, show, not show)


@pytest.mark.parametrize("name", ["My Projects", "it's é", 'a "b" $c & d'])
def test_a_checkout_and_temporary_files_under_any_name(tmp_path: Path, name: str) -> None:
    """Blanks, accents, quotes and what a shell would read: `make run`'s program and the console work there."""
    checkout = tmp_path / name / "main"
    for folder in ("console", "handler", "events"):
        shutil.copytree(ROOT / folder, checkout / folder, ignore=shutil.ignore_patterns("__pycache__"))
    places = {"TMPDIR": str(tmp_path / name), "HOME": str(tmp_path / name)}
    environment = {**os.environ, **places, "PYTHONPATH": os.pathsep.join((str(checkout), str(checkout / "handler")))}
    ended = run([sys.executable, "-m", "console.local.demo"], cwd=checkout, env=environment)
    assert (ended.returncode, ended.stderr) == (0, b"")
    file = checkout / f"{name} “file”.yaml"
    shutil.copy(checkout / "events" / "retention.yaml", file)
    for images in (ROOT / "events").iterdir():
        if images.is_dir() and images.name not in {"ca", "states"} and not (checkout / images.name).exists():
            shutil.copytree(images, checkout / images.name)
    ended = run([sys.executable, "-m", "console.cli.main", "validate", str(file)], cwd=tmp_path, env=environment)
    assert ended.returncode == 0, ended.stderr
    assert str(file).encode() in ended.stdout
