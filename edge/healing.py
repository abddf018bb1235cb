"""What `kembar-sync verify` and `kembar-edge restore` do with one cloud, from the first question to the last parcel.

The collector takes parcels while it runs; where none runs, this process is the one writer of readings meanwhile.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.comparison import Comparison
from edge.returned import Returned
from edge.sole import Taken, sole_writer
from edge.terminal import grouped
from metering.energy import HOUR_MS
from metering.quantity import DAY_MS
from store.comparisons import Compared
from store.database import Database
from store.parcels import MOST_WAITING
from sync.rounds import stretches

# A collector takes five parcels a second on a quick machine, one on a slow one; none at all means that it is stuck.
PATIENCE_S = 120.0
LOOK_S = 0.1

Tell = Callable[[float, str], None]


class Stuck(Exception):
    """Parcels wait and nobody takes them."""


class Taking:
    """`room(most)` returns when at most so many parcels wait; raises Stuck.

    It is the one writer for a moment at a time, so that a collector which starts meanwhile is not kept out.
    """

    def __init__(self, db: Database, data_dir: Path) -> None:
        self._returned, self._data_dir = Returned(db), data_dir

    def room(self, most: int) -> None:
        pause, patience_s = threading.Event(), PATIENCE_S
        left = self._returned.waiting()
        while left > most:
            if not self._take():
                pause.wait(LOOK_S)
            now = self._returned.waiting()
            patience_s = PATIENCE_S if now < left else patience_s - LOOK_S
            left = now
            if patience_s <= 0:
                raise Stuck(f"{left} parcels wait and kembar-edge collect does not take them; see its log")

    def _take(self) -> bool:
        """Take one parcel; False while a collector runs, which does it."""
        try:
            with sole_writer(self._data_dir):
                self._returned.take([])
        except Taken:
            return False
        return True


class Healing:
    """`room(most)` comes back when at most so many parcels wait."""

    def __init__(self, comparison: Comparison, room: Callable[[int], None], tell: Tell) -> None:
        self._comparison, self._room, self._tell = comparison, room, tell

    def run(self, now_ms: int, days: int | None, everything: bool = False) -> list[Compared]:
        """Account, compare, mend, and compare once more what was mended; every hour as it was compared last.

        `days`: only so many; `everything`: also sources that this edge does not know.
        """
        accounts = self._comparison.accounts(everything)
        accounts.settle()
        self._room(0)
        spans = [span for span in (accounts.span_ms, self._comparison.streams.span_ms()) if span]
        if not spans:
            return []
        begin_ms = min(span[0] for span in spans)
        end_ms = max(span[1] for span in spans) + 1
        # A date in the far future, of a clock that was wrong once, must not make hours without end.
        end_ms = min(end_ms, max(now_ms, begin_ms) + DAY_MS)
        if days is not None:
            begin_ms = max(begin_ms, now_ms - days * DAY_MS)
        found = {hour.hour_ms: hour for hour in self._pass([(begin_ms, end_ms)], begin_ms, end_ms)}
        again = [hour.hour_ms for hour in found.values() if hour.equal < hour.rows]
        if again and self._comparison.verify.mended_here + self._comparison.verify.mended_there:
            self._room(0)
            found |= {hour.hour_ms: hour for hour in self._pass(stretches(again), begin_ms, end_ms)}
        return [found[hour_ms] for hour_ms in sorted(found)]

    def _pass(self, parts: list[tuple[int, int]], begin_ms: int, end_ms: int) -> Iterator[Compared]:
        rows = equal = 0
        for from_ms, to_ms in parts:
            for stretch in self._comparison.verify.hours(from_ms, to_ms):
                for hour in stretch:
                    rows, equal = rows + hour.rows, equal + hour.equal
                    yield hour
                    at_ms = hour.hour_ms + HOUR_MS
                    self._tell(
                        (at_ms - begin_ms) / max(1, end_ms - begin_ms),
                        f"{grouped(equal)} of {grouped(rows)} equal",
                    )
                self._room(MOST_WAITING)
