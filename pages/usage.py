"""Energy of a meter per hour, day or month of its site's zone, by differences of its own counter.

Energy used in a gap counts where the counter was next read: totals stay right, nothing is spread or guessed.
"""

from bisect import bisect_right
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from metering.calendar import periods
from metering.energy import Step, differences
from metering.reading import Meter
from store.history import History

# Ten years of days, or half a year of hours: more is a mistake, and each bucket costs memory.
MOST_BUCKETS = 5_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """Energy in [from_ms, to_ms); None when neither a counter value nor a difference fell into it."""

    from_ms: int
    to_ms: int
    energy_wh: int | None
    readings: int


@dataclass(frozen=True, slots=True)
class Usage:
    buckets: tuple[Bucket, ...]
    events: tuple[Step, ...]

    @property
    def wh(self) -> int | None:
        """The sum of the known buckets, None when none is known."""
        known = [bucket.energy_wh for bucket in self.buckets if bucket.energy_wh is not None]
        return sum(known) if known else None


class TooMany(ValueError):
    """The range holds more buckets than one answer may carry."""


def usage(history: History, meter: Meter, period: str, from_ms: int, to_ms: int, zone: ZoneInfo) -> Usage:
    spans = _spans(period, from_ms, to_ms, zone)
    starts = [start for start, _ in spans]
    used: list[int | None] = [None] * len(spans)
    events = []
    counters = ((at_ms, wh) for _, _, at_ms, wh in history.counters(meter, from_ms, to_ms))
    for step in differences(counters):
        place = bisect_right(starts, step.at_ms) - 1
        used[place] = (used[place] or 0) + step.wh
        if step.event:
            events.append(step)
    counts = [_count(history, meter, start, end) for start, end in spans]
    buckets = (
        Bucket(start, end, 0 if wh is None and n else wh, n)
        for (start, end), wh, n in zip(spans, used, counts, strict=True)
    )
    return Usage(tuple(buckets), tuple(events))


def _spans(period: str, from_ms: int, to_ms: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for span in periods(period, from_ms, to_ms, zone):
        if len(spans) == MOST_BUCKETS:
            raise TooMany(f"the range holds more than {MOST_BUCKETS} {period}s")
        spans.append(span)
    return spans


def _count(history: History, meter: Meter, from_ms: int, to_ms: int) -> int:
    """Counter values in one bucket; borders need not be those of hours, nor of UTC's hours."""
    found = history.buckets(meter, "energy_wh", from_ms, to_ms, to_ms - from_ms)
    return sum(n for _start_ms, n, *_ in found)
