"""Parcels: what a cloud gave back to this edge, on disk until the collector, the one writer of readings, has taken it.

A parcel is a packed batch as it travels; what it means is not known here.
"""

from dataclasses import dataclass

from store.database import Database

# An hour of six sensors at 1 Hz is one parcel of 40 kB. More than this waiting, and the one who fetches waits too.
MOST_WAITING = 200


@dataclass(frozen=True, slots=True)
class Parcel:
    """`dates_stand`: the dates in it are taken for records that are here with another one."""

    number: int
    body: bytes
    dates_stand: bool


class Parcels:
    def __init__(self, db: Database) -> None:
        self._db = db

    def leave(self, bodies: list[bytes], dates_stand: bool = True) -> None:
        """Leave parcels for the collector (opens its own transaction)."""
        if bodies:
            with self._db.write():
                self._db.executemany(
                    "INSERT INTO parcels (body, dates_stand) VALUES (?, ?)",
                    [(body, int(dates_stand)) for body in bodies],
                )

    def waiting(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM parcels").fetchone()[0])

    def next(self) -> Parcel | None:
        """The oldest parcel."""
        row = self._db.execute("SELECT id, body, dates_stand FROM parcels ORDER BY id LIMIT 1").fetchone()
        return Parcel(row[0], row[1], bool(row[2])) if row else None

    def taken(self, number: int) -> None:
        """Remove one, in the transaction that keeps what was in it."""
        self._db.execute("DELETE FROM parcels WHERE id = ?", (number,))
