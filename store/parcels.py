"""Parcels: what a cloud gave back to this edge, on disk until the collector, the one writer of readings, has taken it.

A parcel is a packed batch as it travels; what it means is not known here.
"""

from store.database import Database

# An hour of six sensors at 1 Hz is one parcel of 40 kB. More than this waiting, and the one who fetches waits too.
MOST_WAITING = 200


class Parcels:
    def __init__(self, db: Database) -> None:
        self._db = db

    def leave(self, bodies: list[bytes]) -> None:
        """Leave parcels for the collector (opens its own transaction)."""
        if bodies:
            with self._db.write():
                self._db.executemany("INSERT INTO parcels (body) VALUES (?)", [(body,) for body in bodies])

    def waiting(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM parcels").fetchone()[0])

    def next(self) -> tuple[int, bytes] | None:
        """The oldest parcel with its number."""
        row: tuple[int, bytes] | None = self._db.execute(
            "SELECT id, body FROM parcels ORDER BY id LIMIT 1"
        ).fetchone()
        return row

    def taken(self, number: int) -> None:
        """Remove one, in the transaction that keeps what was in it."""
        self._db.execute("DELETE FROM parcels WHERE id = ?", (number,))
