"""Who may import whom: arrows point inward, and the real-time function imports no more than it needs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOMAIN = ROOT / "handler" / "retention"

CRYPTOGRAPHY = {
    "verification.certificates": {"cryptography"},
    "jws": {"cryptography"},
    "signing.signer": {"cryptography", "jwt"},
    "verification.signing_path": {"cryptography"},
}
AWS = {
    "aws.sdk": {"boto3", "botocore"},
    "log.telemetry": {"aws_lambda_powertools"},
    "appstore.transport": {"botocore", "urllib3"},
    "probe": {"urllib3"},
}

# The rooms of the domain, and which of its other modules and rooms each may import.
DOMAIN_ROOMS: dict[str, set[str]] = {
    "verification": {"errors"},
    "aws": {"errors", "table"},
    "signing": {"aws", "errors"},
    "lookup": {"aws", "catalog", "errors", "locales", "rules", "subscription", "table"},
    "appstore": {"aws", "errors"},
    "notifications": {
        *("appstore", "aws", "catalog", "decision", "errors", "jws", "log", "request", "review", "rules"),
        *("signing", "strict_json", "subscription", "table", "verification"),
    },
    "review": {"appstore", "aws", "catalog", "errors", "request", "table"},
    # For the types of what it notes.
    "log": {"appstore", "aws", "decision", "errors", "jws", "lookup", "request", "response", "rules"},
}

# The rooms of the console by floor, and which rooms of lower floors each may import. Every room except `terminal` may
# import the domain, `retention`; nothing imports `cli`.
CONSOLE = ROOT / "console"
ROOMS: dict[str, tuple[int, set[str]]] = {
    "terminal": (1, set()),
    "appstore": (2, {"terminal"}),
    "file": (2, {"terminal"}),
    "decisions": (3, {"file", "terminal"}),
    "releases": (3, {"file", "terminal"}),
    "deployment": (3, {"file", "appstore", "terminal"}),
    "simulator": (3, {"file", "terminal"}),
    "rollout": (4, {"releases", "deployment", "appstore", "file", "terminal"}),
    "backup": (4, {"releases", "terminal"}),
    "effect": (4, {"decisions", "deployment", "file", "releases", "terminal"}),
    "local": (4, {"simulator", "releases", "deployment", "appstore", "file", "terminal"}),
    "pages": (5, {"decisions", "effect", "file", "terminal"}),
    "cli": (
        6,
        {
            *("rollout", "backup", "pages", "effect", "local", "decisions", "releases", "deployment", "simulator"),
            *("file", "appstore", "terminal"),
        },
    ),
}

# The modules of `decide` must not import a module that does more.
INNERMOST = {"catalog", "decision", "errors", "locales", "request", "response", "rules", "strict_json", "subscription"}


def imported(path: Path) -> set[str]:
    """Return the modules a file imports anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def module_name(path: Path) -> str:
    """Return a module of the domain by its dotted name within `retention`."""
    return ".".join(path.relative_to(DOMAIN).with_suffix("").parts)


def foreign(path: Path) -> set[str]:
    """Return the top-level packages a file imports that are neither ours nor the standard library's."""
    tops = {name.partition(".")[0] for name in imported(path)}
    return {top for top in tops if top not in sys.stdlib_module_names and top != "retention"}


@pytest.mark.parametrize("module", sorted(module_name(path) for path in DOMAIN.rglob("*.py")))
def test_a_module_imports_only_what_its_room_may(module: str) -> None:
    """The domain needs the standard library alone; cryptography and AWS each stay in the rooms named for them."""
    allowed = CRYPTOGRAPHY.get(module, set()) | AWS.get(module, set())
    assert foreign((DOMAIN / module.replace(".", "/")).with_suffix(".py")) <= allowed


@pytest.mark.parametrize("module", sorted(INNERMOST))
def test_the_modules_of_deciding_import_only_each_other(module: str) -> None:
    """The modules of deciding import only each other: nothing about keys, networks, tables or clocks."""
    ours = {name.split(".")[1] for name in imported(DOMAIN / f"{module}.py") if name.startswith("retention.")}
    assert ours <= INNERMOST


def test_the_domain_has_the_rooms_of_the_table() -> None:
    """The domain has exactly the rooms of DOMAIN_ROOMS."""
    assert {path.parent.name for path in DOMAIN.glob("*/__init__.py")} == set(DOMAIN_ROOMS)


@pytest.mark.parametrize("room", DOMAIN_ROOMS)
def test_a_room_of_the_domain_imports_only_what_it_may(room: str) -> None:
    """What is behind the door of a room does not reach back to the door."""
    names = {name for path in (DOMAIN / room).rglob("*.py") for name in imported(path)}
    ours = {name.split(".")[1] for name in names if name.startswith("retention.")}
    assert ours - {room} <= DOMAIN_ROOMS[room]


