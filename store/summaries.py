"""Summaries of a meter over a range: a quantity in buckets, the way of its counter.

Read from rollups where they match the rows, from the rows elsewhere: where an hour is touched, not over yet, or cut by
the range. The answer is the same either way, only faster.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import pairwise
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from metering.calendar import day_of, day_span
from metering.energy import HOUR_MS
from metering.quantity import DAY_MS
from metering.reading import Meter
from metering.rollup import MINUTE_MS, QUARTER_MS, Sum, Way
from store.database import Database
from store.meters import Meters
from store.pieces import Piece, pieces
from store.rollups import Rollups
from store.sealed import SealedHours
from store.sealing import Counter
from store.touched import Touched

# The coarsest that fits is read.
_WIDTHS_MS = (HOUR_MS, QUARTER_MS, MINUTE_MS)
# A day of a zone lasts 23 to 25 hours; one that ends later is not followed by the next one.
_DAY_MOST_MS = DAY_MS + HOUR_MS
_KNOWN = "AND energy_wh IS NOT NULL"


class Rows(Protocol):
    meters: Meters

    def scan(
        self, meter: Meter, from_ms: int, to_ms: int, columns: str = ..., also: str = ...
    ) -> Iterator[tuple[Any, ...]]: ...
    def buckets(
        self, meter: Meter, column: str, from_ms: int, to_ms: int, begin_ms: int, width_ms: int
    ) -> dict[int, Sum]: ...
    def minutes(self, meter: Meter, from_ms: int, to_ms: int) -> int: ...
    def counter_before(self, meter: Meter, at_ms: int) -> Counter | None: ...


class Summaries:
    """A read-only view of one site's rows and rollups."""

    def __init__(self, db: Database, rows: Rows, site: int = 0) -> None:
        self._db = db
        self._rows = rows
        self._site = site
        self._rollups, self._touched = Rollups(db), Touched(db)
        self._sealed = SealedHours(db, site)

    def buckets(
        self, meter: Meter, column: str, from_ms: int, to_ms: int, begin_ms: int, bucket_ms: int
    ) -> dict[int, Sum]:
        """start_ms -> values in [from_ms, to_ms) of the buckets of bucket_ms from begin_ms that hold any."""
        number, found = self._rows.meters.find(meter) or 0, dict[int, Sum]()
        fitting = (ms for ms in _WIDTHS_MS if begin_ms % ms == bucket_ms % ms == 0)
        # One state of the database: an hour that is rolled up or pruned meanwhile would be read from neither.
        days = self._whole_days(number, from_ms, to_ms, begin_ms) if bucket_ms % DAY_MS == 0 else []
        with self._db.read():
            for piece in self._pieces(number, from_ms, to_ms, next(fitting, None), days):
                cut = piece.from_ms, piece.to_ms, begin_ms, bucket_ms
                if piece.width_ms is None:
                    some = self._rows.buckets(meter, column, *cut)
                else:
                    some = self._rollups.buckets(number, column, piece.width_ms, *cut)
                if piece.width_ms and piece.width_ms < HOUR_MS <= bucket_ms:
                    _join(found, self._rollups.undivided_buckets(number, column, *cut))
                _join(found, some)
        return found

    def minutes(self, meter: Meter, from_ms: int, to_ms: int) -> int:
        """How many minutes of UTC that begin in the range have readings."""
        number = self._rows.meters.find(meter) or 0
        days = self._days(number, from_ms, to_ms)
        with self._db.read():
            return sum(
                self._rows.minutes(meter, piece.from_ms, piece.to_ms)
                if piece.width_ms is None
                else self._rollups.minutes(number, piece.width_ms, piece.from_ms, piece.to_ms)
                + (
                    self._rollups.undivided_minutes(number, piece.from_ms, piece.to_ms)
                    if piece.width_ms < HOUR_MS
                    else 0
                )
                for piece in self._pieces(number, from_ms, to_ms, QUARTER_MS, days)
            )

    def counters(self, meter: Meter, from_ms: int, to_ms: int) -> Iterator[Counter]:
        """(boot, seq, taken_ms, energy_wh) in [from_ms, to_ms), led by the last value before, if there is one.

        A sealed hour gives the values it kept, between which the energy is that of all its rows.
        """
        if before := self._before(meter, from_ms):
            yield before
        yield from self._within(meter, from_ms, to_ms)

    def ways(
        self, meter: Meter, from_ms: int, to_ms: int, width_ms: int, days_of: ZoneInfo | None = None
    ) -> Iterator[tuple[Way, int]]:
        """(way, values) of the counter in [from_ms, to_ms), in order, led by the last value before, if there is one.

        No way crosses a border of width_ms of UTC (a quarter or an hour), but that whole days of the zone `days_of` are
        one way each, where the site's days are those of this zone.
        """
        number = self._rows.meters.find(meter) or 0
        if before := self._before(meter, from_ms):
            yield _single(before), 1
        days = self._days(number, from_ms, to_ms) if days_of and days_of == self._zone() else []
        for piece in self._pieces(number, from_ms, to_ms, width_ms, days):
            if piece.width_ms is None:
                for counter in self._within(meter, piece.from_ms, piece.to_ms):
                    yield _single(counter), 1
            elif piece.width_ms < HOUR_MS:
                yield from self._finer_ways(meter, number, piece)
            else:
                yield from self._rollups.ways(number, piece.width_ms, piece.from_ms, piece.to_ms)

    def _finer_ways(self, meter: Meter, number: int, piece: Piece) -> Iterator[tuple[Way, int]]:
        """Of quarters or minutes; an hour of which only the seal is here has the values that the seal kept."""
        found = list(self._rollups.ways(number, piece.width_ms or 0, piece.from_ms, piece.to_ms))
        for hour_ms in self._rollups.undivided(number, piece.from_ms - HOUR_MS + 1, piece.to_ms):
            low, high = max(hour_ms, piece.from_ms), min(hour_ms + HOUR_MS, piece.to_ms)
            found += [(_single(counter), 1) for counter in self._sealed.counters(meter, low, high)]
        yield from sorted(found, key=lambda each: each[0].first_ms)

    def _pieces(
        self, number: int, from_ms: int, to_ms: int, width_ms: int | None, days: Sequence[tuple[int, int]]
    ) -> list[Piece]:
        return pieces(from_ms, to_ms, width_ms, self._stale(number, from_ms, to_ms), days)

    def _stale(self, number: int, from_ms: int, to_ms: int) -> list[int]:
        """Touched hours; not those that are sealed and have their rollup, which is never made again."""
        return self._touched.unsealed(number, from_ms - HOUR_MS + 1, to_ms)

    def _days(self, number: int, from_ms: int, to_ms: int) -> list[tuple[int, int]]:
        """The days of the site's zone within the range whose rollups match their rows."""
        key = ("days", number, from_ms, to_ms)
        return self._db.remembered(key, lambda: self._read_days(number, from_ms, to_ms))

    def _read_days(self, number: int, from_ms: int, to_ms: int) -> list[tuple[int, int]]:
        zone = self._zone()
        if zone is None:
            return []
        starts = self._rollups.starts(number, DAY_MS, from_ms, to_ms)
        ends = [
            later if later - start <= _DAY_MOST_MS else _end(start, zone) for start, later in pairwise(starts)
        ]
        ends += [_end(start, zone) for start in starts[-1:]]
        stale = set(self._touched.within(number, DAY_MS, from_ms, to_ms))
        hours = iter([*self._stale(number, from_ms, to_ms), to_ms + DAY_MS])
        hour_ms, clean = next(hours), []
        for start, end in zip(starts, ends, strict=True):
            while hour_ms + HOUR_MS <= start:
                hour_ms = next(hours)
            if start not in stale and end <= min(to_ms, hour_ms):
                clean.append((start, end))
        return clean

    def _whole_days(self, number: int, from_ms: int, to_ms: int, begin_ms: int) -> list[tuple[int, int]]:
        """Those that buckets of days from begin_ms do not cut: none where a clock change moved midnight."""
        days = self._days(number, from_ms, to_ms)
        return [(low, high) for low, high in days if (low - begin_ms) % DAY_MS == 0 and high - low == DAY_MS]

    def _zone(self) -> ZoneInfo | None:
        row = self._db.execute("SELECT zone FROM rollup_zones WHERE site = ?", (self._site,)).fetchone()
        return ZoneInfo(row[0]) if row else None

    def _before(self, meter: Meter, at_ms: int) -> Counter | None:
        befores = self._rows.counter_before(meter, at_ms), self._sealed.counter_before(meter, at_ms)
        return max(filter(None, befores), key=_in_time, default=None)

    def _within(self, meter: Meter, from_ms: int, to_ms: int) -> Iterator[Counter]:
        rows = self._rows.scan(meter, from_ms, to_ms, "energy_wh", _KNOWN)
        return merge(rows, self._sealed.counters(meter, from_ms, to_ms), key=_in_time)


def _join(found: dict[int, Sum], more: dict[int, Sum]) -> None:
    for start_ms, values in more.items():
        found[start_ms] = values.joined(found.get(start_ms))


def _end(start_ms: int, zone: ZoneInfo) -> int:
    return day_span(day_of(start_ms, zone), zone)[1]


def _single(counter: Counter) -> Way:
    return Way(*counter[2:], *counter[2:])


def _in_time(counter: Counter) -> tuple[int, int, int]:
    return counter[2], counter[0], counter[1]
