"""Which message a request gets, and why. Pure: it is handed editions, reads no table and calls no service."""