def test_deciding_uses_no_clock_randomness_or_io() -> None:
    """`decide` is pure: nothing it is made of can read a clock, draw a number, open a file or log."""
    impure = {"time", "random", "secrets", "uuid", "os", "io", "socket", "logging", "threading", "urllib", "http"}
    for module in ("catalog", "decision", "locales", "rules", "subscription"):
        tops = {name.partition(".")[0] for name in imported(DOMAIN / f"{module}.py")}
        assert not tops & impure, module


def rooms_imported(room: str) -> set[str]:
    """Return the rooms of the console, and `retention`, that any file of a room imports."""
    names = {name for path in (CONSOLE / room).rglob("*.py") for name in imported(path)}
    ours = {name.split(".")[1] for name in names if name.startswith("console.")}
    return (ours | {"retention" for name in names if name.partition(".")[0] == "retention"}) - {room}


def test_the_console_is_made_of_the_rooms_of_the_table() -> None:
    """A new module or room at the top of `console` is first given its floor and its arrows in ROOMS."""
    found = {path.name for path in CONSOLE.iterdir() if path.suffix == ".py" or any(path.rglob("*.py"))}
    assert found == {*ROOMS, "__init__.py"}


def test_arrows_of_the_table_point_down() -> None:
    """Each room imports rooms of lower floors alone, so no circle of rooms can exist."""
    for room, (floor, allowed) in ROOMS.items():
        assert all(ROOMS[below][0] < floor for below in allowed), room


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    """Each room imports exactly the rooms that ROOMS allows."""
    allowed = ROOMS[room][1] | ({"retention"} if room != "terminal" else set())
    assert rooms_imported(room) <= allowed


def test_the_handler_never_imports_the_console() -> None:
    """The console imports the domain, never the other way round; nor does anything deployed lean on tests."""
    for path in (ROOT / "handler").rglob("*.py"):
        assert not {"console", "tests", "minting"} & {name.partition(".")[0] for name in imported(path)}, path


def modules_after(statement: str) -> set[str]:
    """Return sys.modules of a fresh interpreter after `statement`, as Lambda would have it."""
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "handler"),
        "RETENTION_TABLE": "table",
        "RETENTION_ENVIRONMENT": "Sandbox",
        "RETENTION_APP_APPLE_IDS": "1",
        "RETENTION_KEY_PREFIX": "/retention",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "POWERTOOLS_SERVICE_NAME": "retention",
        "POWERTOOLS_METRICS_NAMESPACE": "Retention",
    }
    # Apple's library installs pyOpenSSL here, and botocore imports it if it is installed; Lambda does not have it.
    code = f"import json, sys; sys.modules['OpenSSL'] = None; {statement}; print(); print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_reading_ahead_waits_for_no_import_that_it_does_not_need() -> None:
    """The request to the table is sent before these modules are imported."""
    loaded = modules_after("import retention.beginning")
    assert "retention.lookup.store" in loaded
    later = {"compose", "decision", "gateway", "jws", "log.record", "log.telemetry", "response", "signing"}
    assert not {name for name in loaded if name.partition(".")[0] == "cryptography"}
    assert not {f"retention.{name}" for name in later} & loaded


def test_the_import_budget_of_the_real_time_function() -> None:
    """After `import app`, warmed, nothing is loaded that only other programs need: each costs a cold start."""
    loaded = modules_after("import app")
    unwanted = {
        "aws_lambda_powertools",
        "appstoreserverlibrary",
        "asyncio",
        "aws_xray_sdk",
        "boto3",
        "botocore.session",
        "concurrent.futures.thread",
        "cryptography.x509",
        "jwt",
        "multiprocessing",
        "OpenSSL.crypto",
        "pydantic",
        "queue",
        "requests",
        "s3transfer",
        "unittest",
        "urllib3",
        "xml.dom",
        "zoneinfo",
    }
    assert not loaded & unwanted


def test_the_wheel_has_what_lambda_runs() -> None:
    """The wheel has both entry points and the package `retention`: everything in handler/."""
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    modules = {f"handler/{path.name}" for path in (ROOT / "handler").glob("*.py")}
    assert {*modules, "handler/retention"} == {name for name in built if name.startswith("handler/")}


def test_importing_brings_no_http_client() -> None:
    """Verification makes no request, so neither requests nor pyOpenSSL nor Apple's library is loaded for it."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import json, sys, retention.jws; print(json.dumps(sorted(sys.modules)))"],
        cwd=ROOT / "handler",
        capture_output=True,
        check=True,
        text=True,
    )
    roots = {name.partition(".")[0] for name in json.loads(loaded.stdout)}
    assert roots.isdisjoint({"requests", "urllib3", "OpenSSL", "appstoreserverlibrary", "boto3", "botocore"})
