"""How a cloud catches up: share done, rate and time left, from backlogs seen one after another.

Only what this process has seen; after a restart the count begins at the backlog of that moment.
"""

from collections import deque
from dataclasses import dataclass
from threading import Lock

# The rate is taken over the last minutes: long enough to be calm, short enough to follow the line.
WINDOW_MS = 120_000
LEAST_WINDOW_MS = 3_000
# Two looks a second for WINDOW_MS, with room.
MOST_SAMPLES = 512
# Below this a backlog is only what is under way at the moment (30 s between batches, six sensors at 1 Hz).
UNDER_WAY_ROWS = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """done of whole rows have arrived; rows_per_s and left_ms are None until a rate can be told."""

    done: int
    whole: int
    rows_per_s: int | None
    left_ms: int | None


class Catchup:
    """Follows the backlog of one cloud. Safe for threads."""

    def __init__(self) -> None:
        self._peak = 0
        self._seen: deque[tuple[int, int]] = deque(maxlen=MOST_SAMPLES)
        self._lock = Lock()

    def note(self, now_ms: int, backlog: int) -> Progress | None:
        """Take one look; None when there is nothing to catch up with."""
        with self._lock:
            if backlog <= UNDER_WAY_ROWS:
                self._peak = 0
                self._seen.clear()
                return None
            self._peak = max(self._peak, backlog)
            self._seen.append((now_ms, backlog))
            while now_ms - self._seen[0][0] > WINDOW_MS:
                self._seen.popleft()
            rate = self._rate()
        left = None if not rate else backlog * 1000 // rate
        return Progress(self._peak - backlog, self._peak, rate, left)

    def _rate(self) -> int | None:
        (from_ms, before), (to_ms, after) = self._seen[0], self._seen[-1]
        if to_ms - from_ms < LEAST_WINDOW_MS or before <= after:
            return None
        return max(1, (before - after) * 1000 // (to_ms - from_ms))
