"""The one line that is logged of each request, and the metrics in it."""
