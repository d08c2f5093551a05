"""Calls of Apple's API from scheduled functions, and what its answers mean."""
