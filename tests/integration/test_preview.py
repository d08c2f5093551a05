"""`retention preview` as an operator types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from console.local.samples import EVENTS, SAMPLE, SAMPLE_CLOCK
from tests.support.drawn_pages import parsed
from tests.support.edited_sample import APP, Run, edited
from tests.support.sam_template import ROOT

AT = ("--at", SAMPLE_CLOCK.isoformat())


def test_a_file_becomes_a_page_in_one_command(run: Run, tmp_path: Path) -> None:
    """Without an account: one line, one file; --check ends with 3, since the sample lacks defaults."""
    page = tmp_path / "preview.html"
    code, out, err = run("preview", str(SAMPLE), *AT, "--output", str(page))
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert out.startswith(
        f"{page}: 24 screens, 0 mistakes in texts, 18 remarks worth a look, 188 places without a default message."
    )
    assert len(parsed(page.read_text(encoding="utf-8")).of("article")) == 24
    assert run("preview", str(SAMPLE), *AT, "--output", str(page), "--check")[0] == 3


def test_it_agrees_with_coverage_and_diff(run: Run, tmp_path: Path) -> None:
    """The same cells and gaps as `coverage --json`, the same changed texts as `diff --json`."""
    file = str(edited(tmp_path, ("Keep your weekend walks", "Keep all your walks")))
    drawn = json.loads(run("preview", file, *AT, "--against", str(SAMPLE), "--json")[1])
    covered = json.loads(run("coverage", file, *AT, "--all-locales", "--json")[1])
    compared = json.loads(run("diff", str(SAMPLE), file, "--json")[1])
    screens = {one["id"]: one for one in drawn["screens"]}
    assert len(drawn["cells"]) == len(covered["cells"])
    for cell, expected in zip(drawn["cells"], covered["cells"], strict=True):
        shown = [screens[name]["message"] if name else None for name in cell["screens"]]
        assert shown == [answer.get("message", "").lower() or None for answer in expected["realTime"]]
    assert drawn["counts"]["withoutDefault"] == len(covered["withoutDefault"])
    assert [f"{one['messages']} in {one['locale']}" for one in drawn["changes"]] == [
        one["name"] for one in compared["messages"]
    ]


def test_mistakes_are_those_of_validate_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    """The same sentences and the same document."""
    file = str(edited(tmp_path, ("message: keep-basic}", "message: keep-bsic}"), ("default: en-US", "default: en_US")))
    page = tmp_path / "preview.html"
    drawn, validated = run("preview", file, *AT, "--output", str(page)), run("validate", file, *AT)
    assert drawn == validated
    assert drawn[0] == 1
    drawn, validated = run("preview", file, *AT, "--json"), run("validate", file, *AT, "--json")
    assert json.loads(drawn[1]) == json.loads(validated[1])
    assert not page.exists()


def test_a_table_has_states_defaults_and_the_live_release(run: Run, table: tuple[str, ...], tmp_path: Path) -> None:
    """A draft is compared with the live release; what waits is drawn next to what is shown meanwhile."""
    run("publish", str(SAMPLE), *table)
    states = (str(EVENTS / "states" / name) for name in ("images.json", "messages.json"))
    run("import-states", *states, *table, "--app", APP)
    file = edited(tmp_path, ("Gardez vos balades", "Gardez toutes vos balades"))
    page = tmp_path / "preview.html"
    options = (*table, "--file", str(file), *AT)
    drawn = json.loads(run("preview", str(file), *options, "--json", "--output", str(page))[1])
    assert (drawn["against"], drawn["judged"]) == ("release 1", "the review states of the table")
    assert [(one["messages"], one["locale"]) for one in drawn["changes"]] == [("keep-basic", "fr-FR")]
    french = {
        one["state"]: one for one in drawn["screens"] if (one["messages"], one["locale"]) == ("keep-basic", "fr-FR")
    }
    assert set(french) == {"NEW", "APPROVED"}
    assert french["NEW"]["meanwhile"] == french["APPROVED"]["id"]
    assert french["APPROVED"]["text"]["header"] == "Gardez vos balades"  # of the release before
    tree = parsed(page.read_text(encoding="utf-8"))
    assert "Not uploaded yet" in {one.text for one in tree.of("span", "chip")}
    assert (
        drawn["counts"]["waiting"] + drawn["counts"]["rejected"]
        == len(tree.of("code")) - len(tree.of("tr", "text")) - 2
    )  # the waiting texts' ids are listed; the foot has two more


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "Name a file, or the environment with --env, or the table with --table."),
        (("none.yaml",), "No such file"),
        ((str(SAMPLE), "--set", "keep-bsic"), "has no message set `keep-bsic`. Did you mean `keep-basic`?"),
        ((str(SAMPLE), "--against", "none.yaml"), "No such file"),
    ],
)
def test_dead_ends_are_one_sentence(run: Run, arguments: tuple[str, ...], expected: str) -> None:
    """Neither file nor table, files that do not exist, and an unknown set."""
    code, out, err = run("preview", *arguments)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert expected in err


def test_only_the_command_itself_loads_templates_and_images() -> None:
    """Neither Jinja2 nor Pillow is imported by the module of the verb, or by what only reads and compares."""
    code = "import sys, console.cli.pages, console.pages.preview, console.pages.preview_report; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'handler'}"}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert not {"jinja2", "PIL"} & set(done.stdout.split())
