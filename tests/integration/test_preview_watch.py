"""`retention preview --watch`: a real server on the loopback, asked over HTTP, while files change."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from PIL import Image
from retention.catalog import REJECTED

from console.local.samples import EVENTS, SAMPLE
from tests.support.edited_sample import APP, Run, edited
from tests.support.waiting import PATIENCE, eventually
from tests.support.watched_pages import WatchedPage, save, watching

TEXT = SAMPLE.read_text(encoding="utf-8")
HEADER = "Keep your weekend walks"
BROKEN = TEXT.replace("message: keep-basic}", "message: keep-bsic}")
HOSTILE = "<img src=x onerror=alert(1)>"
# The page has the minute by which it judges; a fixed one makes two drawings of the same file equal.
FIXED = ("--at", "2026-11-30T09:00:00Z")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("watched")
    edited(made, name="retention.yaml")
    return made


@pytest.fixture(scope="module")
def one_server(folder: Path) -> Iterator[WatchedPage]:
    with watching(folder, "retention.yaml", *FIXED) as found:
        yield found


@pytest.fixture
def watched(one_server: WatchedPage, folder: Path) -> Iterator[WatchedPage]:
    """The server, with the sample's page; what a test changes is put back.

    Only what differs is written, and in one step, so that no test meets a page of half a file.
    """
    one_server.good(HEADER)
    yield one_server
    for image in (EVENTS / "images").iterdir():
        put_back(folder / "images" / image.name, image.read_bytes())
    put_back(folder / "retention.yaml", TEXT.encode())


def put_back(file: Path, content: bytes) -> None:
    if not file.exists() or file.read_bytes() != content:
        new = file.with_name(f".{file.name}.new")
        new.write_bytes(content)
        new.replace(file)


# The server ---------------------------------------------------------------------------------------------------------


def test_only_the_page_is_served_to_this_machine(watched: WatchedPage) -> None:
    """It listens on 127.0.0.1 alone; the page has headers that allow no other place, frame, cache or type."""
    with pytest.raises(OSError, match=r".*"):  # Linux has all of 127.0.0.0/8, other systems only this machine's one
        socket.create_connection(("127.0.0.2", watched.port), timeout=PATIENCE)
    status, headers, body = watched.ask()
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert headers["content-length"] == str(len(body.encode()))
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    rules = dict(rule.strip().partition(" ")[::2] for rule in headers["content-security-policy"].split(";"))
    assert {rules.pop("style-src")[:8], rules.pop("script-src")[:8]} == {"'sha256-"}
    assert rules == {
        "default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
        "connect-src": "'self'", "frame-ancestors": "'none'",
    }  # fmt: skip
    assert len(watched.page().of("article")) == 24


def test_a_head_has_no_body(watched: WatchedPage) -> None:
    """HEAD is answered as GET is, for both paths."""
    status, headers, body = watched.ask(method="HEAD")
    assert (status, body, headers["content-length"]) == (200, "", watched.ask()[1]["content-length"])
    assert watched.ask("/changes", "HEAD")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "STEAL", "get"])
def test_other_methods_are_refused(watched: WatchedPage, method: str) -> None:
    """405, with the two that there are."""
    status, headers, _ = watched.ask(method=method)
    assert (status, headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        *("/retention.yaml", "/../retention.yaml", "/./", "/index.html", "/images/ridge.png", "/etc/passwd"),
        *("/changes/", "/%2e%2e/retention.yaml", "*", "/favicon.ico"),
    ],
)
def test_other_paths_are_not_found(watched: WatchedPage, path: str) -> None:
    """404, also for the file and its images."""
    status, headers, body = watched.ask(path)
    assert (status, headers["content-security-policy"]) == (404, "default-src 'none'; frame-ancestors 'none'")
    assert body == "This server has one page: /.\n"


@pytest.mark.parametrize(
    "host", ["example.com", "example.com:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:{port}.example.com", ""]
)
@pytest.mark.parametrize("path", ["/", "/changes", "/retention.yaml"])
def test_a_foreign_host_is_refused(watched: WatchedPage, host: str, path: str) -> None:
    """421: a name that an attacker resolves to this address reads nothing."""
    status, _, body = watched.ask(path, headers={"Host": host.format(port=watched.port)})
    assert (status, body) == (421, "This server answers by its own address only.\n")


def test_its_own_names_are_accepted(watched: WatchedPage) -> None:
    """The address, and localhost."""
    assert watched.ask(headers={"Host": f"localhost:{watched.port}"})[0] == 200
    assert watched.ask(headers={"Host": f"LOCALHOST:{watched.port}"})[0] == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost: %(host)s\r\nHost: example.com\r\n\r\n", 421),
        (b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: %(host)s\r\n\r\n", 404),
        (b"GET / HTTP/9.9\r\nHost: %(host)s\r\n\r\n", 505),
        (b"<script>alert(1)</script> / / /\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
)
def test_what_is_no_request_is_refused_and_not_repeated(watched: WatchedPage, sent: bytes, status: int) -> None:
    """No host, two of them, another HTTP, no HTTP at all, a line without end."""
    with socket.create_connection(("127.0.0.1", watched.port), timeout=PATIENCE) as client:
        client.sendall(sent.replace(b"%(host)s", f"127.0.0.1:{watched.port}".encode()))
        answer = b""
        while part := client.recv(65536):
            answer += part
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"script>" not in answer
    assert b"text/plain" in answer


def test_slow_clients_stop_no_other(watched: WatchedPage, folder: Path) -> None:
    """Clients that send half a request, or take nothing of what they are sent, delay neither page nor changes."""
    slow = [socket.create_connection(("127.0.0.1", watched.port), timeout=PATIENCE) for _ in range(20)]
    try:
        for client in slow[:10]:
            client.sendall(b"GET / HTTP/1.1\r\nHo")
        for client in slow[10:]:
            client.sendall(f"GET /changes HTTP/1.1\r\nHost: 127.0.0.1:{watched.port}\r\n\r\n".encode())
        for number in range(3):
            save(folder / "retention.yaml", TEXT.replace(HEADER, f"Keep walk {number}"))
            assert f"Keep walk {number}" in watched.good(f"Keep walk {number}")["drawn"]
    finally:
        for client in slow:
            client.close()


# What changes -------------------------------------------------------------------------------------------------------


def test_a_save_makes_a_new_version(watched: WatchedPage, folder: Path) -> None:
    """A client that waits gets it as an event; the page has the same, under the same name."""
    before = next(watched.events())
    waiting = watched.events(before["version"])
    save(folder / "retention.yaml", TEXT.replace(HEADER, "Keep every walk"))
    event = next(waiting)
    assert "Keep every walk" in event["drawn"]
    assert (event["notice"], event["stale"]) == ("", False)
    page = watched.page()
    assert [one.text for one in page.of("p", "h") if one.text == "Keep every walk"]
    assert page.of("meta")[-1].attributes["content"] == event["script"] == before["script"]
    assert event["version"] in {one.attributes.get("content") for one in page.of("meta")}
    assert event["version"] != before["version"]


def test_a_file_written_in_place_is_noticed_too(watched: WatchedPage, folder: Path) -> None:
    """Some editors write into the file instead of replacing it."""
    (folder / "retention.yaml").write_text(TEXT.replace(HEADER, "Keep some walks"), encoding="utf-8")
    watched.good("Keep some walks")


def test_mistakes_stand_over_the_last_good_page(watched: WatchedPage, folder: Path) -> None:
    """The list has line, place, what is wrong and what to write, as `validate` does; correcting the file ends it."""
    save(folder / "retention.yaml", BROKEN)
    event = watched.broken("keep-bsic")
    line = BROKEN[: BROKEN.index("message: keep-bsic")].count("\n") + 1
    assert f"<b>line {line}</b>" in event["notice"]
    assert "There is no message set `keep-bsic`." in event["notice"]
    assert "Did you mean `keep-basic`?" in event["notice"]
    assert (event["stale"], HEADER in event["drawn"]) == (True, True)
    page = watched.page()
    assert len(page.of("div", "stale")) == 1
    assert len(page.of("article")) == 24
    assert "There is no message set `keep-bsic`. Did you mean `keep-basic`?" in watched.printed
    save(folder / "retention.yaml", TEXT)
    assert not watched.good(HEADER)["stale"]
    assert watched.page().of("div", "stale") == []


def test_a_file_that_is_no_yaml_and_one_that_is_gone_are_mistakes(watched: WatchedPage, folder: Path) -> None:
    """The server goes on, and so does the page once the file is back."""
    save(folder / "retention.yaml", "rules: [\n")
    assert watched.broken("retention.yaml")["stale"]
    (folder / "retention.yaml").unlink()
    assert watched.broken("No such file or directory")["stale"]
    save(folder / "retention.yaml", TEXT)
    watched.good(HEADER)


def test_an_image_is_looked_at_too(watched: WatchedPage, folder: Path) -> None:
    """Another picture under the same name is drawn; one that is gone or no PNG is a mistake until it is back."""
    before = next(watched.events())["style"]
    ridge, new = folder / "images" / "ridge.png", folder / "images" / "new.png"
    with Image.open(ridge) as picture:
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(new)
    new.replace(ridge)
    after = watched.version(lambda event: event["style"] != before)
    assert (after["notice"], HEADER in after["drawn"]) == ("", True)
    ridge.unlink()
    assert "cannot be read" in watched.broken("ridge.png")["notice"]
    ridge.write_bytes(b"GIF89a")
    watched.broken("the file is a GIF")
    shutil.copy(EVENTS / "images" / "ridge.png", ridge)
    assert watched.good(HEADER)["style"] == before


def test_names_and_mistakes_are_escaped(watched: WatchedPage, folder: Path) -> None:
    """Markup in a name of the file is text in the list of mistakes, and in the page."""
    save(folder / "retention.yaml", TEXT.replace("message: keep-basic}", f'message: "{HOSTILE}"}}'))
    event = watched.broken("onerror")
    assert "<img" not in event["notice"]
    assert "&lt;img src=x onerror=alert(1)&gt;" in event["notice"]
    assert watched.page().of("img") == []
    save(folder / "retention.yaml", TEXT.replace(HEADER, HOSTILE))
    event = watched.good("onerror")
    assert "<img" not in event["drawn"]
    assert watched.page().of("img") == []


# From the start to the end ------------------------------------------------------------------------------------------


def test_a_file_that_is_broken_at_the_start_is_waited_for(tmp_path: Path) -> None:
    """The mistakes stand alone, escaped as the file's name is; correcting an image it names is enough to go on."""
    file = edited(tmp_path, name="<b onclick=x>.yaml")
    (tmp_path / "images" / "tick.png").unlink()
    with watching(tmp_path, file.name) as found:
        event = found.broken("tick.png")
        assert (event["drawn"], event["stale"]) == ("", False)
        page = found.page()
        assert page.of("article") == []
        assert [one for one in page.all() if "onclick" in one.attributes] == []
        assert "<b onclick=x>.yaml" in page.of("h2")[0].text
        shutil.copy(EVENTS / "images" / "tick.png", tmp_path / "images")
        assert "&lt;b onclick=x&gt;.yaml" in found.good(HEADER)["drawn"]


