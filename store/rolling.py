"""Rolling: makes the rollups of touched hours and days match their rows again, a slice at a time.

1. An hour of a meter is made anew as a whole, from its intact rows: its minutes, quarters and itself.
2. A sealed hour is never made anew. One that came sealed, without rows, has an hour's rollup only.
3. A day is that of the site's zone, made of its hours, and of quarters where midnight cuts an hour.
4. What is not over yet stays touched: who reads looks at its rows (store/pieces.py).
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from metering.calendar import day_of, day_span
from metering.energy import HOUR_MS
from metering.quantity import COLUMNS, DAY_MS
from metering.reading import Meter
from metering.rollup import MINUTE_MS, QUARTER_MS, Rollup, Sum, by, by_minute, together, way
from store.database import Database
from store.meters import Meters
from store.rollups import Rollups
from store.sealed import SealedHours
from store.sealing import Seal
from store.touched import Touched

# The last rows of an hour are on disk, and at the cloud, soon after it; later ones touch it again.
SETTLE_MS = MINUTE_MS
# Entered in one commit: at 1 Hz 10 ms on a PC, for which who writes readings may have to wait.
SLICE = 8
_VALUES = ", ".join(COLUMNS)

Made = dict[int, list[Rollup]]  # by width in ms


class Rows(Protocol):
    meters: Meters
    intact: str

    def scan(
        self, meter: Meter, from_ms: int, to_ms: int, columns: str = ..., also: str = ...
    ) -> Iterator[tuple[Any, ...]]: ...
    def hours(self, meter: Meter) -> list[int]: ...
    def print(self, meter: Meter, from_ms: int, to_ms: int) -> tuple[int, ...]: ...


class Rolling:
    """Keeps the rollups of one site."""

    def __init__(self, db: Database, rows: Rows, site: int = 0) -> None:
        self._db = db
        self._rows = rows
        self._site = site
        self._rollups = Rollups(db)
        self._touched = Touched(db)
        self._sealed = SealedHours(db, site)

    def slices(self, now_ms: Callable[[], int], zone: ZoneInfo) -> Iterator[int]:
        """How many hours and days each slice has made, until none is left that could be."""
        while made := self.slice(now_ms(), zone):
            yield made

    def slice(self, now_ms: int, zone: ZoneInfo) -> int:
        """Make up to SLICE touched hours and days that are over; how many.

        An hour is worked out in a read transaction. Then its rows are told from those of that moment by their print,
        and only while it is entered does somebody else have to wait.
        """
        self._take_zone(zone)
        hours = self._touched.newest(self._site, HOUR_MS, now_ms - SETTLE_MS - HOUR_MS + 1, SLICE)
        room = SLICE - len(hours)
        days = self._touched.newest(self._site, DAY_MS, now_ms - SETTLE_MS - DAY_MS + 1, room) if room else []
        if not hours and not days:
            return 0
        meters = {self._rows.meters.find(meter): meter for meter in self._rows.meters.all()}
        with self._db.read():
            made = [(self._print(meters[number], at), self._made(meters[number], at)) for number, at in hours]
        settled = len(days)
        with self._db.write(self._site):
            for (number, start_ms), (print_, rollups) in zip(hours, made, strict=True):
                if self._print(meters[number], start_ms) == print_:
                    self._enter(number, start_ms, rollups, zone)
                    settled += 1
            for number, start_ms in days:
                self._day(number, start_ms, zone)
        return settled

    def hour(self, meter: Meter, start_ms: int) -> None:
        """Make one hour anew if it is touched, inside the caller's write transaction."""
        number = self._rows.meters.find(meter) or 0
        if self._touched.is_marked(number, HOUR_MS, start_ms):
            self._enter(number, start_ms, self._made(meter, start_ms), self.zone())

    def zone(self) -> ZoneInfo | None:
        """The zone of the days that there are."""
        row = self._db.execute("SELECT zone FROM rollup_zones WHERE site = ?", (self._site,)).fetchone()
        return ZoneInfo(row[0]) if row else None

    def left(self) -> int:
        """How many hours and days are touched, those that are not over included."""
        found = self._db.execute(
            "SELECT count(*) FROM touched t JOIN meters m ON m.id = t.meter WHERE m.site = ?", (self._site,)
        )
        return int(found.fetchone()[0])

    def touch_all(self) -> None:
        """Everything that has rows is to be made anew (its own transaction)."""
        with self._db.write(self._site):
            for meter in self._rows.meters.all():
                number = self._rows.meters.find(meter) or 0
                self._touched.hours((number, hour) for hour in self._rows.hours(meter))

    def _print(self, meter: Meter, start_ms: int) -> tuple[int, ...]:
        return self._rows.print(meter, start_ms, start_ms + HOUR_MS)

    def _made(self, meter: Meter, start_ms: int) -> Made | None:
        """The rollups of an hour by width; None where it is sealed and they are there."""
        seal = self._sealed.find(meter, start_ms // HOUR_MS)
        if seal and self._is_whole(self._rows.meters.find(meter) or 0, start_ms, seal):
            return None
        end_ms = start_ms + HOUR_MS
        rows = self._rows.scan(meter, start_ms, end_ms, _VALUES, f"AND {self._rows.intact} = 1")
        minutes = list(by_minute(rows))
        quarters = list(by(QUARTER_MS, minutes))
        hours = [_of_seal(seal)] if seal else list(by(HOUR_MS, quarters))
        return {MINUTE_MS: minutes, QUARTER_MS: quarters, HOUR_MS: hours}

    def _is_whole(self, number: int, start_ms: int, seal: Seal) -> bool:
        """Whether the hour's rollup was made of all that the seal was made of, not of the part that had come before."""
        held = self._rollups.read(number, HOUR_MS, start_ms, start_ms + 1)
        if not held:
            return False
        return _values_in(held[0]) >= _values_in(_of_seal(seal))

    def _enter(self, number: int, start_ms: int, made: Made | None, zone: ZoneInfo | None) -> None:
        end_ms = start_ms + HOUR_MS
        for width_ms, rollups in (made or {}).items():
            self._rollups.replace(number, width_ms, start_ms, end_ms, rollups)
        if made is not None and zone:
            days = {day_span(day_of(ms, zone), zone)[0] for ms in (start_ms, end_ms - 1)}
            self._touched.days(number, sorted(days))
        self._touched.settle(number, HOUR_MS, start_ms)

    def _day(self, number: int, start_ms: int, zone: ZoneInfo) -> None:
        from_ms, to_ms = day_span(day_of(start_ms, zone), zone)
        made = []
        if from_ms == start_ms:
            parts = sorted(self._parts(number, from_ms, to_ms), key=lambda rollup: rollup.start_ms)
            made = [together(from_ms, parts)] if parts else []
        self._rollups.replace(number, DAY_MS, start_ms, start_ms + 1, made)
        self._touched.settle(number, DAY_MS, start_ms)

    def _parts(self, number: int, from_ms: int, to_ms: int) -> Iterator[Rollup]:
        """Whole hours, and quarters where midnight cuts one; an hour without quarters counts where it begins."""
        first, last = -(-from_ms // HOUR_MS) * HOUR_MS, to_ms // HOUR_MS * HOUR_MS
        for hour_ms in self._rollups.undivided(number, last, to_ms):
            yield from self._rollups.read(number, HOUR_MS, hour_ms, hour_ms + 1)
        yield from self._rollups.read(number, QUARTER_MS, from_ms, first)
        yield from self._rollups.read(number, HOUR_MS, first, last)
        yield from self._rollups.read(number, QUARTER_MS, last, to_ms)

    def _take_zone(self, zone: ZoneInfo) -> None:
        """When the site's zone changed, its days are others: all of them are made anew."""
        if self.zone() == zone:
            return
        with self._db.write(self._site):
            self._db.execute(
                "INSERT INTO rollup_zones (site, zone) VALUES (?, ?)"
                " ON CONFLICT (site) DO UPDATE SET zone = excluded.zone",
                (self._site, zone.key),
            )
            for meter in self._rows.meters.all():
                number = self._rows.meters.find(meter) or 0
                self._forget_days(number)
                hours = self._rollups.starts(number, HOUR_MS, 0, 2**62)
                ends = (ms for start_ms in hours for ms in (start_ms, start_ms + HOUR_MS - 1))
                days = {day_of(ms, zone) for ms in ends}
                self._touched.days(number, sorted(day_span(day, zone)[0] for day in days))

    def _forget_days(self, number: int) -> None:
        for table in ("rollups", "touched"):
            self._db.execute(f"DELETE FROM {table} WHERE meter = ? AND width_s = ?", (number, DAY_MS // 1000))


def _of_seal(seal: Seal) -> Rollup:
    """The rollup of an hour of which the seal alone is here; as many of its minutes had readings as can have had."""
    sums = tuple(Sum(*seal.sums[column]) if column in seal.sums else None for column in COLUMNS)
    counters = [(taken_ms, wh) for _boot, _seq, taken_ms, wh in seal.counters]
    return Rollup(seal.hour * HOUR_MS, min(HOUR_MS // MINUTE_MS, seal.rows), sums, way(counters))


def _values_in(rollup: Rollup) -> int:
    """Of the quantity that has most."""
    return max((each.n for each in rollup.sums if each), default=0)
