"""A database of DuckDB in memory, within what a small machine has, that reads no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from console.effect.packages import analysis_package

# DuckDB's own share of 1.25 GiB; what does not fit into it goes to the folder `scratch`.
MEMORY: Final = "950MiB"
THREADS: Final = 2


def connect(scratch: Path) -> Any:  # noqa: ANN401  # duckdb's types may not be installed
    """Return an empty database. Raises Failure without the package."""
    duckdb = analysis_package("duckdb")
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    return duckdb.connect(
        config={
            "memory_limit": MEMORY,
            "threads": THREADS,
            "temp_directory": str(scratch),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "parquet_metadata_cache": True,  # a cache has a part for each day, which each query would open anew
        }
    )


def quoted(value: object) -> str:
    """Return a text as a literal of DuckDB, such as a path of this machine."""
    return "'" + str(value).replace("'", "''") + "'"
