"""The last 24 hours of every meter in ten-minute buckets, and yesterday's energy by this time of day.

A background for the page "now"; it is computed at most once a minute, since it reads a day of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from metering.energy import differences
from metering.reading import Meter
from pages.series import DAY_MS, Blank, Series, blanks, pace_ms, read, together, watch_ms
from pages.span import day_of, midnight_ms, ms_of
from store.history import History

BUCKET_MS = 600_000
# The chart tells six colours apart; more lines would be a tangle.
MOST_METERS = 6


@dataclass(frozen=True, slots=True)
class Overview:
    """blanks and the ranges (lowest, highest; small units) only of a single meter."""

    at_ms: int
    from_ms: int
    to_ms: int
    powers: tuple[tuple[Meter, Series], ...]
    blanks: tuple[Blank, ...]
    power_range: tuple[int, int] | None
    voltage_range: tuple[int, int] | None
    yesterday_wh: int | None


def overview(history: History, now_ms: int, zone: ZoneInfo) -> Overview:
    to_ms = -(-now_ms // BUCKET_MS) * BUCKET_MS
    from_ms = to_ms - DAY_MS
    meters = history.meters()
    fine = [(meter, _fine(history, meter, from_ms, to_ms)) for meter in meters[:MOST_METERS]]
    alone = fine[0] if len(meters) == 1 else None
    voltage = read(history, meters[0], "voltage_mv", from_ms, to_ms, BUCKET_MS) if alone else None
    return Overview(
        now_ms,
        from_ms,
        to_ms,
        tuple((meter, series.joined(max(1, BUCKET_MS // series.bucket_ms))) for meter, series in fine),
        tuple(_blanks(history, *alone)) if alone else (),
        _range(alone[1]) if alone else None,
        _range(voltage),
        _yesterday_wh(history, meters, now_ms, zone),
    )


def _fine(history: History, meter: Meter, from_ms: int, to_ms: int) -> Series:
    return read(history, meter, "power_mw", from_ms, to_ms, watch_ms(pace_ms(history, meter)))


def _blanks(history: History, meter: Meter, series: Series) -> list[Blank]:
    span = history.span_ms(meter)
    if span is None:
        return []
    gaps = [gap for gap in history.gaps(series.from_ms, series.to_ms) if gap.source == meter.source]
    return blanks(series, (max(span[0], series.from_ms), span[1]), gaps)


def _range(series: Series | None) -> tuple[int, int] | None:
    point = together(series.points) if series else None
    return (point.least, point.most) if point else None


def _yesterday_wh(history: History, meters: Sequence[Meter], now_ms: int, zone: ZoneInfo) -> int | None:
    """Energy of all meters from yesterday's midnight to this time of day; None if one was not there yet."""
    yesterday = day_of(now_ms, zone) - timedelta(days=1)
    from_ms = midnight_ms(yesterday, zone)
    clock = datetime.fromtimestamp(now_ms / 1000, zone).time()
    to_ms = ms_of(datetime.combine(yesterday, clock, tzinfo=zone))
    spans = [history.span_ms(meter) for meter in meters]
    if not meters or any(span is None or span[0] > from_ms for span in spans):
        return None
    return sum(_used_wh(history, meter, from_ms, to_ms) for meter in meters)


def _used_wh(history: History, meter: Meter, from_ms: int, to_ms: int) -> int:
    counters = ((at_ms, wh) for _, _, at_ms, wh in history.counters(meter, from_ms, to_ms))
    return sum(step.wh for step in differences(counters))
