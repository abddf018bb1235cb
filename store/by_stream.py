"""Readings as the edge keeps them: clustered by (stream, seq), found by time through a sparse hour index.

Appending touches one page a commit. The index holds, for each meter and UTC hour, the range of seqs that a
stream has there; other meters' rows inside the range are passed over when reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from metering.energy import HOUR_MS
from metering.quantity import COLUMNS
from metering.reading import CHANNEL, SEQ, TAKEN_MS, Meter, Row
from metering.rollup import Sum
from store.database import Bulk, Database
from store.meters import Meters
from store.row_check import PRINT, intact_sql, row_check_sql
from store.stock_by_stream import StockByStream
from store.touched import Touched

_VALUES = ", ".join(COLUMNS)
_INSERT = Bulk(
    "readings",
    ("stream", "seq", "channel", "taken_ms", *COLUMNS),
    ("row_check", lambda names: row_check_sql(names[2], names[1], names[3], names[4:])),
)
# A row gets its date, and with it another check.
_DATE = f"UPDATE readings SET taken_ms = ?1, row_check = {row_check_sql('channel', 'seq', '?1')}"
_HOUR = (
    "INSERT INTO hours (meter, hour, stream, from_seq, to_seq) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (meter, hour, stream) DO UPDATE SET from_seq = min(from_seq, excluded.from_seq),"
    " to_seq = max(to_seq, excluded.to_seq)"
)
_RANGE = "stream = ? AND seq BETWEEN ? AND ? AND channel = ?"

Stretch = tuple[int, int, int, int]  # stream, from_seq, to_seq, channel


class RowsByStream:
    """The readings of the one house this edge stands in (site 0)."""

    intact = intact_sql("channel")

    def __init__(self, db: Database, site: int = 0) -> None:
        self._db = db
        self._touched = Touched(db)
        self.meters = Meters(db, site)

    def insert(self, stream: int, source: str, rows: Sequence[Row]) -> None:
        self._db.bulk(_INSERT, [(stream, *row) for row in rows])
        self.index(stream, source, rows)

    def date(self, stream: int, times: Iterable[tuple[int, int]]) -> None:
        """Enter the (taken_ms, seq) of rows that waited; `index` wants to follow."""
        self._db.executemany(
            f"{_DATE} WHERE stream = ?2 AND seq = ?3", [(taken_ms, stream, seq) for taken_ms, seq in times]
        )

    def redate(self, stream: int, source: str, rows: Sequence[Row]) -> None:
        """Give stored rows the dates that they have in `rows`, in order of seq."""
        before = self._db.execute(
            "SELECT DISTINCT channel, taken_ms / ? FROM readings"
            " WHERE stream = ? AND seq BETWEEN ? AND ? AND taken_ms IS NOT NULL",
            (HOUR_MS, stream, rows[0][SEQ], rows[-1][SEQ]),
        ).fetchall()
        self._touch(source, before)
        self.date(stream, [(row[TAKEN_MS] or 0, row[SEQ] or 0) for row in rows])
        self.index(stream, source, rows)

    def index(self, stream: int, source: str, rows: Iterable[Row]) -> None:
        """Enter dated rows in the hour index, and touch their hours; undated ones wait until they are dated."""
        spans: dict[tuple[int, int], tuple[int, int]] = {}
        channels = set()
        for row in rows:
            seq, channel, taken_ms = row[SEQ], row[CHANNEL], row[TAKEN_MS]
            assert seq is not None
            assert channel is not None
            channels.add(channel)
            if taken_ms is not None:
                low, high = spans.get((channel, taken_ms // HOUR_MS), (seq, seq))
                spans[channel, taken_ms // HOUR_MS] = min(low, seq), max(high, seq)
        numbers = {channel: self.meters.number(source, channel) for channel in sorted(channels)}
        self._db.executemany(
            _HOUR, [(numbers[ch], hour, stream, low, high) for (ch, hour), (low, high) in spans.items()]
        )
        self._touched.hours((numbers[channel], hour) for channel, hour in spans)

    def find(self, stream: int, seq: int) -> Row | None:
        """The stored row of one record, as ROW_FIELDS."""
        row: Row | None = self._db.execute(
            f"SELECT seq, channel, taken_ms, {_VALUES} FROM readings WHERE stream = ? AND seq = ?",
            (stream, seq),
        ).fetchone()
        return row

    def stored(
        self, stream: int, _source: str, rows: Sequence[Row], thorough: bool
    ) -> dict[int, tuple[int, int | None, tuple[int | None, ...], bool]]:
        """seq -> (channel, taken_ms, values, intact) of what lies here under the names of rows in order of seq."""
        if thorough or not rows:
            return {}  # a row lies under its number whatever its date says
        found = self._db.execute(
            f"SELECT seq, channel, taken_ms, {self.intact}, {_VALUES} FROM readings"
            " WHERE stream = ? AND seq BETWEEN ? AND ?",
            (stream, rows[0][SEQ], rows[-1][SEQ]),
        )
        asked = {row[SEQ] for row in rows}
        return {row[0]: (row[1], row[2], row[4:], bool(row[3])) for row in found if row[0] in asked}

    def remove(self, stream: int, source: str, rows: Iterable[tuple[int, int, int | None]]) -> None:
        """Delete (seq, channel, taken_ms as it is stored)."""
        gone = list(rows)
        self._db.executemany(
            "DELETE FROM readings WHERE stream = ? AND seq = ?", [(stream, seq) for seq, *_place in gone]
        )
        self._touch(source, {(channel, ms // HOUR_MS) for _seq, channel, ms in gone if ms is not None})

    def print(self, meter: Meter, from_ms: int, to_ms: int) -> tuple[int, ...]:
        """Another one when rows of [from_ms, to_ms) came, went or changed."""
        sql = f"SELECT {PRINT}, coalesce(sum({self.intact}), 0) FROM readings WHERE {_RANGE}"
        prints = [
            self._db.execute(
                f"{sql} AND taken_ms >= ? AND taken_ms < ?", (*stretch, from_ms, to_ms)
            ).fetchone()
            for _hour, stretches in self._hours(meter, from_ms, to_ms)
            for _boot, stretch in stretches
        ]
        return tuple(chain.from_iterable(prints))

    def hours(self, meter: Meter) -> list[int]:
        """The UTC hours since 1970 in which a meter has rows, in order."""
        rows = self._db.execute(
            "SELECT DISTINCT hour FROM hours WHERE meter = ? ORDER BY hour", (self.meters.find(meter) or 0,)
        )
        return [hour for (hour,) in rows]

    def scan(
        self, meter: Meter, from_ms: int, to_ms: int, columns: str = _VALUES, also: str = ""
    ) -> Iterator[tuple[Any, ...]]:
        """(boot, seq, taken_ms, columns...) with taken_ms in [from_ms, to_ms), by taken_ms, boot, seq."""
        for hour, stretches in self._hours(meter, from_ms, to_ms):
            low, high = max(from_ms, hour * HOUR_MS), min(to_ms, (hour + 1) * HOUR_MS)
            rows: list[tuple[Any, ...]] = []
            for boot, stretch in stretches:
                sql = (
                    f"SELECT ?, seq, taken_ms, {columns} FROM readings WHERE {_RANGE}"
                    f" AND taken_ms >= ? AND taken_ms < ? {also}"
                )
                rows += self._db.execute(sql, (boot, *stretch, low, high)).fetchall()
            rows.sort(key=lambda row: (row[2], row[0], row[1]))
            yield from rows

    def buckets(
        self, meter: Meter, column: str, from_ms: int, to_ms: int, begin_ms: int, width_ms: int
    ) -> dict[int, Sum]:
        """start_ms -> values in [from_ms, to_ms) of the buckets of width_ms from begin_ms that hold any."""
        found: dict[int, Sum] = {}
        sql = (
            f"SELECT (taken_ms - ?) / ? AS bucket, count({column}), sum({column}), min({column}), max({column})"
            f" FROM readings WHERE {_RANGE} AND taken_ms >= ? AND taken_ms < ? AND {column} IS NOT NULL"
            " GROUP BY bucket"
        )
        for hour, stretches in self._hours(meter, from_ms, to_ms):
            low, high = max(from_ms, hour * HOUR_MS), min(to_ms, (hour + 1) * HOUR_MS)
            for _boot, stretch in stretches:
                for bucket, *sums in self._db.execute(sql, (begin_ms, width_ms, *stretch, low, high)):
                    start = begin_ms + bucket * width_ms
                    found[start] = Sum(*sums).joined(found.get(start))
        return found

    def minutes(self, meter: Meter, from_ms: int, to_ms: int) -> int:
        """How many minutes of UTC have rows in [from_ms, to_ms)."""
        sql = f"SELECT DISTINCT taken_ms / 60000 FROM readings WHERE {_RANGE} AND taken_ms >= ? AND taken_ms < ?"
        return len(
            {
                minute
                for _hour, stretches in self._hours(meter, from_ms, to_ms)
                for _boot, stretch in stretches
                for (minute,) in self._db.execute(sql, (*stretch, from_ms, to_ms))
            }
        )

    def undated(self, meter: Meter) -> Iterator[tuple[int, int]]:
        """(boot, seq) of the rows whose time is not known yet."""
        yield from self._db.execute(
            "SELECT s.boot, r.seq FROM undated u JOIN readings r ON r.stream = u.stream AND r.seq = u.seq"
            " JOIN streams s ON s.id = u.stream WHERE s.source = ? AND r.channel = ?",
            (meter.source, meter.channel),
        )

    def values(self, meter: Meter, boot: int, seq: int) -> tuple[int | None, ...]:
        """The values of one stored row, whether it has a date or not."""
        values: tuple[int | None, ...] = self._db.execute(
            f"SELECT {_VALUES} FROM readings r JOIN streams s ON s.id = r.stream"
            " WHERE s.source = ? AND s.boot = ? AND r.seq = ?",
            (meter.source, boot, seq),
        ).fetchone()
        return values

    def counter_before(self, meter: Meter, at_ms: int) -> tuple[int, int, int, int] | None:
        """(boot, seq, taken_ms, energy_wh) of the last counter value before at_ms, an hour at a time backwards."""
        sql = (
            f"SELECT ?, seq, taken_ms, energy_wh FROM readings WHERE {_RANGE}"
            " AND taken_ms >= ? AND taken_ms < ? AND energy_wh IS NOT NULL ORDER BY taken_ms DESC, seq DESC LIMIT 1"
        )
        hours = self._db.execute(
            "SELECT h.hour, s.boot, h.stream, h.from_seq, h.to_seq FROM hours h JOIN streams s ON s.id = h.stream"
            " WHERE h.meter = ? AND h.hour <= ? ORDER BY h.hour DESC",
            (self.meters.find(meter) or 0, (at_ms - 1) // HOUR_MS),
        )
        for hour, stretches in groupby(hours, key=itemgetter(0)):
            low, high = hour * HOUR_MS, min(at_ms, (hour + 1) * HOUR_MS)
            found: list[tuple[int, int, int, int]] = []
            for _hour, boot, *stretch in stretches:
                found += self._db.execute(sql, (boot, *stretch, meter.channel, low, high)).fetchall()
            if found:
                return max(found, key=lambda row: (row[2], row[0], row[1]))
        return None

    def newest(self, meter: Meter) -> tuple[Any, ...] | None:
        """(boot, seq, taken_ms, columns...) of the reading with the latest date."""
        last = self.span_ms(meter)
        return None if last is None else list(self.scan(meter, last[1], last[1] + 1))[-1]

    def span_ms(self, meter: Meter) -> tuple[int, int] | None:
        """First and last taken_ms of a meter."""
        ends = []
        for order, pick in (("ASC", "min"), ("DESC", "max")):
            hour = self._db.execute(
                f"SELECT hour FROM hours WHERE meter = ? ORDER BY hour {order} LIMIT 1",
                (self.meters.find(meter) or 0,),
            ).fetchone()
            if hour is None:
                return None
            low = hour[0] * HOUR_MS
            found = [
                self._db.execute(
                    f"SELECT {pick}(taken_ms) FROM readings WHERE {_RANGE} AND taken_ms >= ? AND taken_ms < ?",
                    (*stretch, low, low + HOUR_MS),
                ).fetchone()[0]
                for _hour, stretches in self._hours(meter, low, low + HOUR_MS)
                for _boot, stretch in stretches
            ]
            ends.append((min if pick == "min" else max)(found))
        return ends[0], ends[1]

    def _touch(self, source: str, places: Iterable[tuple[int, int]]) -> None:
        """Touch (channel, UTC hour)s of a source."""
        self._touched.hours((self.meters.find(Meter(source, channel)) or 0, hour) for channel, hour in places)

    def _hours(
        self, meter: Meter, from_ms: int, to_ms: int
    ) -> Iterator[tuple[int, list[tuple[int, Stretch]]]]:
        """Each UTC hour that touches the range, with the (boot, stretch)es that have rows there."""
        by_hour: dict[int, list[tuple[int, Stretch]]] = {}
        for hour, boot, stream, low, high in self._db.execute(
            "SELECT h.hour, s.boot, h.stream, h.from_seq, h.to_seq FROM hours h JOIN streams s ON s.id = h.stream"
            " WHERE h.meter = ? AND h.hour BETWEEN ? AND ? ORDER BY h.hour",
            (self.meters.find(meter) or 0, from_ms // HOUR_MS, (to_ms - 1) // HOUR_MS),
        ).fetchall():
            by_hour.setdefault(hour, []).append((boot, (stream, low, high, meter.channel)))
        yield from by_hour.items()

    @property
    def stock(self) -> StockByStream:
        """The same rows, for counting."""
        return StockByStream(self._db, self.meters)
