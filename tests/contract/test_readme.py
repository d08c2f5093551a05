"""The README's commands run and print what it shows; verbs, options, files and links of all documents exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from console.cli.verbs import Verbs
from console.rollout.checks import apple
from console.rollout.doctor import CHECKS
from tests.contract.test_imports import ROOMS
from tests.support.sam_template import ROOT

DOCUMENTS: Final = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "benchmarks" / "README.md",
]


README: Final = ROOT / "README.md"


def code(path: Path) -> Iterator[str]:
    """Yield each line of a block, and each span, that is set as code; a line that goes on is one."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    for block in blocks.findall(text):
        yield from block.splitlines()
    yield from (span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", blocks.sub("", text)))


def test_the_readme_is_short() -> None:
    """At most 200 lines: an owner who decides whether to use this reads it from top to bottom."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


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
    """No document names a verb of make that does not exist."""
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
    """A constant, a class or a function that CONTRIBUTING.md names exists under this name."""
    folders = ("handler", "console", "tests")
    source = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py"))
    words = set(re.findall(r"\w+", source))
    spans = re.findall(r"`([^`\n]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    names = {span for span in spans if re.fullmatch(r"[\w.]*[A-Z_]\w*", span)}
    assert {"MAX_AGE", "CHECKS", "ERROR_ANSWERS", "_PREDICATES"} <= names
    assert {name for name in names if not set(name.split(".")) <= words} == set()


def test_messages_md_lists_every_code_of_the_doctor() -> None:
    """docs/messages.md has the codes of CHECKS and of every finding in console/rollout/checks/, and no others."""
    codes = {code for code, _ in CHECKS} | set(apple.CODES.values())
    for path in (ROOT / "console" / "rollout" / "checks").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Finding", "guarded", "not_looked"}:
                first = node.args[0]
                codes |= {str(first.value)} if isinstance(first, ast.Constant) else set()
    page = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8").partition("| check | codes |")[2]
    cells = re.findall(r"^\| .* \| (`.*`) \|$", page, re.MULTILINE)
    assert set(re.findall(r"`([^`]+)`", " ".join(cells))) == codes


def test_the_readme_has_the_times_of_the_last_benchmark() -> None:
    """The README has the times of docs/performance.md for the first answer after a cold start, and for a warm one."""
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
