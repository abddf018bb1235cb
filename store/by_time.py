"""Readings as the cloud keeps them: clustered for reading by (site, meter, taken_ms, stream, seq).

Doubles cannot arise because the stream's cursor moves in the same transaction as its rows, and a fill is
taken only where a gap is; so no second unique index is needed and PostgreSQL can partition by month.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from metering.quantity import COLUMNS
from metering.reading import CHANNEL, Meter, Row
from store.database import Database
from store.meters import Meters
from store.row_check import intact_sql, row_check_sql

_VALUES = ", ".join(COLUMNS)
_MARKS = [f"?{number + 1}" for number in range(5 + len(COLUMNS))]
_INSERT = (
    f"INSERT INTO readings (site, meter, taken_ms, stream, seq, {_VALUES}, row_check)"
    f" VALUES ({', '.join(_MARKS)}, {row_check_sql(_MARKS[1], _MARKS[4], _MARKS[2], _MARKS[5:])})"
)
_RANGE = "r.site = ? AND r.meter = ? AND r.taken_ms >= ? AND r.taken_ms < ?"
# Rows are read in pages of the key, so that an export of years holds no cursor open and little memory.
PAGE_ROWS = 5_000


class RowsByTime:
    """The readings of one site among many."""

    intact = intact_sql("meter")

    def __init__(self, db: Database, site: int) -> None:
        self._db = db
        self._site = site
        self.meters = Meters(db, site)

    def insert(self, stream: int, source: str, rows: Sequence[Row]) -> None:
        """Store dated rows; the cheapest when they come ordered by channel, then seq, as batches do."""
        for channel, group in groupby(rows, key=itemgetter(CHANNEL)):
            assert channel is not None
            meter, site = self.meters.number(source, channel), self._site
            self._db.executemany(_INSERT, [(site, meter, row[2], stream, row[0], *row[3:]) for row in group])

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
        self, meter: Meter, column: str, from_ms: int, to_ms: int, width_ms: int
    ) -> dict[int, tuple[int, int, int, int]]:
        """start_ms -> (n, total, least, most) of the buckets of width_ms from from_ms that hold values."""
        rows = self._db.execute(
            f"SELECT (r.taken_ms - ?) / ? AS bucket, count({column}), sum({column}), min({column}), max({column})"
            f" FROM readings r WHERE {_RANGE} AND {column} IS NOT NULL GROUP BY bucket",
            (from_ms, width_ms, self._site, self.meters.find(meter) or 0, from_ms, to_ms),
        )
        return {
            from_ms + bucket * width_ms: (n, total, least, most) for bucket, n, total, least, most in rows
        }

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
