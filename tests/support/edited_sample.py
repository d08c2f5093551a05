"""The sample file with some of its text replaced, next to its images; and the command, run as an operator would."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from console.cli.main import main
from console.file.edition import Edition, edition_from_file
from console.local.rows import create_table
from console.local.samples import EVENTS, SAMPLE, SAMPLE_CLOCK

APP = "6745974591"
Run = Callable[..., tuple[int, str, str]]


def edited(directory: Path, *changes: tuple[str, str], name: str = "draft.yaml") -> Path:
    """Write the sample with each (old, new) applied; every old must be there, once at least."""
    text = SAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    if not (directory / "images").exists():
        shutil.copytree(EVENTS / "images", directory / "images")
    file = directory / name
    file.write_text(text, encoding="utf-8")
    return file


def edition(directory: Path, *changes: tuple[str, str], now: datetime = SAMPLE_CLOCK) -> Edition:
    return edition_from_file(edited(directory, *changes), now=now)


def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def empty_table(endpoint: str, name: str) -> tuple[tuple[str, ...], Any]:
    """Make a table; return the options that name it, and a client."""
    client = boto3.client("dynamodb", endpoint_url=endpoint)
    create_table(client, name)
    return ("--table", name, "--endpoint-url", endpoint), client
