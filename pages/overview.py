"""The last 24 hours of every meter, or less of a young one, and yesterday's energy by this time of day.

A background for the page "now"; it is computed at most once a minute, since it reads a day of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from metering.calendar import day_of, midnight_ms, ms_of
from metering.energy import differences
from metering.reading import Meter
from pages.series import (
    DAY_MS,
    INTERVALS_PER_BUCKET,
    Blank,
    Series,
    blanks_of,
    nice_ms,
    pace_ms,
    read,
    together,
    watch_ms,
)
from store.history import History

# The chart tells six colours apart; more lines would be a tangle.
MOST_METERS = 6


@dataclass(frozen=True, slots=True)
class Window:
    """How far back a chart goes, its bucket, its ticks, and for how long it is new enough."""

    span_ms: int
    bucket_ms: int
    tick_minutes: int
    lasts_ms: int


# A site that began to record a minute ago would see an empty day; it sees its first minutes instead.
WINDOWS: tuple[Window, ...] = (
    Window(600_000, 5_000, 2, 60_000),
    Window(3_600_000, 30_000, 15, 120_000),
    Window(6 * 3_600_000, 120_000, 60, 300_000),
    Window(DAY_MS, 600_000, 360, 600_000),
)


@dataclass(frozen=True, slots=True)
class Overview:
    """blanks and the ranges (lowest, highest; small units) only of a single meter."""

    at_ms: int
    window: Window
    from_ms: int
    to_ms: int
    powers: tuple[tuple[Meter, Series], ...]
    blanks: tuple[Blank, ...]
    power_range: tuple[int, int] | None
    voltage_range: tuple[int, int] | None
    yesterday_wh: int | None


def overview(history: History, now_ms: int, zone: ZoneInfo) -> Overview:
    meters = history.meters()
    window = _window(history, meters, now_ms)
    to_ms = -(-now_ms // window.bucket_ms) * window.bucket_ms
    from_ms = to_ms - window.span_ms
    fine = [(meter, _fine(history, meter, from_ms, to_ms, window)) for meter in meters[:MOST_METERS]]
    alone = fine[0] if len(meters) == 1 else None
    voltage = read(history, meters[0], "voltage_mv", from_ms, to_ms, window.bucket_ms) if alone else None
    return Overview(
        now_ms,
        window,
        from_ms,
        to_ms,
        tuple((meter, series.joined(max(1, window.bucket_ms // series.bucket_ms))) for meter, series in fine),
        tuple(_blanks(history, *alone)) if alone else (),
        _range(alone[1]) if alone else None,
        _range(voltage),
        _yesterday_wh(history, meters, now_ms, zone),
    )


def _window(history: History, meters: Sequence[Meter], now_ms: int) -> Window:
    """The smallest window that holds everything recorded so far, else a day."""
    begun = [span[0] for meter in meters if (span := history.span_ms(meter))]
    age_ms = now_ms - min(begun, default=0)
    return next((window for window in WINDOWS if age_ms <= window.span_ms), WINDOWS[-1])


def _fine(history: History, meter: Meter, from_ms: int, to_ms: int, window: Window) -> Series:
    """In the finest bucket in which silence shows, or the window's where that is narrower still."""
    pace = pace_ms(history, meter)
    least = max(window.bucket_ms, nice_ms(INTERVALS_PER_BUCKET * pace))
    return read(history, meter, "power_mw", from_ms, to_ms, min(watch_ms(pace), least))


def _blanks(history: History, meter: Meter, series: Series) -> list[Blank]:
    span = history.span_ms(meter)
    if span is None:
        return []
    return blanks_of(history, meter, series, (max(span[0], series.from_ms), span[1]))


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
