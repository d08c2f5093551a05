"""Calls to AWS: signed and sent without an SDK where a request waits, through an SDK elsewhere."""
