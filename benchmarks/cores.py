"""Which core does what: one for what is measured, the others for everything around it.

A Lambda environment at 1769 MiB has one vCPU. DynamoDB Local stands for a service elsewhere, so it keeps off that core.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_ALL: Final = frozenset(os.sched_getaffinity(0))
MEASURED: Final = frozenset({max(_ALL)})
OTHERS: Final = (_ALL - MEASURED) or _ALL


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """Hold this process, and every process it starts meanwhile, to these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
