"""`make serve`: the endpoint over HTTP on this machine, with the real time, for the sample app or another file.

The function's log lines and metrics, which go to CloudWatch in AWS, go to standard output. With --environments, the
built artefact answers under Lambda's runtime, in as many execution environments as there are concurrent requests.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from console.deployment.failures import sentence
from console.local.embedded_stack import LocalTable, embedded_dynamodb, function_environment, load_function
from console.local.http_server import Function, listen
from console.local.lambda_scaling import lambda_environments, print_line
from console.local.ports import port
from console.local.sample_events import PATH
from console.local.samples import SAMPLE
from console.simulator.authority import Authority
from console.simulator.ports import LOOPBACK, naming_the_port
from console.simulator.rehearsal_authority import default_directory, read_anchor
from console.terminal.program import carry_out

_MAX_PATH = 250

# Each is a Python process of about 60 MB.
_MAX_ENVIRONMENTS = 200


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of `make serve`.

    With `environments` 0, the function runs in this process. With `endpoint_url` None, the table is embedded.
    `authority` is the folder of the anchor's authority, None if `retention rehearse` finds it by itself.
    """

    port: int
    dynamodb_port: int
    file: Path
    environments: int = 0
    endpoint_url: str | None = None
    trust_anchor: bytes | None = None
    authority: Path | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    return carry_out(lambda: _serve(arguments), sentence)


def _serve(arguments: Sequence[str] | None) -> int:
    with suppress(KeyboardInterrupt):
        serve(_options(arguments))
    return 0


def _options(arguments: Sequence[str] | None) -> ServeOptions:
    parser = argparse.ArgumentParser(prog="make serve", description="The endpoint over HTTP on this machine.")
    parser.add_argument("--port", type=port, default=8080, help="0 finds a free one (default: 8080)")
    parser.add_argument("--dynamodb-port", type=port, default=8000, help="likewise, of the table (default: 8000)")
    parser.add_argument("--file", type=Path, default=SAMPLE, help="the retention.yaml to serve")
    parser.add_argument(
        "--environments",
        type=_environments,
        default=0,
        metavar="N",
        help="run the built artefact under Lambda's runtime instead, up to N environments started on demand",
    )
    parser.add_argument(
        "--endpoint-url", metavar="URL", help="a DynamoDB of yours, such as DynamoDB Local, instead of the embedded one"
    )
    parser.add_argument(
        "--trust-anchor",
        metavar="FILE",
        help="the root to trust instead of the test authority's: a file, or base64 of its DER;"
        " `retention rehearse --anchor` prints it",
    )
    given = parser.parse_args(arguments)
    anchor = None if given.trust_anchor is None else read_anchor(given.trust_anchor)
    return ServeOptions(
        port=given.port,
        dynamodb_port=given.dynamodb_port,
        file=given.file.resolve(),
        environments=given.environments,
        endpoint_url=given.endpoint_url,
        trust_anchor=anchor,
        authority=_authority_of(given.trust_anchor),
    )


def _authority_of(anchor: str | None) -> Path | None:
    """Return the folder of the authority whose root was named, None if `retention rehearse` looks there anyway."""
    if anchor is None or len(anchor) > _MAX_PATH:  # longer than a path: base64
        return None
    folder = Path(anchor).resolve().parent
    try:
        known = Authority.load(folder).root_der == read_anchor(anchor)
    except (OSError, ValueError):
        return None
    return folder if known and folder != default_directory().resolve() else None


def _environments(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_ENVIRONMENTS:
        raise argparse.ArgumentTypeError(f"a number up to {_MAX_ENVIRONMENTS}")
    return int(text)


def serve(options: ServeOptions) -> None:
    """Serve until interrupted."""
    with ExitStack() as parts:
        endpoint_url = options.endpoint_url or parts.enter_context(embedded_dynamodb(options.dynamodb_port))
        table = LocalTable(endpoint_url, options.file)
        compiled, published = table.publish(datetime.now(UTC))
        table.import_states(compiled)
        table.write_customers(compiled.release.app_apple_id)
        function = parts.enter_context(_function(options, endpoint_url, compiled.release.app_apple_id))
        with naming_the_port(options.port, "PORT=…"):
            server = parts.enter_context(listen(function, LOOPBACK, options.port))
        url = f"http://{LOOPBACK}:{server.server_address[1]}{PATH}"
        product = next(iter(compiled.release.sheets))
        print_line(f"Release {published.number} of {options.file.name} is live; its table is at {endpoint_url}.")
        print_line(f"Answering at {url} until Ctrl-C. {_hint(options, compiled.release.app_apple_id, product, url)}")
        server.serve_forever()


@contextmanager
def _function(options: ServeOptions, endpoint_url: str, app_apple_id: int) -> Iterator[Function]:
    """Give the function: in this process, or in execution environments."""
    if not options.environments:
        app = load_function(endpoint_url, app_apple_id, trust_anchor=options.trust_anchor)
        yield app.get_retention_message
        return
    variables = function_environment(endpoint_url, app_apple_id, trust_anchor=options.trust_anchor)
    with lambda_environments(variables, options.environments, log=sys.stdout, report=print_line) as environments:
        yield environments


def _hint(options: ServeOptions, app_apple_id: int, product: str, url: str) -> str:
    if options.trust_anchor is not None:
        line = ["rehearse", url, "--product", product, "--file", _from_here(options.file)]
        line += [] if options.authority is None else ["--ca", _from_here(options.authority)]
        return f"From another terminal, the rehearsal:\n\n  .venv/bin/retention {shlex.join(line)}\n"
    return (
        "From another terminal, a freshly signed request:\n\n"
        f"  .venv/bin/retention sign-request --app {app_apple_id} --product {product}"
        f" | curl -sS --noproxy '*' -d @- {url}\n"
    )


def _from_here(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # environments do not end by themselves
    raise SystemExit(main())
