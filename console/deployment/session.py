"""One command's way to both sides: the app's table, and the app at Apple, in the same environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from retention.request import PRODUCTION, SANDBOX

from console.appstore.api_key import ApiKey, read_api_key
from console.appstore.client import Apple
from console.appstore.errors import AppleError
from console.appstore.history import SHARE, AppleHistory
from console.appstore.pace import Pace
from console.deployment.aws import client
from console.deployment.target import Target, find_target
from console.deployment.where import Access, Where
from console.file.compile import compile_document
from console.file.document import read_named
from console.file.entries import AppEntry, Document
from console.terminal.addresses import read_base, refusal
from console.terminal.failure import Failure, Misuse
from console.terminal.output import Output
from console.terminal.words import duration


@dataclass(frozen=True, slots=True)
class Session:
    """Everything a command on Apple needs. `document` is the owner's file as it was read, mistakes and all."""

    where: Where
    document: Document
    target: Target
    apple: Apple


@contextmanager
def open_session(where: Where, access: Access, out: Output, document: Document | None = None) -> Iterator[Session]:
    """Find the table, read the key and make the client; waits are printed to `out`. Raises Failure."""
    document = document or read_named(where.file)
    target = find_target(where, document)
    key = find_key(document, target, where, access)
    if document.app is None:  # find_key has raised by now
        raise Failure(f"{document.file} names no app.")
    with Apple(
        key,
        document.app.bundle_id,
        app_store(target),
        base_url=base_url(access.url, target.environment),
        waiting=wait_reporter(out),
        repeating=repetition_reporter(out),
    ) as apple:
        yield Session(where, document, target, apple)


def open_checked(where: Where, access: Access, out: Output) -> AbstractContextManager[Session]:
    """Read and compile the file before any call, then open the session. Raises Mistakes, Failure."""
    document = read_named(where.file)
    with out.progress() as report:
        compile_document(document, environment=where.env, now=datetime.now(UTC), progress=report)
    return open_session(where, access, out, document)


@dataclass(frozen=True, slots=True)
class HistorySession:
    """What a command on Apple's records of the past needs: the app's table, and a client for each of some threads."""

    app: AppEntry
    target: Target
    clients: tuple[AppleHistory, ...]


@contextmanager
def open_history(
    where: Where, access: Access, out: Output, number: int, sleep: Callable[[float], None]
) -> Iterator[HistorySession]:
    """Find the table, read the key and make so many clients, which keep one pace; waits are printed. Raises Failure.

    `sleep` is what they wait with, for the rate and before a repetition: one that returns early ends the wait.
    """
    document = read_named(where.file)
    target = find_target(where, document)
    key = find_key(document, target, where, access)
    if document.app is None:  # find_key has raised by now
        raise Failure(f"{document.file} names no app.")
    environment = app_store(target)
    pace = Pace(environment, sleep=sleep, waiting=wait_reporter(out), share=SHARE)
    base, bundle_id = base_url(access.url, environment), document.app.bundle_id
    with ExitStack() as opened:
        clients = tuple(
            opened.enter_context(
                AppleHistory(key, bundle_id, pace, base_url=base, sleep=sleep, repeating=repetition_reporter(out))
            )
            for _ in range(number)
        )
        yield HistorySession(document.app, target, clients)


def find_key(document: Document, target: Target, where: Where, access: Access) -> ApiKey:
    """Return the API key: of --key, the environment variable, or Parameter Store. Raises Failure."""
    app = document.app
    if app is None or not (app.issuer_id and app.key_id):
        raise Failure(f"{document.file} does not name the API key: write `issuerId` and `keyId` under `app`.")

    def ssm() -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        return client("ssm", region=target.dynamodb.meta.region_name, endpoint_url=where.endpoint_url)

    return read_api_key(app.key_id, app.issuer_id, file=access.key, ssm=ssm, prefix=target.stack.key_prefix or None)


def app_store(target: Target) -> str:
    """Return which App Store a target is of: Sandbox or Production. Raises Failure where that is not known."""
    if target.environment not in {SANDBOX, PRODUCTION}:
        raise Failure(
            "It is not known which App Store is meant: leave --table out, so that the stack decides, or name an"
            " environment called sandbox or production with --env."
        )
    return target.environment


def base_url(url: str | None, environment: str) -> str | None:
    """Return the address of the API in `environment`; the simulator's own address stands for both of its."""
    if url is None:
        return None
    try:
        parts = read_base(url)
    except ValueError as error:
        raise Misuse(refusal(url, "http://127.0.0.1:8700", error)) from None
    path = parts.rest.strip("/")
    other = {SANDBOX: PRODUCTION, PRODUCTION: SANDBOX}.get(environment, "")
    if other and path == other.lower():
        raise Misuse(
            f"{url} is {other}, and the environment named is {environment}: leave the path out, or correct it."
        )
    if not path and parts.is_loopback:
        return f"{url.rstrip('/')}/{environment.lower()}"
    return url.rstrip("/")


def wait_reporter(out: Output) -> Callable[[str, float], None]:
    """Return a function that prints each wait that Apple's rate limits ask for."""
    return lambda operation, seconds: out.warn(
        f"Apple's rate limit for “{operation}” is used up: going on in {duration(seconds)}. Ctrl-C is safe."
    )


def repetition_reporter(out: Output) -> Callable[[AppleError], None]:
    """Return a function that prints why a call is made again."""
    return lambda error: out.warn(f"{str(error).removesuffix(': try again later.').rstrip('.')}; trying again.")
