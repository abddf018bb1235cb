"""Energy of a meter per hour, day or month of its site's zone, by differences of its own counter.

Energy used in a gap counts where the counter was next read: totals stay right, nothing is spread or guessed.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from metering.calendar import periods
from metering.energy import HOUR_MS, Step, differences
from metering.reading import Meter
from metering.rollup import MINUTE_MS, QUARTER_MS, Way, between
from store.history import History

# Ten years of days, or half a year of hours: more is a mistake, and each bucket costs memory.
MOST_BUCKETS = 5_000
# A counter that turned so often is broken; a longer list would tell nobody more.
MOST_EVENTS = 1_000


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
    counts = [0] * len(spans)
    events: list[Step] = []
    before: Way | None = None
    days_of = None if period == "hour" else zone
    for way, count in history.ways(meter, from_ms, to_ms, _width_ms(starts[1:]), days_of):
        if way.first_ms >= from_ms:
            place = bisect_right(starts, way.first_ms) - 1
            step = between(before, way) if before else None
            used[place] = (used[place] or 0) + way.used_wh + (step.wh if step else 0)
            counts[place] += count
            if (step and step.event) or way.turns:
                events += _events(history, meter, before, way)[: MOST_EVENTS - len(events)]
        before = way
    buckets = (Bucket(*span, wh, n) for span, wh, n in zip(spans, used, counts, strict=True))
    return Usage(tuple(buckets), tuple(events))


def _width_ms(borders: Sequence[int]) -> int:
    """Of the rollups that no border cuts: hours, or less in zones whose hours are not those of UTC."""
    return next((ms for ms in (HOUR_MS, QUARTER_MS) if not any(at % ms for at in borders)), MINUTE_MS)


def _events(history: History, meter: Meter, before: Way | None, way: Way) -> list[Step]:
    """The turns of the counter after `before` and on this way, found by the hour first, then by its values."""
    found: list[Step] = []
    for hour, _count in history.ways(meter, way.first_ms, way.last_ms + 1, HOUR_MS):
        if hour.first_ms < way.first_ms:
            continue
        if before and (step := between(before, hour)).event:
            found.append(step)
        if hour.turns:
            counters = list(history.counters(meter, hour.first_ms, hour.last_ms + 1))
            inside = [(at_ms, wh) for _, _, at_ms, wh in counters if at_ms >= hour.first_ms]
            found += [step for step in differences(inside) if step.event]
        before = hour
    return found


def _spans(period: str, from_ms: int, to_ms: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for span in periods(period, from_ms, to_ms, zone):
        if len(spans) == MOST_BUCKETS:
            raise TooMany(f"the range holds more than {MOST_BUCKETS} {period}s")
        spans.append(span)
    return spans
