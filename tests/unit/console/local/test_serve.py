"""The options of `make serve`, and the commands that it prints."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.local import serve
from console.local.samples import SAMPLE
from console.simulator.rehearsal_authority import default_directory, obtain


@pytest.mark.parametrize("option", ["--port", "--dynamodb-port"])
@pytest.mark.parametrize("port", ["99999", "-1", "http", "²"])
def test_an_invalid_port_is_misuse(capsys: pytest.CaptureFixture[str], option: str, port: str) -> None:
    """A port that is not a number from 0 to 65535 ends `make serve` with 2."""
    with pytest.raises(SystemExit) as ended:
        serve.main([f"{option}={port}"])
    assert ended.value.code == 2
    assert "a port is a number from 0 to 65535" in capsys.readouterr().err


def hinted(*arguments: str) -> list[str]:
    options = serve._options(arguments)
    (line,) = [line for line in serve._hint(options, 7, "p", "URL").splitlines() if line.startswith("  ")]
    return shlex.split(line)


def test_the_printed_rehearsal_is_a_complete_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The printed `rehearse` names the served file, and the authority's folder unless it is the default one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(SAMPLE.parent.parent)
    line = [".venv/bin/retention", "rehearse", "URL", "--product", "p", "--file", "events/retention.yaml"]
    kept = obtain(default_directory(), datetime.now(UTC))
    assert hinted("--trust-anchor", kept.anchor) == line
    assert hinted("--trust-anchor", str(default_directory() / "root.der")) == line
    saved = tmp_path / "anchor"
    saved.write_text(kept.anchor)
    assert hinted("--trust-anchor", str(saved)) == line
    other = tmp_path / "an other"
    obtain(other, datetime.now(UTC))
    assert hinted("--trust-anchor", str(other / "root.der")) == [*line, "--ca", str(other)]


def test_without_an_anchor_a_signed_request_is_printed() -> None:
    """Without a trust anchor, `make serve` prints `sign-request`, which signs with the test authority."""
    assert hinted()[:2] == [".venv/bin/retention", "sign-request"]


def test_the_printed_request_uses_no_proxy(tmp_path: Path) -> None:
    """The printed curl command uses no proxy, since the URL is on this machine."""
    options = serve.ServeOptions(0, 0, tmp_path / "retention.yaml")
    assert "| curl -sS --noproxy '*' -d @- http://127.0.0.1:1/x" in serve._hint(
        options, 1, "a.b", "http://127.0.0.1:1/x"
    )


@pytest.mark.parametrize("number", ["201", "-1", "many", "²"])
def test_what_is_no_number_of_environments_is_misuse(capsys: pytest.CaptureFixture[str], number: str) -> None:
    """A number of environments that is not from 0 to 200 ends `make serve` with 2."""
    with pytest.raises(SystemExit) as ended:
        serve.main([f"--environments={number}"])
    assert ended.value.code == 2
    assert "a number up to 200" in capsys.readouterr().err


def test_without_options_the_sample_is_served_with_an_embedded_table() -> None:
    """The defaults are the sample's file, make's ports, this process, and the test authority."""
    assert serve._options([]) == serve.ServeOptions(8080, 8000, SAMPLE)


def test_options_are_read_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative file is one of the current directory; port 0, environments and another DynamoDB are taken as given."""
    monkeypatch.chdir(tmp_path)
    given = ["--port=0", "--dynamodb-port=1", "--file=own.yaml", "--environments=200", "--endpoint-url=http://db"]
    own = tmp_path.resolve() / "own.yaml"
    assert serve._options(given) == serve.ServeOptions(0, 1, own, environments=200, endpoint_url="http://db")
