"""What a reader picked for the page "history": a stretch of time, meters and quantities; and the addresses of others.

All of it stands in the address, so that a page can be kept and passed on.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from metering.calendar import day_of, day_span, period_span
from metering.quantity import DAY_MS
from metering.reading import Meter
from pages.query import Query, Refused
from pages.span import BadTime, parse_ms

PERIODS: tuple[str, ...] = ("day", "month", "year", "range")
# What charts show; energy always has its bars, and the alarm is a limit of the sensor itself.
QUANTITIES: tuple[str, ...] = ("power", "voltage", "current", "power_factor", "frequency")
ALL = "all"
# The stretch is a period of this one's bars: a day of hours, a month of days, a year of months.
_BARS = {"day": "hour", "month": "day", "year": "month"}
_RANGE_BARS = ((4 * DAY_MS, "hour"), (100 * DAY_MS, "day"))
# From where a range has bars of months.
_LONGEST_BARS = "month"
# Before this no time is counted in ms; beyond, the stretch behind a picked one would leave what dates can say.
LEAST_YEAR, MOST_YEAR = 1970, 9900
# Ten years of charts are drawn at once; more than four times that is a mistake.
MOST_MS = 40 * 366 * DAY_MS
KNOWN: tuple[str, ...] = (
    "period",
    "at",
    "day",
    "from",
    "to",
    "meter",
    "quantity",
    "rows",
    "sort",
    "page",
    "after",
)
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


@dataclass(frozen=True, slots=True)
class Picked:
    """`at` is a date of the period; of a range its first day. `meters` are one, or all."""

    period: str
    at: date
    from_ms: int
    to_ms: int
    meters: tuple[Meter, ...]
    all_meters: bool
    quantity: str
    zone: ZoneInfo

    @property
    def quantities(self) -> tuple[str, ...]:
        return QUANTITIES if self.quantity == ALL else (self.quantity,)

    @property
    def bars(self) -> str:
        """The period of one bar and one row of the table: hour, day or month."""
        if self.period in _BARS:
            return _BARS[self.period]
        length = self.to_ms - self.from_ms
        return next((bars for most, bars in _RANGE_BARS if length <= most), _LONGEST_BARS)

    def query(self, **changed: str) -> str:
        """The address's query of this, with something added or changed."""
        said = {"period": self.period}
        if self.period == "range":
            said |= {"from": str(self.from_ms), "to": str(self.to_ms)}
        else:
            said["at"] = self.at.isoformat()
        said["meter"] = ALL if self.all_meters else self.meters[0].key
        if self.quantity != ALL:
            said["quantity"] = self.quantity
        return urlencode(said | changed)

    def around(self, period: str) -> "Picked":
        """Another period around the same day; a range begins as what is picked now."""
        if period == "range":
            return replace(self, period=period)
        return self._at(period, self.at)

    def moved(self, by: int) -> "Picked":
        """The stretch before (-1) or behind (1) this one."""
        if self.period == "range":
            length = self.to_ms - self.from_ms
            from_ms = self.from_ms + by * length
            return replace(self, at=day_of(from_ms, self.zone), from_ms=from_ms, to_ms=from_ms + length)
        if self.period == "day":
            return self._at("day", self.at + timedelta(days=by))
        first = self.at.replace(day=1) if self.period == "month" else self.at.replace(month=1, day=1)
        step = timedelta(days=32 if self.period == "month" else 366) if by > 0 else timedelta(days=-1)
        return self._at(self.period, first + step)

    def _at(self, period: str, at: date) -> "Picked":
        from_ms, to_ms = _span(period, at, self.zone)
        return replace(self, period=period, at=at, from_ms=from_ms, to_ms=to_ms)


def picked(given: Mapping[str, str], meters: Sequence[Meter], now_ms: int, zone: ZoneInfo) -> Picked:
    """What the address asks for; today and the first meter where it does not say. Raises Refused."""
    query = Query({name: text for name, text in given.items() if name in KNOWN}, KNOWN, zone)
    chosen = query.text("meter") or meters[0].key
    all_meters = chosen == ALL
    some = tuple(meters) if all_meters else (query.meter(meters) if query.text("meter") else meters[0],)
    quantity = query.word("quantity", (ALL, *QUANTITIES), ALL)
    period = query.word("period", PERIODS, "day")
    if period == "range":
        from_ms, to_ms = _range(query, now_ms, zone)
        at = day_of(from_ms, zone)
    else:
        at = _date(query.text("at") or query.text("day")) or day_of(now_ms, zone)
        from_ms, to_ms = _span(period, at, zone)
    return Picked(period, at, from_ms, to_ms, some, all_meters, quantity, zone)


def _range(query: Query, now_ms: int, zone: ZoneInfo) -> tuple[int, int]:
    """[from, to); a date as the end means the whole of that day. Without one, the last seven days."""
    today = day_span(day_of(now_ms, zone), zone)
    ends = {name: query.text(name) for name in ("from", "to")}
    from_ms = _time("from", ends["from"], zone) if ends["from"] else today[1] - 7 * DAY_MS
    to_ms = _time("to", ends["to"], zone) if ends["to"] else today[1]
    if ends["to"] and len(ends["to"]) == len("2026-11-19") and "-" in ends["to"]:
        to_ms = day_span(day_of(to_ms, zone), zone)[1]
    if from_ms >= to_ms:
        raise Refused(400, "to", "the range ends before it begins")
    if to_ms - from_ms > MOST_MS:
        raise Refused(400, "from", "the range is longer than forty years")
    return from_ms, to_ms


def _time(name: str, text: str, zone: ZoneInfo) -> int:
    try:
        ms = parse_ms(text, zone)
        if not LEAST_YEAR <= day_of(ms, zone).year <= MOST_YEAR:
            raise BadTime(f"{text!r} is not in the years {LEAST_YEAR} to {MOST_YEAR}")
        return ms
    except BadTime as error:
        raise Refused(400, name, str(error)) from error


def _span(period: str, at: date, zone: ZoneInfo) -> tuple[int, int]:
    if period == "day":
        return day_span(at, zone)
    middle_ms = sum(day_span(at, zone)) // 2
    return period_span("day" if period == "month" else "month", middle_ms, zone)


def _date(text: str | None) -> date | None:
    """2026, 2026-11 or 2026-11-19 as a date, or Refused."""
    if text is None:
        return None
    found = _DATE.fullmatch(text)
    try:
        if not found or not LEAST_YEAR <= int(found[1]) <= MOST_YEAR:
            raise ValueError
        return date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        raise Refused(400, "at", f"{text[:20]!r} is not a date; expected such as 2026-11-19") from None
