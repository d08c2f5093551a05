"""The packages of the extra `analysis`, imported when an analysis runs: they are larger than all others together."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from console.terminal.failure import Failure


def analysis_package(name: str) -> Any:  # noqa: ANN401  # a module: its types may not be installed
    """Return a module of duckdb, scipy or statsmodels. Raises Failure, with what to type, where it is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise Failure(
            f"The package {(error.name or name).partition('.')[0]} is not installed, and reports need it: type"
            " `pip install 'retention[analysis]'`, in a checkout `make .venv/.analysis`."
        ) from None
