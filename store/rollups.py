"""Rollups as a table, the same on both twins: what a meter's readings were by minute, quarter, hour and day."""

from collections.abc import Iterable, Iterator
from typing import Any

from metering.energy import HOUR_MS
from metering.quantity import BY_COLUMN, COLUMNS
from metering.rollup import Rollup, Sum, Way
from store.database import Bulk, Database

_SUMS = [f"{column}_{name}" for column in COLUMNS for name in ("n", "sum", "least", "most")]
_WAY = ["first_ms", "first_wh", "last_ms", "last_wh", "used_wh", "turns"]
_FIELDS = ["meter", "width_s", "start_ms", "minutes", *_SUMS, *_WAY]
_INSERT = Bulk("rollups", tuple(_FIELDS))
_RANGE = "meter = ? AND width_s = ? AND start_ms >= ? AND start_ms < ?"
_UNDIVIDED = (
    "AND NOT EXISTS (SELECT 1 FROM rollups q WHERE q.meter = h.meter AND q.width_s = 900"
    " AND q.start_ms >= h.start_ms AND q.start_ms < h.start_ms + 3600000)"
)

Buckets = dict[int, Sum]
Range = tuple[int, int, int, int]  # meter, width_s, from_ms, to_ms: what _RANGE asks for


class Rollups:
    """By a meter's local number; `replace` wants to be inside a write transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def replace(self, meter: int, width_ms: int, from_ms: int, to_ms: int, rollups: Iterable[Rollup]) -> None:
        """What begins in [from_ms, to_ms) is this from now on."""
        self._db.execute(f"DELETE FROM rollups WHERE {_RANGE}", (meter, width_ms // 1000, from_ms, to_ms))
        self._db.bulk(_INSERT, [(meter, width_ms // 1000, *_values(rollup)) for rollup in rollups])

    def read(self, meter: int, width_ms: int, from_ms: int, to_ms: int) -> list[Rollup]:
        """Those that begin in [from_ms, to_ms), in order."""
        rows = self._db.execute(
            f"SELECT start_ms, minutes, {', '.join(_SUMS + _WAY)} FROM rollups WHERE {_RANGE} ORDER BY start_ms",
            (meter, width_ms // 1000, from_ms, to_ms),
        )
        return [_rollup(row) for row in rows]

    def starts(self, meter: int, width_ms: int, from_ms: int, to_ms: int) -> list[int]:
        return self._starts((meter, width_ms // 1000, from_ms, to_ms))

    def buckets(
        self, meter: int, column: str, width_ms: int, from_ms: int, to_ms: int, begin_ms: int, bucket_ms: int
    ) -> Buckets:
        """Those of a width that begin in [from_ms, to_ms), by the buckets of bucket_ms from begin_ms they lie in."""
        return self._buckets(column, (meter, width_ms // 1000, from_ms, to_ms), begin_ms, bucket_ms)

    def minutes(self, meter: int, width_ms: int, from_ms: int, to_ms: int) -> int:
        """How many minutes of those have readings."""
        return self._minutes((meter, width_ms // 1000, from_ms, to_ms))

    def undivided(self, meter: int, from_ms: int, to_ms: int) -> list[int]:
        """The start_ms of hours in [from_ms, to_ms) that have a rollup and no quarter: their seal alone is here."""
        return self._starts((meter, HOUR_MS // 1000, from_ms, to_ms), _UNDIVIDED)

    def undivided_buckets(
        self, meter: int, column: str, from_ms: int, to_ms: int, begin_ms: int, bucket_ms: int
    ) -> Buckets:
        """The same as `buckets` of such hours, each in the bucket in which it begins."""
        return self._buckets(
            column, (meter, HOUR_MS // 1000, from_ms, to_ms), begin_ms, bucket_ms, _UNDIVIDED
        )

    def undivided_minutes(self, meter: int, from_ms: int, to_ms: int) -> int:
        return self._minutes((meter, HOUR_MS // 1000, from_ms, to_ms), _UNDIVIDED)

    def ways(self, meter: int, width_ms: int, from_ms: int, to_ms: int) -> Iterator[tuple[Way, int]]:
        """Of those that begin in [from_ms, to_ms) the way of the counter and how many values it was made of."""
        for *way, count in self._db.execute(
            f"SELECT {', '.join(_WAY)}, energy_wh_n FROM rollups WHERE {_RANGE} AND first_ms IS NOT NULL"
            " ORDER BY start_ms",
            (meter, width_ms // 1000, from_ms, to_ms),
        ):
            yield Way(*way), count

    def _starts(self, bounds: Range, also: str = "") -> list[int]:
        rows = self._db.execute(
            f"SELECT start_ms FROM rollups h WHERE {_RANGE} {also} ORDER BY start_ms", bounds
        )
        return [start_ms for (start_ms,) in rows]

    def _buckets(self, column: str, bounds: Range, begin_ms: int, bucket_ms: int, also: str = "") -> Buckets:
        c = BY_COLUMN[column].column
        rows = self._db.execute(
            f"SELECT (start_ms - ?) / ? AS bucket, sum({c}_n), sum({c}_sum), min({c}_least), max({c}_most)"
            f" FROM rollups h WHERE {_RANGE} AND {c}_n IS NOT NULL {also} GROUP BY bucket",
            (begin_ms, bucket_ms, *bounds),
        )
        return {begin_ms + bucket * bucket_ms: Sum(*found) for bucket, *found in rows}

    def _minutes(self, bounds: Range, also: str = "") -> int:
        found = self._db.execute(
            f"SELECT coalesce(sum(minutes), 0) FROM rollups h WHERE {_RANGE} {also}", bounds
        )
        return int(found.fetchone()[0])


def _values(rollup: Rollup) -> list[int | None]:
    values: list[int | None] = [rollup.start_ms, rollup.minutes]
    for each in rollup.sums:
        values += each or (None,) * len(Sum._fields)
    return values + list(rollup.way or (None,) * len(Way._fields))


def _rollup(row: tuple[Any, ...]) -> Rollup:
    start_ms, minutes, *rest = row
    size = len(Sum._fields)
    places = range(0, len(_SUMS), size)
    sums = tuple(None if rest[at] is None else Sum(*rest[at : at + size]) for at in places)
    way = rest[len(_SUMS) :]
    return Rollup(start_ms, minutes, sums, None if way[0] is None else Way(*way))
