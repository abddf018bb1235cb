"""Rounds: which hours are to be compared with a cloud now; no clock and no network here.

1. An hour, once it is complete and everything of it should have arrived.
2. An hour that was just mended, to see that it is equal now.
3. At night, at an own minute, the hours that were compared longest ago; so all of the last month comes round.
"""

from datetime import datetime
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

from metering.energy import HOUR_MS
from metering.quantity import DAY_MS
from store.comparisons import PROOF_DAYS, Comparisons
from store.runs import runs

# Rows that are dated late, and a commit, a batch and its answer, have arrived by then.
SETTLE_MS = 5 * 60_000
# Compared in one turn, so that new rows are never kept waiting by old ones.
MOST_HOURS = 24
# What is still not equal then, mending does not help; the night comes round again.
MOST_AGAIN = 3
# A night's share: a month has come round in two weeks, and a cloud of a thousand homes hashes for half an hour.
NIGHT_HOURS = 48
# Minutes after midnight in the house's zone; each edge draws its own, so that they do not come all at once.
NIGHT_FROM_MIN, NIGHT_TO_MIN = 60, 300

Stretch = tuple[int, int]


class Rounds:
    """`zone` is the house's; `random` draws the minute of its nights."""

    def __init__(self, comparisons: Comparisons, zone: ZoneInfo, random: Random) -> None:
        self._comparisons, self._zone = comparisons, zone
        self._night_min = random.randrange(NIGHT_FROM_MIN, NIGHT_TO_MIN)
        self._last_night = -1
        self._again: dict[int, int] = {}  # hour -> how often it was mended without becoming equal
        self._due_again: list[int] = []

    def due(self, now_ms: int, span_ms: tuple[int, int] | None) -> list[Stretch]:
        """Stretches of whole hours to compare now; `span_ms`: the first and last date of what is here."""
        if span_ms is None:
            return []
        again, self._due_again = self._due_again[:MOST_HOURS], self._due_again[MOST_HOURS:]
        return stretches([*again, *self._fresh(now_ms, span_ms)] or self._stale(now_ms))

    def mended(self, hours: list[int]) -> None:
        """These hours were not equal, and were mended: compare them once more, but not for ever."""
        self._again = {hour_ms: self._again.get(hour_ms, 0) + 1 for hour_ms in hours}
        self._due_again = [hour_ms for hour_ms, times in self._again.items() if times <= MOST_AGAIN]

    def _fresh(self, now_ms: int, span_ms: tuple[int, int]) -> list[int]:
        """The oldest hours of the month that are complete and were never compared, a few at a time."""
        # A clock that runs ahead must not make hours of which nothing can be there.
        upto_ms = min(now_ms - SETTLE_MS, span_ms[1] + HOUR_MS)
        from_ms = max(span_ms[0], upto_ms - PROOF_DAYS * DAY_MS)
        compared = self._comparisons.since(from_ms - HOUR_MS)
        hours = range(from_ms - from_ms % HOUR_MS, upto_ms - upto_ms % HOUR_MS, HOUR_MS)
        return list(islice((hour_ms for hour_ms in hours if hour_ms not in compared), MOST_HOURS))

    def _stale(self, now_ms: int) -> list[int]:
        now = datetime.fromtimestamp(now_ms / 1000, self._zone)
        night = self._night_min <= 60 * now.hour + now.minute < NIGHT_TO_MIN
        if not night or now.toordinal() == self._last_night:
            return []
        self._last_night = now.toordinal()
        return self._comparisons.stalest(now_ms - PROOF_DAYS * DAY_MS, now_ms, NIGHT_HOURS)


def stretches(hours: list[int]) -> list[Stretch]:
    """Hours as stretches, those that follow each other as one."""
    whole = runs(sorted(hour_ms // HOUR_MS for hour_ms in hours))
    return [(first * HOUR_MS, (last + 1) * HOUR_MS) for first, last in whole]
