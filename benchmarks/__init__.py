"""What we measure, and the reference we measure it against. `make bench` runs it all; see `__main__`."""
