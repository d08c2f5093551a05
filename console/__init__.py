"""The `retention` command an operator runs: it writes what `handler/` reads."""
