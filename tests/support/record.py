"""Record what this tree prints, answers and writes: see recorded_forms.py.

The rows and the export are not made again: they stand for what was written before the modules moved. A console of two
days earlier published release 1; the one of the day before the move applied later.yaml as release 2, published a third,
rolled back to 2, and paused. Two customers' profiles were put into the table by hand.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from tests.support.recorded_forms import RECORDED, ROOT, desk
from tests.support.recorded_situations import CHAPTERS


def record(tree: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, desk(tree, Path(folder)) as at:
        for chapter in CHAPTERS:
            begun, started = len(at.forms), time.monotonic()
            chapter(at)
            lines = [json.dumps(form, ensure_ascii=False) + "\n" for form in at.forms[begun:]]
            (RECORDED / f"{chapter.__name__}.jsonl").write_text("".join(lines), encoding="utf-8")
            sys.stdout.write(f"{chapter.__name__}: {len(lines)} in {time.monotonic() - started:.1f} s\n")


if __name__ == "__main__":
    record(Path(sys.argv[1]).resolve() if sys.argv[1:] else ROOT)
