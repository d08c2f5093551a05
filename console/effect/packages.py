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


class AnalysisPackage:
    """A module of an analysis, imported at the first use of one of its names, so that importing ours costs nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401  # anything that the module has
        """Return the module's attribute, and keep it. Raises Failure where the package is not installed."""
        found = getattr(analysis_package(self._name), attribute)
        setattr(self, attribute, found)
        return found
