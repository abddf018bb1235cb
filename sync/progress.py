"""How one cloud's replay is going: a plain value for the pages and `kembar-sync status`, and its speed."""

from collections import deque
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "catching-up", "offline", "not-admitted", "off"]
# Below this a backlog is only what is under way at the moment (30 s of six sensors at 1 Hz).
UNDER_WAY_ROWS = 200
# The speed is taken over the last minute: long enough to be calm, short enough to follow the line.
WINDOW_S = 60.0
LEAST_WINDOW_S = 1.0
# Twenty batches a second are the most that one connection carries; then they are half a minute.
MOST_LANDED = 600


@dataclass(frozen=True, slots=True)
class Progress:
    """`last_ack_ms`: when the cloud last answered (UTC); `reason`: what is not as it should be.

    `rivals`: (kind, about, other) of others that send the same there, see sync/answer.py.
    `left_s`: about how long until nothing is behind, None while that cannot be told.
    """

    url: str
    state: State = "off"
    backlog_rows: int = 0
    rows_per_s: int = 0
    last_ack_ms: int | None = None
    refused_rows: int = 0
    reason: str | None = None
    left_s: int | None = None
    rivals: tuple[tuple[str, str, str], ...] = ()


class Speed:
    """How fast a backlog is worked off, from the batches that landed; a new one is made after a failure."""

    def __init__(self) -> None:
        self._landed: deque[tuple[float, int, int]] = deque(maxlen=MOST_LANDED)

    def landed(self, now_s: float, rows: int, backlog: int) -> tuple[int, int | None]:
        """Readings per second that arrive (0 until it can be told), and the seconds left.

        The time left follows how the backlog shrinks, so that what is added meanwhile counts too.
        """
        if self._landed and backlog > self._landed[-1][2] + UNDER_WAY_ROWS:
            self._landed.clear()  # the cloud went back: what was before says nothing of now
        self._landed.append((now_s, rows, backlog))
        while now_s - self._landed[0][0] > WINDOW_S:
            self._landed.popleft()
        begun_s, first, behind = self._landed[0]
        lasted_s = now_s - begun_s
        if lasted_s < LEAST_WINDOW_S:
            return 0, None
        arrived = sum(each[1] for each in self._landed) - first
        done = behind - backlog
        left_s = -(-backlog * lasted_s // done) if done > 0 and backlog > UNDER_WAY_ROWS else None
        return round(arrived / lasted_s), None if left_s is None else int(left_s)
