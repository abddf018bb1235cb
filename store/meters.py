"""Meters and their local numbers: a meter appears by itself with its first reading, for ever."""

from metering.reading import Meter
from store.database import Database


class Meters:
    """Local numbers of the meters of one site.

    A transaction that is rolled back takes the numbers it gave with it, and the next meter gets them again: so only
    the database knows when one may be remembered (Database.lasting).
    """

    def __init__(self, db: Database, site: int) -> None:
        self._db = db
        self._site = site

    def number(self, source: str, channel: int) -> int:
        """The meter's number, made when it is met for the first time (inside a write transaction)."""
        held = self.find(Meter(source, channel))
        if held is not None:
            return held
        return self._db.insert_id(
            "INSERT INTO meters (site, source, channel) VALUES (?, ?, ?) RETURNING id",
            (self._site, source, channel),
        )

    def find(self, meter: Meter) -> int | None:
        return self._db.lasting(("meter", self._site, meter), lambda: self._look_up(meter))

    def _look_up(self, meter: Meter) -> int | None:
        row = self._db.execute(
            "SELECT id FROM meters WHERE site = ? AND source = ? AND channel = ?",
            (self._site, meter.source, meter.channel),
        ).fetchone()
        return int(row[0]) if row else None

    def all(self) -> list[Meter]:
        """Every meter of the site, by source, then channel."""
        return list(self._db.remembered(("meters", self._site), self._read))

    def _read(self) -> tuple[Meter, ...]:
        rows = self._db.execute(
            "SELECT source, channel FROM meters WHERE site = ? ORDER BY source, channel", (self._site,)
        )
        return tuple(Meter(source, channel) for source, channel in rows)

    def of(self, source: str) -> list[Meter]:
        """The meters of one source, by channel."""
        return [meter for meter in self.all() if meter.source == source]
