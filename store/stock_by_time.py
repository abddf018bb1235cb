"""The stock of a cloud: its rows of one site counted where they lie, and the rows beside an instant.

Nothing is taken from a cursor.
"""

from collections.abc import Iterator

from metering.energy import HOUR_MS, REACH_MS
from metering.reading import Meter
from store.database import Database
from store.entry import Counted, Life
from store.gaps import TWICE
from store.meters import Meters

_RANGE = "r.site = ? AND r.meter = ? AND r.taken_ms >= ? AND r.taken_ms < ?"
# A row that is here twice, under two dates, counts once.
_COUNT = (
    f"SELECT r.stream, count(*), count(*) - count(DISTINCT r.seq) + {TWICE} FROM readings r WHERE {_RANGE}"
)
_SEQ = f"SELECT r.seq FROM readings r WHERE {_RANGE} AND r.stream = ? ORDER BY r.taken_ms"
_COUNTER = "SELECT taken_ms, energy_wh FROM readings WHERE site = ? AND meter = ? AND taken_ms"


class StockByTime:
    def __init__(self, db: Database, meters: Meters, site: int) -> None:
        self._db = db
        self._meters = meters
        self._site = site

    def counted(self, from_ms: int, to_ms: int) -> Iterator[Counted]:
        """The dated rows of each stream, UTC hour and channel; from_ms and to_ms are whole hours."""
        for meter in self._meters.all():
            number = self._meters.find(meter)
            # An hour at a time: grouping a day of rows by hour would sort them first.
            for hour_ms in range(from_ms, to_ms, HOUR_MS):
                for stream, rows, twice in self._db.execute(
                    f"{_COUNT} GROUP BY r.stream", (self._site, number, hour_ms, hour_ms + HOUR_MS)
                ):
                    yield Counted(stream, hour_ms, meter.channel, rows, twice)

    def undated(self) -> Iterator[Counted]:
        """Nothing: a row travels only when it is dated."""
        return iter(())

    def waits(self) -> dict[int, int]:
        return {}

    def beside(self, life: Life, at_ms: int) -> tuple[int | None, int | None]:
        """The last seq of a boot that is dated before at_ms and the first that is not."""
        before, after = [], []
        for meter in self._meters.of(life.source):
            of_meter = self._site, self._meters.find(meter)
            earlier, later = (life.first_ms or 0, at_ms), (at_ms, (life.last_ms or 0) + 1)
            before += self._db.execute(
                f"{_SEQ} DESC, r.stream DESC, r.seq DESC LIMIT 1", (*of_meter, *earlier, life.id)
            ).fetchall()
            after += self._db.execute(
                f"{_SEQ}, r.stream, r.seq LIMIT 1", (*of_meter, *later, life.id)
            ).fetchall()
        return max(before)[0] if before else None, min(after)[0] if after else None

    def counters(
        self, meter: Meter, from_ms: int, to_ms: int
    ) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
        """(taken_ms, energy_wh) of the last counter value at or before from_ms and the first at or after to_ms."""
        number = self._meters.find(meter)
        before = self._db.execute(
            f"{_COUNTER} BETWEEN ? AND ? AND energy_wh IS NOT NULL"
            " ORDER BY taken_ms DESC, stream DESC, seq DESC LIMIT 1",
            (self._site, number, from_ms - REACH_MS, from_ms),
        ).fetchone()
        after = self._db.execute(
            f"{_COUNTER} BETWEEN ? AND ? AND energy_wh IS NOT NULL ORDER BY taken_ms, stream, seq LIMIT 1",
            (self._site, number, to_ms, to_ms + REACH_MS),
        ).fetchone()
        return before, after
