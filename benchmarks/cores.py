"""Assign cores: one for what is measured, the others for everything else.

A Lambda environment with 1769 MiB has one vCPU. DynamoDB Local plays a remote service, so it gets the other cores.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Only Linux assigns cores, and the benchmark runs only there; tests import this module on a Mac too.
_ALL: Final = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset({0})
MEASURED: Final = frozenset({max(_ALL)})
OTHERS: Final = (_ALL - MEASURED) or _ALL


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """Restrict this process, and the processes it starts in the block, to these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
