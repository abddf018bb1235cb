"""Days and months of a time zone as ranges [from, to) of UTC ms, with the hours that a clock change adds or takes.

Pure: the present is an argument.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

PERIODS: tuple[str, ...] = ("hour", "day", "month")
HOUR = timedelta(hours=1)


def ms_of(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def day_of(ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(ms / 1000, zone).date()


def day_span(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """[from, to) of a calendar day in the zone: 23, 24 or 25 hours."""
    return midnight_ms(day, zone), midnight_ms(day + timedelta(days=1), zone)


def midnight_ms(day: date, zone: ZoneInfo) -> int:
    return ms_of(datetime(day.year, day.month, day.day, tzinfo=zone))


def period_span(period: str, ms: int, zone: ZoneInfo) -> tuple[int, int]:
    """The whole day, month or year around ms: what a chart of hours, days or months shows by itself."""
    day = day_of(ms, zone)
    if period == "hour":
        return day_span(day, zone)
    if period == "day":
        first = day.replace(day=1)
        return midnight_ms(first, zone), midnight_ms(_next_month(first), zone)
    first = day.replace(month=1, day=1)
    return midnight_ms(first, zone), midnight_ms(first.replace(year=first.year + 1), zone)


def periods(period: str, from_ms: int, to_ms: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Consecutive [start, end) of hours, days or months of the zone; the outer two are cut at the range."""
    start = from_ms
    while start < to_ms:
        end = min(_NEXT[period](start, zone), to_ms)
        yield start, end
        start = end


def _next_hour(ms: int, zone: ZoneInfo) -> int:
    # Hours of real time: the hour that a clock change repeats or skips stays one hour or none.
    at = datetime.fromtimestamp(ms / 1000, zone)
    into = timedelta(minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
    return ms + round((HOUR - into).total_seconds() * 1000)


def _next_day(ms: int, zone: ZoneInfo) -> int:
    return midnight_ms(day_of(ms, zone) + timedelta(days=1), zone)


def _next_month_ms(ms: int, zone: ZoneInfo) -> int:
    return midnight_ms(_next_month(day_of(ms, zone).replace(day=1)), zone)


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


_NEXT: dict[str, Callable[[int, ZoneInfo], int]] = {
    "hour": _next_hour,
    "day": _next_day,
    "month": _next_month_ms,
}
