"""How a cloud catches up: the share done, from backlogs seen one after another.

Only what this process has seen; after a restart the count begins at the backlog of that moment. Speed and time
left are the sync worker's to tell.
"""

from dataclasses import dataclass
from threading import Lock

# Below this a backlog is only what is under way at the moment (30 s between batches, six sensors at 1 Hz).
UNDER_WAY_ROWS = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `whole` rows have arrived."""

    done: int
    whole: int


class Catchup:
    """Follows the backlog of one cloud. Safe for threads."""

    def __init__(self) -> None:
        self._peak = 0
        self._lock = Lock()

    def note(self, backlog: int) -> Progress | None:
        """Take one look; None when there is nothing to catch up with."""
        with self._lock:
            self._peak = 0 if backlog <= UNDER_WAY_ROWS else max(self._peak, backlog)
            return Progress(self._peak - backlog, self._peak) if self._peak else None
