"""Times and ranges as requests write them: ISO 8601 or ms, [from, to), days of the site's zone.

Pure: the present is an argument.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

# A plus sign in a query string arrives as a space: 2026-11-19T00:00:00+07:00 is meant.
_LOST_PLUS = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)$")
_MS = re.compile(r"-?\d{1,15}$")
# Days and months begin and end inside datetime's range in every zone.
LEAST_YEAR, MOST_YEAR = 2, 9998

PERIODS: tuple[str, ...] = ("hour", "day", "month")
HOUR = timedelta(hours=1)


class BadTime(ValueError):
    """A time or range that cannot be meant; the message says what was expected."""


def parse_ms(text: str, zone: ZoneInfo) -> int:
    """UTC ms of ISO 8601 (without an offset: in the zone) or of plain ms; at most 1 ms is cut off."""
    try:
        ms = int(text) if _MS.match(text) else _ms_of_iso(text, zone)
        if not LEAST_YEAR <= day_of(ms, zone).year <= MOST_YEAR:
            raise ValueError("year")
    except (ValueError, OverflowError) as error:
        raise BadTime(
            f"{text!r} is not a time of the years {LEAST_YEAR} to {MOST_YEAR}; "
            "expected ISO 8601 such as 2026-11-19T14:30 or ms since 1970"
        ) from error
    return ms


def _ms_of_iso(text: str, zone: ZoneInfo) -> int:
    at = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
    return ms_of(at if at.tzinfo else at.replace(tzinfo=zone))


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
