"""What the checks of `retention doctor` have found out so far, and how one check hands it to the next."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from retention.table import Item

from console.appstore import key_kind
from console.appstore.api_key import ApiKey
from console.deployment.aws import client
from console.deployment.failures import sentence
from console.deployment.target import Target
from console.deployment.where import Access, Where
from console.file.compile import Compiled
from console.file.entries import Document
from console.releases.overview import TableOverview
from console.rollout.checks.finding import BAD, Finding
from console.rollout.observed import Observed

_MOST_NAMES: Final = 5


@dataclass(frozen=True, slots=True)
class Known:
    """What is examined, and what earlier checks found out. A field is None until a check has found it.

    `connect_url` is the App Store Connect API's URL, which is asked whether a refused key is one of its keys; with
    None, it is not asked. `head` is the table's row `head`, empty if nothing was published. `table` is what the table
    has for the app, `seen` the same with Apple's lists.
    """

    where: Where
    access: Access
    now: datetime
    connect_url: str | None = key_kind.APP_STORE_CONNECT
    document: Document | None = None
    compiled: Compiled | None = None
    target: Target | None = None
    head: Item | None = None
    table: TableOverview | None = None
    key: ApiKey | None = None
    seen: Observed | None = None

    def aws(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        """Return a client of an AWS service in the stack's region."""
        region = None if self.target is None else self.target.dynamodb.meta.region_name
        return client(service, region=region, endpoint_url=self.where.endpoint_url)


# A check yields its findings and returns what is known after it: `known` itself, or a copy with more in it.
Step = Generator[Finding, None, Known]
Check = Callable[[Known], Step]


def run(code: str, check: Check, known: Known) -> Step:
    """Run one check. An error that it raises becomes a finding with this code, and `known` stays; a bug is raised."""
    try:
        return (yield from check(known))
    except Exception as error:
        text = sentence(error)
        if text is None:
            raise
        yield Finding(code, BAD, text)
        return known


def some(names: list[str]) -> str:
    """Return the first five names, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
