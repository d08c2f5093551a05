"""Options of several verbs of `retention simulator`, each written once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from retention.request import PRODUCTION, SANDBOX


class AppStoreEnvironment(StrEnum):
    """What `--env` takes, in either case."""

    SANDBOX = SANDBOX
    PRODUCTION = PRODUCTION


Directory = Annotated[
    Path,
    typer.Option("--directory", "-d", envvar="RETENTION_SIMULATOR", help="Where the simulator keeps its data."),
]
BundleId = Annotated[str | None, typer.Option("--bundle-id", help="Which app, where the simulator knows several.")]
InEnvironment = Annotated[
    AppStoreEnvironment, typer.Option("--env", "-e", case_sensitive=False, help="Sandbox or Production.")
]
Later = Annotated[
    bool, typer.Option("--later", help="Leave the notification to `simulator serve` or `simulator deliver`.")
]
