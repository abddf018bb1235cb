"""One meter over one stretch of time, usually a day: its series, blanks, hours and sums.

Arithmetic on what History counts; figures and words come later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from metering.reading import Meter
from pages.series import Blank, Point, Series, blanks, gaps_of, pace_ms, read, together, watch_ms
from pages.usage import Usage, usage
from store.history import History

# A chart's bucket: 288 of them in a day, about one for every three pixels of a laptop.
CHART_MS = 300_000
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the table: power and voltage of its readings, energy, and the time with no reading."""

    from_ms: int
    to_ms: int
    energy_wh: int | None
    power: Point | None
    voltage: Point | None
    blank_ms: int


@dataclass(frozen=True, slots=True)
class Day:
    """`known` is the part of [from_ms, to_ms) between the meter's first reading and its last one or now."""

    meter: Meter
    from_ms: int
    to_ms: int
    known: tuple[int, int]
    power: Series
    voltage: Series
    blanks: tuple[Blank, ...]
    usage: Usage
    hours: tuple[Hour, ...]

    @property
    def is_empty(self) -> bool:
        return all(point is None for point in self.power.points)

    @property
    def blank_ms(self) -> int:
        return sum(blank.ms for blank in self.blanks)

    @property
    def known_ms(self) -> int:
        return max(0, self.known[1] - self.known[0])


def day(history: History, meter: Meter, from_ms: int, to_ms: int, now_ms: int, zone: ZoneInfo) -> Day:
    span = history.span_ms(meter) or (to_ms, to_ms)
    known = (max(from_ms, span[0]), min(to_ms, now_ms, max(span[1], from_ms)))
    width = watch_ms(pace_ms(history, meter))
    fine = read(history, meter, "power_mw", from_ms, to_ms, width)
    voltage = read(history, meter, "voltage_mv", from_ms, to_ms, max(CHART_MS, width))
    empty = tuple(blanks(fine, known, gaps_of(history, meter, fine)))
    power = fine.joined(max(1, CHART_MS // width))
    used = usage(history, meter, "hour", from_ms, min(to_ms, max(now_ms, from_ms)), zone)
    return Day(
        meter, from_ms, to_ms, known, power, voltage, empty, used, tuple(_hours(used, fine, voltage, empty))
    )


def _hours(used: Usage, power: Series, voltage: Series, empty: Sequence[Blank]) -> list[Hour]:
    return [
        Hour(
            bucket.from_ms,
            bucket.to_ms,
            bucket.energy_wh,
            together(power.within(bucket.from_ms, bucket.to_ms)),
            together(voltage.within(bucket.from_ms, bucket.to_ms)),
            sum(_overlap(blank, bucket.from_ms, bucket.to_ms) for blank in empty),
        )
        for bucket in used.buckets
    ]


def _overlap(blank: Blank, from_ms: int, to_ms: int) -> int:
    return max(0, min(blank.to_ms, to_ms) - max(blank.from_ms, from_ms))
