"""Record the documents of `retention report --json` for made-up logs: they need the packages of an analysis.

    .venv/bin/python -m tests.support.record_reports

Kept apart from record.py, whose recordings need no package beyond those of `make test`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.support.made_logs import AT, KEY, MadeLog
from tests.support.recorded_forms import RECORDED

FILE: Final = RECORDED / "reports.jsonl"
LOGS: Final = {
    "readable": MadeLog({"control": 400, "switch": 600}, 1000),
    "open": MadeLog({"control": 480, "switch": 500}, 1000),
    "not yet": MadeLog({"control": 400, "switch": 600}, 8),
    "three arms": MadeLog({"control": 400, "offer": 430, "switch": 600}, 900),
    "no watermark": MadeLog({"control": 400, "switch": 600}, 1000, watermark=False),
}


def documents(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the exit code and the document of each log. Reads and writes below `folder` alone."""
    from console.cli.verbs import Verbs, find  # noqa: PLC0415  # after the folder of the cache is set

    for name, log in LOGS.items():
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            words = ("report", KEY, *log.write(folder / name), "--at", AT, "--json")
            code = find(Verbs(), words).run(standalone=False)
        document = json.loads(printed.getvalue())
        document["inputs"]["sqlDigest"] = "that of the queries"
        yield {"log": name, "code": code if isinstance(code, int) else 0, "document": document}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        os.environ["XDG_CACHE_HOME"] = str(Path(made) / "cache")
        os.chdir(made)
        lines = [json.dumps(each, ensure_ascii=False) + "\n" for each in documents(Path(made))]
    FILE.write_text("".join(lines), encoding="utf-8")