def test_ctrl_c_stops_it_at_once(tmp_path: Path) -> None:
    """With clients that wait, it ends with 0 and one line, as the other servers of this console do."""
    file = edited(tmp_path)
    with watching(tmp_path, file.name) as found:
        waiting = found.events()
        next(waiting)
        found.process.send_signal(signal.SIGINT)
        assert found.process.wait(PATIENCE) == 0
        assert found.printed.endswith("Stopped. The page in the browser stays as it is.\n")
        with pytest.raises(OSError, match="refused"):
            found.ask()


def test_a_port_that_is_taken_is_named(run: Run, tmp_path: Path) -> None:
    """One sentence, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = run("preview", str(edited(tmp_path)), "--watch", "--port", port)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert f"Port {port} cannot be used" in err
    assert "name another with --port" in err


def test_a_table_is_followed(run: Run, table: tuple[str, ...], tmp_path: Path, endpoint: str) -> None:
    """Its review states turn chips; a table that is away is reported over the page, which is not out of date."""
    file = edited(tmp_path, name="retention.yaml")
    run("publish", str(file), *table)
    saved = EVENTS / "states"
    run("import-states", str(saved / "images.json"), str(saved / "messages.json"), *table, "--app", APP)
    with watching(tmp_path, file.name, *table, *FIXED, environment=dict(os.environ)) as found:
        before = found.good(HEADER)["drawn"]
        states = json.loads((saved / "messages.json").read_text(encoding="utf-8"))
        for entry in states["messageIdentifiers"][:2]:
            entry["messageState"] = REJECTED
        (tmp_path / "messages.json").write_text(json.dumps(states), encoding="utf-8")
        lists = str(saved / "images.json"), str(tmp_path / "messages.json")
        assert run("import-states", *lists, *table, "--app", APP, "--allow-silencing")[0] == 0
        shown = found.events()
        after = next(event for event in shown if event["drawn"].count("Rejected") > before.count("Rejected"))
        boto3.client("dynamodb", endpoint_url=endpoint).delete_table(TableName=table[1])
        for away in shown:
            if "The table cannot be read now" in away["notice"]:
                break
            after = away  # the import writes message by message, and a page may have the first state alone
        assert "There is no such table here: check --table" in away["notice"]
        assert (away["stale"], away["drawn"] == after["drawn"]) == (False, True)
        assert eventually(lambda: found.process.poll() is None)


def test_a_table_that_is_away_at_the_start_is_waited_for(tmp_path: Path) -> None:
    """Nothing is drawn by states that are not known; the page has the reason, and the server goes on."""
    file = edited(tmp_path)
    with watching(tmp_path, file.name, "--table", "t", "--endpoint-url", "http://127.0.0.1:1") as found:
        event = found.broken("Nothing answers at the endpoint")
        assert (event["drawn"], event["stale"]) == ("", False)
        assert found.process.poll() is None
