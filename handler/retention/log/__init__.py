"""The one log line of each request with the metrics in it, and what else is logged."""
