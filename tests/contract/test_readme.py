"""The README's commands run and print what it shows; verbs, options, files and links of all documents exist."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from console.cli.verbs import Verbs
from tests.contract.test_imports import ROOMS
from tests.support.sam_template import ROOT
from tests.support.waiting import PATIENCE

DOCUMENTS: Final = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "benchmarks" / "README.md",
]
README: Final = ROOT / "README.md"

# Where `make sandbox` listens: the endpoint, AWS, the App Store. The test has ports of its own in their place.
PORTS: Final = ("127.0.0.1:8080", "127.0.0.1:8000", "127.0.0.1:8700")
START_SECONDS: Final = PATIENCE

# plan: there are changes to apply.
EXIT_CODES: Final = {"retention plan": 3}


def commands_shown() -> list[tuple[str, str]]:
    """Return the README's commands, each with the output below it."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    typed = "".join(blocks).replace("\\\n", " ")
    parts = re.split(r"^\$ (.*)\n", typed, flags=re.MULTILINE)
    assert parts[0] == ""
    return list(zip(parts[1::2], parts[2::2], strict=True))


def pattern_of(expected: str) -> re.Pattern[str]:
    """Return what matches the README's output: `…` stands for anything in a line, and alone for any lines."""
    lines = expected.splitlines()
    patterns = [r"(?:.*\n)*?" if each.strip() == "…" else line(each) for each in lines]
    return re.compile("".join(patterns))


def line(expected: str) -> str:
    return ".*".join(re.escape(part.rstrip() if part.isspace() else part) for part in expected.split("…")) + r" *\n"


@contextmanager
def running(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run what `make sandbox` runs, on free ports; gives what it prints once it is up. Stopped as by `kill`."""
    command = [sys.executable, "-m", "console.local.sandbox", *("--port", "0", "--aws-port", "0", "--apple-port", "0")]
    log, heard = folder / "sandbox.out", folder / "sandbox.err"
    with log.open("wb") as out, heard.open("wb") as err:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
    try:
        give_up = time.monotonic() + START_SECONDS
        while not re.search(r"^  export .*\n", heard.read_text(encoding="utf-8"), re.MULTILINE):
            if time.monotonic() > give_up or server.poll() is not None:
                raise RuntimeError(f"it does not start:\n{heard.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield heard.read_text(encoding="utf-8")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(START_SECONDS)


def typed(folder: Path, environment: dict[str, str], command: str, *, code: int | None = None) -> str:
    """Run one `retention` command; gives all it printed, standard error first. Other exit codes than `code` fail."""
    _, *arguments = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", "console.cli.main", *arguments],
        cwd=folder,
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    verb = " ".join(command.split()[:2])
    assert done.returncode == (EXIT_CODES.get(verb, 0) if code is None else code), done.stderr
    return done.stderr + done.stdout


def test_the_readmes_commands_print_what_it_shows(tmp_path: Path) -> None:
    """init, plan, apply, approved, cancel, answer: fewer than ten commands, and what they print."""
    steps = commands_shown()
    assert [command.split()[1] for command, _ in steps if command.startswith("retention ")] == (
        ["init", "plan", "apply", "status", "endpoint", "simulator"]
    )
    assert len(steps) < 10
    environment = at_a_terminal()
    (init, written), (make, up), (export, nothing), *rest = steps
    assert (make, nothing) == ("make sandbox", "")
    compare(init, written, typed(tmp_path, environment, init))
    with running(tmp_path, environment) as heard:
        addresses = re.findall(r"127\.0\.0\.1:\d+", heard)
        # In the order in which they are printed: the endpoint, the App Store, and AWS in the line to copy.
        here = dict(zip((PORTS[0], PORTS[2], PORTS[1]), addresses, strict=False))
        compare(make, up, as_usual(heard, here))
        assert f"  {export}\n" in as_usual(heard, here)
        settings = dict(each.split("=", 1) for each in shlex.split(export)[1:])
        for usual, actual in here.items():
            settings = {name: value.replace(usual, actual) for name, value in settings.items()}
        for command, expected in rest:
            compare(command, expected, as_usual(typed(tmp_path, environment | settings, command), here))


def test_production_is_rehearsed_before_apple_grants_access(tmp_path: Path) -> None:
    """The commands of docs/messages.md work: promote, approve, apply; the simulator reviews production's messages."""
    messages = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    section = messages.partition("## Rehearsing production")[2]
    block = section.split("```")[1]
    steps = [line.split("#")[0].strip() for line in block.splitlines() if line.startswith("retention ")]
    assert [step.split()[1] for step in steps] == ["promote", "simulator", "apply", "status"]
    environment = at_a_terminal()
    typed(tmp_path, environment, commands_shown()[0][0])
    with running(tmp_path, environment) as heard:
        settings = dict(re.findall(r"(\w+)=(\S+)", next(line for line in heard.splitlines() if "export" in line)))
        environment |= settings
        typed(tmp_path, environment, "retention apply --env sandbox")
        printed = [
            typed(tmp_path, environment, step, code=code) for step, code in zip(steps, (3, 0, 0, 0), strict=True)
        ]
        assert "waiting for Apple: 1 message, 1 default" in printed[0]
        assert "The file, Apple and the table agree." in printed[2]
        assert "APPROVED" in printed[3]
        assert "✓ SyncSchedule is off" in typed(tmp_path, environment, "retention doctor --env production", code=1)


def at_a_terminal() -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "handler")])
    return {**os.environ, "PYTHONPATH": paths, "COLUMNS": "200"}


