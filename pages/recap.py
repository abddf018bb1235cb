"""The recap of a month of one meter: energy per day, the highest hour, the load at night, the counter at both ends.

Arithmetic on what History counts; figures and words come later.
"""

from dataclasses import dataclass
from statistics import median
from zoneinfo import ZoneInfo

from metering.calendar import day_of, day_span
from metering.energy import HOUR_MS
from metering.reading import Meter
from metering.rollup import MINUTE_MS
from pages.picked import Picked
from pages.usage import Bucket, usage
from store.history import History

# Nobody cooks then: what is used in the quietest of these hours runs day and night.
NIGHT_HOURS = 5


@dataclass(frozen=True, slots=True)
class Counter:
    """What the meter's own display showed, and when it was read."""

    at_ms: int
    wh: int


@dataclass(frozen=True, slots=True)
class Recap:
    """`begin` and `end`: the counter as it was read last before, or first in, the month, and last in it."""

    meter: Meter
    days: tuple[Bucket, ...]
    wh: int | None
    before_wh: int | None
    highest_hour: Bucket | None
    night_mw: int | None
    begin: Counter | None
    end: Counter | None
    recorded_ms: int
    known_ms: int

    @property
    def known_days(self) -> list[Bucket]:
        return [day for day in self.days if day.energy_wh is not None]


def recap(history: History, meter: Meter, picked: Picked, now_ms: int, pace_ms: int) -> Recap:
    """Of the whole month; of the one that runs, so far. `pace_ms`: the meter's usual interval."""
    zone, from_ms = picked.zone, picked.from_ms
    to_ms = min(picked.to_ms, max(now_ms, from_ms + 1))
    days = usage(history, meter, "day", from_ms, to_ms, zone)
    before = picked.moved(-1)
    earlier = usage(history, meter, "month", before.from_ms, before.to_ms, zone)
    hours = [hour for hour in usage(history, meter, "hour", from_ms, to_ms, zone).buckets if hour.energy_wh]
    span = history.span_ms(meter) or (to_ms, to_ms)
    known = max(0, min(to_ms, span[1]) - max(from_ms, span[0]))
    return Recap(
        meter,
        tuple(day for day in days.buckets if day.to_ms > span[0]),
        days.wh,
        earlier.wh,
        max(hours, key=lambda hour: hour.energy_wh or 0, default=None),
        _night_mw(history, meter, from_ms, to_ms, zone),
        *_counters(history, meter, from_ms, to_ms, zone),
        history.minutes(meter, from_ms, to_ms) * max(pace_ms, MINUTE_MS),
        known,
    )


def _night_mw(history: History, meter: Meter, from_ms: int, to_ms: int, zone: ZoneInfo) -> int | None:
    """The mean power of each night's quietest hour, and of those the one in the middle."""
    quietest: dict[object, int] = {}
    begin_ms = from_ms // HOUR_MS * HOUR_MS
    for start_ms, n, total, _least, _most in history.buckets(
        meter, "power_mw", from_ms, to_ms, HOUR_MS, begin_ms
    ):
        day = day_of(start_ms, zone)
        if 0 <= start_ms - day_span(day, zone)[0] < NIGHT_HOURS * HOUR_MS:
            quietest[day] = min(quietest.get(day, total // n), total // n)
    return round(median(quietest.values())) if quietest else None


def _counters(
    history: History, meter: Meter, from_ms: int, to_ms: int, zone: ZoneInfo
) -> tuple[Counter | None, Counter | None]:
    ways = [way for way, _count in history.ways(meter, from_ms, to_ms, HOUR_MS, zone)]
    if not ways:
        return None, None
    first, last = ways[0], ways[-1]
    # A way that leads is the last value before the range.
    begin = Counter(*(first.last if first.last_ms < from_ms else first.first))
    return begin, Counter(*last.last)
