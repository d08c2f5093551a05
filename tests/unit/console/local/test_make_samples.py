"""What `make events` writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.local import make_samples
from console.local.make_samples import main, write_samples
from tests.support.called_verb import Recorded


def test_requests_notifications_and_lists_are_written(tmp_path: Path) -> None:
    """The folder gets sample requests, notifications, the two lists, and the variables of `sam local`."""
    write_samples(tmp_path)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json")}
    assert {"environment.json", "states/images.json", "states/messages.json", "message-200.json"} <= written
    assert "notifications/subscribed-merged.json" in written


def test_the_folder_is_that_of_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make events` writes into events/, and ends with 0."""
    write = Recorded()
    monkeypatch.setattr(make_samples, "write_samples", write)
    assert main() == 0
    assert [folder.name for (folder,) in write.given] == ["events"]
