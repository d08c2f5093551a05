"""Why Athena did not take or compute a query, in words with what to do: by what AWS's message has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_FORBIDDEN: Final = "these credentials may not read the bucket or the tables: attach the stack's OperatorPolicyArn"
_NO_TABLE: Final = "the database has no such table: deploy the stack with Analysis=on"
_NO_JSON: Final = "a line in the bucket is no JSON: look at the newest objects of the table"
AGAIN: Final = "run the command again"
HERE: Final = "let this machine compute, with --engine duckdb"

# Why Athena failed, by what its message has, and what to do about it: the first that fits.
_REASONS: Final = (
    (
        "bytes scanned limit",
        f"it would read more than the workgroup's scan limit: raise AnalysisScanLimit of the stack, or {HERE}",
    ),
    ("exhausted", f"it needs more than Athena has for one query: {HERE}"),
    ("query timeout", f"it took longer than Athena lets a query run: {HERE}"),
    (
        "lake formation",
        "Lake Formation guards the tables: grant these credentials SELECT on the stack's database there",
    ),
    ("nosuchbucket", "the stack's bucket is not there: deploy the stack with Analysis=off, and then with Analysis=on"),
    ("nosuchkey", f"an object of the bucket was deleted meanwhile: {AGAIN}"),
    ("table_not_found", _NO_TABLE),
    ("does not exist", _NO_TABLE),
    ("column_not_found", "the stack's tables lack a column that this version reads: deploy the stack again"),
    ("cannot be resolved", "the stack's tables lack a column that this version reads: deploy the stack again"),
    *((mark, _FORBIDDEN) for mark in ("access denied", "accessdenied", "permission denied", "permission_denied")),
    *((mark, _FORBIDDEN) for mark in ("insufficient permission", "not authorized")),
    *((mark, _NO_JSON) for mark in ("hive_cursor_error", "hive_bad_data")),
    *((mark, f"AWS had an error of its own: {AGAIN}") for mark in ("internal error", "internal_error", "slowdown")),
)
# Why Athena takes no query at all, likewise.
_REFUSALS: Final = (
    ("workgroup is not found", "the stack's workgroup is not there: deploy the stack with Analysis=on"),
    ("disabled", "the stack's workgroup is disabled: enable it in Athena's console"),
    ("output bucket", "these credentials may not write results: attach the stack's OperatorPolicyArn"),
)


def reason(status: Mapping[str, Any], execution: str) -> str:
    """Return why a query failed. Athena's own message may quote a line of the log, so it is not repeated here."""
    message = str(status.get("StateChangeReason", "")).lower()
    for mark, known in _REASONS:
        if mark in message:
            return known
    error = status.get("AthenaError", {})
    kind = f", error type {error['ErrorType']}" if "ErrorType" in error else ""
    again = f" {AGAIN}, or" if error.get("Retryable") else ""
    return (
        f"it ended as {status['State']}{kind}:{again} read Athena's own message, by `aws athena get-query-execution"
        f" --query-execution-id {execution}`"
    )


def refusal(error: Exception) -> str:
    """Return why a query was not taken: AWS's message, where nothing better is known."""
    message = str(getattr(error, "response", {}).get("Error", {}).get("Message", "")).rstrip(".")
    for mark, known in _REFUSALS:
        if mark in message.lower():
            return known
    return message or "it gives no reason"
