"""Readings as the cloud keeps them: clustered for reading by (site, meter, taken_ms, stream, seq).

Doubles cannot arise because the stream's cursor moves in the same transaction as its rows, and a fill is
taken only where a gap is; so no second unique index is needed and PostgreSQL can partition by month.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from metering.energy import HOUR_MS
from metering.quantity import COLUMNS
from metering.reading import CHANNEL, SEQ, TAKEN_MS, Meter, Row
from metering.rollup import Sum
from store.database import Bulk, Database
from store.meters import Meters
from store.row_check import PRINT, intact_sql, row_check_sql
from store.stock_by_time import StockByTime
from store.touched import Touched

_VALUES = ", ".join(COLUMNS)
_INSERT = Bulk(
    "readings",
    ("site", "meter", "taken_ms", "stream", "seq", *COLUMNS),
    ("row_check", lambda names: row_check_sql(names[1], names[4], names[2], names[5:])),
)
_RANGE = "r.site = ? AND r.meter = ? AND r.taken_ms >= ? AND r.taken_ms < ?"
# Rows are read in pages of the key, so that an export of years holds no cursor open and little memory.
PAGE_ROWS = 5_000
# A row whose date the twins see differently is looked for so far around; clocks of one site differ by less.
_AROUND_MS = 3_600_000
_FOREVER_MS = 2**62


class RowsByTime:
    """The readings of one site among many."""

    intact = intact_sql("meter")

    def __init__(self, db: Database, site: int) -> None:
        self._db = db
        self._site = site
        self._touched = Touched(db)
        self.meters = Meters(db, site)

    def insert(self, stream: int, source: str, rows: Sequence[Row]) -> None:
        """Store dated rows; the cheapest when they come ordered by channel, then seq, as batches do."""
        placed: list[tuple[int | None, ...]] = []
        hours: set[tuple[int, int]] = set()
        for channel, group in groupby(rows, key=itemgetter(CHANNEL)):
            assert channel is not None
            meter, site = self.meters.number(source, channel), self._site
            some = [(site, meter, row[2], stream, row[0], *row[3:]) for row in group]
            hours.update((meter, hour) for hour in {row[2] // HOUR_MS for row in some if row[2]})
            placed += some
        if hours:
            in_order = sorted(hour for _meter, hour in hours)
            self._db.months(in_order[0] * HOUR_MS, in_order[-1] * HOUR_MS)
        self._db.bulk(_INSERT, placed)
        self._touched.hours(hours)

    def stored(
        self, stream: int, source: str, rows: Sequence[Row], thorough: bool
    ) -> dict[int, tuple[int, int | None, tuple[int | None, ...], bool]]:
        """seq -> (channel, taken_ms, values, intact) of what lies here under the names of `rows`.

        Looked for around their dates; `thorough`: in all that the site has, since a damaged date or meter moves a row.
        """
        if not rows:
            return {}
        dates, asked = [row[TAKEN_MS] or 0 for row in rows], {row[SEQ] for row in rows}
        low, high = min(dates) - _AROUND_MS, max(dates) + _AROUND_MS
        near = {Meter(source, row[CHANNEL] or 0) for row in rows}
        found: dict[int, tuple[int, int | None, tuple[int | None, ...], bool]] = {}
        for meter in self.meters.all() if thorough else sorted(near):
            for seq, taken_ms, intact, *values in self._db.execute(
                f"SELECT seq, taken_ms, {self.intact}, {_VALUES} FROM readings r"
                f" WHERE {_RANGE} AND r.stream = ? AND r.seq BETWEEN ? AND ?",
                (self._site, self.meters.find(meter) or 0, *((0, _FOREVER_MS) if thorough else (low, high)),
                 stream, rows[0][SEQ], rows[-1][SEQ]),
            ):  # fmt: skip
                if seq in asked:
                    found[seq] = (meter.channel, taken_ms, tuple(values), bool(intact))
        return found

    def remove(self, stream: int, source: str, rows: Iterable[tuple[int, int, int | None]]) -> None:
        """Delete (seq, channel, taken_ms as it is stored)."""
        gone = [
            (self._site, self.meters.find(Meter(source, channel)) or 0, taken_ms, stream, seq)
            for seq, channel, taken_ms in rows
        ]
        self._db.executemany(
            "DELETE FROM readings WHERE site = ? AND meter = ? AND taken_ms = ? AND stream = ? AND seq = ?",
            gone,
        )
        self._touched.hours({(row[1], row[2] // HOUR_MS) for row in gone if row[2] is not None})

    def print(self, meter: Meter, from_ms: int, to_ms: int) -> tuple[int, ...]:
        """Another one when rows of [from_ms, to_ms) came, went or changed."""
        found: tuple[int, ...] = self._db.execute(
            f"SELECT {PRINT}, coalesce(sum({self.intact}), 0) FROM readings r WHERE {_RANGE}",
            (self._site, self.meters.find(meter) or 0, from_ms, to_ms),
        ).fetchone()
        return found

    def hours(self, meter: Meter) -> list[int]:
        """The UTC hours since 1970 in which a meter has rows, in order: each found by leaping over the one before."""
        number, found, from_ms = self.meters.find(meter) or 0, [], 0
        while row := self._db.execute(
            "SELECT taken_ms FROM readings WHERE site = ? AND meter = ? AND taken_ms >= ?"
            " ORDER BY taken_ms LIMIT 1",
            (self._site, number, from_ms),
        ).fetchone():
            found.append(row[0] // HOUR_MS)
            from_ms = (found[-1] + 1) * HOUR_MS
        return found

    def scan(
        self, meter: Meter, from_ms: int, to_ms: int, columns: str = _VALUES, also: str = ""
    ) -> Iterator[tuple[Any, ...]]:
        """(boot, seq, taken_ms, columns...) with taken_ms in [from_ms, to_ms), by taken_ms, boot, seq."""
        number = self.meters.find(meter) or 0
        sql = (
            f"SELECT s.boot, r.seq, r.taken_ms, {columns} FROM readings r JOIN streams s ON s.id = r.stream"
            f" WHERE {_RANGE} AND (r.taken_ms, s.boot, r.seq) > (?, ?, ?) {also}"
            f" ORDER BY r.taken_ms, s.boot, r.seq LIMIT {PAGE_ROWS}"
        )
        after: tuple[Any, ...] = (from_ms, -1, -1)
        while page := self._db.execute(sql, (self._site, number, after[0], to_ms, *after)).fetchall():
            yield from page
            after = (page[-1][2], page[-1][0], page[-1][1])
            if len(page) < PAGE_ROWS:
                return

    def buckets(
        self, meter: Meter, column: str, from_ms: int, to_ms: int, begin_ms: int, width_ms: int
    ) -> dict[int, Sum]:
        """start_ms -> values in [from_ms, to_ms) of the buckets of width_ms from begin_ms that hold any."""
        rows = self._db.execute(
            f"SELECT (r.taken_ms - ?) / ? AS bucket, count({column}), sum({column}), min({column}), max({column})"
            f" FROM readings r WHERE {_RANGE} AND {column} IS NOT NULL GROUP BY bucket",
            (begin_ms, width_ms, self._site, self.meters.find(meter) or 0, from_ms, to_ms),
        )
        return {begin_ms + bucket * width_ms: Sum(*found) for bucket, *found in rows}

    def minutes(self, meter: Meter, from_ms: int, to_ms: int) -> int:
        """How many minutes of UTC have rows in [from_ms, to_ms)."""
        found = self._db.execute(
            f"SELECT count(DISTINCT r.taken_ms / 60000) FROM readings r WHERE {_RANGE}",
            (self._site, self.meters.find(meter) or 0, from_ms, to_ms),
        )
        return int(found.fetchone()[0])

    def undated(self, _meter: Meter) -> Iterator[tuple[int, int]]:
        """Nothing: a row travels only when it is dated."""
        return iter(())

    def values(self, meter: Meter, boot: int, seq: int) -> tuple[int | None, ...]:
        raise LookupError(f"{meter.key} {boot} {seq}: no row here waits for its date")

    def counter_before(self, meter: Meter, at_ms: int) -> tuple[int, int, int, int] | None:
        """(boot, seq, taken_ms, energy_wh) of the last counter value before at_ms."""
        found: tuple[int, int, int, int] | None = self._db.execute(
            "SELECT s.boot, r.seq, r.taken_ms, r.energy_wh FROM readings r JOIN streams s ON s.id = r.stream"
            " WHERE r.site = ? AND r.meter = ? AND r.taken_ms < ? AND r.energy_wh IS NOT NULL"
            " ORDER BY r.taken_ms DESC, s.boot DESC, r.seq DESC LIMIT 1",
            (self._site, self.meters.find(meter) or 0, at_ms),
        ).fetchone()
        return found

    def newest(self, meter: Meter) -> tuple[Any, ...] | None:
        """(boot, seq, taken_ms, columns...) of the reading with the latest date."""
        last = self.span_ms(meter)
        return None if last is None else list(self.scan(meter, last[1], last[1] + 1))[-1]

    def span_ms(self, meter: Meter) -> tuple[int, int] | None:
        """First and last taken_ms of a meter."""
        key = (self._site, self.meters.find(meter) or 0)
        ends = [
            self._db.execute(
                f"SELECT taken_ms FROM readings WHERE site = ? AND meter = ? ORDER BY taken_ms {order} LIMIT 1",
                key,
            ).fetchone()
            for order in ("ASC", "DESC")
        ]
        return None if ends[0] is None else (ends[0][0], ends[1][0])

    @property
    def stock(self) -> StockByTime:
        """The same rows, for counting."""
        return StockByTime(self._db, self.meters, self._site)
