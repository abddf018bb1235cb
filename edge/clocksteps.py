"""Clock steps: when the own clock jumped against the monotonic clock, or became known; found here, kept for people.

What was dated before a step keeps its date; what was not is dated by the corrected clock. No clock here: every
instant comes in by `look`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edge.clock import Instant

# A step moves the anchors of its era from here on. NTP slews what is less, own and monotonic clock alike; and two
# readings of two clocks, one directly after the other, are not this far apart.
NOTICED_MS = 100
# Nobody needs to know of less than this: a leap second is one second.
TOLD_MS = 2_000
# A Pi without a battery clock learns the time at every start: a hundred days of a house with a power cut a day.
MOST_KEPT = 100
# Of a clock that does not come to rest while the disk refuses.
MOST_WAITING = 20


@dataclass(frozen=True, slots=True)
class ClockStep:
    """At at_ms (UTC, by the corrected clock) the own clock went by_ms forward; None: it became known."""

    at_ms: int
    era: str
    mono_ms: int
    by_ms: int | None
    source: str

    @property
    def offset_ms(self) -> int:
        """Own - monotonic ms since then, and what it should have been before."""
        return self.at_ms - self.mono_ms

    @property
    def told(self) -> bool:
        """Whether it is kept for people."""
        return self.by_ms is None or abs(self.by_ms) > TOLD_MS


class StepWatch:
    """Compares own and monotonic clock; `before(era)`: own - monotonic ms as an earlier process knew it, or None."""

    def __init__(self, before: Callable[[str], int | None]) -> None:
        self._before = before
        self._era: str | None = None
        self._offset_ms: int | None = None
        self._dark = False

    def look(self, at: Instant) -> ClockStep | None:
        """The step that shows at this instant; call it more often than clocks are set."""
        if at.era != self._era:
            self._offset_ms = self._before(at.era)
            self._era, self._dark = at.era, False
        if at.own_ms is None:
            self._dark = True
            return None
        offset_ms, before_ms = at.own_ms - at.mono_ms, self._offset_ms
        self._offset_ms = offset_ms
        if before_ms is None:
            return self._step(at, None) if self._dark else None
        by_ms = offset_ms - before_ms
        return self._step(at, by_ms) if abs(by_ms) > NOTICED_MS else None

    @staticmethod
    def _step(at: Instant, by_ms: int | None) -> ClockStep:
        assert at.own_ms is not None
        return ClockStep(at.own_ms, at.era, at.mono_ms, by_ms, at.source or "unknown")
