"""Numbers, units, times and spans as one language writes them; whole-number arithmetic, no HTML.

Rules: unknown is "—", never 0; a no-break space stands before every unit; halves round up.
static/figures.js writes the same texts in the browser.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pages.words import Words

NBSP = "\u00a0"
UNKNOWN = "—"
KILO_FROM_W = 10_000
SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1000, 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and its unit, apart because the page sets the unit smaller."""

    number: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.number}{NBSP}{self.unit}" if self.unit and self.number != UNKNOWN else self.number


NOTHING = Figure(UNKNOWN)


class Figures:
    """Writes figures in the language of `words` and the site's zone."""

    def __init__(self, words: Words, zone: ZoneInfo) -> None:
        self.words = words
        self.zone = zone

    def number(self, value: int, scale: int = 1, decimals: int = 0) -> str:
        """value / scale with so many decimals, for example 221400, 1000, 1 -> 221,4."""
        shown = (2 * value * 10**decimals + scale) // (2 * scale)
        whole, rest = divmod(abs(shown), 10**decimals)
        text = f"{whole:,}".replace(",", self.words("number.group"))
        if decimals:
            text += f"{self.words('number.decimal')}{rest:0{decimals}}"
        return f"-{text}" if shown < 0 else text

    def count(self, value: int | None) -> str:
        return UNKNOWN if value is None else self.number(value)

    def many(self, value: int) -> str:
        """A count that stays short enough for the header's line: 774 rb, 1,2 jt, 88 jt."""
        if value < 10_000:
            return self.number(value)
        if value < 999_500:
            return self.number(value, 1000) + self.words("number.thousand")
        decimals = 1 if value < 9_950_000 else 0
        return self.number(value, 1_000_000, decimals) + self.words("number.million")

    def power(self, mw: int | None) -> Figure:
        if mw is None:
            return NOTHING
        if abs(2 * mw) < (2 * KILO_FROM_W - 1) * 1000:
            return Figure(self.number(mw, 1000), "W")
        return Figure(self.number(mw, 1_000_000, 2), "kW")

    def quantity(self, name: str, value: int | None) -> Figure:
        """One stored value of a quantity, as a tile shows it."""
        if value is None:
            return NOTHING
        if name == "power":
            return self.power(value)
        unit, decimals = {"voltage": ("V", 1), "current": ("A", 2), "frequency": ("Hz", 1)}.get(name, ("", 2))
        return Figure(self.number(value, 1000, decimals), unit)

    def kwh(self, wh: int | None) -> Figure:
        if wh is None:
            return NOTHING
        decimals = 2 if abs(wh) < 100_000 else 1 if abs(wh) < 1_000_000 else 0
        return Figure(self.number(wh, 1000, decimals), "kWh")

    def register(self, wh: int) -> Figure:
        """A counter as its display shows it: every decimal counts there."""
        return Figure(self.number(wh, 1000, 3), "kWh")

    def percent(self, part: int, whole: int, decimals: int = 1) -> str:
        """part of whole; a part that is not the whole never reads 100 %."""
        if whole <= 0:
            return UNKNOWN
        if part < whole:
            part = min(part, whole * (10 ** (decimals + 2) - 1) // 10 ** (decimals + 2))
        return self.number(100 * part, whole, 0 if part == whole else decimals) + "%"

    def local(self, ms: int) -> datetime:
        return datetime.fromtimestamp(ms / 1000, UTC).astimezone(self.zone)

    def clock(self, ms: int | None) -> str:
        if ms is None:
            return UNKNOWN
        at = self.local(ms)
        return f"{at.hour:02}{self.words('number.clock')}{at.minute:02}"

    def date(self, ms: int) -> str:
        """Kamis, 19 Nov 2026"""
        at = self.local(ms)
        return f"{self.words.names('calendar.days')[at.weekday()]}, {self.short_date(ms)} {at.year}"

    def short_date(self, ms: int) -> str:
        """19 Nov"""
        at = self.local(ms)
        return f"{at.day} {self.words.names('calendar.months')[at.month - 1]}"

    def year_date(self, ms: int) -> str:
        """19 Nov 2026"""
        return f"{self.short_date(ms)} {self.local(ms).year}"

    def weekday_date(self, ms: int) -> str:
        """Kam, 19 Nov"""
        at = self.local(ms)
        return f"{self.words.names('calendar.days')[at.weekday()][:3]}, {self.short_date(ms)}"

    def month(self, ms: int) -> str:
        """Nov 2026"""
        at = self.local(ms)
        return f"{self.words.names('calendar.months')[at.month - 1]} {at.year}"

    def long_month(self, ms: int) -> str:
        """November 2026"""
        at = self.local(ms)
        return f"{self.words.names('calendar.long_months')[at.month - 1]} {at.year}"

    def moment(self, ms: int | None) -> str:
        """19 Nov, 15.38"""
        return UNKNOWN if ms is None else f"{self.short_date(ms)}, {self.clock(ms)}"

    def exact(self, ms: int) -> str:
        """19 Nov, 15.38.07,250: to the millisecond where there is one."""
        at, clock = self.local(ms), self.words("number.clock")
        rest = f"{self.words('number.decimal')}{ms % SECOND_MS:03}" if ms % SECOND_MS else ""
        return f"{self.moment(ms)}{clock}{at.second:02}{rest}"

    def since(self, ms: int, now_ms: int) -> str:
        """The time of today, or the date of an earlier day: what follows "since"."""
        same_day = self.local(ms).date() == self.local(now_ms).date()
        return self.clock(ms) if same_day else self.short_date(ms)

    def age(self, ms: int | None) -> str:
        """How long ago, in its largest unit; never "0 seconds ago"."""
        if ms is None:
            return UNKNOWN
        for unit, size in (("days", DAY_MS), ("hours", HOUR_MS), ("minutes", MINUTE_MS)):
            if ms >= size:
                return self._counted(f"age.{unit}", ms // size)
        return self._counted("age.seconds", max(1, ms // SECOND_MS))

    def duration(self, ms: int) -> str:
        """3 jam 41 menit"""
        return " ".join(self._counted(f"duration.{unit}", n) for unit, n in _parts(ms))

    def brief(self, ms: int) -> str:
        """1 j 37 mnt, for tables"""
        return " ".join(self._counted(f"brief.{unit}", n) for unit, n in _parts(ms))

    def _counted(self, key: str, n: int) -> str:
        return self.words.counted(key, n, self.number(n))


def _parts(ms: int) -> list[tuple[str, int]]:
    """The two largest units of a span that are not 0: days, hours, minutes, or seconds below a minute."""
    if 0 < ms < MINUTE_MS:
        return [("seconds", max(1, ms // SECOND_MS))]
    minutes = (ms + MINUTE_MS // 2) // MINUTE_MS
    days, rest = divmod(minutes, 1440)
    parts = [("days", days), ("hours", rest // 60), ("minutes", rest % 60)]
    return [part for part in parts if part[1]][:2] or [("minutes", 0)]
