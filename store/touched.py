"""Touched: the hours and days of meters whose rollups no longer match the rows; marked in the commit of the rows."""

from collections.abc import Iterable

from metering.energy import HOUR_MS
from metering.quantity import DAY_MS
from store.database import Bulk, Database

_MARK = Bulk(
    "touched",
    ("meter", "width_s", "start_ms"),
    clash="ON CONFLICT (meter, width_s, start_ms) DO NOTHING",
)


class Touched:
    """Marks by a meter's local number; every method that writes wants to be inside a write transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def hours(self, hours: Iterable[tuple[int, int]]) -> None:
        """Mark (meter, UTC hour since 1970)."""
        self._mark((meter, HOUR_MS, hour * HOUR_MS) for meter, hour in hours)

    def days(self, meter: int, starts_ms: Iterable[int]) -> None:
        self._mark((meter, DAY_MS, start_ms) for start_ms in starts_ms)

    def is_marked(self, meter: int, width_ms: int, start_ms: int) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM touched WHERE meter = ? AND width_s = ? AND start_ms = ?",
            (meter, width_ms // 1000, start_ms),
        )
        return found.fetchone() is not None

    def within(self, meter: int, width_ms: int, from_ms: int, to_ms: int) -> list[int]:
        """The start_ms of those that begin in [from_ms, to_ms), in order."""
        rows = self._db.execute(
            "SELECT start_ms FROM touched WHERE meter = ? AND width_s = ? AND start_ms >= ? AND start_ms < ?"
            " ORDER BY start_ms",
            (meter, width_ms // 1000, from_ms, to_ms),
        )
        return [start_ms for (start_ms,) in rows]

    def unsealed(self, meter: int, from_ms: int, to_ms: int) -> list[int]:
        """The start_ms of marked hours in [from_ms, to_ms), without those that are sealed and have a rollup."""
        rows = self._db.execute(
            "SELECT start_ms FROM touched t WHERE meter = ? AND width_s = ? AND start_ms >= ? AND start_ms < ?"
            " AND NOT (EXISTS (SELECT 1 FROM sealed s WHERE s.meter = t.meter AND s.hour = t.start_ms / ?)"
            " AND EXISTS (SELECT 1 FROM rollups r WHERE r.meter = t.meter AND r.width_s = t.width_s"
            " AND r.start_ms = t.start_ms)) ORDER BY start_ms",
            (meter, HOUR_MS // 1000, from_ms, to_ms, HOUR_MS),
        )
        return [start_ms for (start_ms,) in rows]

    def newest(self, site: int, width_ms: int, before_ms: int, most: int) -> list[tuple[int, int]]:
        """At most `most` (meter, start_ms) of a site that begin before before_ms, the newest first."""
        return self._db.execute(
            "SELECT t.meter, t.start_ms FROM touched t JOIN meters m ON m.id = t.meter"
            " WHERE m.site = ? AND t.width_s = ? AND t.start_ms < ? ORDER BY t.start_ms DESC, t.meter LIMIT ?",
            (site, width_ms // 1000, before_ms, most),
        ).fetchall()

    def sites(self, over_ms: int) -> list[int]:
        """The sites that have anything marked that ended by over_ms, or days of a zone that is no longer theirs."""
        rows = self._db.execute(
            "SELECT DISTINCT m.site FROM meters m WHERE EXISTS (SELECT 1 FROM touched t WHERE t.meter = m.id"
            " AND t.start_ms + t.width_s * 1000 <= ?)"
            " OR NOT EXISTS (SELECT 1 FROM rollup_zones z WHERE z.site = m.site)",
            (over_ms,),
        )
        return [site for (site,) in rows]

    def settle(self, meter: int, width_ms: int, start_ms: int) -> None:
        """Its rollups match again."""
        self._db.execute(
            "DELETE FROM touched WHERE meter = ? AND width_s = ? AND start_ms = ?",
            (meter, width_ms // 1000, start_ms),
        )

    def _mark(self, rows: Iterable[tuple[int, int, int]]) -> None:
        self._db.bulk(_MARK, [(meter, width_ms // 1000, start_ms) for meter, width_ms, start_ms in rows])
