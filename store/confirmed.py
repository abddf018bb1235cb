"""Confirmed: which records of this edge every one of its clouds has, as far as the sync worker has noted."""

from collections.abc import Sequence

from store.database import Database


class Confirmed:
    """`urls`: the clouds of the settings and of pairings now. What only a former cloud has is not confirmed."""

    def __init__(self, db: Database, urls: Sequence[str]) -> None:
        self._db = db
        self._urls = urls

    def missing(self, stream: int, from_seq: int, to_seq: int) -> list[tuple[int, int]]:
        """Runs inside from_seq ... to_seq that some cloud does not have yet; they may overlap."""
        runs = [run for url in self._urls for run in self._missing(url, stream, from_seq, to_seq)]
        return [(max(low, from_seq), min(high, to_seq)) for low, high in runs]

    def _missing(self, url: str, stream: int, from_seq: int, to_seq: int) -> list[tuple[int, int]]:
        """Beyond the cloud's cursor, and below it what turned up after it had passed."""
        cloud = self._db.execute("SELECT id, amended FROM clouds WHERE url = ?", (url,)).fetchone()
        if cloud is None:
            return [(from_seq, to_seq)]
        row = self._db.execute(
            "SELECT seq FROM acknowledged WHERE cloud = ? AND stream = ?", (cloud[0], stream)
        ).fetchone()
        cursor = row[0] if row else 0
        late = self._db.execute(
            "SELECT from_seq, to_seq FROM amends WHERE id > ? AND stream = ? AND from_seq <= ? AND to_seq >= ?",
            (cloud[1], stream, to_seq, from_seq),
        ).fetchall()
        return [*late, (cursor + 1, to_seq)] if cursor < to_seq else late
