"""The thread of `kembar-sync run` that compares this edge with one cloud, when nothing else is to be sent."""

import logging
from collections.abc import Callable
from random import Random
from zoneinfo import ZoneInfo

from edge.comparison import Comparison
from metering.energy import HOUR_MS
from store.parcels import MOST_WAITING
from sync.failure import RowsRefused, TooLarge
from sync.rounds import Rounds

# Turns come this often; most of them find nothing due.
EVERY_S = 60.0
# What a cloud has beyond this edge is asked for at the start and once a day.
ACCOUNT_EVERY_MS = 24 * HOUR_MS

log = logging.getLogger(__name__)


class CompareTurns:
    """`resting` tells whether everything has been sent; while it is not, rows that differ are only under way."""

    def __init__(
        self,
        comparison: Comparison,
        zone: ZoneInfo,
        now_ms: Callable[[], int],
        resting: Callable[[], bool],
        random: Random,
    ) -> None:
        self._comparison, self._now_ms, self._resting = comparison, now_ms, resting
        self._rounds = Rounds(comparison.comparisons, zone, random)
        self._accounted_ms: int | None = None
        self._due_s: float | None = None

    def due(self, clock_s: float) -> bool:
        """Whether it is time for a turn; the next one is then EVERY_S away. The first comes after as long."""
        if self._due_s is None:
            self._due_s = clock_s + EVERY_S
        if clock_s < self._due_s:
            return False
        self._due_s = clock_s + EVERY_S
        return True

    def turn(self) -> bool:
        """Compare what is due; False when there was nothing to do. Raises a sync.failure.Failure."""
        if not self._resting() or self._comparison.parcels.waiting() > MOST_WAITING:
            return False
        now_ms = self._now_ms()
        if self._accounted_ms is None or not 0 <= now_ms - self._accounted_ms < ACCOUNT_EVERY_MS:
            found = self._comparison.accounts().settle()
            self._accounted_ms = now_ms
            if found:
                log.info(
                    "%s has more than this edge of %d streams; it comes back", self._comparison.url, found
                )
        stretches = self._rounds.due(now_ms, self._comparison.streams.span_ms())
        try:
            self._rounds.mended([hour for stretch in stretches for hour in self._compare(*stretch)])
        except (RowsRefused, TooLarge) as error:
            # What it does not take to mend it, it will not take a minute later; the night comes round again.
            log.warning("%s does not take what would mend it: %s", self._comparison.url, error)
        return bool(stretches)

    def _compare(self, from_ms: int, to_ms: int) -> list[int]:
        """Hours that were not equal and were mended."""
        verify = self._comparison.verify
        before = verify.mended_here + verify.mended_there
        unequal = [
            hour.hour_ms
            for stretch in verify.hours(from_ms, to_ms)
            for hour in stretch
            if hour.equal < hour.rows
        ]
        mended = verify.mended_here + verify.mended_there - before
        if unequal:
            log.warning(
                "%s: %d hours were not equal; %d readings sent or fetched",
                self._comparison.url,
                len(unequal),
                mended,
            )
        return unequal if mended else []
