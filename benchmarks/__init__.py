"""Measurements of the function, compared with the reference. `make bench` runs them all; see `__main__`."""
