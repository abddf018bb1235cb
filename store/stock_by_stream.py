"""The stock of an edge: its rows counted where they lie, and the rows beside an instant.

Nothing is taken from a cursor. Which seqs to look at comes from the hour index, so a row that the index does not
reach is not counted: pages would not find it either.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from metering.energy import HOUR_MS, REACH_MS
from metering.reading import Meter
from store.database import Database
from store.entry import Counted, Life
from store.gaps import TWICE
from store.meters import Meters

_COUNT = f"SELECT r.channel, count(*), {TWICE} FROM readings r WHERE r.stream = ?"
_AT = "SELECT seq, taken_ms FROM readings WHERE stream = ? AND seq BETWEEN ? AND ? AND taken_ms IS NOT NULL"
_COUNTER = (
    "SELECT taken_ms, energy_wh FROM readings WHERE stream = ? AND seq BETWEEN ? AND ? AND channel = ?"
    " AND taken_ms IS NOT NULL AND energy_wh IS NOT NULL ORDER BY seq"
)


class StockByStream:
    """Times grow along every stream, so an instant is found in it by halving."""

    def __init__(self, db: Database, meters: Meters) -> None:
        self._db = db
        self._meters = meters

    def counted(self, from_ms: int, to_ms: int) -> Iterator[Counted]:
        """The dated rows of each stream, UTC hour and channel; from_ms and to_ms are whole hours."""
        stretches = self._db.execute(
            "SELECT stream, hour, min(from_seq), max(to_seq) FROM hours"
            " WHERE meter IN (SELECT id FROM meters) AND hour BETWEEN ? AND ? GROUP BY stream, hour",
            (from_ms // HOUR_MS, to_ms // HOUR_MS - 1),
        ).fetchall()
        sql = f"{_COUNT} AND r.seq BETWEEN ? AND ? AND r.taken_ms >= ? AND r.taken_ms < ? GROUP BY r.channel"
        for stream, hour, low, high in stretches:
            hour_ms = hour * HOUR_MS
            for row in self._db.execute(sql, (stream, low, high, hour_ms, hour_ms + HOUR_MS)):
                yield Counted(stream, hour_ms, *row)

    def undated(self) -> Iterator[Counted]:
        """The rows that wait for their date, by stream and channel."""
        sql = f"{_COUNT} AND r.seq >= ? AND r.taken_ms IS NULL GROUP BY r.channel"
        for stream, first in self.waits().items():
            for row in self._db.execute(sql, (stream, first)):
                yield Counted(stream, None, *row)

    def waits(self) -> dict[int, int]:
        """Of each stream with rows that wait for their date: the first of them."""
        return dict(
            self._db.execute(
                "SELECT s.id, (SELECT min(u.seq) FROM undated u WHERE u.stream = s.id) AS seq FROM streams s"
                " WHERE EXISTS (SELECT 1 FROM undated u WHERE u.stream = s.id)"
            ).fetchall()
        )

    def beside(self, life: Life, at_ms: int) -> tuple[int | None, int | None]:
        """The last seq of a boot that is dated before at_ms (a whole hour) and the first that is not."""
        last_hour = (life.last_ms or 0) // HOUR_MS
        begins = [
            self._db.execute(
                "SELECT from_seq FROM hours WHERE meter = ? AND hour BETWEEN ? AND ? AND stream = ?"
                " ORDER BY hour LIMIT 1",
                (self._meters.find(meter), at_ms // HOUR_MS, last_hour, life.id),
            ).fetchone()
            for meter in self._meters.of(life.source)
        ]
        low = min((begin[0] for begin in begins if begin), default=life.end)
        after = self._db.execute(
            "SELECT seq FROM readings WHERE stream = ? AND seq >= ? AND taken_ms >= ? ORDER BY seq LIMIT 1",
            (life.id, low, at_ms),
        ).fetchone()
        before = self._db.execute(
            "SELECT seq FROM readings WHERE stream = ? AND seq < ? AND taken_ms < ? ORDER BY seq DESC LIMIT 1",
            (life.id, after[0] if after else life.end, at_ms),
        ).fetchone()
        return before and before[0], after and after[0]

    def counters(
        self, meter: Meter, from_ms: int, to_ms: int
    ) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """(taken_ms, energy_wh) of the last counter value at or before from_ms and the first at or after to_ms."""
        return self._before(meter, from_ms), self._after(meter, to_ms)

    def _before(self, meter: Meter, at_ms: int) -> tuple[int, int] | None:
        hours = (at_ms - REACH_MS) // HOUR_MS, at_ms // HOUR_MS
        for stretches in self._hours(meter, hours, "DESC"):
            found: list[tuple[int, int]] = []
            for stream, low, high in stretches:
                last = self._first_at(stream, low, high, at_ms + 1) - 1
                found += self._counter(stream, low, last, meter.channel, "DESC")
            if found:
                return max(found) if max(found)[0] >= at_ms - REACH_MS else None
        return None

    def _after(self, meter: Meter, at_ms: int) -> tuple[int, int] | None:
        hours = at_ms // HOUR_MS, (at_ms + REACH_MS) // HOUR_MS
        for stretches in self._hours(meter, hours, "ASC"):
            found: list[tuple[int, int]] = []
            for stream, low, high in stretches:
                first = self._first_at(stream, low, high, at_ms)
                found += self._counter(stream, first, high, meter.channel, "ASC")
            if found:
                return min(found) if min(found)[0] <= at_ms + REACH_MS else None
        return None

    def _hours(
        self, meter: Meter, hours: tuple[int, int], order: str
    ) -> Iterator[list[tuple[int, int, int]]]:
        """Hour by hour the (stream, from_seq, to_seq) in which a meter has rows."""
        rows = self._db.execute(
            "SELECT hour, stream, from_seq, to_seq FROM hours WHERE meter = ? AND hour BETWEEN ? AND ?"
            f" ORDER BY hour {order}",
            (self._meters.find(meter), *hours),
        ).fetchall()
        for _hour, stretches in groupby(rows, key=itemgetter(0)):
            yield [(stream, low, high) for _, stream, low, high in stretches]

    def _counter(self, stream: int, low: int, high: int, channel: int, order: str) -> list[tuple[int, int]]:
        return self._db.execute(f"{_COUNTER} {order} LIMIT 1", (stream, low, high, channel)).fetchall()

    def _first_at(self, stream: int, low: int, high: int, at_ms: int) -> int:
        """The lowest seq of low ... high + 1 from which on rows are dated at_ms or later."""
        while low <= high:
            middle = (low + high) // 2
            row = self._db.execute(f"{_AT} ORDER BY seq LIMIT 1", (stream, middle, high)).fetchone()
            if row is None or row[1] >= at_ms:
                high = middle - 1
            else:
                low = row[0] + 1
        return low
