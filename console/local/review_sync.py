"""What the simulator's App Review decides, brought into the local tables at once, since `make sandbox` has no sync.

A decision is a new state of an image or a message that the simulator had before. Uploads bring none into the tables:
`retention apply` does that, as with Apple.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Final

from retention.aws.app_table import AppTable
from retention.review.snapshot import ImageState, apply_snapshot

from console.simulator.app_data import AppData

# A person who types `simulator approve` looks at the page that shows it.
_PAUSE_SECONDS: Final = 0.25


@dataclass(slots=True)
class ReviewFollower:
    """Writes the states of one app and environment into a table after each decision."""

    app_data: AppData
    app_table: AppTable
    _known: Mapping[tuple[str, str], str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._known = self._states()

    def once(self) -> bool:
        """Import the states if one was decided since the last call; return whether it was.

        The safety stop is for lists that may be damaged. These are the simulator's own, so a rejection of every text
        is meant.
        """
        states = self._states()
        decided = any(states.get(name, state) != state for name, state in self._known.items())
        if decided:
            messages = self.app_data.message_states()
            images = {name: ImageState(one.state, one.size) for name, one in self.app_data.images().items()}
            apply_snapshot(self.app_table, messages, images, allow_silencing=True)
        self._known = states
        return decided

    def _states(self) -> dict[tuple[str, str], str]:
        images = {("image", name): one.state for name, one in self.app_data.images().items()}
        return {**images, **{("message", name): state for name, state in self.app_data.message_states().items()}}


@contextmanager
def following_reviews(followers: Sequence[ReviewFollower], report: Callable[[str], None]) -> Iterator[None]:
    """Follow App Review's decisions until the block ends. `report` gets the texts of errors."""
    stopping = Event()
    thread = Thread(target=_follow, args=(followers, stopping, report), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _follow(followers: Sequence[ReviewFollower], stopping: Event, report: Callable[[str], None]) -> None:
    while not stopping.wait(_PAUSE_SECONDS):
        for follower in followers:
            try:
                follower.once()
            except Exception as error:  # noqa: BLE001  # the next look tries again
                report(f"Review states were not imported ({type(error).__name__}); `retention apply` imports them too.")
