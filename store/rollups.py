"""Rollups as a table, the same on both twins: what a meter's readings were by minute, quarter, hour and day."""

from collections.abc import Iterable, Iterator
from typing import Any

from metering.energy import HOUR_MS
from metering.quantity import BY_COLUMN, COLUMNS
from metering.rollup import Rollup, Sum, Way
from store.database import Database

_SUMS = [f"{column}_{name}" for column in COLUMNS for name in ("n", "sum", "least", "most")]
_WAY = ["first_ms", "first_wh", "last_ms", "last_wh", "used_wh", "turns"]
_FIELDS = ["meter", "width_s", "start_ms", "minutes", *_SUMS, *_WAY]
_INSERT = f"INSERT INTO rollups ({', '.join(_FIELDS)}) VALUES ({', '.join('?' * len(_FIELDS))})"
_RANGE = "meter = ? AND width_s = ? AND start_ms >= ? AND start_ms < ?"
_UNDIVIDED = (
    "NOT EXISTS (SELECT 1 FROM rollups q WHERE q.meter = h.meter AND q.width_s = 900"
    " AND q.start_ms >= h.start_ms AND q.start_ms < h.start_ms + 3600000)"
)

Buckets = dict[int, Sum]


class Rollups:
    """By a meter's local number; `replace` wants to be inside a write transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def replace(self, meter: int, width_ms: int, from_ms: int, to_ms: int, rollups: Iterable[Rollup]) -> None:
        """What begins in [from_ms, to_ms) is this from now on."""
        self._db.execute(f"DELETE FROM rollups WHERE {_RANGE}", (meter, width_ms // 1000, from_ms, to_ms))
        self._db.executemany(_INSERT, [(meter, width_ms // 1000, *_values(rollup)) for rollup in rollups])

    def read(self, meter: int, width_ms: int, from_ms: int, to_ms: int) -> list[Rollup]:
        """Those that begin in [from_ms, to_ms), in order."""
        rows = self._db.execute(
            f"SELECT start_ms, minutes, {', '.join(_SUMS + _WAY)} FROM rollups WHERE {_RANGE} ORDER BY start_ms",
            (meter, width_ms // 1000, from_ms, to_ms),
        )
        return [_rollup(row) for row in rows]

    def holds(self, meter: int, width_ms: int, start_ms: int) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM rollups WHERE meter = ? AND width_s = ? AND start_ms = ?",
            (meter, width_ms // 1000, start_ms),
        )
        return found.fetchone() is not None

    def starts(self, meter: int, width_ms: int, from_ms: int, to_ms: int) -> list[int]:
        rows = self._db.execute(
            f"SELECT start_ms FROM rollups WHERE {_RANGE} ORDER BY start_ms",
            (meter, width_ms // 1000, from_ms, to_ms),
        )
        return [start_ms for (start_ms,) in rows]

    def span_ms(self, meter: int, width_ms: int) -> tuple[int, int] | None:
        """The start_ms of a meter's first and last rollup of a width."""
        first, last = self._db.execute(
            "SELECT min(start_ms), max(start_ms) FROM rollups WHERE meter = ? AND width_s = ?",
            (meter, width_ms // 1000),
        ).fetchone()
        return None if first is None else (first, last)

    def buckets(
        self, meter: int, column: str, width_ms: int, from_ms: int, to_ms: int, begin_ms: int, bucket_ms: int
    ) -> Buckets:
        """Those of a width that begin in [from_ms, to_ms), by the buckets of bucket_ms from begin_ms they lie in."""
        c = BY_COLUMN[column].column
        rows = self._db.execute(
            f"SELECT (start_ms - ?) / ? AS bucket, sum({c}_n), sum({c}_sum), min({c}_least), max({c}_most)"
            f" FROM rollups WHERE {_RANGE} AND {c}_n IS NOT NULL GROUP BY bucket",
            (begin_ms, bucket_ms, meter, width_ms // 1000, from_ms, to_ms),
        )
        return {begin_ms + bucket * bucket_ms: Sum(*found) for bucket, *found in rows}

    def undivided(self, meter: int, from_ms: int, to_ms: int) -> list[int]:
        """The start_ms of hours in [from_ms, to_ms) that have a rollup and no quarter: their seal alone is here."""
        rows = self._db.execute(
            f"SELECT start_ms FROM rollups h WHERE {_RANGE} AND {_UNDIVIDED} ORDER BY start_ms",
            (meter, HOUR_MS // 1000, from_ms, to_ms),
        )
        return [start_ms for (start_ms,) in rows]

    def undivided_buckets(
        self, meter: int, column: str, from_ms: int, to_ms: int, begin_ms: int, bucket_ms: int
    ) -> Buckets:
        """The same as `buckets` of such hours, each in the bucket in which it begins."""
        c = BY_COLUMN[column].column
        rows = self._db.execute(
            f"SELECT (start_ms - ?) / ? AS bucket, sum({c}_n), sum({c}_sum), min({c}_least), max({c}_most)"
            f" FROM rollups h WHERE {_RANGE} AND {c}_n IS NOT NULL AND {_UNDIVIDED} GROUP BY bucket",
            (begin_ms, bucket_ms, meter, HOUR_MS // 1000, from_ms, to_ms),
        )
        return {begin_ms + bucket * bucket_ms: Sum(*found) for bucket, *found in rows}

    def undivided_minutes(self, meter: int, from_ms: int, to_ms: int) -> int:
        found = self._db.execute(
            f"SELECT coalesce(sum(minutes), 0) FROM rollups h WHERE {_RANGE} AND {_UNDIVIDED}",
            (meter, HOUR_MS // 1000, from_ms, to_ms),
        )
        return int(found.fetchone()[0])

    def minutes(self, meter: int, width_ms: int, from_ms: int, to_ms: int) -> int:
        """How many minutes of those have readings."""
        found = self._db.execute(
            f"SELECT coalesce(sum(minutes), 0) FROM rollups WHERE {_RANGE}",
            (meter, width_ms // 1000, from_ms, to_ms),
        )
        return int(found.fetchone()[0])

    def ways(self, meter: int, width_ms: int, from_ms: int, to_ms: int) -> Iterator[tuple[Way, int]]:
        """Of those that begin in [from_ms, to_ms) the way of the counter and how many values it was made of."""
        for *way, count in self._db.execute(
            f"SELECT {', '.join(_WAY)}, energy_wh_n FROM rollups WHERE {_RANGE} AND first_ms IS NOT NULL"
            " ORDER BY start_ms",
            (meter, width_ms // 1000, from_ms, to_ms),
        ):
            yield Way(*way), count


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