def as_usual(text: str, here: dict[str, str]) -> str:
    """Return `text` with the ports that the README knows."""
    for usual, actual in here.items():
        text = text.replace(actual, usual)
    return text


def compare(command: str, expected: str, found: str) -> None:
    assert pattern_of(expected).fullmatch(found), f"`{command}` printed:\n{found}\nThe README shows:\n{expected}"


def test_the_readme_is_short() -> None:
    """At most 190 lines: an owner who decides whether to use this reads it from top to bottom."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 190


# Verbs, options, links


def code(path: Path) -> Iterator[str]:
    """Yield each line of a block, and each span, that is set as code; a line that goes on is one."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    for block in blocks.findall(text):
        yield from block.splitlines()
    yield from (span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", blocks.sub("", text)))


def uses(path: Path, program: str) -> Iterator[list[str]]:
    """Yield the words after `program`, up to where a shell or a comment would end them."""
    for text in code(path):
        for found in re.finditer(rf"(?:^|[\s$|/]){program} ([^#|;&…]*)", text):
            yield found[1].split()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_is_one_of_the_programs(path: Path) -> None:
    """No document names a `retention` command, or an option of one, that the program does not have."""
    for words in uses(path, "retention"):
        found: Any = Verbs()
        found.load_all()
        at = 0
        while at < len(words) and hasattr(found, "commands"):
            # `endpoint set|show|delete` names three
            names = words[at].split("|")
            assert set(names) <= set(found.commands) or words[at].startswith("-"), words
            found = found.commands.get(names[0], found)
            at += 1
        options = {name for each in found.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
        assert {word for word in words[at:] if word.startswith("--")} <= options, words


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_verb_is_in_the_makefile(path: Path) -> None:
    """Nor a verb of make's."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for words in uses(path, "make"):
        for word in words:
            if "=" not in word and re.fullmatch(r"[a-z0-9]+", word):
                assert re.search(rf"^{word}:", makefile, re.MULTILINE), words


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """A link inside the repository leads to a file that is there, and to a heading that is."""
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if heading:
            titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, link


def module_file(name: str) -> Path | None:
    """Return the file of a dotted name such as `retention.settings.KNOWN_LEAVES`; None where it names no module."""
    folder = ROOT if name.startswith("console.") else ROOT / "handler"
    parts = name.split(".")
    for length in range(len(parts), 1, -1):
        path = folder.joinpath(*parts[:length])
        if path.with_suffix(".py").exists() or path.is_dir():
            return path
    return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_and_module_that_is_named_exists(path: Path) -> None:
    """A path or a module in a code span is one of this tree; `retention/…` is within handler."""
    for span in re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8")):
        if re.fullmatch(r"(handler|console|tests|docs|events|scripts|benchmarks|layers)/[\w./-]*\w", span):
            assert (ROOT / span).exists(), span
        elif re.fullmatch(r"retention/[\w./]+\.py", span):
            assert (ROOT / "handler" / span).exists(), span
        elif re.fullmatch(r"(retention|console)\.[a-z_]+(\.\w+)*", span) and not span.endswith((".yaml", ".py")):
            assert module_file(span), span


def test_every_name_in_contributing_is_in_the_code() -> None:
    """A constant, a class or a function that CONTRIBUTING.md tells a developer to change is there under this name."""
    folders = ("handler", "console", "tests")
    source = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py"))
    words = set(re.findall(r"\w+", source))
    spans = re.findall(r"`([^`\n]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    names = {span for span in spans if re.fullmatch(r"[\w.]*[A-Z_]\w*", span)}
    assert {"MAX_AGE", "CHECKS", "ERROR_ANSWERS", "_PREDICATES"} <= names
    assert {name for name in names if not set(name.split(".")) <= words} == set()


def test_the_readme_has_the_times_of_the_last_benchmark() -> None:
    """Those of docs/performance.md: the first answer after a cold start, and a warm one."""
    table = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    ((cold, warm),) = re.findall(r"^\| ours \| ([\d.]+) \| [\d.]+ \| ([\d.]+) \|", table, re.MULTILINE)
    text = " ".join(README.read_text(encoding="utf-8").split())
    ((first, later),) = re.findall(r"cold start takes ([\d.]+) ms and every later one ([\d.]+) ms", text)
    assert (float(first), float(later)) == (round(float(cold)), round(float(warm), 1))


def test_the_documents_show_the_rooms_as_they_are() -> None:
    """docs/architecture.md has the table of test_imports.py, and CONTRIBUTING.md its floors and rooms."""
    pages = [ROOT / "docs" / "architecture.md", ROOT / "CONTRIBUTING.md"]
    tables = [re.findall(r"^\| (\d) \| `(\w+)` \| (.*) \|$", page.read_text(), re.MULTILINE) for page in pages]
    floors = {room: floor for room, (floor, _) in ROOMS.items()}
    assert [{room: int(floor) for floor, room, _ in table} for table in tables] == [floors, floors]
    cells = {room: row.rpartition("|")[2].strip() for _, room, row in tables[0]}
    below = {room: set(re.findall(r"[a-z]+", cell)) for room, cell in cells.items() if cell != "every room below"}
    assert below == {room: allowed for room, (_, allowed) in ROOMS.items() if room != "cli"}
