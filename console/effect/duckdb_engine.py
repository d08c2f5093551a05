"""DuckDB as the engine of an analysis: it runs the SQL over the local cache of the logs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from console.effect.duckdb_session import MEMORY, connect, quoted
from console.effect.literals import render
from console.effect.log_cache import CachedLogs
from console.effect.packages import analysis_package
from console.effect.queries import sql_digest, sql_text
from console.effect.rows import Completeness, InputDigest, Literals, Row
from console.effect.tables import TABLES
from console.terminal.failure import Failure


class DuckDbEngine:
    """Runs queries over cached logs. `scratch` is a folder for what does not fit into memory."""

    def __init__(self, logs: CachedLogs, scratch: Path) -> None:
        self._logs = logs
        self._database = connect(scratch)
        parts = ", ".join(map(quoted, logs.parts))
        self._database.execute(f"CREATE VIEW log AS SELECT * FROM read_parquet([{parts}])")
        for table in TABLES:
            self._database.execute(f"CREATE VIEW {table} AS SELECT * FROM log WHERE source = {quoted(table)}")

    def run(self, name: str, literals: Literals) -> list[Row]:
        """Return the rows of a query. Raises Failure where DuckDB cannot run it."""
        duckdb = analysis_package("duckdb")
        try:
            done = self._database.execute(render(sql_text(name), literals))
            names = [each[0] for each in done.description]
            return [dict(zip(names, row, strict=True)) for row in done.fetchall()]
        except duckdb.OutOfMemoryException:
            raise Failure(
                f"DuckDB could not compute `{name}` within {MEMORY} of memory and what is free on the disk of the"
                " cache: free some of it, or let Athena compute, with --engine athena."
            ) from None
        except duckdb.Error as error:
            raise Failure(f"DuckDB could not compute `{name}`: {type(error).__name__}.") from None

    def inputs(self) -> InputDigest:
        return InputDigest("duckdb", self._logs.count, self._logs.digest, sql_digest())

    def completeness(self, app_apple_id: int) -> Completeness | None:
        """Return since when and until when every notification is there, by the last line about it in the logs."""
        found = self._database.execute(
            "SELECT since, until FROM (SELECT TRY_CAST(completesince AS timestamp) AS since,"
            " TRY_CAST(completeuntil AS timestamp) AS until FROM log WHERE source = 'watermark' AND appappleid = ?)"
            " WHERE since IS NOT NULL AND until IS NOT NULL ORDER BY until DESC, since DESC LIMIT 1",
            [app_apple_id],
        ).fetchone()
        return None if found is None else Completeness(*(one.replace(tzinfo=UTC) for one in found))

    def last_line(self, app_apple_id: int) -> datetime | None:
        """Return the instant of an app's last request or notification: the logs show nothing of what came later."""
        found = self._database.execute(
            "SELECT greatest(max(TRY_CAST(replace(substr(\"timestamp\", 1, 23), ',', '.') AS timestamp)),"
            " max(TRY_CAST(signedat AS timestamp))) FROM log WHERE appappleid = ? AND source <> 'watermark'",
            [app_apple_id],
        ).fetchone()
        return None if found is None or found[0] is None else found[0].replace(tzinfo=UTC)

    def close(self) -> None:
        self._database.close()
