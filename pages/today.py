"""Energy since midnight of every meter, kept up by looking only at counter values that are new.

Midnight is the site's. The counter telescopes, so rows that arrive late do not change a sum already made.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from zoneinfo import ZoneInfo

from metering.calendar import day_of, day_span
from metering.energy import differences
from metering.reading import Meter
from store.history import History

# Half of the pause between two commits; and of that between two batches, where a live value tells the way of the
# counter up to now: only that it was set back in between is seen so much later.
LOOKED_LASTS_MS = 5_000
LOOKED_BESIDE_LIVE_LASTS_MS = 15_000


@dataclass(slots=True)
class _Sum:
    """Energy up to the newest counter value seen, for the day that began at from_ms."""

    from_ms: int
    looked_ms: int | None = None
    counter: tuple[int, int] | None = None
    wh: int | None = None

    def add(self, counters: Iterable[tuple[int, int]]) -> None:
        known = [] if self.counter is None else [self.counter]
        for step in differences(chain(known, self._newer(counters))):
            self.wh = (self.wh or 0) + step.wh
        # The first value of a meter's life is a day that has begun, though nothing is used yet.
        if self.counter is not None and self.counter[0] >= self.from_ms:
            self.wh = self.wh or 0

    def _newer(self, counters: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """One by one: a day of them at once would take 10 MB."""
        for counter in counters:
            if self.counter is None or counter[0] > self.counter[0]:
                self.counter = counter
                yield counter


class Today:
    """The sums of one site; safe for threads."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._sums: dict[Meter, _Sum] = {}
        self._lock = Lock()

    def wh(
        self, history: History, meter: Meter, now_ms: int, newest: tuple[int, int] | None = None
    ) -> int | None:
        """Wh since midnight, None when no counter value of today is known.

        newest: a (taken_ms, energy_wh) beyond the history; it counts now and is not kept.
        """
        from_ms, to_ms = day_span(day_of(now_ms, self._zone), self._zone)
        with self._lock:
            held = self._sums.get(meter)
            if held is None or held.from_ms != from_ms:
                held = self._sums[meter] = _Sum(from_ms)
            lasts_ms = LOOKED_LASTS_MS if newest is None else LOOKED_BESIDE_LIVE_LASTS_MS
            if held.looked_ms is None or not 0 <= now_ms - held.looked_ms < lasts_ms:
                if held.counter is None or held.counter[0] < from_ms:
                    # While a backlog arrives, the last value before midnight is a later one each time.
                    held = self._sums[meter] = _Sum(from_ms)
                since = held.counter[0] + 1 if held.counter else from_ms
                held.add((at, wh) for _, _, at, wh in history.counters(meter, since, to_ms))
                held.looked_ms = now_ms
            with_newest = _Sum(from_ms, now_ms, held.counter, held.wh)
        if newest is not None and from_ms <= newest[0] < to_ms:
            with_newest.add([newest])
        return with_newest.wh
