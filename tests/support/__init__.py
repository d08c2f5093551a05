"""Helpers of several tests: real parts, fakes, generated input, and faults."""
