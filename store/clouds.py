"""Clouds: what this edge remembers of each of its clouds; written by what sends to it and compares with it.

The cloud's own cursor is the truth. What stands here only tells people how far it was, and what must not
be pruned before a cloud has it.
"""

from collections.abc import Mapping

from store.database import Database
from store.streams import Streams

# Why a row is kept back that no cloud will ever take: it was dated by a clock that was years ahead.
AFTER_TOMORROW = "dated after tomorrow"


class Clouds:
    def __init__(self, db: Database) -> None:
        self._db = db

    def number(self, url: str) -> int:
        """The local number of a cloud, made when its address is new (opens its own transaction)."""
        row = self._db.execute("SELECT id FROM clouds WHERE url = ?", (url,)).fetchone()
        if row:
            return int(row[0])
        with self._db.write():  # two threads of one worker ask at once
            self._db.execute("INSERT OR IGNORE INTO clouds (url, amended) VALUES (?, 0)", (url,))
            found = self._db.execute("SELECT id FROM clouds WHERE url = ?", (url,)).fetchone()
        return int(found[0])

    def amended(self, cloud: int) -> int:
        """The number of the last amend this cloud has."""
        return int(self._db.execute("SELECT amended FROM clouds WHERE id = ?", (cloud,)).fetchone()[0])

    def acknowledged(self, cloud: int) -> tuple[dict[int, int], int | None]:
        """Cursor by stream number as last heard from this cloud, and when (UTC ms)."""
        rows = self._db.execute("SELECT stream, seq FROM acknowledged WHERE cloud = ?", (cloud,)).fetchall()
        at = self._db.execute("SELECT acknowledged_ms FROM clouds WHERE id = ?", (cloud,)).fetchone()
        return dict(rows), at[0] if at else None

    def note(self, cloud: int, cursors: dict[int, int], amended: int, at_ms: int | None) -> None:
        """Remember where a cloud stands (opens its own transaction)."""
        with self._db.write():
            self._db.execute(
                "UPDATE clouds SET amended = ?, acknowledged_ms = ? WHERE id = ?", (amended, at_ms, cloud)
            )
            self._db.executemany(
                "INSERT INTO acknowledged (cloud, stream, seq) VALUES (?, ?, ?)"
                " ON CONFLICT (cloud, stream) DO UPDATE SET seq = excluded.seq",
                [(cloud, stream, seq) for stream, seq in cursors.items()],
            )

    def doubt(self, url: str) -> None:
        """Remember nothing of where a cloud stands, until it is heard again (opens its own transaction)."""
        with self._db.write():
            self._db.execute(
                "DELETE FROM acknowledged WHERE cloud IN (SELECT id FROM clouds WHERE url = ?)", (url,)
            )
            self._db.execute("UPDATE clouds SET amended = 0 WHERE url = ?", (url,))

    def withhold(self, cloud: int, refused: list[tuple[int, int, str]], at_ms: int) -> None:
        """Keep (stream, seq, why) back from a cloud that refused it (opens its own transaction)."""
        with self._db.write():
            self._db.executemany(
                "INSERT OR IGNORE INTO withheld (cloud, stream, seq, why, at_ms) VALUES (?, ?, ?, ?, ?)",
                [(cloud, stream, seq, why, at_ms) for stream, seq, why in refused],
            )

    def refuse(self, cloud: int, refused: Mapping[tuple[str, int, int], str], at_ms: int) -> None:
        """Keep (source, boot, seq) back from a cloud that refused it, with its reason (opens its own transaction)."""
        streams = Streams(self._db)
        rows = [
            (stream.id, seq, why)
            for (source, boot, seq), why in refused.items()
            if (stream := streams.find(source, boot))
        ]
        self.withhold(cloud, rows, at_ms)

    def release(self, cloud: int) -> int:
        """Let everything that was kept back from a cloud travel again, as fills (opens its own transaction)."""
        with self._db.write():
            rows = self._db.execute(
                "SELECT stream, seq FROM withheld WHERE cloud = ? ORDER BY stream, seq", (cloud,)
            ).fetchall()
            self._db.executemany(
                "INSERT INTO amends (stream, from_seq, to_seq) VALUES (?, ?, ?)",
                [(stream, seq, seq) for stream, seq in rows],
            )
            self._db.execute("DELETE FROM withheld WHERE cloud = ?", (cloud,))
        return len(rows)

    def withheld(self, cloud: int, since_ms: int = 0) -> int:
        """How many rows were kept back from a cloud since then."""
        row = self._db.execute(
            "SELECT count(*) FROM withheld WHERE cloud = ? AND at_ms >= ?", (cloud, since_ms)
        ).fetchone()
        return int(row[0])

    def newest_withheld(self, cloud: int, most: int) -> list[tuple[str, int, int, str]]:
        """(source, boot, seq, why) of the rows that were kept back last."""
        return self._db.execute(
            "SELECT s.source, s.boot, w.seq, w.why FROM withheld w JOIN streams s ON s.id = w.stream"
            " WHERE w.cloud = ? ORDER BY w.at_ms DESC, w.seq DESC LIMIT ?",
            (cloud, most),
        ).fetchall()

    def count(self) -> int:
        """How many clouds were ever sent to."""
        return int(self._db.execute("SELECT count(*) FROM clouds").fetchone()[0])

    def withheld_rows(self, cloud: int, from_ms: int, to_ms: int) -> dict[tuple[str, int, int], int]:
        """Rows dated in [from_ms, to_ms) that were kept back from a cloud: (source, boot, seq) -> taken_ms."""
        rows = self._db.execute(
            "SELECT s.source, s.boot, w.seq, r.taken_ms FROM withheld w JOIN streams s ON s.id = w.stream"
            " JOIN readings r ON r.stream = w.stream AND r.seq = w.seq"
            " WHERE w.cloud = ? AND r.taken_ms >= ? AND r.taken_ms < ?",
            (cloud, from_ms, to_ms),
        )
        return {(source, boot, seq): taken_ms for source, boot, seq, taken_ms in rows}

    def doubtful(self, cloud: int, since_ms: int) -> int:
        """How many rows were kept back since then that only the cloud finds impossible."""
        row = self._db.execute(
            "SELECT count(*) FROM withheld WHERE cloud = ? AND at_ms >= ? AND why <> ?",
            (cloud, since_ms, AFTER_TOMORROW),
        ).fetchone()
        return int(row[0])
